with source_days as (

    select * from {{ ref('msr_source_day') }}

),

run_window as (

    select * from {{ ref('stg_run_window') }}

),

counted as (

    select
        source,
        kind,
        {{ first_of_month('day') }} as month,
        {{ sum_of('records') }} as records
    from source_days
    group by source, kind, {{ first_of_month('day') }}

),

lives as (

    select
        counted.source,
        counted.kind,
        min(counted.month) as first_month,
        max({{ first_of_month('run_window.as_of') }}) as last_month
    from counted
    cross join run_window
    group by counted.source, counted.kind

),

numbered as (

    select
        source,
        kind,
        first_month,
        {{ each_number_to(months_between('first_month', 'last_month')) }} as month_number
    from lives

),

calendar as (

    select
        source,
        kind,
        month_number,
        {{ add_months('first_month', 'month_number') }} as month
    from numbered

),

-- Silent months are counted too, as none.
months as (

    select
        calendar.source,
        calendar.kind,
        calendar.month_number,
        calendar.month,
        coalesce(counted.records, 0) as records
    from calendar
    left join counted
        on calendar.source = counted.source
        and calendar.kind = counted.kind
        and calendar.month = counted.month

),

medians as (

    select
        months.source,
        months.kind,
        months.month_number,
        percentile_cont(0.5) within group (order by earlier.records) as median_records
    from months
    inner join months as earlier
        on months.source = earlier.source
        and months.kind = earlier.kind
        and earlier.month_number between months.month_number - 12 and months.month_number - 1
    where {{ is_stream('months.kind') }}
    group by months.source, months.kind, months.month_number
    having count(*) = 12

),

-- The highest median of the past year: a collapse that lasts must not become its own measure.
expectations as (

    select
        months.source,
        months.kind,
        months.month,
        months.records,
        cast(floor(max(medians.median_records) over (
            partition by months.source, months.kind
            order by months.month_number
            rows between 11 preceding and current row
        )) as bigint) as expected
    from months
    left join medians
        on months.source = medians.source
        and months.kind = medians.kind
        and months.month_number = medians.month_number

)

select
    expectations.source,
    expectations.kind,
    expectations.month,
    expectations.records,
    expectations.expected,
    case
        -- The month of as_of is judged only when as_of is its last day.
        when last_day(expectations.month) > run_window.as_of then 'normal'
        when expectations.records = 0 and {{ is_stream('expectations.kind') }} then 'silent'
        when expectations.expected < {{ var('least_expected_records') }} then 'normal'
        when expectations.records < {{ var('collapsed_below_share') }} * expectations.expected then 'collapsed'
        when expectations.records > {{ var('surge_above_factor') }} * expectations.expected then 'surge'
        else 'normal'
    end as status
from expectations
cross join run_window
