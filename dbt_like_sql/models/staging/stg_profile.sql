with source as (

    select * from {{ source('staging', 'profile') }}

),

renamed as (

    select
        source,
        profile_id,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        known_day,
        population,
        new_citizens,
        estimated_new_citizens,
        registered_new_citizens,
        officers,
        grid_staff,
        staff,
        staff_trained,
        cameras_installed,
        cameras_online,
        camera_area_km2,
        area_km2,
        key_enterprises,
        enterprises_in_copatrol,
        registered_volunteers,
        {{ is_recorded_in_time('valid_from') }} as is_recorded_in_time,
        {{ contradicts_itself('flags') }} as has_contradiction,
        required_cells,
        filled_cells
    from source

)

select * from renamed
