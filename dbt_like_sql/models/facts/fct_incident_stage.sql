{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'day') }}"
) }}

with incidents as (

    select * from {{ ref('stg_incident') }}
    where reported_at is not null
        and {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}

),

-- A stage opens with the report. What comes after it shows that it is over, also where its own end is not recorded.
stages as (

    select
        source,
        incident_id,
        geography,
        area_id,
        day,
        found_by,
        priority,
        'dispatch' as stage,
        reported_at,
        dispatched_at as ended_at,
        coalesce(dispatched_at, arrived_at, closed_at) is null as is_open
    from incidents

    union all

    select
        source,
        incident_id,
        geography,
        area_id,
        day,
        found_by,
        priority,
        'response' as stage,
        reported_at,
        arrived_at as ended_at,
        coalesce(arrived_at, closed_at) is null as is_open
    from incidents

)

select
    source,
    incident_id,
    geography,
    area_id,
    day,
    found_by,
    priority,
    stage,
    is_open,
    -- An end before the report is flagged in loading; it counts as at once.
    case
        when ended_at is null then null
        else greatest({{ seconds_between('reported_at', 'ended_at') }}, 0)
    end as seconds_to_close
from stages
