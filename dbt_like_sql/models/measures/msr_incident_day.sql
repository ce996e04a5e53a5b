{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'possible_day') }}"
) }}

with incident_days as (

    select * from {{ ref('fct_incident_day') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'incident', 'possible_day') }}

)

select
    geography,
    area_id,
    day,
    source,
    category,
    local_category,
    found_by,
    {{ sum_of('weight_ppm') }} as incidents_ppm,
    {{ sum_of('victims * weight_ppm') }} as victims_ppm,
    {{ sum_of('victims_killed * weight_ppm') }} as victims_killed_ppm,
    {{ sum_of('case when has_coordinates then weight_ppm else 0 end') }} as with_coordinates_ppm,
    {{ sum_of('case when has_valid_coordinates then weight_ppm else 0 end') }} as valid_coordinates_ppm
from incident_days
group by geography, area_id, day, source, category, local_category, found_by
