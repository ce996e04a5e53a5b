"""Resolving a mapped row's times and place, once and for all later stages.

Local wall times become UTC instants, local days and a flag at clock changes; coordinates become WGS 84 and an area.
Nothing here depends on `as_of`. Whether the row is any good is for the rules.
"""

from collections.abc import Callable, Mapping

import duckdb
import numpy as np
import polars as pl
import pyproj

from pipelines.loading.areas import WGS84, AreaShapes, to_wgs84
from pipelines.loading.clock import Clock
from pipelines.loading.kinds import FORESEEN, RANGES, VOCABULARIES, KindFields, day_column, local_column
from pipelines.loading.mapping import OWN, Mapped
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Source
from pipelines.warehouse import literal, quoted


def locate(con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, mapped: str, shapes: AreaShapes) -> None:
    """Make the temporary table `located`: each distinct point in WGS 84 with the area that it lies in.

    Raises
    ------
    PackError
        If the source's reference system is not known.
    """
    coordinates = pack.sources[name].coordinates
    asked = "where _x is not null and _y is not null" if coordinates is not None else "where false"
    points = con.sql(f"select distinct _x, _y from ({mapped}) {asked}").pl()
    try:
        lon, lat = to_wgs84(
            points["_x"].to_numpy(), points["_y"].to_numpy(), coordinates.crs if coordinates is not None else WGS84
        )
    except pyproj.exceptions.ProjError as error:
        raise pack.error(
            f"{coordinates and coordinates.crs!r} is not a reference system that PROJ knows",
            *("sources", name, "coordinates", "crs"),
            remedy="write it as EPSG:4326 or EPSG:2263",
        ) from error
    on_earth = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    area = np.full(len(points), None, dtype=object)
    area[on_earth] = shapes.locate(lon[on_earth], lat[on_earth])
    found = points.with_columns(
        pl.Series("lon", np.where(on_earth, lon, np.nan)).fill_nan(None),
        pl.Series("lat", np.where(on_earth, lat, np.nan)).fill_nan(None),
        pl.Series("point_area_id", area.tolist(), dtype=pl.String),
    )
    con.register("found_points", found)
    con.execute("create or replace temp table located as from found_points")
    con.unregister("found_points")


def domain_breaches(fields: KindFields, column: Callable[[str], str] = str) -> Mapping[str, str]:
    """Return, by field, the condition under which a mapped value is none that the field can have."""
    words = VOCABULARIES.get(fields.kind, {})
    breaches = {field: f"{column(field)} not in ({', '.join(map(literal, known))})" for field, known in words.items()}
    for field, (least, greatest) in RANGES.get(fields.kind, {}).items():
        above = f" or {column(field)} > {greatest}" if greatest is not None else ""
        breaches[field] = f"({column(field)} < {least}{above})"
    return breaches


def out_of_order(source: Source, earlier: str, later: str, column: Callable[[str], str] = str) -> str:
    """Compose the condition under which a later time lies before its earlier one; a bare date has no hours."""
    is_day = any(field in source.fields and source.fields[field].precision == "day" for field in (earlier, later))
    return f"{column(later)}{'::date' * is_day} < {column(earlier)}{'::date' * is_day}"


def resolved_query(pack: CityPack, source: Source, fields: KindFields, mapped: Mapped, clock: Clock) -> str:
    """Compose the query that resolves mapped rows, one row each.

    Besides the canonical columns of the kind it has `_batch_id, _file, _line, _malformed, _is_blank, _key`,
    `_is_deleted, _time_text`, `_u_<field>` (a text was unusable), `_d_<field>` (a value outside the field's domain),
    `_out_of_order`, `_is_known_area`, `_is_off_earth`, `_area_key`.
    """
    unordered: dict[str, list[str]] = {}
    for earlier, later in fields.order:
        unordered.setdefault(later, []).append(out_of_order(source, earlier, later))
    walls = [
        f"case when {' or '.join(unordered[time])} then null else {time} end as {local_column(time)}"
        if time in unordered
        else f"{time} as {local_column(time)}"
        for time in fields.times
    ]
    broken = " or ".join(condition for conditions in unordered.values() for condition in conditions) or "false"
    domains = {field: breach for field, breach in domain_breaches(fields).items() if field in source.fields}
    others = [
        f"case when {domains[field]} then null else {quoted(field)} end as {quoted(field)}"
        if field in domains
        else quoted(field)
        for field in fields.others
    ]
    marks = [f"{breach} as _d_{field}" for field, breach in domains.items()]
    # By the times as they were given: one that its order forbids is null by now.
    marks += [
        f"{out_of_order(source, rule.not_before, rule.field, 'walled.{}'.format)} "
        f"as _before_{rule.field}_{rule.not_before}"
        for rule in source.rules
        if rule.not_before is not None
    ]
    times = [
        f"{clock.instant(local_column(time))} as {time}, {local_column(time)}, "
        f"{local_column(time)}::date as {day_column(time)}"
        if time in source.fields
        else f"null::timestamp as {time}, null::timestamp as {local_column(time)}, null::date as {day_column(time)}"
        for time in fields.times
    ]
    first = local_column(fields.first_time)
    precision = source.fields[fields.first_time].precision
    doubt = "null::varchar" if precision == "day" else clock.doubt(first)
    by_key = f"{literal(source.geography + '-')} || walled._area_key"
    located = source.coordinates is not None
    lat, lon, point_area = (
        (f"point.{column}" for column in ("lat", "lon", "point_area_id")) if located else ("null",) * 3
    )
    join = "left join located as point on point._x = walled._x and point._y = walled._y" if located else ""
    settled = [f"{local_column(time)}::date" for time in fields.times if time in source.fields and time not in FORESEEN]
    known = [f"{local_column(time)}::date" for time in fields.known_from if time in source.fields]
    carried = [*OWN, "_key", "_area_key", "_is_deleted", "_time_text", *(f"_u_{field}" for field in mapped.unusable)]
    return f"""
        select {", ".join(f"walled.{column}" for column in carried)}, walled._out_of_order,
            {", ".join([*marks, *others, *times])},
            area.area_id is not null as _is_known_area,
            coalesce(area.area_id, {point_area})::varchar as area_id,
            {literal(source.geography)} as geography,
            {lat}::double as lat, {lon}::double as lon,
            walled._x is not null and walled._y is not null and {lat} is null as _is_off_earth,
            case when {lat} is not null
                then coalesce({point_area} = coalesce(area.area_id, {point_area}), false)
            end as coords_in_area,
            {first}::date as day,
            case when {first} is not null then greatest({", ".join(known)}) end as known_day,
            greatest({", ".join(settled)}) as settled_day,
            {literal(precision)} as time_precision,
            {doubt} as time_flag
        from (
            select *, {", ".join(walls)}, ({broken}) is true as _out_of_order from ({mapped.query}) as mapped
        ) as walled
        left join staging.area as area on area.area_id = {by_key} and not area.is_unallocated
        {join}
    """
