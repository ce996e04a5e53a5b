-- New York's files, typed. `data` and `as_of` are variables.
create temp table stop as
select
    trim(year) || '-' || trim(pct) || '-' || trim(ser_num) as id,
    strptime(lpad(trim(datestop), 8, '0') || lpad(trim(timestop), 4, '0'), '%m%d%Y%H%M')::date as day,
    'precinct-' || trim(pct) as area_id,
    ((try_cast(trim(perobs) as decimal(9, 2)) + try_cast(trim(perstop) as decimal(9, 2))) * 60)::bigint as seconds,
    case when trim(radio) in ('Y', '1') then 'call' when trim(radio) in ('N', '0') then 'self' end as initiated_by,
    'Y' in (trim(arstmade), trim(sumissue), trim(contrabn)) or len(list_filter(
        [pistol, riflshot, asltweap, knifcuti, machgun, othrweap], lambda flag: trim(flag) in ('Y', '1')
    )) > 0 as has_finding,
    try_cast(trim(xcoord) as double) is not null and try_cast(trim(ycoord) as double) is not null as has_coordinates
from read_csv(getvariable('data') || '/stops_*.csv.gz', all_varchar = true, header = true)
where trim(datestop) <> '';

create temp table theft as
select
    uid as id,
    strptime(date_start, '%Y-%m-%d %H:%M') as occurred,
    strptime(date_end, '%Y-%m-%d %H:%M') as until,
    location_category is not null as has_place,
    longitude::double as x,
    latitude::double as y
from read_csv(getvariable('data') || '/vehicle_thefts_*.csv.gz', all_varchar = true, header = true);

create temp table victim as
select
    INCIDENT_KEY as id,
    strptime(OCCUR_DATE || ' ' || OCCUR_TIME, '%Y-%m-%d %H:%M:%S') as occurred,
    'precinct-' || PRECINCT as area_id,
    STATISTICAL_MURDER_FLAG = 'true' as is_killed,
    try_cast(Longitude as double) as x,
    try_cast(Latitude as double) as y
from read_csv(getvariable('data') || '/shooting_victims_*.csv.gz', all_varchar = true, header = true)
where OCCUR_DATE::date <= getvariable('as_of');

create temp table case_row as
select
    unique_key as id,
    opendate::date as day,
    case when closedate::date between opendate::date and getvariable('as_of') then closedate::date end as closed,
    trim(complaint_type) <> '' as has_category,
    nullif(trim(community_board), '') as board
from read_csv(getvariable('data') || '/council_cases_*.csv.gz', all_varchar = true, header = true)
where opendate::date <= getvariable('as_of');
