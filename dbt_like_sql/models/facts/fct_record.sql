{{ config(materialized='view') }}

with incidents as (

    select
        source,
        'incident' as kind,
        geography,
        area_id,
        day,
        known_day,
        is_recorded_in_time,
        has_contradiction,
        case when has_coordinates then has_valid_coordinates end as is_located_in_area,
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
        is_recorded_in_time,
        has_contradiction,
        is_located_in_area,
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
        is_recorded_in_time,
        has_contradiction,
        is_located_in_area,
        required_cells,
        filled_cells
    from {{ ref('fct_service') }}

),

handoffs as (

    select
        source,
        'handoff' as kind,
        geography,
        area_id,
        day,
        known_day,
        is_recorded_in_time,
        has_contradiction,
        cast(null as boolean) as is_located_in_area,
        required_cells,
        filled_cells
    from {{ ref('stg_handoff') }}

),

participations as (

    select
        source,
        'participation' as kind,
        geography,
        area_id,
        day,
        known_day,
        is_recorded_in_time,
        has_contradiction,
        cast(null as boolean) as is_located_in_area,
        required_cells,
        filled_cells
    from {{ ref('stg_participation') }}

),

answers as (

    select
        source,
        'survey' as kind,
        geography,
        area_id,
        day,
        known_day,
        is_recorded_in_time,
        has_contradiction,
        cast(null as boolean) as is_located_in_area,
        required_cells,
        filled_cells
    from {{ ref('stg_survey') }}

),

profiles as (

    select
        source,
        'profile' as kind,
        geography,
        area_id,
        day,
        known_day,
        is_recorded_in_time,
        has_contradiction,
        cast(null as boolean) as is_located_in_area,
        required_cells,
        filled_cells
    from {{ ref('stg_profile') }}

)

select * from incidents
union all
select * from patrols
union all
select * from services
union all
select * from handoffs
union all
select * from participations
union all
select * from answers
union all
select * from profiles
