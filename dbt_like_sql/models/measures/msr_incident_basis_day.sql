{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'day') }}"
) }}

with incidents as (

    select
        *,
        -- What is not closed has no outcome yet; of what is closed it may not be known.
        closed_day is null or outcome is not null as is_outcome_known,
        coalesce(outcome = 'cleared' and {{ days_between('recorded_day', 'closed_day') }} <= 180, false)
            as is_cleared_in_time,
        -- Reopened before its closing, it has been closed again.
        coalesce(
            outcome = 'mediated' and closed_day is not null
            and not coalesce({{ days_between('closed_day', 'reopened_day') }} between 0 and 90, false),
            false
        ) as is_settled
    from {{ ref('stg_incident') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}

),

participants as (

    select
        source,
        record_id as incident_id,
        count(*) as agencies
    from {{ ref('fct_case_agency') }}
    where kind = 'incident'
        and {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}
    group by source, record_id

)

select
    incidents.geography,
    incidents.area_id,
    incidents.day,
    incidents.source,
    incidents.category,
    incidents.local_category,
    count(*) as incidents,
    count(participants.agencies) as with_agency,
    {{ count_where('participants.agencies >= 2') }} as joint,
    {{ count_where('incidents.is_joint_duty') }} as joint_duty,
    -- Agencies have no times of their own: the arrival stands for what those listed did.
    {{ count_where(
        'incidents.is_joint_duty and participants.agencies >= 2 and incidents.arrived_at is not null'
    ) }} as joint_duty_met,
    count(incidents.address_key) as with_address,
    {{ count_where('incidents.has_coordinates and incidents.has_valid_coordinates') }} as with_point,
    {{ count_where('incidents.recorded_day is not null and incidents.is_outcome_known') }} as clearance_known,
    {{ count_where('incidents.recorded_day is null or not incidents.is_outcome_known') }} as clearance_unknown,
    {{ count_where('incidents.is_cleared_in_time') }} as cleared_in_time,
    {{ count_where('incidents.is_dispute and incidents.is_outcome_known') }} as settlement_known,
    {{ count_where('incidents.is_dispute and not incidents.is_outcome_known') }} as settlement_unknown,
    {{ count_where('incidents.is_dispute and incidents.is_settled') }} as settled
from incidents
left join participants
    on incidents.source = participants.source
    and incidents.incident_id = participants.incident_id
group by
    incidents.geography,
    incidents.area_id,
    incidents.day,
    incidents.source,
    incidents.category,
    incidents.local_category
