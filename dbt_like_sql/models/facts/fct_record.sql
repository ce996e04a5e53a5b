{{ config(materialized='view') }}

with incidents as (

    select
        source,
        'incident' as kind,
        geography,
        area_id,
        day,
        known_day,
        required_cells,
        filled_cells
    from {{ ref('fct_incident') }}

),

patrols as (

    select
        source,
        'patrol' as kind,
        geography,
        area_id,
        day,
        known_day,
        required_cells,
        filled_cells
    from {{ ref('fct_patrol') }}

),

services as (

    select
        source,
        'service' as kind,
        geography,
        area_id,
        day,
        known_day,
        required_cells,
        filled_cells
    from {{ ref('fct_service') }}

)

select * from incidents
union all
select * from patrols
union all
select * from services
