"""A source's first load: its plain rows are judged on their way into staging, and written once.

A plain row is accepted and the only one of its record. All others, which are few, are judged as those of later loads
are, and take the same way from there.
"""

import duckdb

from pipelines.drift import detection
from pipelines.loading.judging import Judge, kept_query
from pipelines.loading.mapping import key_query
from pipelines.loading.winners import decide
from pipelines.pack.sources import Source
from pipelines.pulling import raw_layer
from pipelines.warehouse import literal, scalar

_HOLD_ROWS = ("ledger.unstaged", "quarantine.record", "ledger.judged_batch")


def is_first(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> bool:
    """Tell whether nothing is held of a source yet, and no row of it is set aside for drift."""
    held = " + ".join(
        f"(select count(*) from {table} where source = {literal(name)})"
        for table in (f"staging.{source.kind}", *_HOLD_ROWS)
    )
    return scalar(con, f"select {held} + (select count(*) from drifted)") == 0


def keep_plain(judge: Judge) -> None:
    """Put the plain rows of a source into staging, the others into `judged` with their final status.

    Makes the temporary tables `gone` (empty), `as_read` (the raw rows that are not plain) and `judged`.

    Raises
    ------
    PackError, SourceError
        If the mapping or a rule does not work on the source's columns.
    """
    con, name, source, fields = judge.con, judge.name, judge.source, judge.fields
    rows = raw_layer.raw_rows(name)
    detection.none_drifted(con)
    # One query for both: what it reads is changed in between.
    con.execute(f"create or replace temp view to_judge as select * from {rows}")
    query = judge.query("to_judge")
    columns = raw_layer.source_columns(con, name)
    # JSON arrays without records have no columns to tell, and no ids.
    keys = key_query(source, fields, rows, columns) if columns else "select null::varchar as _key"
    con.execute(
        f"create or replace temp table repeated_key as select _key from ({keys}) where _key is not null "
        "group by _key having count(*) > 1"
    )
    stands = "where _is_deleted is not true" if source.deleted is not None else ""
    plain = f"(select * from ({query}) anti join repeated_key using (_key) {stands})"
    table = f"staging.{source.kind}"
    con.execute(f"insert into {table} by name {kept_query(name, source, fields, judge.as_of, plain)}")
    con.execute(
        f"create or replace temp table as_read as select raw.* from {rows} as raw anti join {table} as kept "
        f"on kept.source = {literal(name)} and kept.batch_id = raw._batch_id and kept.line = raw._line"
    )
    con.execute("create or replace temp view to_judge as select * from as_read")
    con.execute(f"create or replace temp table judged as {query}")
    decide(con, source, fields, judge.as_of)
    con.execute("create or replace temp table gone (batch_id varchar)")
    con.execute("drop view to_judge")
    for table in ("repeated_key", "located", "drifted"):
        con.execute(f"drop table if exists temp.{table}")
