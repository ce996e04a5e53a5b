"""Findings: what a source's delivery shows about itself, over all that was read, `as_of` or not.

A finding counts; it decides nothing. Repeated and conflicting ids, marks that rules left on accepted records.
"""

import duckdb

from pipelines.city_pack import Source
from pipelines.loading.readers import raw_rows, source_columns
from pipelines.warehouse import literal, quoted


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table of findings."""
    con.execute(
        "create table if not exists ledger.finding (source varchar, finding varchar, field varchar, count bigint)"
    )


def enter(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    """Write a source's findings anew from the temporary table `judged`.

    `repeated_id` counts the rows beyond the first with their id; `conflicting_id` the ids whose rows differ, in all
    and by column, where rows of one id are not meant to be one record; the others accepted records by their flag.
    """
    con.execute("delete from ledger.finding where source = ?", (name,))
    con.execute(
        f"insert into ledger.finding select {literal(name)}, 'repeated_id', null, count(*) - count(distinct _key) "
        "from judged where _key is not null having count(*) > count(distinct _key)"
    )
    con.execute(
        f"insert into ledger.finding select {literal(name)}, split_part(flag, ':', 1), "
        "nullif(split_part(flag, ':', 2), ''), count(*) from judged, unnest(flags) as listed(flag) "
        "where status = 'accepted' and flag <> 'conflicting_id' group by all"
    )
    if source.merge is None:
        _enter_conflicts(con, name)


def _enter_conflicts(con: duckdb.DuckDBPyConnection, name: str) -> None:
    names = source_columns(con, name)
    differing = ", ".join(
        f"(count(distinct coalesce(raw.{quoted(column)}, '')) > 1)::integer as {quoted(column)}" for column in names
    )
    con.execute(
        f"""
        create or replace temp table conflict as
        select {differing}, (count(distinct judged._raw_hash) > 1)::integer as _any
        from judged
        join {raw_rows(name)} as raw on raw._batch_id = judged._batch_id and raw._line = judged._line
        where judged._key in (
            select _key from judged where _key is not null group by _key having count(*) > 1
        )
        group by judged._key
        """
    )
    for column in ("_any", *names):
        con.execute(
            f"insert into ledger.finding select {literal(name)}, 'conflicting_id', "
            f"{'null' if column == '_any' else literal(column)}, sum({quoted(column)}) from conflict "
            f"having sum({quoted(column)}) > 0"
        )
    con.execute("drop table temp.conflict")
