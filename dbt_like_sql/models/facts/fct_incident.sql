{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'day') }}"
) }}

with incidents as (

    select * from {{ ref('stg_incident') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}

),

intervals as (

    select
        source,
        incident_id,
        geography,
        area_id,
        day,
        known_day,
        {{ seconds_between('cast(day as timestamp)', 'occurred_local') }} as second_of_day,
        case
            -- An exact time is an interval of one second.
            when occurred_until_local is null or occurred_until_local <= occurred_local then 1
            -- Between two bare days the last one counts whole.
            when time_precision = 'day'
                then {{ seconds_between('occurred_local', 'occurred_until_local') }} + 86400
            else {{ seconds_between('occurred_local', 'occurred_until_local') }}
        end as interval_seconds,
        category,
        local_category,
        found_by,
        victims,
        victims_killed,
        has_coordinates,
        has_valid_coordinates,
        is_recorded_in_time,
        has_contradiction,
        required_cells,
        filled_cells
    from incidents

)

select * from intervals
