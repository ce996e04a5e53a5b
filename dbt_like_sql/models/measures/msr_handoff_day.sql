{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'handoff', 'day') }}"
) }}

with handoffs as (

    select * from {{ ref('fct_handoff') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'handoff', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    count(*) as opened,
    {{ count_where('not is_open') }} as closed,
    {{ count_where('is_open') }} as open_now
from handoffs
group by geography, area_id, day, source
