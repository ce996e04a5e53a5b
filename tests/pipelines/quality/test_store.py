"""The memory of verdicts: the newest of each table, those of every date, and since when a failure lasts."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality import store
from pipelines.quality.expectations import Verdict

pytestmark = pytest.mark.slow

DAYS = [date(2025, 11, day) for day in range(1, 7)]


def verdict(run: str, table: str, name: str, success: bool) -> Verdict:
    failed = None if success else 2
    return Verdict(run, table, "facts", name, "i", "error", success, "3", failed, None, "min_value 4")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema quality")
        yield opened


def since(con: duckdb.DuckDBPyConnection) -> dict[str, date]:
    """Return the date since which each expectation of table a fails."""
    return dict(con.execute(f"select expectation, failing_since from ({store.FAILING_SINCE})").fetchall())


def test_the_newest_verdicts_of_a_table_come_after_its_older_ones_only(con: duckdb.DuckDBPyConnection) -> None:
    assert store.recall(con) == []
    first = [verdict("1", "a", "x", True), verdict("1", "a", "dropped", False), verdict("1", "b", "x", True)]
    store.remember(con, first, DAYS[0])
    store.remember(con, [], DAYS[0])
    newest = [verdict("2", "a", "x", False)]
    store.remember(con, newest, DAYS[1])
    assert store.recall(con) == [*newest, verdict("1", "b", "x", True)]
    kept = con.execute("select as_of, run_id, table_name, expectation from quality.expectation_history").fetchall()
    assert sorted(kept) == [
        (DAYS[0], "1", "a", "dropped"),
        (DAYS[0], "1", "a", "x"),
        (DAYS[0], "1", "b", "x"),
        (DAYS[1], "2", "a", "x"),
    ]


def test_of_several_runs_of_a_date_the_last_one_counts(con: duckdb.DuckDBPyConnection) -> None:
    for run, success in (("1", False), ("2", True)):
        store.remember(con, [verdict(run, "a", "x", success)], DAYS[0])
    assert con.execute(f"select run_id from ({store.BY_DATE})").fetchall() == [("2",)]
    assert since(con) == {}
    assert con.execute("select count(*) from quality.expectation_history").fetchone() == (2,)


@given(st.lists(st.tuples(st.sampled_from(DAYS), st.booleans()), min_size=1, max_size=8))
def test_a_failure_goes_back_to_the_date_after_the_last_on_which_it_held(runs: list[tuple[date, bool]]) -> None:
    with duckdb.connect() as con:
        con.execute("create schema quality")
        for as_of, success in runs:
            store.remember(con, [verdict("r", "a", "x", success), verdict("r", "a", "y", True)], as_of)
        last = dict(runs)
        failing = [day for day in sorted(last) if not last[day]]
        lasting = [day for day in failing if all(not last[later] for later in last if later >= day)]
        assert since(con) == ({"x": lasting[0]} if lasting else {})
