with source as (

    select * from {{ source('staging', 'source') }}

),

renamed as (

    select
        source,
        kind,
        geography,
        silent_after_days
    from source

)

select * from renamed
