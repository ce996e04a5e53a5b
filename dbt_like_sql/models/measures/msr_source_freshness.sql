with sources as (

    select * from {{ ref('stg_source') }}

),

run_window as (

    select * from {{ ref('stg_run_window') }}

),

lives as (

    select
        source,
        min(first_day) as first_day,
        max(last_day) as last_day
    from {{ ref('msr_source_span') }}
    group by source

),

complete_months as (

    select
        months.source,
        months.records,
        months.expected,
        months.status,
        row_number() over (partition by months.source order by months.month desc) as newest_first
    from {{ ref('msr_source_month') }} as months
    cross join run_window
    where last_day(months.month) <= run_window.as_of

),

newest_months as (

    select
        source,
        count(*) as months,
        sum(records) as records,
        max(case when newest_first = 1 then expected end) as expected,
        max(case when newest_first = 1 then status end) as status
    from complete_months
    where newest_first <= 3
    group by source

),

dated as (

    select
        sources.source,
        sources.kind,
        sources.geography,
        lives.first_day,
        lives.last_day,
        cast({{ days_between('lives.last_day', 'run_window.as_of') }} as integer) as days_behind,
        sources.silent_after_days,
        {{ is_stream('sources.kind') }} as is_stream,
        newest_months.status = 'collapsed' or (
            newest_months.expected >= {{ var('least_expected_records') }}
            and newest_months.records
            < {{ var('collapsed_below_share') }} * newest_months.expected * newest_months.months
        ) as has_collapsed
    from sources
    cross join run_window
    left join lives on sources.source = lives.source
    left join newest_months on sources.source = newest_months.source

)

select
    source,
    kind,
    geography,
    first_day,
    last_day,
    days_behind,
    case
        when last_day is null or (is_stream and days_behind > silent_after_days) then 'silent'
        when has_collapsed then 'collapsed'
        else 'alive'
    end as status,
    silent_after_days
from dated
