"""Great Expectations inside a real DuckDB. Importing it takes seconds, so nearly all of this is slow."""

import datetime as dt
import resource
import socket
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

from dbt_like_sql.lineage import bundled_lineage
from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from indicators.catalogue.reading import load_catalogue
from pipelines.loading import context
from pipelines.quality import dialect
from pipelines.quality.declarations import SUPPORTED, Expectation
from pipelines.quality.expectations import RESULT_SCHEMA, Verdict, judge, results_frame
from pipelines.quality.failures import find_failures
from pipelines.quality.gates import affected_indicators
from pipelines.quality.resting import resting
from pipelines.quality.suite import warehouse_expectations
from pipelines.warehouse import SCHEMAS
from tests.pace import pace


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema facts; create schema staging")
    con.execute("""
        create table facts.t as select * from (values
            (1, 'a', 'k1', 10, 20, date '2016-01-01', 0.5, null::varchar),
            (2, 'b', 'k1', 20, 20, date '2016-06-30', 1.5, null),
            (3, 'a', 'k2', 30, 25, date '2016-12-31', null, null)
        ) as rows(id, word, key, low, high, day, share, nothing)
    """)
    con.execute("create table staging.t as select 7 as other")
    con.execute("create table main.t as select 8 as main_column; create table main.elsewhere as select 1 as id")
    con.execute("create table facts.empty as select * from facts.t where false")
    con.execute("create view facts.seen as select * from facts.t")
    return con


def expect(kind: str, table: str = "t", layer: str = "facts", **kwargs: Any) -> Expectation:
    return Expectation("it", layer, table, kwargs.get("column"), kind, kwargs)


def query(sql: str, **place: str) -> Expectation:
    return expect("UnexpectedRowsExpectation", unexpected_rows_query=sql, **place)


def judge_one(con: duckdb.DuckDBPyConnection, expectation: Expectation) -> Verdict:
    (verdict,) = judge(con, [expectation], "run")
    return verdict


# Kind → arguments that hold, arguments that do not, rows that break it (None where rows are not what is judged).
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], int | None]] = {
    "ExpectColumnMaxToBeBetween": ({"column": "low", "max_value": 30}, {"column": "low", "max_value": 29}, None),
    "ExpectColumnMeanToBeBetween": (
        {"column": "low", "min_value": 20, "max_value": 20},
        {"column": "low", "max_value": 19},
        None,
    ),
    "ExpectColumnMinToBeBetween": ({"column": "low", "min_value": 10}, {"column": "low", "min_value": 11}, None),
    "ExpectColumnPairValuesAToBeGreaterThanB": (
        {"column_A": "high", "column_B": "id"},
        {"column_A": "high", "column_B": "low", "or_equal": True},
        1,
    ),
    "ExpectColumnPairValuesToBeEqual": (
        {"column_A": "low", "column_B": "low"},
        {"column_A": "low", "column_B": "high"},
        2,
    ),
    "ExpectColumnProportionOfNonNullValuesToBeBetween": (
        {"column": "share", "min_value": 0.6},
        {"column": "share", "min_value": 0.7},
        None,
    ),
    "ExpectColumnProportionOfUniqueValuesToBeBetween": (
        {"column": "word", "max_value": 0.7},
        {"column": "word", "min_value": 0.7},
        None,
    ),
    "ExpectColumnSumToBeBetween": ({"column": "low", "min_value": 60}, {"column": "low", "min_value": 61}, None),
    "ExpectColumnToExist": ({"column": "low"}, {"column": "lower"}, None),
    "ExpectColumnUniqueValueCountToBeBetween": (
        {"column": "word", "max_value": 2},
        {"column": "word", "min_value": 3},
        None,
    ),
    "ExpectColumnValueLengthsToBeBetween": (
        {"column": "key", "min_value": 2, "max_value": 2},
        {"column": "key", "min_value": 3},
        3,
    ),
    "ExpectColumnValuesToBeBetween": (
        {"column": "day", "min_value": dt.date(2016, 1, 1)},
        {"column": "day", "min_value": dt.date(2016, 1, 2), "max_value": "2016-12-30"},
        2,
    ),
    "ExpectColumnValuesToBeInSet": (
        {"column": "word", "value_set": ["a", "b"]},
        {"column": "word", "value_set": ["a"]},
        1,
    ),
    "ExpectColumnValuesToBeNull": ({"column": "nothing"}, {"column": "share"}, 2),
    "ExpectColumnValuesToBeUnique": ({"column": "id"}, {"column": "word"}, 2),
    "ExpectColumnValuesToNotBeInSet": (
        {"column": "word", "value_set": ["c"]},
        {"column": "word", "value_set": ["b", "c"]},
        1,
    ),
    "ExpectColumnValuesToNotBeNull": ({"column": "id"}, {"column": "share"}, 1),
    "ExpectCompoundColumnsToBeUnique": (
        {"column_list": ["word", "key"]},
        {"column_list": ["high", "key"]},
        2,
    ),
    "ExpectMulticolumnSumToEqual": (
        {"column_list": ["id", "low"], "sum_total": 11},
        {"column_list": ["low", "high"], "sum_total": 30},
        2,
    ),
    "ExpectTableColumnsToMatchSet": (
        {"column_set": ["id", "word", "key", "low", "high", "day", "share", "nothing"]},
        {"column_set": ["id", "main_column"]},
        None,
    ),
    "ExpectTableRowCountToBeBetween": ({"min_value": 3, "max_value": 3}, {"min_value": 4}, None),
    "ExpectTableRowCountToEqual": ({"value": 3}, {"value": 4}, None),
    "UnexpectedRowsExpectation": (
        {"unexpected_rows_query": "select * from {batch} where low > 30"},
        {"unexpected_rows_query": "select * from {batch} where low > 10"},
        2,
    ),
}


def test_every_supported_kind_is_tried_here() -> None:
    assert set(KINDS) == SUPPORTED


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_passes_and_fails(con: duckdb.DuckDBPyConnection, kind: str) -> None:
    holds, breaks, failed_rows = KINDS[kind]
    table = "one" if kind == "ExpectMulticolumnSumToEqual" else "t"
    con.execute("create or replace table facts.one as select * from facts.t where id = 1")
    passed, failed = judge(con, [expect(kind, table, **holds), expect(kind, **breaks)], "run")
    assert (passed.success, passed.exception) == (True, None)
    assert (failed.success, failed.exception) == (False, None)
    assert failed.failed_count == failed_rows
    assert passed.failed_count == (None if failed_rows is None else 0)


@pytest.mark.slow
def test_one_run_over_layers_missing_tables_and_errors(con: duckdb.DuckDBPyConnection) -> None:
    """The one test of this file in the quick set."""
    verdicts = judge(
        con,
        [
            expect("ExpectColumnMaxToBeBetween", "t", "staging", column="other", max_value=7),
            expect("ExpectColumnMaxToBeBetween", column="low", max_value=29),
            expect("ExpectTableRowCountToEqual", "elsewhere", value=1),
            query("select unknown_column from {batch}"),
            expect("ExpectColumnValuesToNotBeNull", column="unknown"),
            expect("ExpectColumnMeanToBeBetween", column="low", min_value="many"),
            expect("ExpectColumnValuesToNotBeNull", "seen", column="id"),
            expect("ExpectTableRowCountToEqual", "t", "no_layer", value=1),
        ],
        "run 1",
    )
    assert [v.success for v in verdicts] == [True, False, False, False, False, False, True, False]
    assert [v.exception is None for v in verdicts] == [True, True, False, False, False, False, True, False]
    assert verdicts[1].observed == "30"
    assert verdicts[2].exception == "facts.elsewhere does not exist, or is not committed"
    assert "unknown_column" in str(verdicts[3].exception)
    assert verdicts[7].exception == "no_layer.t does not exist, or is not committed"
    assert all(v.closes_gate for v in verdicts[1:6])
    assert {v.run_id for v in verdicts} == {"run 1"}
    frame = results_frame(verdicts)
    assert frame.schema == RESULT_SCHEMA
    assert frame["table_name"].to_list() == ["t", "t", "elsewhere", "t", "t", "t", "seen", "t"]
    assert results_frame([]).schema == RESULT_SCHEMA


@pytest.mark.slow
def test_queries_may_alias_repeat_and_quote(con: duckdb.DuckDBPyConnection) -> None:
    judged = judge(
        con,
        [
            query("select * from {batch} as a join {batch} as b on a.id = b.id + 1"),
            query("select * from {batch} where word || ':unallocated' = 'a:unallocated' and low::int = 10"),
            query("with few as (select * from {batch} where id < 3) select * from few; "),
            query("select word from {batch} group by word having count(*) > 1 order by word"),
            query("select * from {batch} cross join staging.t where other <> 7"),
        ],
        "run",
    )
    assert [(v.failed_count, v.exception) for v in judged] == [(2, None), (1, None), (2, None), (1, None), (0, None)]


@pytest.mark.slow
def test_a_share_of_rows_may_be_tolerated_and_is_counted_all_the_same(con: duckdb.DuckDBPyConnection) -> None:
    """Of the three rows of the table, or of as many as another query says."""
    one, few = "select * from {batch} where low > 20", "select 4 - 1"

    def tolerating(mostly: float, out_of: str | None = None) -> Expectation:
        return expect("UnexpectedRowsExpectation", unexpected_rows_query=one, mostly=mostly, out_of=out_of)

    judged = judge(
        con,
        [
            tolerating(0.66),
            tolerating(0.67),
            tolerating(0.75, "select 4 where 'a:b' = 'a:b'"),
            tolerating(0.75, few),
            tolerating(0.75, "select sum(low) from facts.empty"),
            tolerating(0.75, "select nonsense"),
            expect("ExpectColumnValuesToNotBeNull", column="share", mostly=0.6),
        ],
        "run",
    )
    assert [v.success for v in judged] == [True, False, True, False, False, False, True]
    assert [v.failed_count for v in judged] == [1, 1, 1, 1, 1, None, 1]
    assert [v.exception is None for v in judged] == [True, True, True, True, True, False, True]
    assert judged[0].threshold == "mostly 0.66"


@pytest.mark.slow
def test_an_empty_table_breaks_no_expectation_about_rows(con: duckdb.DuckDBPyConnection) -> None:
    about_rows = [k for k, (_, _, failed) in KINDS.items() if failed is not None]
    judged = judge(con, [expect(kind, "empty", **KINDS[kind][1]) for kind in about_rows], "run")
    assert {(v.success, v.failed_count, v.exception) for v in judged} == {(True, 0, None)}


@pytest.mark.slow
def test_an_open_transaction_survives(tmp_path: Path) -> None:
    con = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    con.execute("create schema facts; create table facts.t as select 1 as i")
    con.execute("begin")
    con.execute("insert into facts.t values (2)")
    con.execute("create table facts.candidate as select 1 as i")
    seen, unseen = judge(
        con,
        [
            expect("ExpectTableRowCountToEqual", value=1),
            expect("ExpectTableRowCountToEqual", "candidate", value=1),
        ],
        "run",
    )
    assert seen.success
    assert "not committed" in str(unseen.exception)
    con.execute("commit")
    assert con.execute("select count(*) from facts.t").fetchall() == [(2,)]
    con.close()
    duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True).close()  # no cursor was left open


@pytest.mark.slow
def test_two_million_rows_are_judged_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[int] = []

    class Counting(FullyBufferedCursorFetchStrategy):
        def __init__(self, cursor: Any, initial_buffer: list[Any]) -> None:
            fetched.append(len(initial_buffer))
            super().__init__(cursor, initial_buffer=initial_buffer)

    monkeypatch.setattr(dialect, "FullyBufferedCursorFetchStrategy", Counting)
    con = duckdb.connect(str(tmp_path / "big.duckdb"), config={"memory_limit": "400MB", "threads": 2})
    con.execute("create schema facts")
    con.execute("""
        create table facts.t as
        select i as id, i % 7 as k, 'word ' || i % 1000 as word, repeat('x', 50) as padding
        from range(2000000) r(i)
    """)
    expectations = [
        expect("ExpectColumnValuesToNotBeNull", column="id"),
        expect("ExpectColumnValuesToBeBetween", column="k", min_value=0, max_value=6),
        expect("ExpectColumnValuesToBeBetween", column="id", min_value=-2, max_value=-1),  # all rows break it
        expect("ExpectColumnValuesToBeInSet", column="k", value_set=[0, 1, 2]),
        expect("ExpectTableRowCountToEqual", value=2_000_000),
        query("select * from {batch}"),  # all rows again
        query("select * from {batch} as t where t.word || t.padding like '%word 5%'"),
    ]
    judge(con, expectations[:1], "warm")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    counts = [verdict.failed_count for verdict in judge(con, expectations, "run")]
    seconds = time.perf_counter() - start
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert counts == [0, 0, 2_000_000, 1_142_856, None, 2_000_000, 222_000]
    assert max(fetched) <= 1
    assert seconds < 10 * pace()
    # Fetched as Python objects, two million rows would take more than this several times over.
    assert grown_mb < 250


@pytest.mark.slow
def test_nothing_is_sent_written_or_logged(
    con: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.chdir(tmp_path)
    assert judge_one(con, expect("ExpectColumnValuesToNotBeNull", column="id")).success
    assert judge_one(con, query("select nonsense from {batch}")).exception
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


@pytest.fixture
def empty_warehouse() -> duckdb.DuckDBPyConnection:
    project, con = load_project(), duckdb.connect()
    for schema in SCHEMAS:
        con.execute(f"create schema {schema}")
    context.ensure_tables(con)
    con.execute("create table staging.area_shape (area_id varchar, title_en varchar, title_zh varchar)")
    for source in project.sources:
        columns = ", ".join(f"{column.name} {column.data_type}" for column in source.columns)
        con.execute(f"create table if not exists {source.schema}.{source.name} ({columns})")
    con.execute("insert into staging.run_window values (date '2016-12-31')")
    for model in project.models:
        run_model(con, model)
    return con


@pytest.mark.slow
def test_the_warehouse_as_declared_is_judged_quickly(empty_warehouse: duckdb.DuckDBPyConnection) -> None:
    """All declared expectations, on empty tables: what is left is the overhead of the run."""
    expectations = warehouse_expectations(load_project())
    start = time.perf_counter()
    verdicts = judge(empty_warehouse, expectations, "run")
    seconds = time.perf_counter() - start
    assert [(v.table_name, v.expectation, v.exception) for v in verdicts if not v.success] == []
    assert seconds / len(verdicts) < 0.15 * pace()


@pytest.mark.slow
def test_a_wrong_record_holds_back_the_figures_that_rest_on_it_alone(
    empty_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """From a record in staging to the indicators, by the declared models and catalogue."""
    project = load_project()
    empty_warehouse.execute(
        "insert into staging.patrol by name select 's' as source, '1' as patrol_id, 'b' as batch_id, 'p' as geography,"
        " 2 as line, date '2016-01-01' as day, day as known_day, day as settled_day,"
        " timestamp '2016-01-01' as started_at,"
        " started_at as started_local, day as started_day, 'second' as time_precision,"
        " 1 as required_cells, 1 as filled_cells, -60 as duration_seconds"
    )
    empty_warehouse.execute(
        "insert into staging.receipt by name select 's' as source, 'patrol' as kind, 'p' as geography,"
        " 'accepted' as status, false as is_blank, 1 as row_count"
    )
    staging = [e for e in warehouse_expectations(project) if e.layer == "staging" and not e.table.startswith("stg_")]
    verdicts = judge(empty_warehouse, staging, "run")
    [failure] = find_failures(empty_warehouse, verdicts, staging)
    assert failure.reason == "gate_failed:patrol.expect_column_values_to_be_between_duration_seconds"
    assert (failure.columns, failure.sources) == ({"duration_seconds"}, {"s"})
    rests = resting(project, bundled_lineage(), load_catalogue())
    assert set(affected_indicators(rests, {}, [failure])) == {"patrol_minutes", "L4", "B6", "T4"}
