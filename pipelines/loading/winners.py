"""Winners: which of several good rows of one record stands for it, and what becomes of the others.

The newest `updated_at` not after `as_of` wins, without one the greatest hash of the content; equal rows are
duplicates. Any order of arrival gives the same winner.
"""

from collections.abc import Mapping
from datetime import date

import duckdb

from pipelines.loading.judging import judged_columns
from pipelines.loading.kinds import KindFields
from pipelines.pack.sources import Source
from pipelines.warehouse import date_literal, quoted, scalar


def decide(con: duckdb.DuckDBPyConnection, source: Source, fields: KindFields, as_of: date) -> None:
    """Give the rows of `judged` that share an id with another good row their final status.

    Adds to the statuses `duplicate`, `superseded`, `merged` and `withdrawn` (the winning row says that its record is
    deleted); a version updated after `as_of` is `deferred` where there is an earlier one. Every row of the ids
    concerned must be in `judged`.
    """
    con.execute(
        "create or replace temp table contested_key as "
        "select _key from judged where status = 'accepted' group by _key having count(*) > 1"
    )
    if scalar(con, "select count(*) from contested_key"):
        _rank(con, source, fields, as_of)
        if source.merge is not None:
            _merge(con, fields, source.merge)
        con.execute("delete from judged where status = 'accepted' and _key in (select _key from contested_key)")
        con.execute("insert into judged by name select * from contested")
        con.execute("drop table contested")
    con.execute("drop table contested_key")
    if source.deleted is not None:
        con.execute("update judged set status = 'withdrawn' where status = 'accepted' and _is_deleted")


def _rank(con: duckdb.DuckDBPyConnection, source: Source, fields: KindFields, as_of: date) -> None:
    """Make the temporary table `contested`: the rows concerned, with their final status."""
    # A withdrawal that says no time is the last word; a version of later is not known yet; rows of one content may
    # differ in their flags: those decide before the place in a file does.
    newest = (
        "(_is_deleted is true and updated_at is null) desc, is_late, case when is_late then updated_at end, "
        "updated_at desc nulls last, content desc"
    )
    is_merged = str(source.merge is not None).lower()
    con.execute(
        f"""
        create or replace temp table contested as
        with hashed as (
            select *, {_content_hash(fields)} as content,
                coalesce(updated_day > {date_literal(as_of)}, false) as is_late
            from judged
            where status = 'accepted' and _key in (select _key from contested_key)
        ),
        ranked as (
            select *,
                dense_rank() over (partition by _key order by {newest}) as content_rank,
                row_number() over (partition by _key order by {newest}, flags desc, _batch_id, _line) as row_rank,
                row_number() over (partition by _key, content order by flags desc, _batch_id, _line) as copy_rank,
                first_value(updated_at) over (partition by _key order by {newest}) as winning_update
            from hashed
        ),
        compared as (
            select *,
                max(content_rank) filter (where updated_at is not distinct from winning_update)
                    over (partition by _key) > 1 as is_in_conflict
            from ranked
        )
        select * exclude (flags, content, is_late, content_rank, row_rank, copy_rank, winning_update, is_in_conflict)
                replace (
                    case
                        when row_rank = 1 then 'accepted'
                        when {is_merged} then 'merged'
                        when is_late and updated_at is distinct from winning_update then 'deferred'
                        when copy_rank > 1 then 'duplicate'
                        else 'superseded'
                    end as status
                ),
            case when is_in_conflict and not {is_merged} then list_append(flags, 'conflicting_id') else flags end
                as flags
        from compared
        """
    )


def _content_hash(fields: KindFields) -> str:
    """Compose the hash of a row's content: all that is canonical, and whether it withdraws the record."""
    columns = [*judged_columns(fields), "_is_deleted"]
    content = ", ".join(f"coalesce({quoted(column)}::varchar, chr(30))" for column in columns)
    return f"md5(concat_ws(chr(31), {content}))"


def _merge(con: duckdb.DuckDBPyConnection, fields: KindFields, merge: Mapping[str, str]) -> None:
    """Fold the further rows of a record into its accepted row: the declared fields combined, the others the least.

    The place is taken whole, so that it is that of one of the rows. A row that withdraws the record says nothing else.
    """
    place = [column for column in ("lat", "lon", "coords_in_area", "area_id") if column in fields.types]
    least = f"min({{{', '.join(f'{column}: {column}' for column in place)}}}) over whole"
    combined = [f"{merge.get(field, 'min')}({quoted(field)}) over whole as {quoted(field)}" for field in fields.others]
    combined += [f"({least}).{column} as {column}" for column in place]
    con.execute(
        f"create or replace temp table contested as select * replace ({', '.join(combined)}) from contested "
        "window whole as (partition by _key, status in ('accepted', 'merged') and _is_deleted is not true)"
    )
