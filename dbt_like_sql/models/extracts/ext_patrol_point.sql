{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'patrol', 'day') }}"
) }}

with located as (

    select
        geography,
        area_id,
        day,
        source,
        {{ geocentric_x('lat', 'lon') }} as x_metres,
        {{ geocentric_y('lat', 'lon') }} as y_metres,
        {{ geocentric_z('lat') }} as z_metres,
        duration_seconds
    from {{ ref('stg_patrol') }}
    where has_coordinates
        and is_located_in_area
        and duration_seconds is not null
        and {{ is_affected('day', ref('stg_affected_day'), 'patrol', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    x_metres,
    y_metres,
    z_metres,
    count(*) as patrols,
    {{ sum_of('duration_seconds') }} as patrol_seconds
from located
group by geography, area_id, day, source, x_metres, y_metres, z_metres
