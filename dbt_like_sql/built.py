"""What is built: by which SQL each model was made last, and which loads are in it.

Here: the list that lets an incremental model be made in part. A model that was made by other SQL, or from one that
was, is made whole. Not here: making models (run), and what a load is (whoever loads).
"""

from collections.abc import Iterable

import duckdb

from dbt_like_sql.project import Model

SCHEMA = "models"


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the list where it does not exist."""
    con.execute(f"create schema if not exists {SCHEMA}")
    con.execute(f"create table if not exists {SCHEMA}.built (model varchar, fingerprint varchar, load_id bigint)")


def is_current(con: duckdb.DuckDBPyConnection, model: Model, fingerprint: str) -> bool:
    """Tell whether a model's table is there and was made by the SQL of this fingerprint, so on the same engine."""
    row = con.execute(
        f"select count(*) from {SCHEMA}.built join information_schema.tables as kept on kept.table_schema = ? and "
        "kept.table_name = built.model and kept.table_type = 'BASE TABLE' where built.model = ? and fingerprint = ?",
        [model.schema, model.name, fingerprint],
    ).fetchone()
    return row is not None and row[0] > 0


def is_of_other_sql(con: duckdb.DuckDBPyConnection, model: Model, fingerprint: str) -> bool:
    """Tell whether a model was made, by other SQL than that of a fingerprint, or from a model that was."""
    row = con.execute(f"select fingerprint from {SCHEMA}.built where model = ?", [model.name]).fetchone()
    return row is not None and row[0] != fingerprint


def of_spark(con: duckdb.DuckDBPyConnection, models: Iterable[Model]) -> list[str]:
    """Return those of the models' tables that were made on Spark."""
    ensure(con)
    made = con.execute(f"select model from {SCHEMA}.built where starts_with(fingerprint, 'spark:')").fetchall()
    names = {name for (name,) in made}
    return [model.relation for model in models if model.materialized != "view" and model.name in names]


def remember(con: duckdb.DuckDBPyConnection, model: Model, fingerprint: str, load: int) -> None:
    """Note that a model was made now: it has followed the loads up to this one that the models it reads have, too."""
    followed = [load, *(_followed(con, name) for name in model.depends_on)]
    con.execute(f"delete from {SCHEMA}.built where model = ?", [model.name])
    con.execute(f"insert into {SCHEMA}.built values (?, ?, ?)", [model.name, fingerprint, min(followed)])


def followed_by_all(con: duckdb.DuckDBPyConnection, models: Iterable[Model]) -> int:
    """Return the number of the newest load that is in all incremental models; 0 where one was not built."""
    ensure(con)
    followed = [_followed(con, model.name) for model in models if model.increment is not None]
    return min(followed, default=0)


def _followed(con: duckdb.DuckDBPyConnection, name: str) -> int:
    row = con.execute(f"select load_id from {SCHEMA}.built where model = ?", [name]).fetchone()
    return 0 if row is None else int(row[0])
