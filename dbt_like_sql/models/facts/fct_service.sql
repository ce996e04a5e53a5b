{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'service', 'day') }}"
) }}

with services as (

    select * from {{ ref('stg_service') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'service', 'day') }}

),

judged as (

    select
        source,
        service_id,
        geography,
        area_id,
        day,
        known_day,
        category,
        requester_group,
        due_day,
        channel,
        -- Loading knows of no closing after as_of: it has not happened yet.
        closed_day,
        closed_day is null as is_open,
        coalesce(case
            when time_precision = 'day' then closed_day <= due_day
            else closed_at <= due_at
        end, false) as is_closed_in_time,
        coalesce(case
            when time_precision = 'day' then first_response_day <= due_day
            else first_response_at <= due_at
        end, false) as is_answered_in_time,
        -- Before the closing there is no solution to confirm, no legal basis of it, and nobody to ask about it.
        coalesce(solved and closed_day is not null, false) as is_confirmed_solved,
        closed_day is not null and coalesce(trim(legal_basis), '') <> '' as has_legal_basis,
        coalesce(followed_up and closed_day is not null, false) as is_followed_up,
        case when followed_up and closed_day is not null then satisfied end as is_satisfied,
        coalesce(reviewed, false) as is_reviewed,
        case when reviewed then overturned end as is_overturned,
        coalesce(is_complaint, false) as is_complaint,
        -- A closing before the opening is flagged in loading; it counts as closed at once.
        case
            when closed_day is null then null
            when time_precision = 'day' then greatest({{ days_between('day', 'closed_day') }}, 0) * 86400
            else greatest({{ seconds_between('opened_at', 'closed_at') }}, 0)
        end as seconds_to_close,
        is_recorded_in_time,
        has_contradiction,
        is_located_in_area,
        required_cells,
        filled_cells
    from services

)

select * from judged
