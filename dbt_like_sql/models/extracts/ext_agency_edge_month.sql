{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_months(this, 'day', ref('stg_affected_day'), none) }}"
) }}

with participants as (

    select * from {{ ref('fct_case_agency') }}
    where {{ is_affected_month('day', ref('stg_affected_day'), none) }}

),

handoffs as (

    select * from {{ ref('fct_handoff') }}
    where from_agency is not null
        and to_agency is not null
        and {{ is_affected_month('day', ref('stg_affected_day'), none) }}

),

pairs as (

    select
        one.geography,
        one.area_id,
        {{ first_of_month('one.day') }} as day,
        one.source,
        one.kind,
        one.agency as from_agency,
        other.agency as to_agency
    from participants as one
    inner join participants as other
        on one.source = other.source
        and one.kind = other.kind
        and one.record_id = other.record_id
        and one.agency < other.agency

    union all

    select
        geography,
        area_id,
        {{ first_of_month('day') }} as day,
        source,
        'handoff' as kind,
        from_agency,
        to_agency
    from handoffs

)

select
    geography,
    area_id,
    day,
    source,
    kind,
    from_agency,
    to_agency,
    count(*) as cases
from pairs
group by geography, area_id, day, source, kind, from_agency, to_agency
