"""Local times become instants and days, points become areas, and what is doubtful is marked."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines.errors import PackError
from tests.pipelines.small_pack import (
    CITY_YML,
    call,
    changed,
    counts,
    geojson,
    line_of,
    load,
    square,
    staged,
    text_of,
    write_pack,
)

pytestmark = pytest.mark.slow

YEAR_END = date(2016, 12, 31)


def clock(local: datetime, zone: ZoneInfo) -> str | None:
    """Say what a wall clock's time is, by Python's own calendar."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        return "nonexistent"
    return "ambiguous" if first.utcoffset() != second.utcoffset() else None


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("America/New_York", ("2016-03-13", "2016-11-06")),
        ("Europe/London", ("2016-03-27", "2016-10-30")),
        ("Asia/Shanghai", ("2016-03-13", "2016-11-06")),
    ],
)
def test_wall_times_around_clock_changes(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, zone: str, changes: tuple[str, str]
) -> None:
    times = [
        datetime.fromisoformat(day) + timedelta(minutes=30 * step) for day in changes for step in range(-4, 2 * 24 + 4)
    ]
    rows = [call(f"{time:%m%d%H%M}", f"{time:%Y-%m-%d %H:%M}") for time in times]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)}, changed("America/New_York", zone))
    load(con, pack, YEAR_END)
    found = staged(con, "occurred_local, occurred_at, occurred_day, day, time_flag, flags")
    assert len(found) == len(set(times))
    for local, instant, occurred_day, day, flag, flags in found:
        assert isinstance(local, datetime)
        assert flag == clock(local, ZoneInfo(zone)), local
        assert flags == (["clock_change"] if flag else [])
        assert occurred_day == day == local.date()
        if flag is None:
            assert instant == local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    marked = {str(local): (flag, str(instant)) for local, instant, _, _, flag, _ in found if flag}
    if zone == "America/New_York":
        # A time that is not there is taken by the offset before the change, one that is there twice by the later.
        assert marked["2016-03-13 02:30:00"] == ("nonexistent", "2016-03-13 07:30:00")
        assert marked["2016-11-06 01:30:00"] == ("ambiguous", "2016-11-06 06:30:00")
    assert bool(marked) == (zone != "Asia/Shanghai")


def test_a_date_alone_has_no_doubtful_hour(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed(
        """occurred_at: "strptime(start, '%Y-%m-%d %H:%M')\"""",
        "occurred_at: {sql: \"strptime(start, '%Y-%m-%d %H:%M')\", precision: day}",
    )
    pack = write_pack(tmp_path, {"calls.csv": text_of([call("1", "2016-03-13 02:30")])}, text)
    load(con, pack)
    assert staged(con, "time_precision, time_flag, flags, day") == [("day", None, [], date(2016, 3, 13))]


@pytest.mark.parametrize(
    ("part", "new", "row", "due"),
    [
        # An interval is known when it has ended; what the source recorded later was not known before.
        ("", "", call("1", "2016-06-01 10:00", until="2016-07-02 10:00"), date(2016, 7, 2)),
        (
            "      closed_at",
            "      recorded_at: \"strptime(updated, '%Y-%m-%d %H:%M')\"\n      closed_at",
            call("1", "2016-06-01 10:00", updated="2016-07-03 00:00"),
            date(2016, 7, 3),
        ),
        ("", "", call("1", "2016-07-04 00:00"), date(2016, 7, 4)),
    ],
)
def test_what_is_known_after_as_of_is_deferred_until_then(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, part: str, new: str, row: dict[str, str], due: date
) -> None:
    text = changed(part, new) if part else CITY_YML
    pack = write_pack(tmp_path, {"calls.csv": text_of([row])}, text)
    load(con, pack, due - timedelta(days=1))
    assert counts(con) == {"read": 1, "deferred": 1}
    assert staged(con, "*") == []
    load(con, pack, due)
    assert counts(con) == {"read": 1, "accepted": 1}
    assert staged(con, "known_day") == [(due,)]


def test_a_closing_after_as_of_has_not_happened_yet(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    row = call("1", "2016-06-29 10:00", closed="2016-07-01 09:00", updated="2016-07-01 09:00")
    pack = write_pack(tmp_path, {"calls.csv": text_of([row])})
    columns = "closed_at, closed_local, closed_day, updated_at, known_day"
    load(con, pack, date(2016, 6, 30))
    assert staged(con, columns) == [(None, None, None, None, date(2016, 6, 29))]
    load(con, pack, date(2016, 7, 1))
    [(closed, local, day, updated, _)] = staged(con, columns)
    assert (str(closed), str(local), day) == ("2016-07-01 13:00:00", "2016-07-01 09:00:00", date(2016, 7, 1))
    assert updated == closed


def test_a_deadline_is_known_before_it_comes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    fields = (
        "    fields: {service_id: id, opened_at: start::timestamp, due_at: start::timestamp + interval 30 days, "
        "closed_at: closed::timestamp}\n"
    )
    text = CITY_YML[: CITY_YML.index("    expected:")].replace("kind: incident", "kind: service") + fields
    row = call("1", "2016-06-29 10:00", closed="2016-07-29 10:00")
    load(con, write_pack(tmp_path, {"calls.csv": text_of([row])}, text))
    assert staged(con, "due_day, closed_day, known_day", "service") == [
        (date(2016, 7, 29), None, date(2016, 6, 29)),
    ]


def test_a_time_before_the_one_it_follows_is_not_used_and_marked(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    row = call("1", "2016-03-01 10:00", until="2016-02-28 10:00")
    load(con, write_pack(tmp_path, {"calls.csv": text_of([row])}))
    assert staged(con, "occurred_until, known_day, flags") == [(None, date(2016, 3, 1), ["times_out_of_order"])]


def test_places(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    given: dict[str, dict[str, Any]] = {
        "inside": {"area": "1", "x": 0.5, "y": 0.5},
        "elsewhere": {"area": "1", "x": 1.5, "y": 0.5},
        "on the border": {"area": "", "x": 1, "y": 0.5},
        "by point": {"area": "", "x": 2.5, "y": 0.5},
        "nowhere": {"area": "", "x": 50, "y": 50},
        "null island": {"area": "2", "x": 0, "y": -0.0001},
        "off earth": {"area": "2", "x": "inf", "y": 0.5},
        "too far": {"area": "2", "x": 0.5, "y": 91},
        "text": {"area": "2", "x": "east", "y": 0.5},
        "half": {"area": "2", "x": 0.5},
        "area alone": {"area": "3"},
        "neither": {"area": ""},
    }
    rows = [call(name, **cells) for name, cells in given.items()]
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
    found = {name: rest for name, *rest in staged(con, "incident_id, area_id, coords_in_area, lat is null, flags")}
    assert found == {
        "inside": ["ward-1", True, False, []],
        "elsewhere": ["ward-1", False, False, ["outside_area"]],
        "on the border": ["ward-1", True, False, []],
        "by point": ["ward-3", True, False, []],
        "nowhere": [None, False, False, ["area_missing", "outside_area"]],
        "null island": ["ward-2", False, False, ["outside_area"]],
        "off earth": ["ward-2", None, True, ["unusable:lat"]],
        "too far": ["ward-2", None, True, ["unusable:lat"]],
        "text": ["ward-2", None, True, ["unusable:lon"]],
        "half": ["ward-2", None, True, []],
        "area alone": ["ward-3", None, True, []],
        "neither": [None, None, True, ["area_missing"]],
    }


def test_points_in_state_plane_feet(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    around = square(-74.5, ward="1")
    around["geometry"] = {
        "type": "Polygon",
        "coordinates": [[[-74.5, 40], [-73.5, 40], [-73.5, 41], [-74.5, 41], [-74.5, 40]]],
    }
    text = changed("{x: x, y: y}", '{x: x, y: y, crs: "EPSG:2263"}')
    # The origin of the system lies at 74° W, 40° 10' N; a degree of longitude is 280,000 feet there.
    rows = [call("in", area="", x=984250, y=0), call("out", area="", x=984250 + 280_000, y=0)]
    files = {"calls.csv": text_of(rows), "wards.geojson": geojson([around]), "people.csv": "ward,people\n"}
    load(con, write_pack(tmp_path, files, text))
    [inside, outside] = staged(con, "incident_id, area_id, round(lon, 4), round(lat, 4), coords_in_area")
    assert inside == ("in", "ward-1", -74.0, 40.1667, True)
    assert outside[:2] == ("out", None)
    assert outside[4] is False


def test_an_unknown_reference_system_is_refused_with_its_line(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("{x: x, y: y}", "{x: x, y: y, crs: EPSG:99999}")
    with pytest.raises(PackError, match="EPSG:99999") as caught:
        load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1", x=1, y=1)])}, text))
    assert caught.value.field == "sources.calls.coordinates.crs"
    assert caught.value.line == line_of(text, "EPSG:99999")
    assert caught.value.remedy
