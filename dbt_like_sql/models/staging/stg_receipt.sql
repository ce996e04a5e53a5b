with source as (

    select * from {{ source('staging', 'receipt') }}

),

renamed as (

    select
        source,
        kind,
        geography,
        {{ allocated_area() }} as area_id,
        day,
        status,
        row_count as rows_read
    from source
    -- A blank row is no record; the ledger alone counts it.
    where not is_blank

)

select * from renamed
