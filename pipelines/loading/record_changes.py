"""What became of records from load to load: new, completed, corrected, withdrawn, or read in another way.

For the log of revisions: it says why a published figure changed. By source, area and days, old and new; how many
records there were is no concern here, and neither is which days the models make anew (`affected`).
"""

from typing import Literal

import duckdb

from pipelines.loading import affected
from pipelines.loading.kinds import KindFields
from pipelines.warehouse import literal, quoted, scalar

What = Literal["new", "completed", "corrected", "withdrawn", "reread"]
# What these say comes later or changes with every update: another value is no correction of the one before.
_PROGRESS = frozenset({"outcome", "updated_at", "recorded_at"})
# Days on which a record may count beside its own; a profile holds from its day on.
_LAST_DAY = {
    "incident": "greatest(day, coalesce(occurred_until_day, day))",
    "service": "greatest(day, coalesce(due_day, day))",
    "handoff": "greatest(day, coalesce(due_day, day))",
    "profile": "date '9999-12-31'",
}
_FIRST_DAY = {"service": "least(day, coalesce(due_day, day))", "handoff": "least(day, coalesce(due_day, day))"}


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the list, and that of the load which each release holds."""
    con.execute(
        "create table if not exists ledger.record_change (load_id bigint, source varchar, kind varchar, "
        "area_id varchar, first_day date, last_day date, what varchar)"
    )
    con.execute("create table if not exists ledger.released (release_id varchar, load_id bigint)")


def note(con: duckdb.DuckDBPyConnection, name: str, fields: KindFields, old: str, new: str, is_reread: bool) -> None:
    """List what differs between the records `old` and `new`, two tables in the columns of the kind's staging table.

    Parameters
    ----------
    is_reread
        The pack or the code reads the source in another way than before: whatever differs does so for that reason.
    """
    if not scalar(con, "select count(*) from ledger.released"):
        return  # Nothing has been published that could be revised.
    kind = fields.kind
    first, last = _FIRST_DAY.get(kind, "day"), _LAST_DAY.get(kind, "day")
    said = [column for column in fields.types if column not in ("batch_id", "line", fields.id_field)]
    given = [name for name in (*fields.times, *fields.others, "area_id", "lat", "lon") if name in fields.types]
    values = [name for name in given if name not in _PROGRESS]
    is_other = {column: f"o.{quoted(column)} is distinct from n.{quoted(column)}" for column in said}
    was_given = " or ".join(f"(o.{quoted(column)} is not null and {is_other[column]})" for column in values)
    differs = " or ".join(is_other.values())
    key = quoted(fields.id_field)
    area = "coalesce(area_id, geography || ':unallocated')"
    con.execute(
        f"""
        insert into ledger.record_change
        with paired as (
            select {key} as record_key, ({differs}) as differs, ({was_given}) as was_given
            from {old} as o join {new} as n using ({key})
        ),
        changed as (
            select o.*, case when p.record_key is null then 'withdrawn' when p.was_given then 'corrected'
                else 'completed' end as what
            from {old} as o left join paired as p on p.record_key = o.{key}
            where p.record_key is null or p.differs
            union all by name
            select n.*, case when p.record_key is null then 'new' when p.was_given then 'corrected'
                else 'completed' end as what
            from {new} as n left join paired as p on p.record_key = n.{key}
            where p.record_key is null or p.differs
        )
        select distinct {affected.newest(con) + 1}, {literal(name)}, {literal(kind)}, {area}, {first}, {last},
            {"'reread'" if is_reread else "what"}
        from changed
        """
    )


def note_release(con: duckdb.DuckDBPyConnection, release_id: str) -> None:
    """Write down that a release holds every load so far."""
    con.execute("delete from ledger.released where release_id = ?", (release_id,))
    con.execute("insert into ledger.released values (?, ?)", (release_id, affected.newest(con)))


def since(con: duckdb.DuckDBPyConnection, release_id: str) -> int | None:
    """Return the newest load that a release holds; None where this warehouse did not make it."""
    row = con.execute("select load_id from ledger.released where release_id = ?", (release_id,)).fetchone()
    return None if row is None else int(row[0])


def forget(con: duckdb.DuckDBPyConnection, kept: list[str]) -> None:
    """Drop what every release that is kept holds: nothing will be compared with what was before."""
    con.execute("delete from ledger.released where not list_contains(?::varchar[], release_id)", (kept,))
    con.execute("delete from ledger.record_change where load_id <= (select min(load_id) from ledger.released)")
