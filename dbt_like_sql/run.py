"""Building one model in DuckDB, whole or its affected days alone, and asking whether an identity holds.

Here: checking a model's columns against its declaration and replacing what stands under its name. Not here: the
order of models (project), what is known of earlier builds (built), when models run, judging what is in them, and
running a query on another engine (spark).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb

from dbt_like_sql import built
from dbt_like_sql.project import Build, Identity, Model
from dbt_like_sql.spark.models import SparkModels, SparkQueryError


class ModelError(Exception):
    """A model could not be built; the message names it and says why."""


class ColumnMismatchError(ModelError):
    """The columns that a model's query gives are not those that its yml documents."""


@dataclass(frozen=True)
class ModelRun:
    """What building a model gave: its rows, how many of them were made now, and the seconds it took.

    `is_whole` says that it was made whole, not its affected days alone.
    """

    row_count: int
    rows_made: int
    is_whole: bool
    seconds: float


def run_model(
    con: duckdb.DuckDBPyConnection, model: Model, load: int | None = None, spark: SparkModels | None = None
) -> ModelRun:
    """Build a model, replacing what stood under its name in one transaction.

    Parameters
    ----------
    con
        Writable connection outside any transaction; the models and tables that the model reads exist.
    model
        The model, compiled for DuckDB.
    load
        Number of the newest load of the tables that the models start from. With it, of an incremental model that was
        made by the same SQL before, only the days are made anew that loads have affected since. Without it, every
        model is made whole.
    spark
        Where to compute the rows of tables; without it, in DuckDB. Views are DuckDB's with either: nothing is computed
        for them here, and Spark runs their queries where a table reads them.

    Raises
    ------
    ColumnMismatchError
        When documented and actual columns differ in name or type; the model is left as it was.
    ModelError
        When the query or a hook fails; the model is left as it was.
    """
    started = time.perf_counter()
    build, is_whole = Build(model.compiled_sql, model.before, model.after), True
    fingerprint = model.fingerprint if spark is None else spark.fingerprint(model.name)
    try:
        con.begin()
        try:
            built.ensure(con)
            if model.increment is not None and load is not None and built.is_current(con, model, fingerprint):
                build, is_whole = model.increment, False
            with _computed(con, model, build, is_whole, spark) as ready:
                described = con.execute(f"describe {ready.query}").fetchall()
                _check_columns(model, {name: data_type.lower() for name, data_type, *_ in described})
                if is_whole:
                    rows = made = _replace(con, model, ready)
                    days = None
                else:
                    rows, made, days = _replace_part(con, model, ready)
            built.remember(con, model, fingerprint, load or 0, days)
            con.commit()
        except BaseException:
            con.rollback()
            raise
    except (duckdb.Error, SparkQueryError) as error:
        where = " on Spark" if isinstance(error, SparkQueryError) else ""
        raise ModelError(f"{model.relation} ({model.path.name}) could not be built{where}: {error}") from error
    return ModelRun(rows, made, is_whole, time.perf_counter() - started)


def breaches(con: duckdb.DuckDBPyConnection, identity: Identity) -> list[tuple[str, int, int]]:
    """Return the accounts of an identity that do not balance: name, what was expected and what was found.

    Raises
    ------
    ModelError
        When the query fails.
    """
    try:
        rows = con.execute(f"select account, expected, found from ({identity.compiled_sql}) order by all").fetchall()
    except duckdb.Error as error:
        raise ModelError(f"identity {identity.name} could not be asked: {error}") from error
    return [(str(account), int(expected), int(found)) for account, expected, found in rows]


@contextmanager
def _computed(
    con: duckdb.DuckDBPyConnection, model: Model, build: Build, is_whole: bool, spark: SparkModels | None
) -> Iterator[Build]:
    """Have a table's rows computed on Spark first, where that is wanted: its query then only reads them."""
    if spark is None or model.materialized == "view":
        yield build
        return
    with spark.rows(con, model.name, is_whole) as query:
        yield replace(build, query=query)


def _replace(con: duckdb.DuckDBPyConnection, model: Model, build: Build) -> int:
    """Make a table or view anew; return its rows."""
    con.execute(f"create schema if not exists {model.schema}")
    kind = "view" if model.materialized == "view" else "table"
    if built.is_view(con, model) != (kind == "view"):
        con.execute(f"drop {'table' if kind == 'view' else 'view'} if exists {model.relation}")
    for statement in build.before:
        con.execute(statement)
    con.execute(f"create or replace {kind} {model.relation} as {build.query}")
    for statement in build.after:
        con.execute(statement)
    return _count(con, model)


def _replace_part(con: duckdb.DuckDBPyConnection, model: Model, build: Build) -> tuple[int, int, built.Days | None]:
    """Let the hooks delete rows of a table and add those that the query gives.

    Return its rows, how many were made now, and their days; None for these where the model has none.
    """
    for statement in build.before:
        con.execute(statement)
    kept = _count(con, model)
    con.execute(f"create or replace temp table added as {build.query}")
    con.execute(f"insert into {model.relation} by name from temp.added")
    days = None
    if any(column.name == built.DAY for column in model.columns):
        days = frozenset(day for (day,) in con.execute(f"select distinct {built.DAY} from temp.added").fetchall())
    con.execute("drop table temp.added")
    rows = _count(con, model)
    for statement in build.after:
        con.execute(statement)
    return rows, rows - kept, days


def _count(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    counted = con.execute(f"select count(*) from {model.relation}").fetchone()
    return int(counted[0]) if counted else 0


def _check_columns(model: Model, actual: Mapping[str, str]) -> None:
    documented = {column.name: column.data_type.lower() for column in model.columns}
    faults = [f"`{name}` is documented but not in the query" for name in documented.keys() - actual.keys()]
    faults += [f"`{name}` is in the query but not documented" for name in actual.keys() - documented.keys()]
    faults += [
        f"`{name}` is {actual[name]}, documented as {documented[name]}"
        for name in documented.keys() & actual.keys()
        if documented[name] != actual[name]
    ]
    if faults:
        listed = "; ".join(sorted(faults))
        raise ColumnMismatchError(f"{model.name}: {listed}. Correct {model.path.name} or the yml beside it.")
