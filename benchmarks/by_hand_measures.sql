-- The measures, from the typed rows, the points' precincts (`point`) and the known districts (`district`).
create temp table incident as
select
    'thefts' as source,
    coalesce(point.area_id, 'precinct:unallocated') as area_id,
    occurred,
    case when until > occurred then until end as until,
    '050211' as category,
    'vehicle theft' as local_category,
    0 as victims,
    0 as killed,
    true as has_coordinates,
    point.area_id is not null as is_inside,
    greatest(occurred, until)::date as known_day,
    5 as required_cells,
    2 + (point.area_id is not null)::int + has_place::int + coalesce(until >= occurred, false)::int as filled_cells
from theft
left join point using (x, y)
where greatest(occurred, until)::date <= getvariable('as_of');

insert into incident
select
    'shootings', victim.area_id, min(occurred), null, if(bool_or(is_killed), '0101', '020111'), 'shooting',
    count(*), count_if(is_killed), bool_or(x is not null), coalesce(bool_or(point.area_id = victim.area_id), false),
    min(occurred)::date, 4, 3 + bool_or(x is not null)::int
from victim
left join point using (x, y)
group by id, victim.area_id;

create temp table located_case as
select
    case_row.*,
    row_number() over (partition by id order by closed, case_row.board) as repeat,
    day + 30 as due,
    case when case_row.board is null then 'community_district:unallocated' else district.area_id end as area_id,
    (closed - day) * 86400 as seconds
from case_row
left join district on district.board = case_row.board;

create temp table patrol as from stop where day <= getvariable('as_of');
create temp table service as from located_case where area_id is not null and repeat = 1;

create table msr_incident_day as
with possible as (
    select *, epoch(occurred)::bigint as start, epoch(coalesce(until, occurred + interval 1 second))::bigint as stop,
        unnest(range(start // 86400, (stop - 1) // 86400 + 1)) as number
    from incident
),
weighted as (
    select *, floor((least((number + 1) * 86400, stop) - start) * 1e6 / (stop - start) + 0.5)::bigint
        - floor((greatest(number * 86400, start) - start) * 1e6 / (stop - start) + 0.5)::bigint as ppm
    from possible
)
select 'precinct' as geography, area_id, date '1970-01-01' + number::int as day, source, category, local_category,
    null::varchar as found_by, sum(ppm)::bigint as incidents_ppm, sum(ppm * victims)::bigint as victims_ppm,
    sum(ppm * killed)::bigint as victims_killed_ppm,
    sum(ppm * has_coordinates::int)::bigint as with_coordinates_ppm,
    sum(ppm * is_inside::int)::bigint as valid_coordinates_ppm
from weighted where ppm > 0
group by all;

create table msr_patrol_day as
select 'precinct' as geography, area_id, day, 'stops' as source, 'police' as subject, count(*) as patrols,
    coalesce(sum(seconds), 0)::bigint as patrol_seconds, count_if(seconds is null)::bigint as duration_missing,
    0::bigint as staffed_seconds, count(*) as staffing_missing, 0::bigint as planned, 0::bigint as planned_seconds,
    0::bigint as patrolled_as_planned_seconds, 0::bigint as plan_unknown,
    count_if(initiated_by = 'self')::bigint as self_initiated, count(initiated_by) as initiation_known,
    count_if(initiated_by is null)::bigint as initiation_missing, count_if(has_finding)::bigint as with_finding,
    count(has_finding) as finding_known, count_if(has_finding is null)::bigint as finding_missing
from patrol
group by all;

create table msr_service_day as
select 'community_district' as geography, area_id, day, 'cases' as source, count(*) as opened, count(closed) as closed,
    count_if(closed is null)::bigint as open_now
from service
group by all;

create table msr_service_due_day as
select 'community_district' as geography, area_id, due as day, 'cases' as source, count(*) as due,
    count_if(coalesce(closed <= due, false))::bigint as resolved_in_time
from (select * exclude (day) from service where due <= getvariable('as_of'))
group by all;

create table msr_service_duration_month as
select 'community_district' as geography, area_id, date_trunc('month', day)::date as day, 'cases' as source,
    if(seconds = 0, -1, floor(ln(seconds) / ln(1.01))::int) as bucket, count(*) as closed,
    sum(seconds)::bigint as closed_seconds
from service
where closed is not null
group by all;

create table msr_receipt_day as
select 'community_district' as geography, coalesce(area_id, 'community_district:unallocated') as area_id, day,
    'cases' as source, 'service' as kind, count(*) as received,
    count_if(area_id is not null and repeat > 1)::bigint as duplicates, count_if(area_id is null)::bigint as unusable
from located_case
group by all
union all
select 'precinct', area_id, day, 'stops', 'patrol', count(*), 0, 0 from patrol group by all
union all
select 'precinct', area_id, occurred::date, source, 'incident', sum(if(source = 'thefts', 1, victims)), 0, 0
from incident group by all;

create table msr_completeness_day as
select 'community_district' as geography, area_id, day, 'cases' as source, 'service' as kind,
    3 * count(*) as required_cells, sum(1 + (board is not null)::int + coalesce(has_category, false)::int)::bigint as filled_cells
from service
group by all
union all
select 'precinct', area_id, day, 'stops', 'patrol', 5 * count(*),
    sum(2 + (seconds is not null)::int + (initiated_by is not null)::int + has_coordinates::int)
from patrol
group by all
union all
select 'precinct', area_id, occurred::date, source, 'incident', sum(required_cells), sum(filled_cells)
from incident
group by all;

create table msr_source_day as
select 'cases' as source, 'service' as kind, 'community_district' as geography, day, count(*) as records
from service group by all
union all
select 'stops', 'patrol', 'precinct', day, count(*) from patrol group by all
union all
select source, 'incident', 'precinct', known_day, count(*) from incident group by all;

create table msr_source_span as
with marked as (
    select *, coalesce(day - lag(day) over (partition by source order by day) > 14, false)::int as is_new
    from msr_source_day
),
numbered as (select *, sum(is_new) over (partition by source order by day) as number from marked)
select source, kind, geography, min(day) as first_day, max(day) as last_day, sum(records)::bigint as records
from numbered
group by source, kind, geography, number;

create table msr_source_month as
with month as (
    select source, kind, unnest(generate_series(
        date_trunc('month', min(day)), date_trunc('month', getvariable('as_of')), interval 1 month
    ))::date as month
    from msr_source_day group by all
),
counted as (
    select month.source, month.kind, month, coalesce(sum(records), 0)::bigint as records
    from month
    left join msr_source_day as day on day.source = month.source and date_trunc('month', day.day) = month
    group by all
),
leveled as (
    select *, if(count(*) over year = 12, median(records) over year, null) as level
    from counted
    window year as (partition by source order by month rows between 12 preceding and 1 preceding)
)
select source, kind, month, records,
    floor(max(level) over (partition by source order by month rows between 11 preceding and current row))::bigint as expected,
    case when last_day(month) > getvariable('as_of') then 'normal' when records = 0 then 'silent'
        when expected >= 30 and records < 0.2 * expected then 'collapsed'
        when expected >= 30 and records > 5 * expected then 'surge' else 'normal' end as status
from leveled;

create table msr_source_freshness as
with newest as (
    select source, max_by(status, month) as status, max_by(expected, month) as expected, avg(records) as records
    from (from msr_source_month where last_day(month) <= getvariable('as_of')
        qualify row_number() over (partition by source order by month desc) <= 3)
    group by source
)
select span.source, kind, geography, min(first_day) as first_day, max(last_day) as last_day,
    (getvariable('as_of') - max(last_day))::int as days_behind,
    case when days_behind > 14 then 'silent'
        when any_value(status) = 'collapsed'
            or (any_value(expected) >= 30 and any_value(newest.records) < 0.2 * any_value(expected)) then 'collapsed'
        else 'alive' end as status,
    14 as silent_after_days
from msr_source_span as span
join newest using (source)
group by all;
