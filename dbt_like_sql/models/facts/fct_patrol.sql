{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'patrol', 'day') }}"
) }}

with patrols as (

    select * from {{ ref('stg_patrol') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'patrol', 'day') }}

)

select
    source,
    patrol_id,
    geography,
    area_id,
    day,
    known_day,
    subject,
    initiated_by,
    has_finding,
    duration_seconds,
    is_recorded_in_time,
    has_contradiction,
    is_located_in_area,
    required_cells,
    filled_cells
from patrols
