"""What a figure comes from: sources and the days they count by, batches by month, and the checks that judge it."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from indicators.disclosure import Disclosure
from pipelines.publishing import provenance, tables
from pipelines.publishing.protecting import protected
from tests.pipelines import small_pack
from tests.pipelines.small_pack import call, changed, load, text_of, write_pack

pytestmark = pytest.mark.slow

ENTRIES = load_catalogue()
KINDS = pl.DataFrame(
    [("calls", "incident"), ("rounds", "patrol"), ("hotline", "service"), ("people", "profile"), ("votes", "survey")],
    schema=("source", "kind"),
    orient="row",
)


def sources(*resting_on: tuple[str, str, str]) -> list[tuple[object, ...]]:
    frame = pl.DataFrame(resting_on, schema=("indicator_id", "source", "part"), orient="row")
    return provenance.indicator_sources(ENTRIES, frame, KINDS).rows()


@pytest.mark.parametrize(
    ("indicator", "source", "counted_by", "months_before"),
    [
        ("B1", "calls", "possible_day", 0),
        ("G1", "hotline", "due_day", 0),
        ("G2_median_days", "hotline", "day", 0),
        # Complaints per 1 000 incidents: each of its two measures by its own days.
        ("R2", "hotline", "day", 0),
        ("R2", "calls", "possible_day", 0),
        ("B6", "rounds", "day", 0),
        ("B6", "calls", "day", 12),
        ("B6_accuracy", "calls", "day", 12),
        ("T4", "rounds", "day", 0),
        ("T1", "people", "day", None),
        ("S1", "votes", "day", 0),
        ("F5", "hotline", "day", 0),
    ],
)
def test_records_count_by_the_day_that_the_measure_is_of(
    indicator: str, source: str, counted_by: str, months_before: int | None
) -> None:
    assert sources((indicator, source, "feeding")) == [(indicator, source, "feeding", counted_by, months_before)]


def test_a_source_that_feeds_is_not_told_as_possible_besides() -> None:
    told = sources(
        ("B1", "calls", "feeding"),
        ("B1", "calls", "possible"),
        ("B1", "rounds", "possible"),
        ("B1", "people", "residents"),
        ("G1", "calls", "possible"),
    )
    assert [row[:3] for row in told] == [
        ("B1", "calls", "feeding"),
        ("B1", "people", "residents"),
        ("B1", "rounds", "possible"),
        ("G1", "calls", "possible"),
    ]


def months(con: duckdb.DuckDBPyConnection, disclosure: Disclosure | None = None) -> list[tuple[object, ...]]:
    query = provenance.batch_months()
    if disclosure is not None:
        query = protected({"batch_months": query}, disclosure)["batch_months"]
    return con.execute(f"select counted_by, month, records, refused from ({query}) order by all").fetchall()


def test_batches_are_counted_by_month_and_by_each_of_their_days(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("1", "2016-02-28 10:00", until="2016-03-02 09:00"),
        call("2", "2016-03-05 10:00"),
        call("3", "2016-03-06 10:00", area="nowhere"),
        call("4", "never"),
    ]
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
    february, march = date(2016, 2, 1), date(2016, 3, 1)
    assert months(con) == [
        ("day", february, 1, 0),
        ("day", march, 1, 1),
        ("possible_day", february, 1, 0),
        ("possible_day", march, 2, 1),
    ]
    # Where counts are protected, only that there are records is told.
    assert months(con, Disclosure("hes")) == [(*row[:2], None, None) for row in months(con)]


def test_the_months_of_all_batches_add_up_to_what_the_ledger_has_in_the_figures(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for given in ([call("1"), call("2"), call("3")], [call("1"), call("2", "2016-04-01 10:00"), call("5"), call("5")]):
        load(con, write_pack(tmp_path, {"calls.csv": text_of(given)}))
    con.execute(f"create temp table told as {tables.QUERIES['batch_months']}")
    con.execute(f"create temp table book as {tables.QUERIES['ledger']}")
    added = "select source, sum(records) from told where counted_by = 'day' group by source"
    kept = "select source, sum(accepted - replaced - deleted) from book group by source"
    assert con.execute(added).fetchall() == con.execute(kept).fetchall() == [("calls", 3)]
    by_batch = con.execute(
        "select accepted, sum(records) from told join book using (source, batch_id) where counted_by = 'day' "
        "and is_current group by all"
    ).fetchall()
    assert by_batch == [(3, 3)]


@pytest.mark.parametrize("text", [small_pack.CITY_YML, None])
def test_no_path_of_this_machine_is_told(con: duckdb.DuckDBPyConnection, tmp_path: Path, text: str | None) -> None:
    outside = tmp_path / "elsewhere" / "calls.csv"
    outside.parent.mkdir()
    outside.write_text(text_of([call("1")]), encoding="utf-8")
    text = text or changed("files: [calls.csv]", f"files: ['{outside}']")
    load(con, write_pack(tmp_path / "pack", {"calls.csv": text_of([call("1")])}, text))
    [(file,)] = con.execute(f"select file from ({tables.QUERIES['ledger']})").fetchall()
    assert file == "calls.csv"


def test_checks_are_those_that_would_hold_an_indicator_back(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load(con, write_pack(tmp_path))
    found = provenance.indicator_checks(con, load_project(), ENTRIES)
    judged = {
        (indicator, f"{layer}.{table}", check)
        for indicator, layer, table, check in found.iter_rows()
        if indicator in ("B2", "patrol_minutes", "T1")
    }
    duration = ("staging.patrol", "expect_column_values_to_be_between_duration_seconds")
    assert ("patrol_minutes", *duration) in judged
    assert not {(other, *duration) for other in ("B2", "T1")} & judged
    assert {table for indicator, table, _ in judged if indicator == "B2"} >= {"staging.incident", "staging.area"}
    assert "staging.service" not in {table for indicator, table, _ in judged if indicator == "B2"}
    # What no entry computes has no figure that could be judged.
    assert set(found["indicator_id"]) == {entry.id for entry in ENTRIES if entry.is_computed}
