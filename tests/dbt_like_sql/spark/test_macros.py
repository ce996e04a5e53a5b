"""Every macro on both engines, over the same rows: the same values and types; no macro is without a case."""

import functools
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import pytest
from jinja2 import nodes

from dbt_like_sql.dispatch import Engine
from dbt_like_sql.spark.exchange import Exchange, exchange, for_spark, reading
from dbt_like_sql.templates import Setting, Templates
from tests.dbt_like_sql.spark.macro_cases import CASES, HOOKS, OF_DBT, Case, tables

ROOT = Path(__file__).resolve().parents[3] / "dbt_like_sql"
FILES = sorted((ROOT / "macros").rglob("*.sql"))
TYPES = {
    "days": "earlier date, later date",
    "moments": "earlier timestamp, later timestamp",
    "steps": "day date, number bigint",
    "shares": "part bigint, total bigint",
    "durations": "seconds bigint",
    "powers": "number bigint",
    "fields": "source varchar, known_day date, subject varchar, minutes integer, lat double, "
    "started_at timestamp, ended_at timestamp",
    "records": "kind varchar, geography varchar, area_id varchar, number bigint, flag boolean",
    "affected": "kind varchar, day_of varchar, day date",
    "places": "lat double, lon double",
    "lists": "list varchar[]",
    "flags": "flags varchar[]",
}


@functools.cache
def templates(engine: Engine) -> Templates:
    return Templates(ROOT, FILES, {}, engine)


def rendered(case: Case, engine: Engine) -> str:
    def nothing(*_: str) -> str:
        raise AssertionError("a macro reads no model")

    setting = Setting(nothing, nothing, "this", case.is_incremental)
    return templates(engine).render_hook(FILES[0], case.query, 1, setting)


def test_every_macro_has_a_case() -> None:
    trees = [jinja2.Environment(autoescape=False).parse(path.read_text("utf-8")) for path in FILES]
    names = {macro.name for tree in trees for macro in tree.find_all(nodes.Macro)}
    called = {name.partition("__")[2] or name for name in names}
    assert called <= names, "a macro of an engine is there for no name that is dispatched"
    assert called == {case.macro for case in CASES} | HOOKS.keys() | OF_DBT, "write a case in macro_cases.py"
    for case in CASES:
        assert f"{case.macro}(" in case.query


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_hooks_are_statements_that_spark_is_never_given(engine: Engine) -> None:
    for macro, call in HOOKS.items():
        assert rendered(Case(macro, call, is_incremental=True), engine).startswith("delete from t where ")
        assert rendered(Case(macro, call), engine) == ""


@pytest.fixture(scope="module", params=["rows", "no rows"])
def given(request: pytest.FixtureRequest, spark_session: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The tables of the cases in both engines, on Spark by the way that models take."""
    with duckdb.connect() as con, exchange(tmp_path_factory.mktemp("exchange")) as exchanged:
        for table, rows in tables().items():
            con.execute(f"create table {table} ({TYPES[table]})")
            if request.param == "rows":
                con.register("rows", pa.Table.from_pylist(rows))
                con.execute(f"insert into {table} by name select * from rows")
                con.unregister("rows")
            path, _ = exchanged.give(con, table)
            spark_session.read.parquet(for_spark(path)).createOrReplaceTempView(table)
        yield con, exchanged


@pytest.mark.spark
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.macro)
def test_macro_gives_the_same_on_both_engines(
    case: Case, given: tuple[duckdb.DuckDBPyConnection, Exchange], spark_session: Any
) -> None:
    con, exchanged = given
    path = exchanged.place("result")
    spark_session.sql(rendered(case, "spark")).coalesce(1).write.parquet(for_spark(path))
    ours, theirs = rendered(case, "duckdb"), reading(path)
    columns, their_columns = (con.execute(f"describe {query}").fetchall() for query in (ours, theirs))
    assert their_columns == columns
    for one, other in ((ours, theirs), (theirs, ours)):
        assert con.execute(f"({one}) except all ({other}) limit 5").fetchall() == []
    has_rows = con.execute("select count(*) from days").fetchone() != (0,)
    assert (con.execute(f"select count(*) from ({ours})").fetchone() != (0,)) == has_rows
