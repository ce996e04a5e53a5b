{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_months(this, 'day', ref('stg_affected_day'), 'participation') }}"
) }}

with activities as (

    select
        geography,
        area_id,
        {{ first_of_month('day') }} as day,
        source,
        subject,
        person_key,
        level,
        minutes
    from {{ ref('stg_participation') }}
    where person_key is not null
        and {{ is_affected_month('day', ref('stg_affected_day'), 'participation') }}

)

select
    geography,
    area_id,
    day,
    source,
    subject,
    person_key,
    max(level) as level,
    count(*) as activities,
    {{ sum_of('coalesce(minutes, 0)') }} as minutes
from activities
group by geography, area_id, day, source, subject, person_key
