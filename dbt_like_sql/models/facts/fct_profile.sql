with residents as (

    select * from {{ ref('stg_population') }}

),

records as (

    select * from {{ ref('stg_profile') }}

),

-- Of an area and day that several records speak of, each column takes the greatest: mostly each gives others.
reported as (

    select
        area_id,
        day as valid_from,
        max(population) as population,
        max(new_citizens) as new_citizens,
        max(estimated_new_citizens) as estimated_new_citizens,
        max(registered_new_citizens) as registered_new_citizens,
        max(officers) as officers,
        max(grid_staff) as grid_staff,
        max(staff) as staff,
        max(staff_trained) as staff_trained,
        max(cameras_installed) as cameras_installed,
        max(cameras_online) as cameras_online,
        max(camera_area_km2) as camera_area_km2,
        max(area_km2) as area_km2,
        max(key_enterprises) as key_enterprises,
        max(enterprises_in_copatrol) as enterprises_in_copatrol,
        max(registered_volunteers) as registered_volunteers
    from records
    where area_id <> {{ unallocated('geography') }}
    group by area_id, day

),

-- The record wins over the pack's table where both give the residents of one area and day.
joined as (

    select
        coalesce(reported.area_id, residents.area_id) as area_id,
        coalesce(reported.valid_from, residents.valid_from) as valid_from,
        coalesce(reported.population, residents.population) as population,
        reported.new_citizens,
        reported.estimated_new_citizens,
        reported.registered_new_citizens,
        reported.officers,
        reported.grid_staff,
        reported.staff,
        reported.staff_trained,
        reported.cameras_installed,
        reported.cameras_online,
        reported.camera_area_km2,
        reported.area_km2,
        reported.key_enterprises,
        reported.enterprises_in_copatrol,
        reported.registered_volunteers
    from reported
    full outer join residents
        on reported.area_id = residents.area_id
        and reported.valid_from = residents.valid_from

)

select * from joined
