with source as (

    select * from {{ source('staging', 'incident') }}

),

renamed as (

    select
        source,
        incident_id,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        known_day,
        time_precision,
        occurred_at,
        occurred_local,
        occurred_until_local,
        occurred_until_day,
        recorded_at,
        recorded_day,
        reported_at,
        dispatched_at,
        arrived_at,
        closed_at,
        closed_day,
        reopened_day,
        category,
        local_category,
        outcome,
        is_dispute,
        is_joint_duty,
        found_by,
        priority,
        place_kind,
        victim_group,
        coalesce(victims, 0) as victims,
        coalesce(victims_killed, 0) as victims_killed,
        lat,
        lon,
        lat is not null and lon is not null as has_coordinates,
        coalesce(coords_in_area, false) as has_valid_coordinates,
        address_key,
        agencies,
        {{ is_recorded_in_time('occurred_at') }} as is_recorded_in_time,
        {{ contradicts_itself('flags') }} as has_contradiction,
        required_cells,
        filled_cells
    from source

)

select * from renamed
