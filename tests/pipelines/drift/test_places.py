"""Points that no longer lie where they should, and the reference system that is suggested for them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyproj
import pytest

from pipelines.drift.china_datums import wgs84_to_bd09, wgs84_to_gcj02
from tests.pipelines.deliveries import ROWS, Row, calls, content, detected, policy, set_aside
from tests.pipelines.small_pack import CITY_YML, call, changed, geojson

pytestmark = pytest.mark.slow

Turn = Callable[[float, float], tuple[float, float]]
QUARANTINE = policy("reference_system", "quarantine")
# State Plane of Florida East, in feet: the made-up wards are moved there.
FEET, FOOT_METRES = "EPSG:2236", 1200 / 3937


def turned(turn: Turn, every: int = 1) -> Callable[[int, Row], dict[str, object]]:
    """Give every so many-th point in another system."""

    def change(at: int, row: Row) -> dict[str, object]:
        x, y = turn(float(row["x"]), float(row["y"])) if at % every == 0 else (row["x"], row["y"])
        return {"x": x, "y": y}

    return change


def system(crs: str, scale: float = 1) -> Turn:
    transformer = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def turn(x: float, y: float) -> tuple[float, float]:
        east, north = transformer.transform(x, y)
        return east * scale, north * scale

    return turn


@pytest.mark.parametrize(
    ("turn", "suggestion"),
    [
        (lambda x, y: (y + 0.0, x), "x and y are swapped: write {x: y, y: x, crs: EPSG:4326}"),
        (system("EPSG:3857"), "write crs: EPSG:3857"),
        (system("EPSG:32631"), "write crs: EPSG:32631"),
    ],
)
@pytest.mark.parametrize("has_earlier", [True, False])
def test_another_system_is_found_by_the_areas(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, turn: Turn, suggestion: str, has_earlier: bool
) -> None:
    later = content(calls(100, change=turned(turn)))
    [found] = detected(con, tmp_path, *([content(calls())] if has_earlier else []), later, city_yml=QUARANTINE)
    assert (found.what, found.column, found.field) == ("reference_system", "x, y", "lat")
    assert suggestion in found.suggestion
    assert found.rows == ROWS
    assert len(set_aside(con)) == ROWS


def test_only_the_points_in_another_system_are_set_aside(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    nowhere = turned(lambda x, y: (0, -50), 5)
    mercator = turned(system("EPSG:3857"), 2)
    later = calls(100, change=lambda at, row: mercator(at, row) if at % 2 == 0 else nowhere(at, row))
    # Points that no system puts anywhere are dirt, not drift.
    dirty = sum(1 for row in later if row["y"] == "-50")
    assert dirty == 6
    later = [row for row in later if row["y"] != "-50" or row["id"] < "c0120"]
    [found] = detected(con, tmp_path, content(calls()), content(later), city_yml=QUARANTINE)
    assert "EPSG:3857" in found.suggestion
    assert found.rows == ROWS // 2
    lines = set_aside(con)
    assert {later[line - 2]["id"] for line in lines} == {row["id"] for row in later if float(row["x"]) > 180}


def test_points_that_went_elsewhere_are_told(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    later = content(calls(100, change=turned(lambda x, y: (x + 40, y + 40))))
    [found] = detected(con, tmp_path, content(calls()), later, city_yml=QUARANTINE)
    assert "no usual reference system" in found.suggestion
    assert found.rows == ROWS


def test_a_first_delivery_elsewhere_may_be_what_it_always_was(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert detected(con, tmp_path, content(calls(change=turned(lambda x, y: (x + 40, y + 40))))) == []


@pytest.mark.parametrize("shift", [lambda x, y: (0, 0), lambda x, y: ("", ""), lambda x, y: ("?", y)])
def test_a_few_points_outside_are_no_drift(con: duckdb.DuckDBPyConnection, tmp_path: Path, shift: Turn) -> None:
    later = content(calls(100, change=turned(shift, 4)))
    assert [each.what for each in detected(con, tmp_path, content(calls()), later)] == []


def moved(west: float, south: float, size: float = 1) -> str:
    """Draw the three wards anew, elsewhere and in another size."""
    return geojson(
        [
            {
                "type": "Feature",
                "properties": {"ward": str(at + 1)},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [
                            [west + (at + dx) * size, south + dy * size]
                            for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
                        ]
                    ],
                },
            }
            for at in range(3)
        ]
    )


def test_feet_and_metres_are_told_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("coordinates: {x: x, y: y}", f"coordinates: {{x: x, y: y, crs: {FEET!r}}}")
    files = {"wards.geojson": moved(-82, 27, 0.5)}

    def delivery(first: int, scale: float) -> str:
        projected = system(FEET, scale)
        return content(calls(first, change=turned(lambda x, y: projected(-82 + x * 0.5, 27 + y * 0.5))))

    assert detected(con, tmp_path, delivery(0, 1), city_yml=text, files=files) == []
    [found] = detected(con, tmp_path, delivery(100, FOOT_METRES), city_yml=text, files=files)
    projection = re.search(r"write crs: '([^']+)'", found.suggestion)
    assert projection is not None
    assert "+units=m" in projection[1]
    back = pyproj.Transformer.from_crs(projection[1], "EPSG:4326", always_xy=True)
    assert back.transform(*system(FEET, FOOT_METRES)(-81.5, 27.25)) == pytest.approx((-81.5, 27.25), abs=1e-4)


@pytest.mark.parametrize(("turn", "name"), [(wgs84_to_gcj02, "GCJ-02"), (wgs84_to_bd09, "BD-09")])
@pytest.mark.parametrize(("zone", "is_found"), [("Asia/Shanghai", True), ("Asia/Tokyo", False)])
def test_shifted_coordinates_are_found_in_china(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, turn: Callable[..., Any], name: str, zone: str, is_found: bool
) -> None:
    # Wards of one kilometre: a shift of some hundred metres puts many points into another one, or into none.
    text, size = CITY_YML.replace("America/New_York", zone), 0.01

    def place(at: int, row: Row) -> dict[str, object]:
        lon, lat = np.array([121 + float(row["x"]) * size]), np.array([31 + float(row["y"]) * size])
        if at >= 200:
            lon, lat = turn(lon, lat)
        return {"x": lon[0], "y": lat[0]}

    contents = [content(calls(first, 200, place)) for first in (0, 200)]
    found = detected(con, tmp_path, *contents, city_yml=text, files={"wards.geojson": moved(121, 31, size)})
    assert [each.rows for each in found if name in each.suggestion] == ([200] if is_found else [])
    assert {each.what for each in found} <= {"reference_system"}


def test_a_source_without_points_has_no_places(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("    coordinates: {x: x, y: y}\n", "")
    assert detected(con, tmp_path, content([call(str(at)) for at in range(ROWS)]), city_yml=text) == []
