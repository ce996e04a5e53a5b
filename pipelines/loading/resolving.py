"""Resolving a mapped row's times and place, once and for all later stages.

Local wall times become UTC instants, local days and a flag at clock changes; coordinates become WGS 84 and an area.
Whether the row is any good is for the rules.
"""

from datetime import date

import duckdb
import numpy as np
import polars as pl
import pyproj

from pipelines.city_pack import CityPack, Source
from pipelines.loading import rules
from pipelines.loading.areas import WGS84, AreaShapes, to_wgs84
from pipelines.loading.mapping import FORESEEN, KindFields, day_column, local_column
from pipelines.warehouse import date_literal, literal, quoted


def locate(con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, shapes: AreaShapes) -> None:
    """Make the temporary table `located`: each distinct point in WGS 84 with the area that it lies in.

    Raises
    ------
    PackError
        If the source's reference system is not known.
    """
    coordinates = pack.sources[name].coordinates
    crs = coordinates.crs if coordinates is not None else WGS84
    points = con.execute("select distinct _x, _y from mapped where _x is not null and _y is not null").pl()
    try:
        lon, lat = to_wgs84(points["_x"].to_numpy(), points["_y"].to_numpy(), crs)
    except pyproj.exceptions.ProjError as error:
        raise pack.error(
            f"{crs!r} is not a reference system that PROJ knows",
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


def resolved_query(pack: CityPack, source: Source, fields: KindFields, as_of: date) -> str:
    """Compose the query that gives mapped rows their times, area and coordinates.

    Times are resolved here, once: UTC instant, local wall time, local day, and a flag where a clock change makes the
    local time ambiguous or absent. What happens after `as_of` has not happened yet; a later time that lies before its
    earlier one is not used.
    """
    zone = literal(pack.time_zone)
    # The first time and these say from when a record is known: later than as_of, they defer the record.
    known = {"incident": ("occurred_until", "recorded_at")}.get(fields.kind, ("recorded_at",))
    limited = []
    for time in fields.times:
        foreseen = time in FORESEEN or time in (fields.first_time, *known)
        usable = [] if foreseen else [f"{time}::date <= {date_literal(as_of)}"]
        usable += [
            f"({earlier} is null or {time} >= {earlier})"
            for earlier, later in rules.unordered_times(fields)
            if later == time
        ]
        wall = f"case when {' and '.join(usable)} then {time} end" if usable else time
        limited.append(f"{wall} as {local_column(time)}")
    first = local_column(fields.first_time)
    instants = [
        f"({local_column(time)} at time zone {zone}) at time zone 'UTC' as {time}, "
        f"{local_column(time)}::date as {day_column(time)}"
        for time in fields.times
    ]
    precision = source.fields[fields.first_time].precision
    clock = (
        "null::varchar"
        if precision == "day"
        else f"case when ({first} at time zone {zone}) at time zone {zone} <> {first} then 'nonexistent' "
        f"when ((({first} at time zone {zone}) + interval 1 hour) at time zone {zone}) = {first} "
        f"or ((({first} at time zone {zone}) - interval 1 hour) at time zone {zone}) = {first} then 'ambiguous' end"
    )
    by_key = f"{literal(source.geography + '-')} || mapped._area_key"
    others = ", ".join(quoted(field) for field in fields.others)
    broken = " or ".join(f"({later} < {earlier})" for earlier, later in rules.unordered_times(fields))
    return f"""
        with walled as (
            select mapped.* exclude ({", ".join(fields.times)}), {", ".join(f"mapped.{time}" for time in fields.times)},
                {", ".join(limited)}, ({broken}) is true as _out_of_order
            from mapped
        ),
        instanced as (
            select walled.* exclude ({", ".join(fields.times)}), {", ".join(instants)} from walled
        )
        select mapped._batch_id, mapped._file, mapped._line, mapped._malformed, mapped._is_blank, mapped._raw_hash,
            mapped._key, mapped._area_key, mapped._time_text, mapped._unusable, mapped._out_of_order,
            {", ".join(f"mapped.{c}" for t in fields.times for c in (t, local_column(t), day_column(t)))}, {others},
            area.area_id is not null as _is_known_area,
            coalesce(area.area_id, point.point_area_id) as area_id,
            {literal(source.geography)} as geography,
            point.lat, point.lon,
            mapped._x is not null and mapped._y is not null and point.lat is null as _is_off_earth,
            case when point.lat is not null
                then coalesce(point.point_area_id = coalesce(area.area_id, point.point_area_id), false)
            end as coords_in_area,
            mapped.{day_column(fields.first_time)} as day,
            case when mapped.{day_column(fields.first_time)} is not null
                then greatest({", ".join(f"mapped.{day_column(time)}" for time in (fields.first_time, *known))})
            end as known_day,
            {literal(precision)} as time_precision,
            {clock} as time_flag
        from instanced as mapped
        left join staging.area as area on area.area_id = {by_key} and not area.is_unallocated
        left join located as point on point._x = mapped._x and point._y = mapped._y
    """
