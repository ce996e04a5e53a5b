{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'day') }}"
) }}

with located as (

    select
        geography,
        area_id,
        day,
        -- From the first possible day to the last.
        greatest(day, coalesce(occurred_until_day, day)) as last_day,
        source,
        category,
        found_by,
        address_key,
        {{ geocentric_x('lat', 'lon') }} as x_metres,
        {{ geocentric_y('lat', 'lon') }} as y_metres,
        {{ geocentric_z('lat') }} as z_metres
    from {{ ref('stg_incident') }}
    where has_coordinates
        and has_valid_coordinates
        and {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}

)

select
    geography,
    area_id,
    day,
    last_day,
    source,
    category,
    found_by,
    address_key,
    x_metres,
    y_metres,
    z_metres,
    count(*) as incidents
from located
group by geography, area_id, day, last_day, source, category, found_by, address_key, x_metres, y_metres,
    z_metres
