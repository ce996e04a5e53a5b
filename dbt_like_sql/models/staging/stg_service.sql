with source as (

    select * from {{ source('staging', 'service') }}

),

renamed as (

    select
        source,
        service_id,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        known_day,
        time_precision,
        opened_at,
        due_at,
        due_day,
        closed_at,
        closed_day,
        lead_agency,
        agencies,
        required_cells,
        filled_cells
    from source

)

select * from renamed
