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
        recorded_at,
        first_response_at,
        first_response_day,
        due_at,
        due_day,
        closed_at,
        closed_day,
        channel,
        category,
        requester_group,
        lead_agency,
        agencies,
        solved,
        followed_up,
        satisfied,
        reviewed,
        overturned,
        is_complaint,
        legal_basis,
        {{ is_recorded_in_time('opened_at') }} as is_recorded_in_time,
        {{ contradicts_itself('flags') }} as has_contradiction,
        coords_in_area as is_located_in_area,
        lat is not null and lon is not null as has_coordinates,
        required_cells,
        filled_cells
    from source

)

select * from renamed
