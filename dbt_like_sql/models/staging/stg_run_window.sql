with source as (

    select * from {{ source('staging', 'run_window') }}

),

renamed as (

    select as_of
    from source

)

select * from renamed
