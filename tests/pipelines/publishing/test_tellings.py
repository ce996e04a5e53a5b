"""What was told is kept in the warehouse, period by period, once for each time that it was told otherwise."""

from collections.abc import Iterator
from datetime import date

import duckdb
import polars as pl
import pytest

from indicators.tellings import SCHEMA
from pipelines.publishing import tellings

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema ledger; create schema indicators")
        yield opened


def note(con: duckdb.DuckDBPyConnection, profile: str = "hes", **counts: int) -> int:
    """Note that a count of each month was told, `january` and `february`."""
    months = {"january": JANUARY, "february": FEBRUARY}
    rows = [
        ("X", "numerator", "month", months[name], "a", each, each, each, each, False) for name, each in counts.items()
    ]
    con.register("rows", pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    con.execute(f"create or replace table indicators.{tellings.CANDIDATE} as from rows")
    return tellings.note(con, profile)


def told(con: duckdb.DuckDBPyConnection, profile: str = "hes") -> list[tuple[date, int, int]]:
    rows = tellings.recall(con, profile).earlier
    return rows.select("period_start", "telling", "count").sort("period_start", "telling").rows()


def test_each_period_is_kept_once_for_each_time_that_it_is_told_otherwise(con: duckdb.DuckDBPyConnection) -> None:
    assert tellings.recall(con, "hes").earlier.is_empty()
    assert note(con, january=20, february=30) == 2
    assert note(con, january=20, february=30) == 0
    assert note(con, january=20, february=31) == 1
    assert note(con, january=20, february=30) == 0
    assert told(con) == [(JANUARY, 1, 20), (FEBRUARY, 1, 30), (FEBRUARY, 2, 31)]


def test_another_profile_has_a_memory_of_its_own(con: duckdb.DuckDBPyConnection) -> None:
    assert note(con, january=20) == 1
    assert note(con, "acro", january=20) == 1
    assert told(con) == told(con, "acro") == [(JANUARY, 1, 20)]
    assert told(con, "census") == []
