with source as (

    select * from {{ source('staging', 'patrol') }}

),

renamed as (

    select
        source,
        patrol_id,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        known_day,
        time_precision,
        planned_start,
        planned_end,
        started_at,
        ended_at,
        recorded_at,
        subject,
        mode,
        personnel,
        checks,
        initiated_by,
        has_finding,
        duration_seconds,
        {{ is_recorded_in_time('started_at') }} as is_recorded_in_time,
        {{ contradicts_itself('flags') }} as has_contradiction,
        coords_in_area as is_located_in_area,
        lat,
        lon,
        lat is not null and lon is not null as has_coordinates,
        coalesce({{ joined('flags') }} like '%;implausible_duration;%', false) as is_implausibly_long,
        required_cells,
        filled_cells
    from source

)

select * from renamed
