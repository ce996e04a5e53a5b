"""Building a model: columns as documented, replaced whole or left as it was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_like_sql.declarations import Column
from dbt_like_sql.project import Model, Project
from dbt_like_sql.run import ColumnMismatchError, ModelError, run_model


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    yield connection
    connection.close()


@pytest.fixture
def model(project: Project) -> Model:
    """A model of two columns, `n` and `word`, with two rows."""
    return replace(
        project.model("fct_patrol"),
        name="small",
        columns=(Column("word", "A word", "varchar"), Column("n", "A number", "integer")),
        compiled_sql="select * from (values (1, 'a'), (2, 'b')) as t (n, word)",
        path=Path("models/facts/small.sql"),
    )


@pytest.mark.slow
def test_every_model_has_the_columns_that_it_documents(warehouse: Any) -> None:
    warehouse.build()
    built = warehouse.rows("select table_schema, table_name from information_schema.tables")
    for model in warehouse.project.models:
        assert (model.schema, model.name) in built


def test_run_tells_rows_and_seconds(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    run = run_model(con, model)
    assert run.row_count == 2
    assert 0 < run.seconds < 60
    assert con.sql("select * from facts.small order by n").fetchall() == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select 1 as n", "`word` is documented but not in the query"),
        ("select 1 as n, 'a' as word, 2 as more", "`more` is in the query but not documented"),
        ("select 1 as n, 2 as word", "`word` is integer, documented as varchar"),
    ],
)
def test_columns_other_than_documented_are_refused(
    con: duckdb.DuckDBPyConnection, model: Model, sql: str, message: str
) -> None:
    run_model(con, model)
    with pytest.raises(ColumnMismatchError, match=message):
        run_model(con, replace(model, compiled_sql=sql))
    assert con.sql("select count(*) from facts.small").fetchone() == (2,)


@pytest.mark.parametrize(
    "sql", ["select n, word from nowhere", "select cast(x as integer) as n, x as word from (values ('1'), ('b')) t (x)"]
)
def test_failing_query_leaves_the_model_as_it_was(con: duckdb.DuckDBPyConnection, model: Model, sql: str) -> None:
    run_model(con, model)
    with pytest.raises(ModelError, match=r"facts\.small \(small\.sql\) could not be built"):
        run_model(con, replace(model, compiled_sql=sql))
    assert con.sql("select count(*) from facts.small").fetchone() == (2,)
    # The connection is usable, outside any transaction.
    con.begin()
    con.rollback()


def test_table_becomes_view_and_back(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    for materialized in ("table", "view", "table"):
        run_model(con, replace(model, materialized=materialized))
        found = con.sql("select table_type from information_schema.tables where table_name = 'small'").fetchall()
        assert found == [("VIEW" if materialized == "view" else "BASE TABLE",)]


def test_open_transaction_of_the_caller_is_refused(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    con.begin()
    with pytest.raises(ModelError, match="transaction"):
        run_model(con, model)
