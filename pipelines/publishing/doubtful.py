"""Records in doubt: those that may belong to a place and day without being counted there, or be counted without.

Here: counting them, of all sources. Not here: what they could do to a figure (`indicators/unusable`, `bounds`).
"""

import duckdb
import polars as pl

from pipelines.loading.kinds import FIRST_TIME, day_column, kind_fields
from pipelines.warehouse import literal, quoted

# Flags, before the colon, of a field whose value is none that it can have.
_UNREAD = "('unusable', 'not_allowed', 'out_of_range')"


def doubtful_records(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Count the records in doubt by source, area and days.

    *Refused* are rows in quarantine, and the versions that lost where rows of one id contradict each other and no
    time of update tells which holds; the version that won is *contested*. Blank rows are no records. An accepted record
    of which one `field` could not be read is both, for whom that field matters.

    Returns
    -------
    DataFrame
        source, kind, geography, area_id (the unallocated one where it is not known), day, last_day (of an incident,
        last on which it may have happened), due_day, field (null: the record as a whole), refused, contested; days are
        null where not known.
    """
    accepted = " union all ".join(_accepted(kind) for kind in FIRST_TIME)
    return con.sql(
        f"""
        with doubtful as (
            select source, area_id, day, last_day, due_day, null as field, 1 as refused, 0 as contested
            from quarantine.record where not list_contains(reasons, 'blank_row')
            union all
            select source, area_id, day, last_day, due_day, null, 1, 0 from ledger.unstaged where is_contested
            union all
            {accepted}
        )
        select source, kind, geography, coalesce(area_id, geography || ':unallocated') as area_id, day, last_day,
            due_day, field, sum(refused)::bigint as refused, sum(contested)::bigint as contested
        from doubtful join staging.source using (source)
        group by all order by all
        """
    ).pl()


def _accepted(kind: str) -> str:
    """Compose the query of the accepted records in doubt: contested, or with a field that could not be read."""
    fields = kind_fields(kind)
    # A rule of the pack's own may flag a value that is used all the same.
    unread = " ".join(
        f"when {literal(field)} then {quoted(field)} is null" for field in (*fields.others, *fields.times)
    )
    return f"""
        select source, area_id, day, {_day(kind, "occurred_until")}, {_day(kind, "due_at")}, flagged.field,
            flagged.is_unread::integer, 1
        from (
            select *, unnest(list_transform(flags, lambda flag: {{
                'field': nullif(split_part(flag, ':', 2), ''), 'is_unread': split_part(flag, ':', 1) in {_UNREAD},
                'is_contested': flag = 'conflicting_id'
            }})) as flagged
            from staging.{kind} where len(flags) > 0
        )
        where flagged.is_contested or (flagged.is_unread and (case flagged.field {unread} else false end))
    """


def _day(kind: str, time: str) -> str:
    return day_column(time) if time in kind_fields(kind).times else "null::date"
