{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_years(this, 'day', ref('stg_affected_day'), 'incident') }}"
) }}

with counted as (

    select
        geography,
        area_id,
        {{ first_of_month('day') }} as day,
        source,
        address_key,
        count(*) as incidents
    from {{ ref('stg_incident') }}
    where address_key is not null
        and {{ is_affected_year('day', ref('stg_affected_day'), 'incident') }}
    group by geography, area_id, {{ first_of_month('day') }}, source, address_key

),

-- By calendar year: a place with two incidents in a month, a quarter or a year then has all of them here.
compared as (

    select
        *,
        sum(incidents) over (
            partition by geography, area_id, source, address_key, {{ first_of_year('day') }}
        ) as incidents_in_year
    from counted

)

select
    geography,
    area_id,
    day,
    source,
    address_key,
    incidents
from compared
where incidents_in_year >= 2
