"""Every model on both engines, from the same rows: Spark gives what DuckDB gives, row for row and type for type."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_like_sql.project import Project
from dbt_like_sql.run import run_model
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
        assert bool(rows) == (case != "empty tables" or relation == "models.built"), f"{relation} has {len(rows)} rows"
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
