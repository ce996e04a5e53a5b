{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'service', 'day') }}"
) }}

with services as (

    select * from {{ ref('fct_service') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'service', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    count(*) as opened,
    {{ count_where('not is_open') }} as closed,
    {{ count_where('is_open') }} as open_now
from services
group by geography, area_id, day, source
