"""Drift of places: points that no longer lie where they should, and the reference system in which they would."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyproj
import shapely

from pipelines.drift.china_datums import bd09_to_wgs84, gcj02_to_wgs84
from pipelines.drift.evidence import LEAST_ROWS, Change, Delivery, Evidence
from pipelines.loading.areas import WGS84, AreaShapes, area_id, shapes, to_wgs84
from pipelines.pack.sources import Coordinates
from pipelines.warehouse import literal, quoted

# More points outside their area than before, as a share of all: fewer are dirt.
_MISPLACED = 0.05
# Another reference system must put all but dirt of them where they belong.
_FITS = 0.9
# Without such a system, only so many say that the points are elsewhere now.
_ELSEWHERE = 0.5
# Points looked at in a delivery: enough for a share of 5 % to be fifty of them.
_POINTS = 1_000
_CHINA_ZONES = frozenset(
    ["Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Kashgar", "PRC"]
)
_OTHER_UNITS = {"us-ft": "m", "ft": "m", "m": "us-ft"}

Numbers = npt.NDArray[np.float64]
Turn = Callable[[Numbers, Numbers], tuple[Numbers, Numbers]]


@dataclass(frozen=True)
class _Points:
    """Points of one delivery as given, with the area that their row names (empty where it names none)."""

    lines: npt.NDArray[np.int64]
    x: Numbers
    y: Numbers
    named: npt.NDArray[np.object_]

    def fit(self, known: AreaShapes, turn: Turn) -> npt.NDArray[np.bool_]:
        """Tell which points lie in the area that their row names, or in any where it names none."""
        lon, lat = turn(self.x, self.y)
        on_earth = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        found = np.full(len(lon), "", dtype=object)
        found[on_earth] = [area or "" for area in known.locate(lon[on_earth], lat[on_earth])]
        return np.asarray((found != "") & ((self.named == "") | (self.named == found)), dtype=np.bool_)

    def of(self, chosen: npt.NDArray[np.bool_]) -> "_Points":
        """Return some of the points."""
        return _Points(self.lines[chosen], self.x[chosen], self.y[chosen], self.named[chosen])


def changes(evidence: Evidence) -> list[Change]:
    """Find deliveries of which points lie outside their areas that another system, or an earlier delivery, had in."""
    coordinates = evidence.source.coordinates
    if coordinates is None or not set(evidence.reads["lon"] + evidence.reads["lat"]) <= set(evidence.sampled):
        return []
    known = shapes(evidence.pack, evidence.source.geography)
    try:
        declared = _system(coordinates.crs)
        sampled = _points(evidence, "looked_at", known, _POINTS)
    except (pyproj.exceptions.ProjError, duckdb.BinderException):
        return []  # The pack itself is wrong, and loading will say so.
    fits = {batch: points.fit(known, declared) for batch, points in sampled.items()}
    return [
        change
        for delivery in evidence.new
        if delivery.batch_id in fits
        for change in _of_delivery(evidence, delivery, coordinates, known, sampled, fits)
    ]


def _of_delivery(
    evidence: Evidence,
    delivery: Delivery,
    coordinates: Coordinates,
    known: AreaShapes,
    sampled: Mapping[str, _Points],
    fits: Mapping[str, npt.NDArray[np.bool_]],
) -> Iterator[Change]:
    points, fit = sampled[delivery.batch_id], fits[delivery.batch_id]
    before = [fits[each.batch_id] for each in evidence.earlier(delivery) if each.batch_id in fits]
    seen = sum(map(len, before))
    usual = 1 - sum(int(each.sum()) for each in before) / seen if seen >= LEAST_ROWS else None
    share = float(1 - fit.mean())
    if (~fit).sum() < LEAST_ROWS or share - (usual or 0.0) < _MISPLACED:
        return
    wrong = points.of(~fit)
    turns = _alternatives(evidence.pack.time_zone, coordinates, known)
    score, told, turn = max(((wrong.fit(known, turn).mean(), told, turn) for told, turn in turns), key=lambda e: e[0])
    if score >= _FITS:
        remedy, other = told, turn
    elif usual is not None and usual <= 1 - _FITS and share >= _ELSEWHERE:
        remedy, other = "no usual reference system puts them inside: ask the source", None
    else:
        return
    x, y = quoted(coordinates.x), quoted(coordinates.y)
    concerned = f"try_cast({x} as double) is not null and try_cast({y} as double) is not null"
    if other is None or points.fit(known, other).mean() < _FITS:
        concerned = _misplaced(evidence, delivery, known, _system(coordinates.crs), other)
    yield Change(
        "reference_system",
        delivery,
        f"{coordinates.x}, {coordinates.y}",
        "lat",
        concerned,
        f"{share:.0%} of the points lie outside their area, {usual or 0.0:.0%} did before: {remedy}",
    )


def _points(evidence: Evidence, relation: str, known: AreaShapes, most: int | None) -> dict[str, _Points]:
    """Read the points of a relation by batch, at most so many of each."""
    lon, lat = (evidence.expressions[field] for field in ("lon", "lat"))
    readable = set(evidence.reads.get("area_id", ())) <= set(evidence.sampled)
    area = f"try(cast(({evidence.expressions['area_id']}\n) as varchar))" if "area_id" in evidence.reads else "null"
    limit = f"qualify row_number() over (partition by _batch_id order by hash(_line)) <= {most}" if most else ""
    table = evidence.con.execute(
        "select _batch_id, _line, _x, _y, _area from (select _batch_id, _line, "
        f"try_cast({lon} as double) as _x, try_cast({lat} as double) as _y, {area if readable else 'null'}::varchar "
        f"as _area from {relation}) where isfinite(_x) and isfinite(_y) {limit}"
    ).pl()
    ids = set(known.ids)
    geography = evidence.source.geography
    found = {}
    for part in table.partition_by("_batch_id"):
        keys = (None if key is None else area_id(geography, key) for key in part["_area"])
        named = np.array([key if key in ids else "" for key in keys], dtype=object)
        found[str(part["_batch_id"][0])] = _Points(
            part["_line"].to_numpy(), part["_x"].to_numpy(), part["_y"].to_numpy(), named
        )
    return found


def _misplaced(evidence: Evidence, delivery: Delivery, known: AreaShapes, declared: Turn, other: Turn | None) -> str:
    """List the rows whose points lie outside, and inside under the other system; return the condition that says so."""
    points = _points(evidence, evidence.rows([delivery]), known, None)[delivery.batch_id]
    outside = points.of(~points.fit(known, declared))
    if other is not None:
        outside = outside.of(outside.fit(known, other))
    con = evidence.con
    con.execute("create temp table if not exists misplaced (_place varchar, _at bigint)")
    con.register("outside", pl.DataFrame({"_at": outside.lines}))
    con.execute(f"insert into misplaced select {literal(delivery.batch_id)}, _at from outside")
    con.unregister("outside")
    return f"_line in (select _at from misplaced where _place = {literal(delivery.batch_id)})"


def _alternatives(zone: str, coordinates: Coordinates, known: AreaShapes) -> Iterator[tuple[str, Turn]]:
    """Give the reference systems that are mistaken for the declared one, with what to write for each."""
    crs = coordinates.crs
    swapped = f"x and y are swapped: write {{x: {coordinates.y}, y: {coordinates.x}"
    yield f"{swapped}, crs: {crs}}}", _swapped(_system(crs))
    if crs != WGS84:
        yield f"{swapped}, crs: {WGS84}}}", _swapped(_system(WGS84))
    for other in (WGS84, "EPSG:3857", _utm(known)):
        if other != crs:
            yield f"write crs: {other}", _system(other)
    projection = _in_other_units(crs)
    if projection is not None:
        yield f"the unit is another one: write crs: {projection!r}", _system(projection)
    if zone in _CHINA_ZONES:
        for name, turn in (("GCJ-02", gcj02_to_wgs84), ("BD-09", bd09_to_wgs84)):
            yield f"they are {name}, which PROJ does not know: have them delivered in WGS 84", turn


def _system(crs: str) -> Turn:
    pyproj.CRS(crs)
    return lambda x, y: to_wgs84(x, y, crs)


def _swapped(turn: Turn) -> Turn:
    return lambda x, y: turn(y, x)


def _utm(known: AreaShapes) -> str:
    """Return the UTM zone in which the areas lie."""
    west, south, east, north = shapely.total_bounds(known.tree.geometries)
    zone = int(((west + east) / 2 + 180) // 6) + 1
    return f"EPSG:{326 if north + south >= 0 else 327}{zone:02}"


def _in_other_units(crs: str) -> str | None:
    """Return a projection in metres instead of feet, or the other way round; None where it is in degrees."""
    with warnings.catch_warnings():
        # What is lost of the datum in a PROJ string is less than a metre or two.
        warnings.simplefilter("ignore", UserWarning)
        text = pyproj.CRS(crs).to_proj4()
    for unit, other in _OTHER_UNITS.items():
        if f"+units={unit} " in text:
            return text.replace(f"+units={unit} ", f"+units={other} ")
    return None
