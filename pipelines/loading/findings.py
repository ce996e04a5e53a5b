"""Findings: what a source's delivery shows about itself, over all that was read, `as_of` or not.

A finding counts; it decides nothing. Repeated and conflicting ids, marks that rules left on accepted records.
"""

import duckdb

from pipelines.pack.sources import Source
from pipelines.pulling.raw_layer import source_columns
from pipelines.warehouse import literal, quoted, scalar


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of findings, and of ids that come more than once with the columns in which they conflict."""
    con.execute(
        "create table if not exists ledger.finding (source varchar, finding varchar, field varchar, count bigint)"
    )
    con.execute(
        "create table if not exists ledger.repeated (source varchar, record_key varchar, row_count bigint, "
        "is_conflict boolean, differing varchar[])"
    )


def enter(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    """Bring a source's findings up to date with the temporary tables `judged` and `as_read`.

    `repeated_id` counts the rows beyond the first with their id; `conflicting_id` the ids of which rows differ that no
    time of update tells apart, in all and by column, where rows of one id are not meant to be one record; the others
    count accepted records by their flag.
    """
    _enter_repeated(con, name, source)
    con.execute("delete from ledger.finding where source = ?", (name,))
    con.execute(
        f"""
        insert into ledger.finding
        select {literal(name)}, 'repeated_id', null, sum(row_count - 1) from ledger.repeated
        where source = {literal(name)} having count(*) > 0
        union all
        select {literal(name)}, 'conflicting_id', null, count(*) from ledger.repeated
        where source = {literal(name)} and is_conflict having count(*) > 0
        union all
        select {literal(name)}, 'conflicting_id', field, count(*)
        from (select unnest(differing) as field from ledger.repeated where source = {literal(name)}) group by field
        union all
        select {literal(name)}, split_part(flag, ':', 1), nullif(split_part(flag, ':', 2), ''), count(*)
        from (
            select unnest(flags) as flag from staging.{source.kind} where source = {literal(name)} and len(flags) > 0
        )
        where flag <> 'conflicting_id' group by all
        """
    )


def _enter_repeated(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    """Write down which ids come more than once, of those in `judged`, and forget those that do no longer."""
    kept = f"select {source.kind}_id from staging.{source.kind} where source = ?"
    aside = "select record_key from ledger.unstaged where source = ? and record_key is not null"
    if scalar(con, "select count(*) from ledger.repeated where source = ?", (name,)):
        con.execute(
            f"delete from ledger.repeated where source = ? and (record_key in (select _key from judged) "
            f"or record_key not in ({kept} union all {aside}))",
            (name, name, name),
        )
    con.execute(
        "create or replace temp table repeated as select _key, count(*) as row_count from judged "
        "where _key is not null and status <> 'quarantined' group by _key having count(*) > 1"
    )
    if source.merge is not None:
        con.execute(
            "insert into ledger.repeated select ?, _key, row_count, false, []::varchar[] from repeated", (name,)
        )
    elif scalar(con, "select count(*) from repeated"):
        _compare(con, name)
    con.execute("drop table temp.repeated")


def _compare(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Find the columns in which rows of one id differ, unless their times of update do."""
    names = source_columns(con, name)
    # By their places: a column may be called like anything that stands beside it.
    differing = ", ".join(
        f"count(distinct coalesce(raw.{quoted(column)}, '')) > 1 as differs_{at}" for at, column in enumerate(names)
    )
    listed = ", ".join(f"case when bool_or(differs_{at}) then {literal(column)} end" for at, column in enumerate(names))
    any_differs = " or ".join(f"bool_or(differs_{at})" for at in range(len(names)))
    con.execute(
        f"""
        insert into ledger.repeated
        select {literal(name)}, _key, any_value(row_count), {any_differs},
            list_filter([{listed}]::varchar[], lambda field: field is not null)
        from (
            select judged._key, any_value(repeated.row_count) as row_count, {differing}
            from judged
            join repeated using (_key)
            join as_read as raw on raw._batch_id = judged._batch_id and raw._line = judged._line
            where judged.status <> 'quarantined'
            group by judged._key, judged.updated_at
        )
        group by _key
        """
    )
