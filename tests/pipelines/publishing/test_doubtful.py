"""Records in doubt: what of a load may belong elsewhere, or not where it is."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.publishing.doubtful import doubtful_records
from tests.pipelines.small_pack import call, changed, load, text_of, write_pack

pytestmark = pytest.mark.slow

COLUMNS = ["area_id", "day", "last_day", "due_day", "refused", "contested"]
# A source without a time of update cannot tell which of two rows of an id is the newer.
TIMELESS = changed("      updated_at: \"strptime(updated, '%Y-%m-%d %H:%M')\"\n", "")
MARCH = date(2016, 3, 1)


def doubtful(
    con: duckdb.DuckDBPyConnection, folder: Path, *rows: dict[str, str], city_yml: str
) -> list[tuple[object, ...]]:
    load(con, write_pack(folder, {"calls.csv": text_of(rows)}, city_yml))
    found = doubtful_records(con)
    assert set(found["source"]) <= {"calls"}
    return found.select(COLUMNS).rows()


def test_quarantined_rows_are_refused_at_every_day_that_is_known_of_them(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    found = doubtful(
        con,
        tmp_path,
        call("fine"),
        call("no time", None),
        call("nowhere", area="9", until="2016-03-04 08:00"),
        call("nowhere either", area="9", until="2016-03-04 10:00"),
        dict.fromkeys(call(""), ""),
        city_yml=TIMELESS,
    )
    assert found == [
        ("ward-1", None, None, None, 1, 0),
        ("ward:unallocated", MARCH, date(2016, 3, 4), None, 2, 0),
    ]


def test_of_rows_that_contradict_each_other_one_is_contested_and_the_others_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    found = doubtful(
        con,
        tmp_path,
        call("a", area="1"),
        call("a", "2016-03-02 10:00", area="2"),
        call("b"),
        call("b"),
        call("c"),
        city_yml=TIMELESS,
    )
    [winner] = con.execute("select area_id from staging.incident where incident_id = 'a'").fetchall()
    places = {"ward-1": MARCH, "ward-2": date(2016, 3, 2)}
    assert found == [
        (area, day, None, None, int(area != winner[0]), int(area == winner[0])) for area, day in places.items()
    ]


def test_a_time_of_update_leaves_no_doubt(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    older, newer = (call("a", area=str(at), updated=f"2016-03-0{at} 12:00") for at in (1, 2))
    assert doubtful(con, tmp_path, older, newer, city_yml=changed("      priority: prio\n", "")) == []


def test_a_field_that_could_not_be_read_is_in_doubt_by_itself(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A number that is none, or one that cannot be; not a value that only the pack's own rule doubts."""
    city = changed("      priority: prio\n", "      priority: prio\n      victims: y\n")
    city += "    rules: [{field: victims, range: {max: 5}, severity: flag}]\n"
    rows = [call("a", prio="high", y=9), call("b", prio=7), call("c", prio=2), call("d", y=-1)]
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}, city))
    flags = con.execute("select flags from staging.incident where incident_id = 'a'").fetchall()
    assert {"out_of_range:victims", "unusable:priority"} <= set(flags[0][0])
    found = doubtful_records(con).select("area_id", "day", "field", "refused", "contested").rows()
    assert found == [("ward-1", MARCH, "priority", 2, 2), ("ward-1", MARCH, "victims", 1, 1)]
