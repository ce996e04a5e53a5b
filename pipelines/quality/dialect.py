"""SQLAlchemy dialect through which Great Expectations works inside DuckDB.

What belongs here: the few differences from duckdb-engine, and connections on a run's own DuckDB connection.
What does not: anything that knows of expectations or of our tables.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGExecutionContext_psycopg2
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

URL = "duckdb+buffered://"


class _BufferingContext(PGExecutionContext_psycopg2):
    """Reads each result whole as soon as its statement ran.

    All statements of a duckdb-engine connection share one cursor, and results are read after the connection
    went back to its pool, when the next statement may already have replaced them.
    """

    def post_exec(self) -> None:
        super().post_exec()  # type: ignore[no-untyped-call]
        rows = self.cursor.fetchall() if self.cursor.description else []
        self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, initial_buffer=rows)


class BufferedDuckDBDialect(duckdb_engine.Dialect):  # type: ignore[misc]
    """duckdb-engine's dialect with results that outlive their connection's next statement."""

    driver = "buffered"
    execution_ctx_cls = _BufferingContext
    supports_statement_cache = False

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """Return no key: each look costs 20 ms a table, and no expectation asks for one."""
        del connection, table_name, schema, kw
        return {"constrained_columns": [], "name": None}


def register() -> None:
    """Make `URL` known to SQLAlchemy; may be called any number of times."""
    registry.register("duckdb.buffered", __name__, BufferedDuckDBDialect.__name__)


def connector(
    con: duckdb.DuckDBPyConnection, schema: str, views: Mapping[str, str] = MappingProxyType({})
) -> Callable[[], duckdb_engine.ConnectionWrapper]:
    """Give SQLAlchemy a `creator` whose connections are cursors of `con`.

    A cursor is a connection of its own to the same database: it sees committed data only, and its rollbacks
    leave a transaction that is open on `con` alone.

    Parameters
    ----------
    con
        Connection that the run holds.
    schema
        Schema in which table names are looked up: Great Expectations no longer takes the schema of a table
        beside its name.
    views
        Queries that every connection finds under these names, beside the schema's tables.
    """

    search_path = '"' + schema.replace('"', '""') + '"'

    def connect() -> duckdb_engine.ConnectionWrapper:
        cursor = con.cursor()
        cursor.execute("set search_path = ?", [search_path])
        for name, query in views.items():
            cursor.execute(f'create temp view "{name}" as {query}')
        return duckdb_engine.ConnectionWrapper(cursor)

    return connect


def tables(con: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
    """Name the tables and views that a connection made by `connector` finds in the schema itself.

    DuckDB goes on looking in `main` for a name that the search path does not have.
    """
    found = con.cursor().execute("select table_name from information_schema.tables where table_schema = ?", [schema])
    return {name for (name,) in found.fetchall()}
