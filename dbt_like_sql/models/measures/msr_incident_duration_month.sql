{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_months(this, 'day', ref('stg_affected_day'), 'incident') }}"
) }}

with closed_stages as (

    select
        geography,
        area_id,
        {{ first_of_month('day') }} as day,
        source,
        found_by,
        priority,
        stage,
        {{ log_bucket('seconds_to_close') }} as bucket,
        seconds_to_close
    from {{ ref('fct_incident_stage') }}
    where seconds_to_close is not null
        and {{ is_affected_month('day', ref('stg_affected_day'), 'incident') }}

)

select
    geography,
    area_id,
    day,
    source,
    found_by,
    priority,
    stage,
    bucket,
    count(*) as closed,
    {{ sum_of('seconds_to_close') }} as closed_seconds
from closed_stages
group by geography, area_id, day, source, found_by, priority, stage, bucket
