"""What became of records is told from load to load: by area and days, old and new, and for the right reason."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.loading import record_changes
from tests.pipelines.small_pack import CITY_YML, call, load, text_of, write_pack

pytestmark = pytest.mark.slow

MARCH = date(2016, 3, 1)


def changes(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    newest = con.execute("select max(load_id) from ledger.load").fetchone()
    return con.execute(
        "select area_id, first_day, last_day, what from ledger.record_change where load_id = ? order by all", newest
    ).fetchall()


@pytest.fixture
def city(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Path:
    """Two calls, in a release."""
    load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1", what="05"), call("2", area="2")])}))
    record_changes.note_release(con, "first")
    return tmp_path


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([call("1", what="05"), call("2", area="2")], []),
        (
            [call("1", what="05"), call("2", area="2"), call("3", "2016-03-04 23:00", until="2016-03-06 01:00")],
            [("ward-1", date(2016, 3, 4), date(2016, 3, 6), "new")],
        ),
        (
            [call("1", what="05", closed="2016-03-02 10:00"), call("2", area="2")],
            [("ward-1", MARCH, MARCH, "completed")],
        ),
        ([call("1", what="0501"), call("2", area="2")], [("ward-1", MARCH, MARCH, "corrected")]),
        (
            [call("1", what="05"), call("2", "2016-03-09 10:00", area="3")],
            [("ward-2", MARCH, MARCH, "corrected"), ("ward-3", date(2016, 3, 9), date(2016, 3, 9), "corrected")],
        ),
        ([call("1", what="05")], [("ward-2", MARCH, MARCH, "withdrawn")]),
        (
            [call("1", what="05"), call("2", area="nowhere")],
            [("ward-2", MARCH, MARCH, "withdrawn")],
        ),
    ],
    ids=["nothing", "late", "completed", "another category", "moved", "left out", "refused now"],
)
def test_changes_are_told_by_area_and_days(
    con: duckdb.DuckDBPyConnection, city: Path, rows: list[dict[str, str]], expected: list[tuple[object, ...]]
) -> None:
    load(con, write_pack(city, {"calls.csv": text_of(rows)}))
    assert changes(con) == expected


def test_another_reading_is_no_correction(con: duckdb.DuckDBPyConnection, city: Path) -> None:
    other = CITY_YML.replace("category: what", "category: {sql: \"what || '1'\"}")
    assert other != CITY_YML
    load(con, write_pack(city, {"calls.csv": text_of([call("1", what="05"), call("2", area="2")])}, other))
    assert changes(con) == [("ward-1", MARCH, MARCH, "reread")]


def test_what_every_release_holds_is_forgotten(con: duckdb.DuckDBPyConnection, city: Path) -> None:
    load(con, write_pack(city, {"calls.csv": text_of([call("1", what="05")])}))
    assert record_changes.since(con, "first") == 1
    assert record_changes.since(con, "elsewhere") is None
    record_changes.forget(con, ["first"])
    assert len(changes(con)) == 1
    record_changes.note_release(con, "second")
    record_changes.forget(con, ["second"])
    assert con.execute("select count(*) from ledger.record_change").fetchall() == [(0,)]
