{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'day') }}"
) }}

with records as (

    select * from {{ ref('fct_record') }}
    where {{ is_affected('day', ref('stg_affected_day'), none, 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    kind,
    count(*) as records,
    count(is_recorded_in_time) as recording_known,
    {{ count_where('is_recorded_in_time is null') }} as recording_unknown,
    {{ count_where('is_recorded_in_time') }} as recorded_in_time,
    {{ count_where('has_contradiction') }} as contradictory,
    count(is_located_in_area) as located,
    {{ count_where('is_located_in_area') }} as located_in_area
from records
group by geography, area_id, day, source, kind
