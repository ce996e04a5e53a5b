with incidents as (

    select * from {{ ref('fct_incident') }}

),

-- Day 0 is the first on which the incident may have happened.
possible_days as (

    select
        *,
        {{ each_number_to('cast(floor((second_of_day + interval_seconds - 1) / 86400e0) as bigint)') }} as day_number
    from incidents

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
        -- Differences of rounded running shares add up to exactly one record.
        {{ ppm_passed('seconds_passed', 'interval_seconds') }}
        - {{ ppm_passed('seconds_before', 'interval_seconds') }} as weight_ppm
    from elapsed

)

select * from weighted
where weight_ppm > 0
