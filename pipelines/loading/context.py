"""What stands beside the records in staging: the tables themselves, and what the pack says of sources and fields."""

from datetime import date

import duckdb

from pipelines.city_pack import CityPack
from pipelines.loading import findings, ledger
from pipelines.loading.mapping import kind_fields, mapped_fields, models
from pipelines.warehouse import quoted, transaction

_QUARANTINE = (
    "source varchar, batch_id varchar, file varchar, line bigint, kind varchar, day date, area_id varchar, "
    "reasons varchar[], fields varchar[], raw_text varchar"
)


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create what loading writes to, where it does not exist: staging as the SQL models declare their sources."""
    ledger.ensure(con)
    findings.ensure(con)
    con.execute(f"create table if not exists quarantine.record ({_QUARANTINE})")
    for table in models().sources:
        columns = ", ".join(f"{quoted(column.name)} {column.data_type}" for column in table.columns)
        con.execute(f"create table if not exists {table.schema}.{table.name} ({columns})")


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
