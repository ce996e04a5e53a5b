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
        subject,
        initiated_by,
        has_finding,
        duration_seconds,
        required_cells,
        filled_cells
    from source

)

select * from renamed
