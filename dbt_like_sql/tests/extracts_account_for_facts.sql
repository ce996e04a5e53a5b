-- What an extract counts is there once, and nothing else is.
with agencies as (

    select count(*) as agencies
    from {{ ref('fct_case_agency') }}
    group by source, kind, record_id

),

places as (

    select count(*) as incidents
    from {{ ref('stg_incident') }}
    where address_key is not null
    group by geography, area_id, source, address_key, {{ first_of_year('day') }}

),

accounts as (

    select
        'ext_agency_edge_month, pairs of agencies' as account,
        (select coalesce(sum(agencies * (agencies - 1) / 2), 0) from agencies) as expected,
        (select coalesce(sum(cases), 0) from {{ ref('ext_agency_edge_month') }} where kind <> 'handoff') as found

    union all

    select
        'ext_agency_edge_month, hand-offs' as account,
        (
            select count(*) from {{ ref('fct_handoff') }}
            where from_agency is not null
                and to_agency is not null
        ) as expected,
        (select coalesce(sum(cases), 0) from {{ ref('ext_agency_edge_month') }} where kind = 'handoff') as found

    union all

    select
        'ext_agency_case_month' as account,
        (select count(*) from {{ ref('fct_case_agency') }}) as expected,
        (select coalesce(sum(cases), 0) from {{ ref('ext_agency_case_month') }}) as found

    union all

    select
        'ext_handoff_wait_day' as account,
        (
            select count(*) from {{ ref('fct_handoff') }}
            where from_agency is not null
                and to_agency is not null
        ) as expected,
        (select coalesce(sum(handoffs), 0) from {{ ref('ext_handoff_wait_day') }}) as found

    union all

    select
        'ext_repeat_place_month' as account,
        (select coalesce(sum(incidents), 0) from places where incidents >= 2) as expected,
        (select coalesce(sum(incidents), 0) from {{ ref('ext_repeat_place_month') }}) as found

    union all

    select
        'ext_near_repeat_point' as account,
        (
            select count(*) from {{ ref('stg_incident') }}
            where has_coordinates
                and has_valid_coordinates
        ) as expected,
        (select coalesce(sum(incidents), 0) from {{ ref('ext_near_repeat_point') }}) as found

    union all

    select
        'ext_patrol_point' as account,
        (
            select count(*) from {{ ref('stg_patrol') }}
            where has_coordinates
                and is_located_in_area
                and duration_seconds is not null
        ) as expected,
        (select coalesce(sum(patrols), 0) from {{ ref('ext_patrol_point') }}) as found

    union all

    select
        'ext_volunteer_level_month' as account,
        (select count(person_key) from {{ ref('stg_participation') }}) as expected,
        (select coalesce(sum(activities), 0) from {{ ref('ext_volunteer_level_month') }}) as found

    union all

    select
        'ext_service_wait_day' as account,
        (
            select count(*) from {{ ref('fct_service') }}
            where requester_group in ('resident', 'new_citizen')
                and category is not null
        ) as expected,
        (select coalesce(sum(requests), 0) from {{ ref('ext_service_wait_day') }}) as found

    union all

    select
        'ext_survey_answer' as account,
        (select count(*) from {{ ref('stg_survey') }}) as expected,
        (select count(*) from {{ ref('ext_survey_answer') }}) as found

)

select * from accounts
where expected <> found
