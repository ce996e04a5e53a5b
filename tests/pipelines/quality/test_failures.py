"""What a failed expectation is about: examples of every kind, and the declared ones."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from pipelines.quality.declarations import SUPPORTED, Expectation, Severity
from pipelines.quality.expectations import Verdict
from pipelines.quality.failures import Failure, find_failures, judged_columns
from pipelines.quality.suite import indicator_expectations, warehouse_expectations

QUERY = "UnexpectedRowsExpectation"
COLUMNS = ["source", "id", "low", "high", "word"]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("create schema facts; create schema staging; create schema indicators")
        con.execute("""
            create table facts.t as select * from (values
                ('a', 1, 10, 20, 'x'),
                ('b', 2, 30, 20, 'y'),
                ('c', 2, null, 20, null)
            ) as rows(source, id, low, high, word)
        """)
        con.execute("create table facts.other as select 'x' as word")
        con.execute("create table facts.nobodys as select 1 as low, null::varchar as source")
        con.execute("create table facts.sourceless as select null::integer as low")
        con.execute("""
            create table indicators.computed_values as
            select * from (values ('B2', 5, 4), ('K3', 3, 4)) as rows(indicator_id, value, lower)
        """)
        con.execute("create table staging.incident (source varchar, occurred_until timestamp, day date)")
        yield con


def expect(kind: str, table: str = "t", layer: str = "facts", **kwargs: Any) -> Expectation:
    return Expectation("it", layer, table, kwargs.get("column"), kind, kwargs)


def find(con: duckdb.DuckDBPyConnection, expectation: Expectation, exception: str | None = None) -> Failure:
    [failure] = find_failures(con, [_verdict(expectation, exception)], [expectation])
    assert failure.reason == f"gate_failed:{expectation.table}.it"
    return failure


def _verdict(
    expectation: Expectation, exception: str | None = None, severity: Severity = "error", success: bool = False
) -> Verdict:
    return Verdict("run", expectation.table, expectation.layer, "it", None, severity, success, None, None, exception)


@pytest.mark.parametrize(
    ("kind", "kwargs", "columns", "sources"),
    [
        ("ExpectColumnValuesToNotBeNull", {"column": "low"}, {"low"}, {"c"}),
        ("ExpectColumnValuesToBeNull", {"column": "low"}, {"low"}, {"a", "b"}),
        ("ExpectColumnValuesToBeInSet", {"column": "word", "value_set": ["x"]}, {"word"}, {"b"}),
        ("ExpectColumnValuesToBeInSet", {"column": "id", "value_set": [1]}, {"id"}, {"b", "c"}),
        ("ExpectColumnValuesToNotBeInSet", {"column": "word", "value_set": ["x"]}, {"word"}, {"a"}),
        ("ExpectColumnValuesToBeBetween", {"column": "low", "min_value": 11, "max_value": 90}, {"low"}, {"a"}),
        (
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "high", "column_B": "low"},
            {"low", "high"},
            {"b", "c"},
        ),
        ("ExpectColumnPairValuesToBeEqual", {"column_A": "id", "column_B": "low"}, {"id", "low"}, {"a", "b", "c"}),
        ("ExpectColumnValuesToBeUnique", {"column": "id"}, None, {"b", "c"}),
        ("ExpectCompoundColumnsToBeUnique", {"column_list": ["id", "high"]}, None, {"b", "c"}),
        # Judged as a whole: nobody knows whose rows are to blame.
        ("ExpectColumnSumToBeBetween", {"column": "low", "max_value": 3}, {"low"}, None),
        ("ExpectMulticolumnSumToEqual", {"column_list": ["low", "high"], "sum_total": 3}, {"low", "high"}, None),
        ("ExpectTableRowCountToBeBetween", {"min_value": 9}, None, None),
        ("ExpectColumnToExist", {"column": "low"}, None, None),
        # An argument that is not known here may say which rows are judged.
        ("ExpectColumnValuesToNotBeNull", {"column": "low", "row_condition": "id = 1"}, {"low"}, None),
        # A source that is wrong itself does not tell whose a row is.
        ("ExpectColumnValuesToBeInSet", {"column": "source", "value_set": ["a", "b"]}, {"source"}, None),
        # No row fails any more: who knows whose it was.
        ("ExpectColumnValuesToNotBeNull", {"column": "id"}, {"id"}, None),
    ],
)
def test_kinds(
    con: duckdb.DuckDBPyConnection, kind: str, kwargs: dict[str, Any], columns: Any, sources: set[str] | None
) -> None:
    found = find(con, expect(kind, **kwargs))
    assert (found.columns, found.sources, found.indicators) == (columns, sources, None)


@pytest.mark.parametrize(
    ("query", "columns", "sources"),
    [
        ("select * from {batch} where low > high", {"low", "high"}, {"b"}),
        ("select id from {batch} where low > high", {"low", "high"}, {"b"}),
        ("select t.* from {batch} as t cross join facts.other where low > high", {"low", "high"}, {"b"}),
        ("select t.id from {batch} as t join facts.other as o on t.word = o.word", {"word"}, {"a"}),
        ("select id from {batch} where word not in (select word from facts.other)", {"word"}, {"b"}),
        # Groups of rows, or the table against itself: the table as a whole, though the source may show.
        ("select source, id from {batch} group by source, id having sum(low) > 20", None, {"b"}),
        ("select id from {batch} group by id having count(*) > 1", None, None),
        ("select * from {batch} where low < (select max(low) from {batch})", None, {"a"}),
        ("select * from {batch} qualify row_number() over (order by id) > 2", None, {"c"}),
        ("select * from (select source, count(*) as n from {batch} group by source) where n < 1", None, None),
        ("select * from {batch}", None, {"a", "b", "c"}),
        ("select * from {batch} where word = '{{}}' or low = 10", {"word", "low"}, {"a"}),
        ("this is no query of {batch}", None, None),
    ],
)
def test_queries(con: duckdb.DuckDBPyConnection, query: str, columns: Any, sources: set[str] | None) -> None:
    found = find(con, expect(QUERY, unexpected_rows_query=query, description="it"))
    assert (found.columns, found.sources) == (columns, sources)


def test_a_query_that_is_a_test_of_a_column_is_about_that_column(con: duckdb.DuckDBPyConnection) -> None:
    query = "select word from {batch} where word is not null and word not in (select word from facts.other)"
    expectation = Expectation("it", "facts", "t", "word", QUERY, {"unexpected_rows_query": query})
    found = find(con, expectation)
    assert (found.columns, found.sources) == ({"word"}, {"b"})


def test_rows_of_nobody_may_be_anyones(con: duckdb.DuckDBPyConnection) -> None:
    assert find(con, expect("ExpectColumnValuesToBeNull", "nobodys", column="low")).sources is None
    assert find(con, expect("ExpectColumnValuesToNotBeNull", "sourceless", column="low")).sources is None


def test_what_could_not_be_judged_may_be_anyones(con: duckdb.DuckDBPyConnection) -> None:
    found = find(con, expect("ExpectColumnValuesToNotBeNull", column="low"), exception="no memory left")
    assert (found.columns, found.sources) == ({"low"}, None)
    absent = find(con, expect("ExpectColumnValuesToNotBeNull", "gone", column="low"), exception="no such table")
    assert (absent.columns, absent.sources) == ({"low"}, None)


def test_figures_are_told_apart_by_their_indicator(con: duckdb.DuckDBPyConnection) -> None:
    table = {"table": "computed_values", "layer": "indicators"}
    for query in ("value < lower", "indicator_id in ('K3', 'G2') and value < lower"):
        found = find(con, expect(QUERY, unexpected_rows_query=f"select * from {{batch}} where {query}", **table))
        assert (found.sources, found.indicators) == (None, {"K3"})


def test_a_time_that_is_wrong_is_wrong_in_all_its_forms(con: duckdb.DuckDBPyConnection) -> None:
    place = {"table": "incident", "layer": "staging"}
    until = find(con, expect("ExpectColumnValuesToNotBeNull", column="occurred_until", **place))
    assert until.columns == {"occurred_until", "occurred_until_local", "occurred_until_day"}
    day = find(con, expect("ExpectColumnValuesToNotBeNull", column="day", **place))
    assert day.columns == {"day", "occurred_at", "occurred_local", "occurred_day"}


def test_only_failures_of_severity_error_count(con: duckdb.DuckDBPyConnection) -> None:
    it = expect("ExpectColumnValuesToNotBeNull", column="low")
    verdicts = [_verdict(it, success=True), _verdict(it, severity="warn")]
    assert find_failures(con, verdicts, [it]) == []


def test_what_is_declared_no_longer_is_about_all_of_its_table(con: duckdb.DuckDBPyConnection) -> None:
    it = expect("ExpectColumnValuesToNotBeNull", column="low")
    assert find_failures(con, [_verdict(it)], []) == [Failure("facts.t", "gate_failed:t.it")]


def test_most_declared_expectations_are_about_columns() -> None:
    """And every kind that is supported is either about columns, or known to be about the table."""
    project = load_project()
    columns = {t.relation: [c.name for c in t.columns] for t in (*project.sources, *project.models)}
    declared = [*warehouse_expectations(project), *indicator_expectations(load_catalogue())]
    whole = {
        (each.table, each.name)
        for each in declared
        if judged_columns(each, columns.get(f"{each.layer}.{each.table}", [])) is None
        and each.layer not in ("indicators",)
        and each.severity == "error"  # only these hold anything back
        and "unique" not in each.name
    }
    assert {name for _, name in whole} == {
        *("as_many_as_received", "each_line_once", "every_row_with_its_reasons", "expect_table_row_count_to_equal"),
        *("one_root", "the_weights_of_an_incident_add_up_to_one_record"),
    }
    assert {each.kind for each in declared} <= SUPPORTED
