with source as (

    select * from {{ source('staging', 'participation') }}

),

renamed as (

    select
        source,
        participation_id,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        known_day,
        started_at,
        recorded_at,
        subject,
        person_key,
        enterprise_key,
        level,
        minutes,
        {{ is_recorded_in_time('started_at') }} as is_recorded_in_time,
        {{ contradicts_itself('flags') }} as has_contradiction,
        required_cells,
        filled_cells
    from source

)

select * from renamed
