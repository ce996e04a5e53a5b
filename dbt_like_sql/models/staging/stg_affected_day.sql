with source as (

    select * from {{ source('staging', 'affected_day') }}

),

pending as (

    select distinct
        kind,
        day_of,
        day
    from source

)

select * from pending
