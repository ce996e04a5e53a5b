with source as (

    select * from {{ source('staging', 'survey') }}

),

renamed as (

    select
        source,
        survey_id,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        known_day,
        wave,
        respondent_key,
        person_group,
        mode,
        response_status,
        stratum,
        cluster,
        weight,
        margin_age,
        margin_gender,
        margin_residence,
        margin_education,
        item,
        answer,
        {{ is_recorded_in_time('answered_at') }} as is_recorded_in_time,
        {{ contradicts_itself('flags') }} as has_contradiction,
        required_cells,
        filled_cells
    from source

)

select * from renamed
