{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'day') }}"
) }}

with stages as (

    select * from {{ ref('fct_incident_stage') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    found_by,
    priority,
    stage,
    count(*) as opened,
    count(seconds_to_close) as closed,
    {{ count_where('is_open') }} as open_now
from stages
group by geography, area_id, day, source, found_by, priority, stage
