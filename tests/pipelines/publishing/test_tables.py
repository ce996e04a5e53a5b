"""A release holds the tables and columns that are documented, and nothing else."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from indicators.catalogue.reading import load_catalogue
from pipelines.publishing import tables
from tests.pipelines import small_pack
from tests.pipelines.deliveries import ROWS, calls, content, policy
from tests.pipelines.small_pack import call, changed, load, text_of, write_pack

pytestmark = pytest.mark.slow

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
        build_profiles(con)
        yield con


def build_profiles(con: duckdb.DuckDBPyConnection) -> None:
    project = load_project()
    for name in ("stg_population", "stg_profile", "fct_profile"):
        run_model(con, project.model(name))


def rows_of(con: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    return con.sql(tables.QUERIES[table]).pl()


def test_every_table_of_a_release_is_documented(tmp_path: Path) -> None:
    assert {*tables.release_queries(write_pack(tmp_path)), "release_info"} == set(documented())


@pytest.mark.parametrize(
    "table", ["areas", "batch_months", "ledger", "quarantine_summary", "source_finding", "source_drift"]
)
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
    # What each is defined by is joined by the release's query.
    joined = {"definition_hash", "settings_hash", "definition"}
    assert set(documented()["indicator_catalogue"]) - joined <= set(frame.columns)
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
    for table in ("ledger", "quarantine_summary", "source_finding", "source_drift"):
        assert "secret" not in str(rows_of(released, table).rows())


def test_the_ledger_is_released_whole(released: duckdb.DuckDBPyConnection) -> None:
    [line] = rows_of(released, "ledger").rows(named=True)
    assert (line["source"], line["file"]) == ("calls", "calls.csv")
    assert line["read"] == 8
    others = ("source", "batch_id", "read", "file", "loaded_at")
    assert {name: count for name, count in line.items() if name not in others and count} == {
        "is_current": True,
        "accepted": 1,
        "quarantined": 5,
        "superseded": 1,
        "deferred": 1,
    }


def test_lines_of_contents_that_were_replaced_stay_and_are_marked(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for rows in ([call("1"), call("2"), call("3", "never")], [call("1"), call("4"), call("5")]):
        load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
    before, now = sorted(rows_of(con, "ledger").rows(named=True), key=lambda line: line["is_current"])
    assert (before["is_current"], before["read"], before["accepted"], before["quarantined"]) == (False, 3, 2, 1)
    assert (now["is_current"], now["read"], now["accepted"], now["quarantined"]) == (True, 3, 3, 0)
    kept = sum(line["accepted"] - line["replaced"] - line["deleted"] for line in (before, now))
    assert kept == len(small_pack.staged(con, "incident_id")) == 3
    # What is said of quarantine and drift is said of the contents that hold now.
    assert rows_of(con, "quarantine_summary").is_empty()


def test_drift_of_what_is_current_is_released(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = policy("date_format", "quarantine")
    load(con, write_pack(tmp_path, {"calls.csv": content(calls())}, text))
    assert rows_of(con, "source_drift").is_empty()
    slashes = calls(100, change=lambda at, row: {"start": row["start"].replace("-", "/")})
    load(con, write_pack(tmp_path, {"calls.csv": content(slashes)}, text))
    [drift] = rows_of(con, "source_drift").rows(named=True)
    assert drift.pop("suggestion").startswith("column start is written as '%Y/%m/%d %H:%M' now")
    assert drift == {
        "source": "calls",
        "file": "calls.csv",
        "what": "date_format",
        "column_name": "start",
        "field": "occurred_at",
        "rows": ROWS,
        "share_ppm": 1_000_000,
        "policy": "quarantine",
    }
    load(con, write_pack(tmp_path, {"calls.csv": content(calls(200))}, text))
    assert rows_of(con, "source_drift").is_empty()


def test_areas_come_with_the_residents_that_hold_last(released: duckdb.DuckDBPyConnection) -> None:
    released.execute("insert into staging.population values ('ward-1', date '2016-05-01', 1500)")
    # A later profile that does not say the residents leaves those that are known.
    released.execute(
        "insert into staging.profile by name "
        "select 'ward' as geography, 'ward-1' as area_id, date '2016-06-01' as day, 5 as officers"
    )
    build_profiles(released)
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
