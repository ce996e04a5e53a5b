{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'possible_day') }}"
) }}

with incidents as (

    select
        *,
        cast(floor((second_of_day + interval_seconds - 1) / 86400e0) as bigint) as last_day_number
    from {{ ref('fct_incident') }}

),

-- Of one day or of several: those that may have happened on an affected day.
touched as (

    select * from incidents
    where (last_day_number = 0 and {{ is_affected('day', ref('stg_affected_day'), 'incident', 'possible_day') }})
        or (last_day_number > 0 and {{ may_be_affected('day', 'last_day_number', ref('stg_affected_day'), 'incident') }})

),

-- Day 0 is the first on which the incident may have happened.
possible_days as (

    select
        *,
        {{ each_number_to('last_day_number') }} as day_number
    from touched

),

elapsed as (

    select
        *,
        greatest(day_number * 86400 - second_of_day, 0) as seconds_before,
        least((day_number + 1) * 86400 - second_of_day, interval_seconds) as seconds_passed
    from possible_days

),

weighted as (

    select
        source,
        incident_id,
        geography,
        area_id,
        {{ add_days('day', 'day_number') }} as day,
        category,
        local_category,
        found_by,
        victims,
        victims_killed,
        has_coordinates,
        has_valid_coordinates,
        known_day,
        is_recorded_in_time,
        -- Differences of rounded running shares add up to exactly one record.
        {{ ppm_passed('seconds_passed', 'interval_seconds') }}
        - {{ ppm_passed('seconds_before', 'interval_seconds') }} as weight_ppm
    from elapsed

)

select * from weighted
where weight_ppm > 0
    and {{ is_affected('day', ref('stg_affected_day'), 'incident', 'possible_day') }}
