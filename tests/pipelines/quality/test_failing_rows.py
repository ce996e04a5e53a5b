"""Keys of rows that break expectations: which are kept, for how long, and where they lead."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from pipelines.quality import failing_rows, store
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import judge

pytestmark = pytest.mark.slow

AS_OF = date(2026, 3, 1)
KEY = Expectation("key", "facts", "t", None, "ExpectCompoundColumnsToBeUnique", {"column_list": ["source", "id"]})


def expect(kind: str, name: str = "it", table: str = "t", **kwargs: Any) -> Expectation:
    return Expectation(name, "facts", table, kwargs.get("column"), kind, kwargs)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema facts; create schema quality; create schema ledger")
        opened.execute("create table ledger.delivery (batch_id varchar, file varchar, is_current boolean)")
        opened.execute("insert into ledger.delivery values ('b1', 'calls.csv', true), ('b1', 'old.csv', false)")
        opened.execute(
            "create table facts.t as select 'calls' as source, range as id, 'b1' as batch_id, range + 2 as line, "
            "range % 10 as low, 'secret ' || range as word from range(100)"
        )
        opened.execute("create table facts.keyless as select 'x' as area, 3 as low")
        yield opened


def kept(con: duckdb.DuckDBPyConnection, *expectations: Expectation) -> list[failing_rows.Sample]:
    verdicts = judge(con, expectations, "run")
    assert [each.exception for each in verdicts] == [None] * len(verdicts)
    store.remember(con, verdicts, AS_OF)
    failing_rows.keep(con, expectations, verdicts, [KEY, *expectations])
    return failing_rows.recall(con)


@pytest.mark.parametrize(
    "expectation",
    [
        expect("ExpectColumnValuesToBeBetween", column="low", max_value=8),
        expect("UnexpectedRowsExpectation", unexpected_rows_query="select * from {batch} where low > 8"),
        # Row by row, though the query names other columns: the key is read beside them.
        expect("UnexpectedRowsExpectation", unexpected_rows_query="select word from {batch} as t where t.low > 8"),
    ],
)
def test_a_row_is_told_by_its_key_and_by_where_it_came_from(
    con: duckdb.DuckDBPyConnection, expectation: Expectation
) -> None:
    (sample,) = kept(con, expectation)
    assert (sample.failed_count, sample.success, sample.as_of) == (10, False, AS_OF)
    assert sample.keys[0] == {"file": "calls.csv", "source": "calls", "id": 9, "line": 11}
    assert [key["id"] for key in sample.keys] == list(range(9, 100, 10))
    # Nothing else of the row: what was written into it is nobody's business here.
    assert "secret" not in str(con.execute("from quality.failing_row").fetchall())


def test_no_more_are_kept_than_a_sample_and_always_the_same(con: duckdb.DuckDBPyConnection) -> None:
    expectation = expect("ExpectColumnValuesToBeBetween", column="low", max_value=1)
    (sample,) = kept(con, expectation)
    assert (sample.failed_count, len(sample.keys)) == (80, failing_rows.MOST)
    con.execute("create or replace table facts.t as select * from facts.t order by hash(id)")
    assert kept(con, expectation) == [sample]


def test_tolerated_rows_are_kept_and_those_that_failed_come_first(con: duckdb.DuckDBPyConnection) -> None:
    tolerated = expect("ExpectColumnValuesToBeBetween", "a", column="low", max_value=8, mostly=0.9)
    failed = expect("ExpectColumnValuesToBeBetween", "b", column="low", max_value=8)
    found = kept(con, tolerated, failed)
    assert [(each.expectation, each.success, len(each.keys)) for each in found] == [("b", False, 10), ("a", True, 10)]


def test_a_sample_goes_when_its_expectation_holds(con: duckdb.DuckDBPyConnection) -> None:
    expectation = expect("ExpectColumnValuesToBeBetween", column="low", max_value=8)
    assert kept(con, expectation)
    con.execute("delete from facts.t where low = 9")
    assert kept(con, expectation) == []
    assert con.execute("from quality.failing_row").fetchall() == []


def test_repeated_keys_are_told(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("insert into facts.t select * replace (7 as line) from facts.t where id = 3")
    (sample,) = kept(con, KEY)
    assert [(key["id"], key["line"]) for key in sample.keys] == [(3, 5), (3, 7)]


def test_a_row_without_a_key_is_told_whole(con: duckdb.DuckDBPyConnection) -> None:
    (sample,) = kept(con, expect("ExpectColumnValuesToBeBetween", table="keyless", column="low", max_value=2))
    assert sample.keys == ({"area": "x", "low": 3},)
    groups = expect(
        "UnexpectedRowsExpectation",
        unexpected_rows_query="select source, sum(low) as total from {batch} group by source having total > 9",
    )
    assert {"source": "calls", "total": 450} in [key for each in kept(con, groups) for key in each.keys]


def test_what_is_no_matter_of_rows_has_none(con: duckdb.DuckDBPyConnection) -> None:
    of_all = (
        expect("ExpectColumnSumToBeBetween", "sum", column="low", max_value=3),
        expect("ExpectTableRowCountToBeBetween", "rows", min_value=101),
    )
    assert kept(con, *of_all) == []
    assert failing_rows.recall(duckdb.connect()) == []
