{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'patrol', 'day') }}"
) }}

with patrols as (

    select * from {{ ref('stg_patrol') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'patrol', 'day') }}

),

planned as (

    select
        *,
        planned_start is not null or planned_end is not null as has_plan,
        -- What was done of a plan cannot be told of a leg that is known by its day alone, nor from a slip of the pen. One
        -- whose own point lies elsewhere was not patrolled there.
        case
            when planned_start is null or planned_end is null then false
            when is_located_in_area = false then true
            when ended_at is null or is_implausibly_long or time_precision = 'day' then false
            else true
        end as tells_completion,
        case
            when is_located_in_area = false then 0
            else greatest(
                {{ seconds_between('greatest(started_at, planned_start)', 'least(ended_at, planned_end)') }}, 0
            )
        end as overlap_seconds
    from patrols

)

select
    source,
    patrol_id,
    geography,
    area_id,
    day,
    known_day,
    subject,
    initiated_by,
    has_finding,
    duration_seconds,
    duration_seconds * personnel as staffed_seconds,
    has_plan,
    case when tells_completion then {{ seconds_between('planned_start', 'planned_end') }} end as planned_seconds,
    case when tells_completion then overlap_seconds end as patrolled_as_planned_seconds,
    is_recorded_in_time,
    has_contradiction,
    is_located_in_area,
    required_cells,
    filled_cells
from planned
