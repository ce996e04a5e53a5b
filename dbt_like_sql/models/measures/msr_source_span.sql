with source_days as (

    select * from {{ ref('msr_source_day') }}

),

sources as (

    select * from {{ ref('stg_source') }}

),

gaps as (

    select
        source_days.source,
        source_days.kind,
        source_days.geography,
        source_days.day,
        source_days.records,
        sources.silent_after_days,
        lag(source_days.day) over (
            partition by source_days.source, source_days.kind, source_days.geography
            order by source_days.day
        ) as day_before
    from source_days
    left join sources on source_days.source = sources.source

),

islands as (

    select
        source,
        kind,
        geography,
        day,
        records,
        sum(case when {{ days_between('day_before', 'day') }} > silent_after_days then 1 else 0 end) over (
            partition by source, kind, geography
            order by day
            rows between unbounded preceding and current row
        ) as span_number
    from gaps

)

select
    source,
    kind,
    geography,
    min(day) as first_day,
    max(day) as last_day,
    {{ sum_of('records') }} as records
from islands
group by source, kind, geography, span_number
