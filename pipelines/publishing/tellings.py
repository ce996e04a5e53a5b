"""Tellings in the warehouse: what each release told of protected counts, kept for the releases after it.

Belongs here: the table, and what of it is new. It holds exact counts beside what was told, so it stays with the
records. What a release may tell after these is for `indicators/tellings`.
"""

import duckdb

from indicators.tellings import SCHEMA, Tellings
from pipelines.warehouse import transaction

TABLE = "ledger.telling"
# What the release about to be made tells.
CANDIDATE = "protected_tellings"
_PERIOD = "indicator_id, counted, period_kind, period_start"


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table."""
    con.execute(
        f"create table if not exists {TABLE} (profile varchar, telling bigint, indicator_id varchar, counted varchar, "
        'period_kind varchar, period_start date, area_id varchar, "count" bigint, "value" bigint, least bigint, '
        "most bigint, is_withheld boolean)"
    )


def recall(con: duckdb.DuckDBPyConnection, profile: str) -> Tellings:
    """Return what was told under a profile; what was told under another cannot be taken account of."""
    ensure(con)
    columns = ", ".join(f'"{name}"' for name in SCHEMA)
    rows = con.execute(f"select {columns}, telling from {TABLE} where profile = ? order by all", (profile,))
    return Tellings(rows.pl())


def note(con: duckdb.DuckDBPyConnection, profile: str) -> int:
    """Keep what the release about to be made tells of periods of which it tells something new; return their number."""
    ensure(con)
    columns = ", ".join(f'"{name}"' for name in SCHEMA)
    with transaction(con):
        con.execute(
            f"""
            create or replace temp table newly_told as
            with now as (
                select {_PERIOD}, sum(hash(area_id, "count", "value", least, most, is_withheld)) as told
                from indicators.{CANDIDATE} group by all
            ),
            earlier as (
                select {_PERIOD}, telling, sum(hash(area_id, "count", "value", least, most, is_withheld)) as told
                from {TABLE} where profile = ? group by all
            )
            select {_PERIOD}, coalesce((select max(telling) from earlier where ({_PERIOD}) = ({_of("now")})), 0) + 1
                as telling
            from now anti join earlier using ({_PERIOD}, told)
            """,
            (profile,),
        )
        con.execute(
            f"insert into {TABLE} by name select ? as profile, telling, {columns} "
            f"from indicators.{CANDIDATE} join newly_told using ({_PERIOD})",
            (profile,),
        )
        counted = con.execute("select count(*) from newly_told").fetchone()
    return int(counted[0]) if counted else 0


def _of(name: str) -> str:
    return ", ".join(f"{name}.{column.strip()}" for column in _PERIOD.split(","))
