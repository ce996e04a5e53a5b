{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'known_day') }}"
) }}

with records as (

    select * from {{ ref('fct_record') }}
    where {{ is_affected('known_day', ref('stg_affected_day'), none, 'known_day') }}

)

select
    source,
    kind,
    geography,
    area_id,
    known_day as day,
    count(*) as records
from records
group by source, kind, geography, area_id, known_day
