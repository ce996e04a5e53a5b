with source as (

    select * from {{ source('staging', 'population') }}

),

renamed as (

    select
        area_id,
        valid_from,
        population
    from source

)

select * from renamed
