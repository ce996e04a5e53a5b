"""Areas, their residents, and points found in them."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import PackError, SourceError, WardlightError
from pipelines.loading import areas
from tests.pipelines.small_pack import CITY_YML, PEOPLE, WARDS, changed, geojson, line_of, square, write_pack

POINT = {"type": "Feature", "properties": {"ward": "9"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}


def refusal(con: duckdb.DuckDBPyConnection, folder: Path, city_yml: str = CITY_YML, **files: Any) -> WardlightError:
    names = {"wards": "wards.geojson", "people": "people.csv"}
    pack = write_pack(folder, {names[name]: content for name, content in files.items()}, city_yml)
    with pytest.raises(WardlightError) as caught:
        areas.load_areas(con, pack)
    assert con.execute("select count(*) from staging.area").fetchall() == [(0,)]
    assert caught.value.remedy
    return caught.value


def test_areas_stand_in_a_tree_with_titles_and_residents(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert areas.load_areas(con, write_pack(tmp_path)) == 6
    assert con.execute("from staging.area order by area_id").fetchall() == [
        ("city", None, None, "city", False, None),
        ("ward-1", "west", "ward", "ward", False, None),
        ("ward-2", "city", "ward", "ward", False, None),
        ("ward-3", "city", "ward", "ward", False, None),
        ("ward:unallocated", "city", "ward", "ward", True, None),
        ("west", "city", None, "side", False, None),
    ]
    titles = "select title_en, title_zh from staging.area_shape where area_id in ('ward-2', 'west') order by all"
    assert con.execute(titles).fetchall() == [("Ward 2", "2 区"), ("West", "西")]
    assert con.execute("select area_id, population from staging.population order by all").fetchall() == [
        ("ward-1", 1000),
        ("ward-2", 2000),
        ("ward-3", 3000),
    ]
    [(outline,)] = con.execute("select geometry from staging.area_shape where area_id = 'ward-2'").fetchall()
    assert json.loads(outline)["type"] == "Polygon"


def test_groups_stand_in_groups_and_areas_have_peers(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("groups:\n", "groups:\n  half: {level: half, title: {en: Half, zh: 半}}\n").replace(
        "{level: side,", "{level: side, parent: half,"
    )
    peers = "    peer_group: \"case when ward < '3' then 'dense' end\"\n"
    areas.load_areas(con, write_pack(tmp_path, city_yml=text.replace("    key: ward\n", "    key: ward\n" + peers)))
    assert con.execute("select area_id, parent_id, peer_group from staging.area order by area_id").fetchall() == [
        ("city", None, None),
        ("half", "city", None),
        ("ward-1", "west", "dense"),
        ("ward-2", "city", "dense"),
        ("ward-3", "city", None),
        ("ward:unallocated", "city", None),
        ("west", "half", None),
    ]


def test_features_of_one_key_are_one_area_where_the_pack_asks(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    wards = geojson([square(west, ward=ward) for west, ward in ((0, "1"), (1, "1"), (5, "1"), (2, "2"))])
    text = changed("    key: ward\n", "    key: ward\n    dissolve: true\n")
    pack = write_pack(tmp_path, {"wards.geojson": wards, "people.csv": "ward,people\n"}, text)
    areas.load_areas(con, pack)
    shapes = areas.shapes(pack, "ward")
    assert shapes.ids == ["ward-1", "ward-2"]
    found = shapes.locate(np.array([0.5, 1.0, 1.5, 5.5, 2.5, 4.5]), np.full(6, 0.5))
    assert found == ["ward-1", "ward-1", "ward-1", "ward-1", "ward-2", None]
    assert "does not identify" in str(refusal(con_of(), tmp_path / "apart", wards=wards))


def con_of() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema staging; create table staging.area (area_id varchar)")
    return con


def test_a_point_on_a_common_border_belongs_to_the_first_area(tmp_path: Path) -> None:
    for order in ([0, 1, 2], [2, 1, 0]):
        wards = geojson([square(at, ward=str(at + 1)) for at in order])
        shapes = areas.shapes(write_pack(tmp_path, {"wards.geojson": wards}), "ward")
        found = shapes.locate(np.array([1.0, 2.0, 0.0, 3.0]), np.array([0.5, 0.0, 0.0, 1.0]))
        assert found == ["ward-1", "ward-2", "ward-1", "ward-3"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(-1, 4), st.floats(-1, 2)), max_size=30))
def test_points_are_found_where_they_lie(points: list[tuple[float, float]]) -> None:
    shapes = areas.AreaShapes(
        [f"ward-{at}" for at in range(3)],
        shapely.STRtree([shapely.box(at, 0, at + 1, 1) for at in range(3)]),
    )
    lon, lat = (np.array([point[axis] for point in points]) for axis in (0, 1))
    for (x, y), found in zip(points, shapes.locate(lon, lat), strict=True):
        inside = [f"ward-{at}" for at in range(3) if at <= x <= at + 1 and 0 <= y <= 1]
        assert found == (inside[0] if inside else None)


def test_state_plane_feet_become_degrees() -> None:
    # The origin of the system, as the EPSG registry defines it: 300 000 m east of 74° W, on 40° 10' N.
    origin = (984250.0, 0.0)
    lon, lat = areas.to_wgs84(np.array([origin[0], np.inf, np.nan]), np.array([origin[1], 1.0, np.nan]), "EPSG:2263")
    assert (lon[0], lat[0]) == pytest.approx((-74, 40 + 10 / 60), abs=1e-5)
    assert np.isnan(lon[1:]).all()
    assert np.isnan(lat[1:]).all()


@pytest.mark.parametrize(
    ("wards", "problem", "line"),
    [
        ('{"type": "FeatureCollection",\n "features": [,]}', "not JSON", 2),
        ("", "not JSON", 1),
        ('{"type": "FeatureCollection"}', "feature collection", None),
        ("[1, 2]", "feature collection", None),
        (b"\xff\xfe{", "feature collection", None),
        ('{"features": []}', "no areas", None),
        ('{"features": {"a": 1}}', "no areas", None),
        (geojson([square(0, ward="1"), {"type": "Feature", "properties": {"ward": "2"}}]), "feature 2", None),
        (geojson([square(0, ward="1"), {**square(1, ward="2"), "properties": None}]), "feature 2", None),
        (geojson([square(0, ward="1"), {**square(1, ward="2"), "geometry": None}]), "feature 2", None),
        (geojson([square(0, ward="1"), POINT]), "feature 2 is not an area: a Point", None),
        (
            geojson([{**square(0, ward="1"), "geometry": {"type": "Polygon", "coordinates": [[["x"]]]}}]),
            "feature 1",
            None,
        ),
        (geojson([{**square(0, ward="1"), "geometry": {"type": "Blob"}}]), "feature 1", None),
    ],
)
def test_a_file_that_is_no_map_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, wards: str | bytes, problem: str, line: int | None
) -> None:
    error = refusal(con, tmp_path, wards=wards)
    assert isinstance(error, SourceError)
    assert problem in error.problem
    assert (error.file, error.line) == (str(tmp_path / "wards.geojson"), line)


def test_a_map_that_is_missing_or_damaged_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("file: wards.geojson", "file: wards.geojson.gz")
    pack = write_pack(tmp_path, city_yml=text)
    with pytest.raises(SourceError, match="missing"):
        areas.load_areas(con, pack)
    whole = gzip.compress(WARDS.encode() * 50)
    middle = len(whole) // 2
    for content in (whole[:-9], whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :], b"{}"):
        (tmp_path / "wards.geojson.gz").write_bytes(content)
        with pytest.raises(SourceError, match="feature collection"):
            areas.load_areas(con, pack)
    (tmp_path / "wards.geojson.gz").write_bytes(gzip.compress(WARDS.encode()))
    assert areas.load_areas(con, pack) == 6


@pytest.mark.parametrize(
    ("part", "new", "field", "problem", "remedy"),
    [
        ("    key: ward\n", "    key: wart\n", "key", "'wart'", "identifies"),
        ("'west' else", "'wset' else", "parent", "'wset'", "group"),
        ("title_en: \"'Ward ' || ward\"", 'title_en: "wart || 1"', "title_en", "wart", "the properties are ward"),
        ("title_zh: \"ward || ' 区'\"", 'title_zh: "ward ||"', "title_zh", "does not work", "the properties are ward"),
        ("title_zh: \"ward || ' 区'\"", 'title_zh: "ward::date"', "title_zh", "does not work", "the properties"),
        ("title_zh: \"ward || ' 区'\"", "title_zh: \"nullif(ward, '2')\"", "title_zh", "null for 1 areas", "value"),
        ("    key: ward\n", "    key: ward\n    peer_group: wart\n", "peer_group", "wart", "the properties are ward"),
        ("key: ward, value: people", "key: wart, value: people", "population.key", "'wart'", "ward, people"),
        ("key: ward, value: people", "key: ward, value: souls", "population.value", "'souls'", "ward, people"),
    ],
)
def test_a_geography_that_does_not_fit_its_file_is_refused_with_its_line(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    part: str,
    new: str,
    field: str,
    problem: str,
    remedy: str,
) -> None:
    text = changed(part, new)
    error = refusal(con, tmp_path, text)
    assert isinstance(error, PackError)
    assert error.field == f"geographies.ward.{field}"
    assert error.line == line_of(text, new.splitlines()[-1].strip())
    assert problem in error.problem
    assert remedy in str(error.remedy)


@pytest.mark.parametrize(
    ("people", "line", "field", "problem"),
    [
        (PEOPLE.replace("2000", "2,000"), 3, None, "malformed"),
        (PEOPLE.replace("2000", "many"), 3, "people", "not a whole number: 'many'"),
        (PEOPLE.replace("2000", "12.7"), 3, "people", "not a whole number"),
        (PEOPLE.replace("2000", "-5"), 3, "people", "not a whole number"),
        (PEOPLE.replace("2000", ""), 3, "people", "not a whole number"),
        ('ward,people\n\n"1","1000"\n2,none\n', 4, "people", "not a whole number"),
        (PEOPLE + "4,10\n", 5, "ward", "'4' is not an area"),
        (PEOPLE + "1,10\n", 5, "ward", "twice"),
        (PEOPLE + ",10\n", 5, "ward", "not an area"),
        ("", 1, None, "empty"),
        ("ward,people,people\n", 1, None, "more than once"),
        (b"ward,people\n1,\xff\n", 2, None, "malformed"),
    ],
)
def test_residents_that_are_no_number_are_refused_with_their_line(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    people: str | bytes,
    line: int,
    field: str | None,
    problem: str,
) -> None:
    error = refusal(con, tmp_path, people=people)
    assert (error.file, error.line, error.field) == (str(tmp_path / "people.csv"), line, field)
    assert problem in error.problem


def test_a_missing_table_of_residents_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    error = refusal(con, tmp_path, changed("file: people.csv", "file: souls.csv"))
    assert error.file == str(tmp_path / "souls.csv")
