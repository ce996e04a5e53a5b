"""Building one model in DuckDB, and asking whether an identity holds.

Here: checking a model's columns against its declaration and replacing its table or view. Not here: the
order of models (project), when they run, and judging what is in them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from dbt_like_sql.project import Identity, Model


class ModelError(Exception):
    """A model could not be built; the message names it and says why."""


class ColumnMismatchError(ModelError):
    """The columns that a model's query gives are not those that its yml documents."""


@dataclass(frozen=True)
class ModelRun:
    """What building a model gave: its rows, and the seconds it took."""

    row_count: int
    seconds: float


def run_model(con: duckdb.DuckDBPyConnection, model: Model) -> ModelRun:
    """Build a model, replacing what stood under its name in one transaction.

    Parameters
    ----------
    con
        Writable connection outside any transaction; the models and tables that the model reads exist.
    model
        The model.

    Raises
    ------
    ColumnMismatchError
        When documented and actual columns differ in name or type; the model is left as it was.
    ModelError
        When the query fails; the model is left as it was.
    """
    started = time.perf_counter()
    try:
        described = con.execute(f"describe {model.compiled_sql}").fetchall()
        _check_columns(model, {name: data_type.lower() for name, data_type, *_ in described})
        row_count = _replace(con, model)
    except duckdb.Error as error:
        raise ModelError(f"{model.relation} ({model.path.name}) could not be built: {error}") from error
    return ModelRun(row_count, time.perf_counter() - started)


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


def _replace(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    con.begin()
    try:
        con.execute(f"create schema if not exists {model.schema}")
        kept = con.execute(
            "select table_type from information_schema.tables where table_schema = ? and table_name = ?",
            [model.schema, model.name],
        ).fetchone()
        if kept and (kept[0] == "VIEW") != (model.materialized == "view"):
            con.execute(f"drop {'view' if kept[0] == 'VIEW' else 'table'} {model.relation}")
        con.execute(f"create or replace {model.materialized} {model.relation} as {model.compiled_sql}")
        counted = con.execute(f"select count(*) from {model.relation}").fetchone()
        con.commit()
    except BaseException:
        con.rollback()
        raise
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
