{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'patrol', 'day') }}"
) }}

with patrols as (

    select * from {{ ref('fct_patrol') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'patrol', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    subject,
    count(*) as patrols,
    {{ sum_of('coalesce(duration_seconds, 0)') }} as patrol_seconds,
    {{ count_where('duration_seconds is null') }} as duration_missing,
    {{ sum_of('coalesce(staffed_seconds, 0)') }} as staffed_seconds,
    {{ count_where('staffed_seconds is null') }} as staffing_missing,
    count(planned_seconds) as planned,
    {{ sum_of('coalesce(planned_seconds, 0)') }} as planned_seconds,
    {{ sum_of('coalesce(patrolled_as_planned_seconds, 0)') }} as patrolled_as_planned_seconds,
    {{ count_where('has_plan and planned_seconds is null') }} as plan_unknown,
    {{ count_where("initiated_by = 'self'") }} as self_initiated,
    count(initiated_by) as initiation_known,
    {{ count_where('initiated_by is null') }} as initiation_missing,
    {{ count_where('has_finding') }} as with_finding,
    count(has_finding) as finding_known,
    {{ count_where('has_finding is null') }} as finding_missing
from patrols
group by geography, area_id, day, source, subject
