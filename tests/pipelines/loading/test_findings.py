"""What a delivery shows about itself: repeated and conflicting ids, and the marks of accepted records."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.pipelines.small_pack import CITY_YML, call, load, text_of, write_pack

pytestmark = pytest.mark.slow


def findings(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str | None], int]:
    rows = con.execute("select finding, field, count from ledger.finding where source = 'calls'").fetchall()
    found = {(finding, field): count for finding, field, count in rows}
    assert len(found) == len(rows)
    return found


def test_repeated_and_conflicting_ids_are_counted_by_column(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("same"),
        call("same"),
        call("same"),
        call("what", what="a"),
        call("what", what="b"),
        call("both", what="a", prio=1),
        call("both", what="b", prio=2),
        call("both", what="b", prio=2),
        call("future", "2016-07-09 10:00", what="a"),
        call("future", "2016-07-09 10:00", what="b"),
        call(None),
        call(None),
    ]
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
    assert findings(con) == {
        ("repeated_id", None): 6,
        ("conflicting_id", None): 3,
        ("conflicting_id", "what"): 3,
        ("conflicting_id", "prio"): 1,
    }


def test_marks_of_accepted_records_are_counted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("1", prio="urgent", area=""),
        call("2", prio="soon"),
        call("3", until="2016-01-01 10:00"),
        call("4", "never", prio="urgent"),
    ]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    load(con, pack)
    expected = {("unusable", "priority"): 2, ("area_missing", None): 1, ("times_out_of_order", None): 1}
    assert findings(con) == expected
    load(con, pack, date(2016, 7, 5))
    assert findings(con) == expected


def test_rows_that_are_meant_to_be_one_record_do_not_conflict(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = CITY_YML.replace("    area: area\n", "    area: area\n    merge: {victims: sum}\n")
    load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1", what="a"), call("1", what="b")])}, text))
    assert findings(con) == {("repeated_id", None): 1}


def test_a_sound_delivery_shows_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1"), call("2")])}))
    assert findings(con) == {}
