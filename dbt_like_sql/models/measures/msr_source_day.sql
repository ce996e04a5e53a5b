{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'known_day') }}"
) }}

with area_days as (

    select * from {{ ref('msr_area_day') }}
    where {{ is_affected('day', ref('stg_affected_day'), none, 'known_day') }}

)

select
    source,
    kind,
    geography,
    day,
    {{ sum_of('records') }} as records
from area_days
group by source, kind, geography, day
