with source as (

    select * from {{ source('staging', 'handoff') }}

),

renamed as (

    select
        source,
        handoff_id,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        known_day,
        time_precision,
        requested_at,
        recorded_at,
        due_at,
        due_day,
        acknowledged_at,
        acknowledged_day,
        record_kind,
        record_id,
        from_agency,
        to_agency,
        {{ is_recorded_in_time('requested_at') }} as is_recorded_in_time,
        {{ contradicts_itself('flags') }} as has_contradiction,
        required_cells,
        filled_cells
    from source

)

select * from renamed
