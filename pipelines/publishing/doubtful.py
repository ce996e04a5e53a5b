"""Records in doubt: those that may belong to a place and day without being counted there, or be counted without.

Here: counting them, of all sources. Not here: what they could do to a figure (`indicators/unusable`, `bounds`).
"""

import duckdb
import polars as pl

from pipelines.loading.kinds import FIRST_TIME, day_column, kind_fields


def doubtful_records(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Count the records in doubt by source, area and days.

    *Refused* are rows in quarantine, and the versions that lost where rows of one id contradict each other and no
    time of update tells which holds; the version that won is *contested*. Blank rows are no records.

    Returns
    -------
    DataFrame
        source, kind, geography, area_id (the unallocated one where it is not known), day, last_day (of an incident,
        last on which it may have happened), due_day, refused, contested; days are null where not known.
    """
    contested = " union all ".join(
        f"select source, area_id, day, {_day(kind, 'occurred_until')} as last_day, {_day(kind, 'due_at')} as due_day, "
        f"0 as refused, 1 as contested from staging.{kind} where list_contains(flags, 'conflicting_id')"
        for kind in FIRST_TIME
    )
    return con.sql(
        f"""
        with doubtful as (
            select source, area_id, day, last_day, due_day, 1 as refused, 0 as contested from quarantine.record
            where not list_contains(reasons, 'blank_row')
            union all
            select source, area_id, day, last_day, due_day, 1, 0 from ledger.unstaged where is_contested
            union all
            {contested}
        )
        select source, kind, geography, coalesce(area_id, geography || ':unallocated') as area_id, day, last_day,
            due_day, sum(refused)::bigint as refused, sum(contested)::bigint as contested
        from doubtful join staging.source using (source)
        group by all order by all
        """
    ).pl()


def _day(kind: str, time: str) -> str:
    return day_column(time) if time in kind_fields(kind).times else "null::date"
