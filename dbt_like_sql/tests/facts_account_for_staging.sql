-- Every accepted record is one fact, and every fact one accepted record.
with accounts as (

    select
        'fct_incident' as account,
        (select count(*) from {{ source('staging', 'incident') }}) as expected,
        (select count(*) from {{ ref('fct_incident') }}) as found

    union all

    select
        'fct_patrol' as account,
        (select count(*) from {{ source('staging', 'patrol') }}) as expected,
        (select count(*) from {{ ref('fct_patrol') }}) as found

    union all

    select
        'fct_service' as account,
        (select count(*) from {{ source('staging', 'service') }}) as expected,
        (select count(*) from {{ ref('fct_service') }}) as found

    union all

    select
        'fct_handoff' as account,
        (select count(*) from {{ source('staging', 'handoff') }}) as expected,
        (select count(*) from {{ ref('fct_handoff') }}) as found

    union all

    -- Of every reported incident two stages.
    select
        'fct_incident_stage' as account,
        (select 2 * count(reported_at) from {{ source('staging', 'incident') }}) as expected,
        (select count(*) from {{ ref('fct_incident_stage') }}) as found

    union all

    select
        'fct_record' as account,
        (select count(*) from {{ source('staging', 'incident') }})
        + (select count(*) from {{ source('staging', 'patrol') }})
        + (select count(*) from {{ source('staging', 'service') }})
        + (select count(*) from {{ source('staging', 'handoff') }})
        + (select count(*) from {{ source('staging', 'participation') }})
        + (select count(*) from {{ source('staging', 'survey') }})
        + (select count(*) from {{ source('staging', 'profile') }}) as expected,
        (select count(*) from {{ ref('fct_record') }}) as found

    union all

    select
        'fct_incident_day, parts per million' as account,
        (select count(*) from {{ ref('fct_incident') }}) * 1000000 as expected,
        (select coalesce(sum(weight_ppm), 0) from {{ ref('fct_incident_day') }}) as found

)

select * from accounts
where expected <> found
