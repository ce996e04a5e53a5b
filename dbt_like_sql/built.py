"""What is built: by which SQL each model was made last, which loads are in it, and which days each build replaced.

Here: the list that lets an incremental model be made in part. A model that was made by other SQL, or from one that
was, is made whole. And the log of builds, by which whoever looks at a model's rows again may look at those alone that
are new. Not here: making models (run), and what a load is (whoever loads).
"""

from collections.abc import Iterable
from datetime import date

import duckdb

from dbt_like_sql.project import Model

SCHEMA = "models"
DAY = "day"
"""The column by which incremental models are made anew, and by which the log says what a build has added."""
Days = frozenset[date | None]
"""Days of rows; None among them where a row has none."""
BUILDS_KEPT = 30
"""Builds of a model that the log goes back; whoever has not looked for longer looks at the whole table."""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the list where it does not exist."""
    con.execute(f"create schema if not exists {SCHEMA}")
    con.execute(f"create table if not exists {SCHEMA}.built (model varchar, fingerprint varchar, load_id bigint)")
    # `days` is null of a build that made the model whole.
    con.execute(f"create table if not exists {SCHEMA}.build (model varchar, build bigint, days date[])")


def is_current(con: duckdb.DuckDBPyConnection, model: Model, fingerprint: str) -> bool:
    """Tell whether a model's table is there and was made by the SQL of this fingerprint, so on the same engine."""
    asked = f"select count(*) from {SCHEMA}.built where model = ? and fingerprint = ?"
    row = con.execute(asked, [model.name, fingerprint]).fetchone()
    return row is not None and row[0] > 0 and _stands(con, model) and not is_view(con, model)


def is_view(con: duckdb.DuckDBPyConnection, model: Model) -> bool:
    """Tell whether a view stands under a model's name."""
    asked = "select count(*) from duckdb_views() where schema_name = ? and view_name = ?"
    row = con.execute(asked, [model.schema, model.name]).fetchone()
    return row is not None and row[0] > 0


def _stands(con: duckdb.DuckDBPyConnection, model: Model) -> bool:
    """Tell whether a table or view stands under a model's name; by that, since to list all tables takes long."""
    try:
        con.execute("select name from pragma_table_info(?)", [model.relation])
    except duckdb.CatalogException:
        return False
    return True


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


def remember(con: duckdb.DuckDBPyConnection, model: Model, fingerprint: str, load: int, days: Days | None) -> None:
    """Note that a model was made now: it has followed the loads up to this one that the models it reads have, too.

    Parameters
    ----------
    days
        Days of the rows that were added; None if the model was made whole.
    """
    followed = [load, *(_followed(con, name) for name in model.depends_on)]
    con.execute(f"delete from {SCHEMA}.built where model = ?", [model.name])
    con.execute(f"insert into {SCHEMA}.built values (?, ?, ?)", [model.name, fingerprint, min(followed)])
    build = newest_build(con, model.name) + 1
    con.execute(f"delete from {SCHEMA}.build where model = ? and build <= ?", [model.name, build - BUILDS_KEPT])
    listed = None if days is None else list(days)
    con.execute(f"insert into {SCHEMA}.build values (?, ?, ?)", [model.name, build, listed])


def newest_build(con: duckdb.DuckDBPyConnection, name: str) -> int:
    """Return the number of a model's newest build; 0 where none is in the log."""
    row = con.execute(f"select coalesce(max(build), 0) from {SCHEMA}.build where model = ?", [name]).fetchone()
    return 0 if row is None else int(row[0])


def days_since(con: duckdb.DuckDBPyConnection, name: str, build: int) -> Days | None:
    """Return the days of rows that builds after this one have added; None where the model was made whole since.

    None, too, where the log does not go back that far.
    """
    rows = con.execute(f"select build, days from {SCHEMA}.build where model = ? and build > ?", [name, build])
    days = dict(rows.fetchall())
    if len(days) < newest_build(con, name) - build or None in days.values():
        return None
    return frozenset[date | None]().union(*days.values())


def followed_by_all(con: duckdb.DuckDBPyConnection, models: Iterable[Model]) -> int:
    """Return the number of the newest load that is in all incremental models; 0 where one was not built."""
    ensure(con)
    followed = [_followed(con, model.name) for model in models if model.increment is not None]
    return min(followed, default=0)


def _followed(con: duckdb.DuckDBPyConnection, name: str) -> int:
    row = con.execute(f"select load_id from {SCHEMA}.built where model = ?", [name]).fetchone()
    return 0 if row is None else int(row[0])
