{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'participation', 'day') }}"
) }}

with activities as (

    select * from {{ ref('stg_participation') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'participation', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    subject,
    count(*) as activities,
    {{ count_where('person_key is not null and level is not null') }} as with_level
from activities
group by geography, area_id, day, source, subject
