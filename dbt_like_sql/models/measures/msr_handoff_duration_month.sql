{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_months(this, 'day', ref('stg_affected_day'), 'handoff') }}"
) }}

with acknowledged_handoffs as (

    select
        geography,
        area_id,
        {{ first_of_month('day') }} as day,
        source,
        {{ log_bucket('seconds_to_close') }} as bucket,
        seconds_to_close
    from {{ ref('fct_handoff') }}
    where not is_open
        and {{ is_affected_month('day', ref('stg_affected_day'), 'handoff') }}

)

select
    geography,
    area_id,
    day,
    source,
    bucket,
    count(*) as closed,
    {{ sum_of('seconds_to_close') }} as closed_seconds
from acknowledged_handoffs
group by geography, area_id, day, source, bucket
