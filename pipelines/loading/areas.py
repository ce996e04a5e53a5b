"""Areas: the pack's GeoJSON as a tree of areas with titles, shapes and residents, and points found in it.

Writes `staging.area`, `staging.area_shape` and `staging.population`. Drawing them is the dashboard's business.
"""

import functools
import json
import zlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyproj
import shapely
import shapely.geometry

from pipelines.errors import SourceError, without_values
from pipelines.pack.areas import Geography
from pipelines.pack.city import CityPack
from pipelines.pack.interventions import unknown_areas
from pipelines.pack.mistakes import refuse
from pipelines.pack.origins import CsvFormat
from pipelines.pulling.opening import open_binary, reading_file
from pipelines.pulling.recovery import line_ends, read_records
from pipelines.pulling.text_files import read_header
from pipelines.warehouse import literal, quoted, scalar, transaction

CITY = "city"
WGS84 = "EPSG:4326"
# About ten metres: a precinct drawn on a screen needs no more.
_SIMPLIFY_DEGREES = 1e-4
_SHAPE_DECIMALS = 5


def area_id(geography: str, key: str) -> str:
    """Return the id of an area from its key in the GeoJSON file."""
    return f"{geography}-{key}"


def unallocated_id(geography: str) -> str:
    """Return the id under which records of unknown area are counted."""
    return f"{geography}:unallocated"


@dataclass(frozen=True)
class AreaShapes:
    """Shapes of one geography, to find points in: `ids[i]` has the shape that `tree` holds at i."""

    ids: Sequence[str]
    tree: shapely.STRtree

    def locate(self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> list[str | None]:
        """Return the area of each WGS 84 point, None outside; on a common border the first in id order."""
        found = np.full(len(lon), len(self.ids))
        # Box by box first; then all points of a box are asked of one prepared shape, which is ten times quicker than
        # asking for each point among all shapes.
        points, shapes = self.tree.query(shapely.points(lon, lat))
        order = np.argsort(shapes, kind="stable")
        points, shapes = points[order], shapes[order]
        starts = np.searchsorted(shapes, np.arange(len(self.ids) + 1))
        for at in range(len(self.ids) - 1, -1, -1):
            near = points[starts[at] : starts[at + 1]]
            shape = self.tree.geometries[at]
            shapely.prepare(shape)
            found[near[shapely.intersects_xy(shape, lon[near], lat[near])]] = at
        return np.array([*self.ids, None], dtype=object)[found].tolist()  # type: ignore[no-any-return]


def read_features(path: Path) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file, gzipped or not.

    Raises
    ------
    SourceError
        If the file is missing or is not a GeoJSON feature collection.
    """
    remedy = "fetch the file again: it must be a GeoJSON feature collection"
    try:
        with open_binary(path) as handle:
            features = json.load(handle)["features"]
    except FileNotFoundError:
        raise SourceError(
            "the file is missing", file=path, remedy="put the file there, or mend `geographies` in city.yml"
        ) from None
    except json.JSONDecodeError as error:
        raise SourceError(f"this is not JSON: {error.msg}", file=path, line=error.lineno, remedy=remedy) from error
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"this is not a feature collection: {error!r}", file=path, remedy=remedy) from error
    if not isinstance(features, list) or not features:
        raise SourceError("the file has no areas", file=path, remedy=remedy)
    return features


def _features(path: Path, geography: Geography) -> list[tuple[dict[str, Any], shapely.Geometry]]:
    """Return the properties and the shape of each area, features of one key put together where the pack asks."""
    return _features_once(path, path.stat().st_mtime_ns if path.is_file() else 0, geography.key, geography.dissolve)


@functools.lru_cache(maxsize=8)
def _features_once(
    path: Path, modified_ns: int, key: str, dissolve: bool
) -> list[tuple[dict[str, Any], shapely.Geometry]]:
    """Read a file and mend its shapes once a process, and again when it has changed."""
    del modified_ns
    found = [_area(path, position, feature) for position, feature in enumerate(read_features(path), start=1)]
    if not dissolve:
        return found
    parts: dict[str, list[tuple[dict[str, Any], shapely.Geometry]]] = {}
    for properties, shape in found:
        parts.setdefault(str(properties.get(key)), []).append((properties, shape))
    return [(part[0][0], shapely.union_all([shape for _, shape in part])) for part in parts.values()]


def _area(path: Path, position: int, feature: Any) -> tuple[dict[str, Any], shapely.Geometry]:
    """Return the properties and the shape of one feature, which must cover some ground."""
    try:
        properties = dict(feature["properties"])
        shape = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
        covers_ground = shape.area > 0
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        raise SourceError(
            f"feature {position} has no properties or no shape: {error!r}", file=path, remedy="mend the feature"
        ) from error
    if not covers_ground:
        raise SourceError(
            f"feature {position} is not an area: a {shape.geom_type}", file=path, remedy="mend the feature"
        )
    return properties, shape


def shapes(pack: CityPack, name: str) -> AreaShapes:
    """Return the shapes of one geography of a pack."""
    geography = pack.geographies[name]
    path = pack.path(geography.file)
    return _shapes_once(path, path.stat().st_mtime_ns if path.is_file() else 0, name, geography)


@functools.lru_cache(maxsize=4)
def _shapes_once(path: Path, modified_ns: int, name: str, geography: Geography) -> AreaShapes:
    """Make the shapes of a geography once a process, and again when its file has changed."""
    del modified_ns
    features = _features(path, geography)
    keyed = sorted(((str(each.get(geography.key)), shape) for each, shape in features), key=lambda pair: pair[0])
    return AreaShapes([area_id(name, key) for key, _ in keyed], shapely.STRtree([shape for _, shape in keyed]))


def load_areas(con: duckdb.DuckDBPyConnection, pack: CityPack) -> int:
    """Write the area tables anew from the pack; return how many areas there are."""
    areas: list[tuple[str, str | None, str | None, str, bool, str | None]] = [(CITY, None, None, CITY, False, None)]
    shown: list[tuple[str, str, str, str | None, int]] = [(CITY, pack.title.en, pack.title.zh, None, 0)]
    for position, (group, declared) in enumerate(pack.groups.items()):
        areas.append((group, declared.parent or CITY, None, declared.level, False, None))
        shown.append((group, declared.title.en, declared.title.zh, None, position))
    residents: list[tuple[str, str, int]] = []
    for name, geography in pack.geographies.items():
        rows = _geography(con, pack, name, geography)
        for position, (identity, parent, title_en, title_zh, peer_group, outline) in enumerate(rows):
            areas.append((identity, parent, name, name, False, peer_group))
            shown.append((identity, title_en, title_zh, outline, position))
        areas.append((unallocated_id(name), CITY, name, name, True, None))
        shown.append((unallocated_id(name), "Area not known", "区域不明", None, len(rows)))
        residents += _population(pack, name, geography, {row[0] for row in rows})
        refuse([*unknown_areas(pack, name, {row[0].removeprefix(area_id(name, "")) for row in rows})])
    with transaction(con):
        con.execute("delete from staging.area; delete from staging.population")
        con.executemany("insert into staging.area values (?, ?, ?, ?, ?, ?)", areas)
        if residents:
            con.executemany("insert into staging.population values (?, ?, ?)", residents)
        con.execute(
            "create or replace table staging.area_shape (area_id varchar, title_en varchar, title_zh varchar, "
            "geometry varchar, position integer)"
        )
        con.executemany("insert into staging.area_shape values (?, ?, ?, ?, ?)", shown)
    return len(areas)


def _geography(
    con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, geography: Geography
) -> list[tuple[str, str, str, str, str | None, str]]:
    """Return id, parent, titles, peer group and outline of each area of a geography, in the order of their keys."""
    features = _features(pack.path(geography.file), geography)
    names = sorted({key for properties, _ in features for key in properties})
    if geography.key not in names:
        raise pack.error(
            f"{geography.file} has no property {geography.key!r}; it has {', '.join(names)}",
            "geographies",
            name,
            "key",
            remedy="name the property that identifies an area",
        )
    table = pl.DataFrame(
        {
            key: [None if (value := properties.get(key)) is None else str(value) for properties, _ in features]
            for key in names
        },
        schema=dict.fromkeys(names, pl.String),
    ).with_row_index("_feature")
    expressions = {
        "parent": geography.parent or literal(CITY),
        "title_en": geography.title_en,
        "title_zh": geography.title_zh,
        "peer_group": geography.peer_group or "null",
    }
    con.register("area_properties", table)
    try:
        for key, expression in expressions.items():
            _try_expression(con, pack, ("geographies", name, key), expression, names)
        texts = ", ".join(f"({expression})::varchar" for expression in expressions.values())
        rows = con.execute(
            f"select _feature, {quoted(geography.key)}, {texts} from area_properties "
            f"order by try_cast({quoted(geography.key)} as bigint), {quoted(geography.key)}"
        ).fetchall()
    finally:
        con.unregister("area_properties")
    keys = [row[1] for row in rows]
    if None in keys or len(set(keys)) != len(keys):
        raise pack.error(
            f"property {geography.key!r} of {geography.file} does not identify the areas: blank or repeated",
            *("geographies", name, "key"),
            remedy="name another property, or put features of one key together with `dissolve: true`",
        )
    unknown = sorted({row[2] for row in rows} - set(pack.groups) - {CITY}, key=str)
    if unknown:
        raise pack.error(
            f"parent {unknown[0]!r} is not one of `groups`", "geographies", name, "parent", remedy="declare the group"
        )
    return [
        (area_id(name, key), parent, title_en, title_zh, peer_group, _outline(features[at][1]))
        for at, key, parent, title_en, title_zh, peer_group in rows
    ]


def _try_expression(
    con: duckdb.DuckDBPyConnection, pack: CityPack, keys: tuple[str, ...], expression: str, names: list[str]
) -> None:
    """Refuse an expression that does not work on the properties, or leaves an area without what it must have."""
    try:
        missing = scalar(con, f"select count(*) from area_properties where ({expression}) is null")
    except duckdb.Error as error:
        raise pack.error(
            f"the expression does not work: {without_values(str(error).splitlines()[0])}",
            *keys,
            remedy=f"the properties are {', '.join(names)}, all text",
        ) from None
    if missing and keys[-1] != "peer_group":
        raise pack.error(f"the expression is null for {missing} areas", *keys, remedy="give every area a value")


def _outline(shape: shapely.Geometry) -> str:
    simple = shapely.set_precision(shapely.simplify(shape, _SIMPLIFY_DEGREES), 10**-_SHAPE_DECIMALS)
    text: str = shapely.to_geojson(simple)
    return text


def _population(pack: CityPack, name: str, geography: Geography, known: AbstractSet[str]) -> list[tuple[str, str, int]]:
    """Return area, day from which it holds and residents, for each line of a geography's table."""
    table = geography.population
    if table is None:
        return []
    path = pack.path(table.file)
    layout = CsvFormat()
    header = read_header(path, layout)
    for wanted, key in ((table.key, "key"), (table.value, "value")):
        if wanted not in header:
            raise pack.error(
                f"{table.file} has no column {wanted!r}",
                *("geographies", name, "population", key),
                remedy=f"its columns are {', '.join(header)}",
            )
    residents: dict[str, int] = {}
    with reading_file(path):
        records = list(read_records(path, layout, len(header), line_ends(path, layout)))
    for record in records:
        key, value = (record.cells[header.index(column)].strip() for column in (table.key, table.value))
        identity = area_id(name, key)
        problem = None
        if record.malformed is not None:
            problem, field = f"the line is malformed ({record.malformed})", None
        elif not any(record.cells):
            continue
        elif not (value.isascii() and value.isdecimal()):
            problem, field = f"the population is not a whole number: {value!r}", table.value
        elif identity not in known or identity in residents:
            problem, field = f"{key!r} is not an area of {name}, or is here twice", table.key
        if problem is not None:
            raise SourceError(problem, file=path, line=record.line, field=field, remedy="mend the line")
        residents[identity] = int(value)
    return [(identity, table.valid_from.isoformat(), count) for identity, count in residents.items()]


def to_wgs84(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], crs: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Turn coordinates into WGS 84 longitude and latitude in degrees; what cannot be turned is nan."""
    if crs == WGS84:
        return x, y
    lon, lat = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True).transform(x, y)
    return np.where(np.isfinite(lon), lon, np.nan), np.where(np.isfinite(lat), lat, np.nan)
