"""Every model on both engines, from the same rows: Spark gives what DuckDB gives, row for row and type for type."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_like_sql.project import Project
from dbt_like_sql.run import ColumnMismatchError, ModelError, run_model
from dbt_like_sql.spark.models import on_spark
from tests.dbt_like_sql.generated_rows import rows_of
from tests.dbt_like_sql.two_warehouses import change, compare, relations

pytestmark = pytest.mark.spark


@pytest.mark.parametrize("case", ["rows of every kind", "empty tables"])
def test_spark_makes_what_duckdb_makes(
    case: str, project: Project, spark_project: Project, spark_session: Any, new_warehouse: Any, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours.duckdb", tmp_path / "theirs.duckdb"
    warehouse = new_warehouse(ours)
    if case != "empty tables":
        for table in project.sources:
            warehouse.insert_rows(table.name, rows_of(project, table, seed=11))
    warehouse.con.execute("checkpoint")
    shutil.copyfile(ours, theirs)
    warehouse.build()
    warehouse.con.close()

    exchange = tmp_path / "ex change 交换"
    with duckdb.connect(str(theirs)) as con, on_spark(lambda: spark_session, spark_project, exchange) as spark:
        for model in project.models:
            assert run_model(con, model, None, spark).is_whole
    assert list(exchange.iterdir()) == []
    compare(ours, theirs, project)
    for relation, (_, _, rows) in relations(theirs).items():
        is_filled = case != "empty tables" or relation.startswith("models.")  # our runner's own lists
        assert bool(rows) == is_filled, f"{relation} has {len(rows)} rows"
    if case == "empty tables":
        return

    # Once more, where both make the affected days alone.
    for database in (ours, theirs):
        change(database)
    in_part = {model.name for model in project.models if model.increment is not None}
    with duckdb.connect(str(ours)) as con:
        assert (
            {model.name for model in project.models if not run_model(con, model, load=1).is_whole} == in_part != set()
        )
    with duckdb.connect(str(theirs)) as con, on_spark(lambda: spark_session, spark_project, exchange) as spark:
        done = {model.name: run_model(con, model, 1, spark) for model in project.models}
    assert {name for name, run in done.items() if not run.is_whole} == in_part
    assert any(0 < done[name].rows_made < done[name].row_count for name in in_part)
    compare(ours, theirs, project)


def with_query(project: Project, name: str, sql: str) -> Project:
    """Return the project with another query for one of its models."""
    models = tuple(replace(each, compiled_sql=sql) if each.name == name else each for each in project.models)
    return replace(project, models=models)


@pytest.mark.parametrize(
    ("replaced", "sql", "message"),
    [
        ("fct_patrol", "select 1 as source,\n  nope\nfrom `staging.stg_patrol`", r"line 2[,\s]"),
        ("fct_patrol", "select 1 as source\nfrom a b c", r"\[PARSE_SYNTAX_ERROR\](?s:.*)line 2"),
        ("fct_patrol", "select 1 / 0 as source", r"DIVIDE_BY_ZERO"),
        ("stg_patrol", "select nope from `staging.patrol`", r"staging.stg_patrol, which it reads: .*`nope`"),
    ],
)
def test_what_spark_refuses_is_told_with_model_and_line(
    replaced: str, sql: str, message: str, project: Project, spark_project: Project, spark_session: Any,
    warehouse: Any, tmp_path: Path,
) -> None:  # fmt: skip
    warehouse.build("fct_patrol")
    before = warehouse.rows("select * from models.built order by all")
    broken = with_query(spark_project, replaced, sql)
    with (
        on_spark(lambda: spark_session, broken, tmp_path) as spark,
        pytest.raises(ModelError, match=rf"facts.fct_patrol \(fct_patrol.sql\) .*on Spark: (?s:.*){message}") as told,
    ):
        run_model(warehouse.con, project.model("fct_patrol"), None, spark)
    assert "at org.apache" not in str(told.value)
    assert warehouse.rows("select * from models.built order by all") == before
    assert list(tmp_path.iterdir()) == []


def test_other_columns_than_documented_are_refused_and_the_table_stays(
    project: Project, spark_project: Project, spark_session: Any, warehouse: Any, tmp_path: Path
) -> None:
    warehouse.insert("patrol", source="p")
    warehouse.build("fct_patrol")
    sql = f"select *, 1 as more from ({spark_project.model('fct_patrol').compiled_sql})"
    with (
        on_spark(lambda: spark_session, with_query(spark_project, "fct_patrol", sql), tmp_path) as spark,
        pytest.raises(ColumnMismatchError, match="`more` is in the query but not documented"),
    ):
        run_model(warehouse.con, project.model("fct_patrol"), None, spark)
    assert warehouse.rows("select source from facts.fct_patrol") == [("p",)]


def test_another_engine_makes_a_table_whole(
    project: Project, spark_project: Project, spark_session: Any, warehouse: Any, tmp_path: Path
) -> None:
    model = project.model("fct_patrol")
    warehouse.build(*model.depends_on)
    with on_spark(lambda: spark_session, spark_project, tmp_path) as spark:
        engines = (None, None, spark, spark, None, None)
        made = [run_model(warehouse.con, model, 1, engine).is_whole for engine in engines]
    assert made == [True, False] * 3
