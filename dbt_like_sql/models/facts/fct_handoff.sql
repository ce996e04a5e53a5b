{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'handoff', 'day') }}"
) }}

with handoffs as (

    select * from {{ ref('stg_handoff') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'handoff', 'day') }}

)

select
    source,
    handoff_id,
    geography,
    area_id,
    day,
    record_kind,
    from_agency,
    to_agency,
    due_day,
    -- Loading knows of no acknowledgement after as_of: it has not happened yet.
    acknowledged_day is null as is_open,
    coalesce(case
        when time_precision = 'day' then acknowledged_day <= due_day
        else acknowledged_at <= due_at
    end, false) as is_acknowledged_in_time,
    -- An acknowledgement before the request is flagged in loading; it counts as at once.
    case
        when acknowledged_day is null then null
        when time_precision = 'day' then greatest({{ days_between('day', 'acknowledged_day') }}, 0) * 86400
        else greatest({{ seconds_between('requested_at', 'acknowledged_at') }}, 0)
    end as seconds_to_close
from handoffs
