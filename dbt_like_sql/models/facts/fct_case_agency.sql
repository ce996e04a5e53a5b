{{ config(materialized='view') }}

with listed as (

    select
        source,
        'incident' as kind,
        incident_id as record_id,
        geography,
        area_id,
        day,
        category,
        {{ each_of('agencies') }} as agency
    from {{ ref('stg_incident') }}

    union all

    select
        source,
        'service' as kind,
        service_id as record_id,
        geography,
        area_id,
        day,
        category,
        {{ each_of('agencies') }} as agency
    from {{ ref('stg_service') }}

    union all

    -- The agency in charge takes part, whether or not it is listed with the others.
    select
        source,
        'service' as kind,
        service_id as record_id,
        geography,
        area_id,
        day,
        category,
        lead_agency as agency
    from {{ ref('stg_service') }}

)

select distinct
    source,
    kind,
    record_id,
    geography,
    area_id,
    day,
    category,
    agency
from listed
where agency <> ''
