"""What releases of tests may hold: the columns of their own queries."""

from collections.abc import Mapping

import duckdb

from pipelines.publishing.allowed import Allowed, declared_columns

SORTS = {
    "DOUBLE": "number",
    "BIGINT": "count",
    "INTEGER": "count",
    "DATE": "date",
    "BOOLEAN": "flag",
    "TIMESTAMP": "moment",
}


def of(con: duckdb.DuckDBPyConnection, queries: Mapping[str, str]) -> Allowed:
    """Allow the columns that queries have, whatever texts stand in them."""
    columns = {
        table: {name: SORTS.get(kind, "text") for name, kind, *_ in con.execute(f"describe {query}").fetchall()}
        for table, query in queries.items()
    }
    return Allowed(
        {"release_info": dict.fromkeys(declared_columns()["release_info"], "text") | {"as_of": "date"}, **columns}
    )
