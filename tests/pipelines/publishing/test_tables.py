"""A release holds the tables and columns that are documented, and nothing else."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from indicators.catalogue.reading import load_catalogue
from pipelines.publishing import tables
from tests.pipelines import small_pack
from tests.pipelines.small_pack import call, changed, load, text_of, write_pack

DOCUMENT = Path(__file__).parents[3] / "docs" / "tables.md"
AVAILABILITY = {"geography": pl.String, "status": pl.String, "reason": pl.String}


def documented() -> dict[str, list[str]]:
    """Read the columns of the release's tables from the data dictionary."""
    section = DOCUMENT.read_text(encoding="utf-8").split("\n## Release\n")[1].split("\n`status` is")[0]
    found = {}
    for table, listed in re.findall(r"^\| `(\w+)` \|[^|]*\| (.*) \|$", section, re.MULTILINE):
        without_remarks = re.sub(r"\([^()]*\)", "", listed)
        found[table] = [column.split()[0] for column in without_remarks.split(", ")]
    return found


@pytest.fixture
def released(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Load a few calls, of which some are refused."""
    rows = [call("1", what="secret word"), call("2", "never"), call(None, "never"), call("4", area="secret area")]
    content = text_of([*rows, call("1"), call("5", "2016-07-09 10:00")]) + "\nsecret,line\n"
    with small_pack.warehouse() as con:
        load(con, write_pack(tmp_path, {"calls.csv": content}))
        yield con


def rows_of(con: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    return con.sql(tables.QUERIES[table]).pl()


def test_every_table_of_a_release_is_documented(tmp_path: Path) -> None:
    assert {*tables.release_queries(write_pack(tmp_path)), "release_info"} == set(documented())


@pytest.mark.parametrize("table", ["areas", "ledger", "quarantine_summary", "source_finding"])
def test_columns_are_those_that_are_documented(released: duckdb.DuckDBPyConnection, table: str) -> None:
    assert rows_of(released, table).columns == documented()[table]


def test_the_catalogue_has_the_documented_columns_and_keeps_its_order() -> None:
    entries = load_catalogue()
    availability = pl.DataFrame(
        [
            {"indicator_id": entry.id, "geography": "ward", "status": "available", "reason": None}
            for entry in entries[::-1]
        ],
        schema={"indicator_id": pl.String, **AVAILABILITY},
    )
    frame = tables.catalogue_frame(entries, availability)
    assert set(documented()["indicator_catalogue"]) <= set(frame.columns)
    assert frame["indicator_id"].to_list() == [entry.id for entry in entries]
    assert frame["status"].to_list() == ["available"] * len(entries)


def test_refused_rows_are_counted_with_an_example_and_no_content(released: duckdb.DuckDBPyConnection) -> None:
    summary = rows_of(released, "quarantine_summary")
    columns = ("reason", "field", "row_count", "example_file", "example_line")
    assert sorted(summary.select(columns).rows(), key=str) == [
        ("blank_row", None, 1, "calls.csv", 8),
        ("malformed_line", None, 1, "calls.csv", 9),
        ("missing_id", "incident_id", 1, "calls.csv", 4),
        ("unknown_area", "area_id", 1, "calls.csv", 5),
        ("unparseable_time", "occurred_at", 2, "calls.csv", 3),
    ]
    for table in ("ledger", "quarantine_summary", "source_finding"):
        assert "secret" not in str(rows_of(released, table).rows())


def test_the_ledger_is_released_whole(released: duckdb.DuckDBPyConnection) -> None:
    [line] = rows_of(released, "ledger").rows(named=True)
    assert line["source"] == "calls"
    assert line["read"] == 8
    assert {name: count for name, count in line.items() if name not in ("source", "batch_id", "read") and count} == {
        "accepted": 1,
        "quarantined": 5,
        "superseded": 1,
        "deferred": 1,
    }


def test_areas_come_with_the_residents_that_hold_last(released: duckdb.DuckDBPyConnection) -> None:
    released.execute("insert into staging.profile values ('ward-1', date '2016-05-01', 1500)")
    areas = {row["area_id"]: row for row in rows_of(released, "areas").rows(named=True)}
    assert {name: row["population"] for name, row in areas.items()} == {
        "city": None,
        "west": None,
        "ward-1": 1500,
        "ward-2": 2000,
        "ward-3": 3000,
        "ward:unallocated": None,
    }
    assert areas["ward-1"]["geometry"].startswith('{"type":"Polygon"')
    assert areas["city"]["geometry"] is areas["ward:unallocated"]["geometry"] is None


def test_facts_follow_pack_and_catalogue(tmp_path: Path) -> None:
    entries = load_catalogue()
    pack = write_pack(tmp_path / "one")
    facts = tables.release_facts(pack, entries, date(2016, 6, 30))
    assert set(documented()["release_info"]) <= {*facts, "release_id", "content_hash"}
    assert (facts["city"], facts["as_of"], facts["title_zh"]) == ("smallville", "2016-06-30", "小城")
    fewer = tables.release_facts(pack, entries[1:], date(2016, 6, 30))
    assert fewer["catalogue_hash"] != facts["catalogue_hash"]
    other = write_pack(tmp_path / "two", city_yml=changed("key: ward, value", "key:  ward, value"))
    assert tables.release_facts(other, entries, date(2016, 6, 30))["pack_hash"] != facts["pack_hash"]
