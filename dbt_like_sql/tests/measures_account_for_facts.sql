-- Every fact is counted once in each measure of its kind.
with accounts as (

    select
        'msr_incident_day, parts per million' as account,
        (select coalesce(sum(weight_ppm), 0) from {{ ref('fct_incident_day') }}) as expected,
        (select coalesce(sum(incidents_ppm), 0) from {{ ref('msr_incident_day') }}) as found

    union all

    select
        'msr_patrol_day' as account,
        (select count(*) from {{ ref('fct_patrol') }}) as expected,
        (select coalesce(sum(patrols), 0) from {{ ref('msr_patrol_day') }}) as found

    union all

    select
        'msr_service_day' as account,
        (select count(*) from {{ ref('fct_service') }}) as expected,
        (select coalesce(sum(closed + open_now), 0) from {{ ref('msr_service_day') }}) as found

    union all

    select
        'msr_service_duration_month' as account,
        (select coalesce(sum(closed), 0) from {{ ref('msr_service_day') }}) as expected,
        (select coalesce(sum(closed), 0) from {{ ref('msr_service_duration_month') }}) as found

    union all

    select
        'msr_incident_stage_day' as account,
        (select count(*) from {{ ref('fct_incident_stage') }}) as expected,
        (select coalesce(sum(opened), 0) from {{ ref('msr_incident_stage_day') }}) as found

    union all

    select
        'msr_incident_duration_month' as account,
        (select coalesce(sum(closed), 0) from {{ ref('msr_incident_stage_day') }}) as expected,
        (select coalesce(sum(closed), 0) from {{ ref('msr_incident_duration_month') }}) as found

    union all

    select
        'msr_incident_delay_day, parts per million' as account,
        (select coalesce(sum(weight_ppm), 0) from {{ ref('fct_incident_day') }}) as expected,
        (select coalesce(sum(incidents_ppm), 0) from {{ ref('msr_incident_delay_day') }}) as found

    union all

    select
        'msr_incident_basis_day' as account,
        (select count(*) from {{ ref('stg_incident') }}) as expected,
        (select coalesce(sum(incidents), 0) from {{ ref('msr_incident_basis_day') }}) as found

    union all

    select
        'msr_incident_basis_day, agencies' as account,
        (
            select count(*)
            from (select distinct source, record_id from {{ ref('fct_case_agency') }} where kind = 'incident') as cases
        ) as expected,
        (select coalesce(sum(with_agency), 0) from {{ ref('msr_incident_basis_day') }}) as found

    union all

    select
        'msr_participation_day' as account,
        (select count(*) from {{ ref('stg_participation') }}) as expected,
        (select coalesce(sum(activities), 0) from {{ ref('msr_participation_day') }}) as found

    union all

    select
        'msr_handoff_day' as account,
        (select count(*) from {{ ref('fct_handoff') }}) as expected,
        (select coalesce(sum(closed + open_now), 0) from {{ ref('msr_handoff_day') }}) as found

    union all

    select
        'msr_handoff_duration_month' as account,
        (select coalesce(sum(closed), 0) from {{ ref('msr_handoff_day') }}) as expected,
        (select coalesce(sum(closed), 0) from {{ ref('msr_handoff_duration_month') }}) as found

    union all

    select
        'msr_area_day' as account,
        (select count(*) from {{ ref('fct_record') }}) as expected,
        (select coalesce(sum(records), 0) from {{ ref('msr_area_day') }}) as found

    union all

    select
        'msr_source_day' as account,
        (select count(*) from {{ ref('fct_record') }}) as expected,
        (select coalesce(sum(records), 0) from {{ ref('msr_source_day') }}) as found

    union all

    select
        'msr_completeness_day' as account,
        (select coalesce(sum(required_cells), 0) from {{ ref('fct_record') }}) as expected,
        (select coalesce(sum(required_cells), 0) from {{ ref('msr_completeness_day') }}) as found

    union all

    select
        'msr_record_quality_day' as account,
        (select count(*) from {{ ref('fct_record') }}) as expected,
        (select coalesce(sum(recording_known + recording_unknown), 0) from {{ ref('msr_record_quality_day') }}) as found

    union all

    select
        'msr_receipt_day' as account,
        (select coalesce(sum(rows_read), 0) from {{ ref('stg_receipt') }}) as expected,
        (select coalesce(sum(received), 0) from {{ ref('msr_receipt_day') }}) as found

)

select * from accounts
where expected <> found
