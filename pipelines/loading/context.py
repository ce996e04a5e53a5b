"""What stands beside the records in staging: the tables themselves, and what the pack says of sources and fields."""

import functools
from datetime import date

import duckdb

from pipelines.drift import detection
from pipelines.errors import WardlightError
from pipelines.loading import affected, findings, ledger, record_changes, storing
from pipelines.loading.kinds import kind_fields, models
from pipelines.loading.mapping import mapped_fields
from pipelines.pack.city import CityPack
from pipelines.pulling import raw_layer
from pipelines.warehouse import SCHEMAS, one_row, quoted, transaction

Column = tuple[str, str, str, str]


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create what loading writes to, where it does not exist: staging as the SQL models declare their sources.

    Raises
    ------
    WardlightError
        If the tables are there with other columns, made by another version.
    """
    _create_tables(con)
    expected = _expected_columns()
    tables = {column[:2] for column in expected}
    if {column for column in _columns(con) if column[:2] in tables} != expected:
        (path,) = one_row(con, "select path from duckdb_databases() where database_name = current_database()")
        raise WardlightError(
            "the warehouse was made by another version of Wardlight: its tables have other columns",
            file=path,
            remedy="remove it, and the folder raw/ beside it, and run again: they are made anew from the pack's files",
        )


def _create_tables(con: duckdb.DuckDBPyConnection) -> None:
    raw_layer.ensure(con)
    ledger.ensure(con)
    affected.ensure(con)
    findings.ensure(con)
    record_changes.ensure(con)
    storing.ensure(con)
    detection.ensure(con)
    for table in models().sources:
        columns = ", ".join(f"{quoted(column.name)} {column.data_type}" for column in table.columns)
        con.execute(f"create table if not exists {table.schema}.{table.name} ({columns})")


@functools.cache
def _expected_columns() -> frozenset[Column]:
    with duckdb.connect() as con:
        for schema in SCHEMAS:
            con.execute(f"create schema {schema}")
        _create_tables(con)
        return _columns(con)


def _columns(con: duckdb.DuckDBPyConnection) -> frozenset[Column]:
    rows = con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and not internal"
    ).fetchall()
    return frozenset((str(schema), str(table), str(column), str(kind)) for schema, table, column, kind in rows)


def write_context(con: duckdb.DuckDBPyConnection, pack: CityPack, as_of: date) -> None:
    """Write the small tables that the models need beside the records: fields, weights, sources, `as_of`."""
    mapped = [
        (source.kind, field, name, field in mapped_fields(source))
        for name, source in pack.sources.items()
        for field in kind_fields(source.kind).types
    ]
    with transaction(con):
        for table in ("field_map", "severity_weight", "source", "run_window"):
            con.execute(f"delete from staging.{table}")
        con.executemany("insert into staging.field_map values (?, ?, ?, ?)", mapped)
        if pack.severity_weights:
            con.executemany("insert into staging.severity_weight values (?, ?)", list(pack.severity_weights.items()))
        con.executemany(
            "insert into staging.source values (?, ?, ?, ?)",
            [(name, s.kind, s.geography, s.silent_after_days) for name, s in pack.sources.items()],
        )
        con.execute("insert into staging.run_window values (?)", (as_of,))
