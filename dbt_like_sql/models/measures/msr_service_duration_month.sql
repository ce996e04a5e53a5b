{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_months(this, 'day', ref('stg_affected_day'), 'service') }}"
) }}

with closed_services as (

    select
        geography,
        area_id,
        {{ first_of_month('day') }} as day,
        source,
        {{ log_bucket('seconds_to_close') }} as bucket,
        seconds_to_close
    from {{ ref('fct_service') }}
    where not is_open
        and {{ is_affected_month('day', ref('stg_affected_day'), 'service') }}

)

select
    geography,
    area_id,
    day,
    source,
    bucket,
    count(*) as closed,
    {{ sum_of('seconds_to_close') }} as closed_seconds
from closed_services
group by geography, area_id, day, source, bucket
