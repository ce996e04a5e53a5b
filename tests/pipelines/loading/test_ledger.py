"""Every record that was read is accounted for, delivery by delivery; where one is not, nothing is changed."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import LedgerError
from pipelines.loading import ledger
from pipelines.loading.records import load_kind
from tests.pipelines.small_pack import AS_OF, call, changed, counts, load, pull_all, staged, text_of, write_pack

pytestmark = pytest.mark.slow

Row = dict[str, str]
TWO_FILES = changed("files: [calls.csv]", "files: [one.csv, two.csv]")


def lines(con: duckdb.DuckDBPyConnection) -> list[dict[str, int]]:
    """Give the ledger's lines in the order of their deliveries, those counts that are not zero."""
    names = ("read", *ledger.COUNTED, "replaced", "deleted")
    listed = ", ".join(f'batch."{name}"' for name in names)
    rows = con.execute(
        f"select {listed} from ledger.batch as batch join ledger.delivery using (source, batch_id) order by position"
    ).fetchall()
    return [{name: count for name, count in zip(names, row, strict=True) if count} for row in rows]


def identities_hold(con: duckdb.DuckDBPyConnection) -> None:
    """Check both identities by sums of our own."""
    for line in lines(con):
        assert line.get("read", 0) == sum(line.get(name, 0) for name in ledger.COUNTED)
    due = sum(line.get("accepted", 0) - line.get("replaced", 0) - line.get("deleted", 0) for line in lines(con))
    assert due == len(staged(con, "incident_id"))


def deliver(con: duckdb.DuckDBPyConnection, folder: Path, rows: Sequence[Row]) -> int:
    """Write the only file anew and load it; return how many days changed."""
    load_of = load(con, write_pack(folder, {"calls.csv": text_of(rows)}))
    identities_hold(con)
    return len(load_of.affected_days)


def test_a_file_changes_and_goes_back(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = [call("1"), call("2"), call("3", "2016-07-01 10:00"), call("4", "never"), call("1")]
    second = [call("1"), call("5")]
    before = {"read": 5, "accepted": 2, "quarantined": 1, "duplicate": 1, "deferred": 1}
    assert deliver(con, tmp_path, first) == 1
    assert lines(con) == [before]
    assert deliver(con, tmp_path, first) == 0
    assert lines(con) == [before]
    deliver(con, tmp_path, second)
    assert lines(con) == [before, {"read": 2, "accepted": 2, "replaced": 1, "deleted": 1}]
    assert staged(con, "incident_id") == [("1",), ("5",)]
    deliver(con, tmp_path, first)
    assert lines(con) == [
        before,
        {"read": 2, "accepted": 2, "replaced": 1, "deleted": 1},
        before | {"replaced": 1, "deleted": 1},
    ]
    assert staged(con, "incident_id") == [("1",), ("2",)]
    assert counts(con) == before | {"replaced": 1, "deleted": 1}
    assert ledger.totals(con) == {name: before.get(name, 0) for name in ("read", *ledger.COUNTED)}


def test_a_file_leaves_the_pack_and_comes_back(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    files = {"one.csv": text_of([call("1"), call("2")]), "two.csv": text_of([call("2"), call("3")])}
    load(con, write_pack(tmp_path, files, TWO_FILES))
    identities_hold(con)
    assert staged(con, "incident_id") == [("1",), ("2",), ("3",)]
    load(con, write_pack(tmp_path, files, changed("files: [calls.csv]", "files: [two.csv]")))
    identities_hold(con)
    assert staged(con, "incident_id") == [("2",), ("3",)]
    assert sum(line.get("deleted", 0) for line in lines(con)) == 1
    load(con, write_pack(tmp_path, files, TWO_FILES))
    identities_hold(con)
    assert staged(con, "incident_id") == [("1",), ("2",), ("3",)]


def test_a_delivery_that_was_never_loaded_displaces_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    deliver(con, tmp_path, [call("1")])
    pull_all(con, write_pack(tmp_path, {"calls.csv": text_of([call("2"), call("3")])}))
    deliver(con, tmp_path, [call("1"), call("4")])
    assert lines(con) == [{"read": 1, "accepted": 1}, {"read": 2, "accepted": 2, "replaced": 1}]


def test_an_empty_delivery_has_its_line(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    deliver(con, tmp_path, [call("1")])
    deliver(con, tmp_path, [])
    assert lines(con) == [{"read": 1, "accepted": 1}, {"deleted": 1}]
    assert con.execute('select count(*) from ledger.batch where "read" = 0').fetchall() == [(1,)]


BREACHES = {
    "a staged record lost": "delete from staging.incident where incident_id = '2'",
    "a quarantined row lost": "delete from quarantine.record",
    "a duplicate lost": "delete from ledger.unstaged",
    "a row kept twice": "insert into quarantine.record from quarantine.record",
    "more read than there is": "update ledger.delivery set read = read + 1",
}


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES.keys())
def test_a_breach_stops_the_load_and_changes_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, breach: str
) -> None:
    pack = write_pack(tmp_path, {"calls.csv": text_of([call("1"), call("2"), call("2"), call("3", "never")])})
    load(con, pack)
    con.execute(breach)
    tables = ("staging.incident", "staging.receipt", "quarantine.record", "ledger.batch", "ledger.finding")
    before = {table: con.execute(f"from {table} order by all").fetchall() for table in tables}
    [(batch,)] = con.execute("select batch_id from ledger.delivery").fetchall()
    with pytest.raises(LedgerError) as caught:
        load_kind(con, pack, "incident", date(2016, 7, 3))
    assert f"source calls, batch {batch}" in caught.value.problem
    assert caught.value.remedy
    assert {table: con.execute(f"from {table} order by all").fetchall() for table in tables} == before


def test_a_staged_record_twice_is_a_breach(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"calls.csv": text_of([call("1"), call("2")])})
    load(con, pack)
    con.execute("insert into staging.incident select * from staging.incident where incident_id = '1'")
    with pytest.raises(LedgerError, match=r"source calls: .* says 2 .* holds 3 \(\+1\)"):
        ledger.check(con)
    with pytest.raises(LedgerError, match="2 records were read, 3 are accounted for"):
        load_kind(con, pack, "incident", AS_OF)


@pytest.mark.parametrize(
    "tampering",
    [
        "delete from staging.incident where incident_id = '1'",
        "update staging.incident set category = 'other' where incident_id = '1'",
        "insert into staging.incident by name select * replace ('9' as incident_id) from staging.incident limit 1",
    ],
)
def test_judging_everything_again_makes_right_what_differs_from_the_raw_rows(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, tampering: str
) -> None:
    pack = write_pack(tmp_path, {"calls.csv": text_of([call("1"), call("2", "2016-03-02 10:00")])})
    load(con, pack)
    before = staged(con, "*")
    con.execute(tampering)
    assert len(load_kind(con, pack, "incident", AS_OF, again="everything").affected_days) == 1
    assert staged(con, "*") == before
    identities_hold(con)
