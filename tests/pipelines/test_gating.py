"""What a failed check holds back, night after night: the figures that rest on what is wrong, and no others.

A small city with three sources: thefts and shootings, both incidents and so in one table, and stops.
"""

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.warehouse import open_warehouse
from tests.conftest import wardlight
from tests.pipelines.released import query
from tests.pipelines.small_pack import CITY_YML, text_of, write_pack

pytestmark = pytest.mark.slow

SOURCES = """\
  thefts:
    kind: incident
    title: {en: Thefts, zh: 盗窃}
    geography: ward
    public_record: true
    files: [thefts.csv]
    area: area
    expected: [area_id, occurred_at]
    coordinates: {x: x, y: y}
    fields:
      incident_id: id
      occurred_at: "strptime(start, '%Y-%m-%d %H:%M')"
      category: {constant: "0502"}
  shootings:
    kind: incident
    title: {en: Shootings, zh: 枪击}
    geography: ward
    public_record: true
    files: [shootings.csv]
    area: area
    expected: [area_id, occurred_at]
    fields:
      incident_id: id
      occurred_at: "strptime(start, '%Y-%m-%d %H:%M')"
      local_category: {constant: shooting}
  stops:
    kind: patrol
    title: {en: Stops, zh: 盘查}
    geography: ward
    public_record: true
    files: [stops.csv]
    area: area
    expected: [area_id, started_at, duration_seconds]
    fields:
      patrol_id: id
      started_at: "strptime(start, '%Y-%m-%d %H:%M')"
      duration_seconds: minutes::bigint * 60
      has_finding: finding = 'Y'
"""
COLUMNS = ("id", "area", "start", "x", "y", "minutes", "finding")
FIRST, DAYS = date(2016, 1, 1), 182
THEFTS, SHOOTINGS, STOPS = ("B2", "K3"), ("B1_shootings",), ("patrol_minutes", "patrol_stops", "finding_share")
OF_ALL = ("F3", "F5")


def write(folder: Path) -> None:
    """Write the pack: three records of each source a day, for half a year."""
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    rows = [
        {
            "id": str(number),
            "area": str(number % 3 + 1),
            "start": f"{day} 12:00",
            "x": str(number % 3 + 0.5),
            "y": "0.5",
            "minutes": "20",
            "finding": "Y" if number % 4 == 0 else "N",
        }
        for number, day in enumerate(each for each in days for _ in range(3))
    ]
    files = {f"{name}.csv": text_of(rows, COLUMNS) for name in ("thefts", "shootings", "stops")}
    people = "ward,people\n1,100000\n2,200000\n3,300000\n"
    city = CITY_YML[: CITY_YML.index("  calls:\n")] + SOURCES
    write_pack(folder, {**files, "people.csv": people}, city)


def night(folder: Path) -> str:
    done = wardlight("nightly", "--city", folder, "--home", folder / "home")
    assert done.returncode == 0, done.stderr
    return done.stdout


def statuses(folder: Path) -> dict[object, set[str]]:
    home = folder / "home"
    sql = "select indicator_id, list(distinct status) from indicator_values where value is not null group by all"
    return {indicator: set(found) for indicator, found in query(home, sql)}


def values(folder: Path) -> list[tuple[object, ...]]:
    return query(
        folder / "home",
        "select indicator_id, area_id, period_kind, period_start, value from indicator_values order by all",
    )


def test_one_broken_source_of_three_and_one_broken_column_of_a_good_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write(tmp_path)
    night(tmp_path)
    everything = {*THEFTS, *SHOOTINGS, *STOPS, *OF_ALL}
    fresh = {"final", "provisional"}
    assert statuses(tmp_path) == dict.fromkeys(everything, fresh)
    assert query(home, "from gates") == []
    before = values(tmp_path)

    # Behind loading's back: areas of shootings that there are not, though all incidents are in one table and every
    # indicator goes by area; and a negative duration of stops, which most figures of stops do not ask for.
    broken = "source = 'shootings' and month(day) = 3"
    with open_warehouse(tmp_path / "home") as con:
        con.execute(f"update staging.incident set area_id = area_id || ' or so' where {broken}")
        con.execute("update staging.patrol set duration_seconds = -60 where day = date '2016-03-01'")
    assert "Gate closed" in night(tmp_path)
    closed = query(home, "select table_name, columns, sources, string_split(indicators, ',') from gates order by all")
    assert closed == [
        ("incident", "area_id", "shootings", ["B1_shootings", "F3", "F5"]),
        ("patrol", "duration_seconds", "stops", ["patrol_minutes"]),
    ]
    held_back = {"B1_shootings", "F3", "F5", "patrol_minutes"}
    assert statuses(tmp_path) == {each: {"stale"} if each in held_back else fresh for each in everything}
    assert values(tmp_path) == before
    reasons = query(home, "select distinct indicator_id, reason from indicator_values where status = 'stale'")
    for indicator, reason in reasons:
        assert str(reason).startswith(
            "gate_failed:patrol." if indicator == "patrol_minutes" else "gate_failed:incident."
        )
        assert "stale_since:2016-06-30" in str(reason).split(";")

    with open_warehouse(tmp_path / "home") as con:
        con.execute(f"update staging.incident set area_id = replace(area_id, ' or so', '') where {broken}")
        con.execute("update staging.patrol set duration_seconds = 1200 where day = date '2016-03-01'")
    # What is mended is published again.
    assert "Gate closed" not in night(tmp_path)
    assert statuses(tmp_path) == dict.fromkeys(everything, fresh)

    # Under another profile nothing exact is carried forward, and nothing small is shown.
    city = (tmp_path / "city.yml").read_text(encoding="utf-8").replace("disclosure: open\n", "disclosure: hes\n")
    (tmp_path / "city.yml").write_text(city, encoding="utf-8")
    with open_warehouse(tmp_path / "home") as con:
        con.execute(f"update staging.incident set area_id = area_id || ' or so' where {broken}")
    assert "Gate closed" in night(tmp_path)
    assert "B1_shootings" not in statuses(tmp_path)
    assert query(home, "select disclosure from release_info") == [("hes",)]
    small = "area_id <> 'city' and indicator_id in ('B2', 'patrol_stops') and numerator between 1 and 7"
    assert query(home, f"select count(*) from indicator_values where {small}") == [(0,)]
    shown = "indicator_id = 'B2' and area_id <> 'city' and numerator > 0"
    assert query(home, f"select count(*) > 0, max(numerator % 5) from indicator_values where {shown}") == [(True, 0)]
