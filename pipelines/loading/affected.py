"""Affected days: which days of which records a load has changed, so that models make just those anew.

A record touches several days: its own, those on which it may have happened, the one from which it is known, the one
on which it is due. A row that was read touches its own, in staging or not. Each is listed under its name, old and new;
what makes a record change is no concern here.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import duckdb

from pipelines.warehouse import date_literal, literal, one_row, scalar

# The days that a record touches, by the names that the models ask for, as SQL over the kind's staging table.
_OF_EVERY_KIND = {"day": "day", "known_day": "known_day"}
_OF_KIND: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "possible_day": "unnest(generate_series(day, greatest(day, coalesce(occurred_until_day, day)), "
        "interval 1 day))::date"
    },
    "service": {"due_day": "due_day"},
    "handoff": {"due_day": "due_day"},
}
# Of these the models ask whether they are past: they change as `as_of` moves, though the records stay.
_DUE = {"service": "due_day", "handoff": "due_day"}


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the list of loads; that of affected days is a source of the models, and declared with them."""
    con.execute(
        "create table if not exists ledger.load (load_id bigint, kind varchar, as_of date, first_day date, "
        "last_day date, rows_judged bigint, days_affected bigint)"
    )


def begin(con: duckdb.DuckDBPyConnection) -> None:
    """Start a load's list, in the temporary table `touched`: what is noted in between is written down by `enter`."""
    con.execute("create or replace temp table touched (kind varchar, day_of varchar, day date)")


def note(con: duckdb.DuckDBPyConnection, kind: str, records: str) -> None:
    """List the days that records touch, given as the SQL of a relation with the columns of the kind's staging table."""
    if not scalar(con, f"select count(*) from {records} as records"):
        return
    days = _OF_EVERY_KIND | dict(_OF_KIND.get(kind, {}))
    con.execute(
        "insert into touched "
        + " union all ".join(
            f"select distinct {literal(kind)}, {literal(name)}, {expression} as day from {records} as records"
            for name, expression in days.items()
        )
    )


def note_received(con: duckdb.DuckDBPyConnection, receipts: str) -> None:
    """List the days of receipts, given as the SQL of a relation with the columns of `staging.receipt`."""
    con.execute(f"insert into touched select distinct kind, 'received_day', day from {receipts} as receipts")


def note_due(con: duckdb.DuckDBPyConnection, kind: str, before: date | None, as_of: date) -> None:
    """List the days that have become past, or are past no longer, since the load before."""
    if before is None or before == as_of or kind not in _DUE:
        return
    first, last = sorted((before, as_of))
    con.execute(
        f"insert into touched select {literal(kind)}, {literal(_DUE[kind])}, day::date from generate_series("
        f"{date_literal(first + timedelta(days=1))}, {date_literal(last)}, interval 1 day) as days (day)"
    )


def enter(
    con: duckdb.DuckDBPyConnection, kind: str, as_of: date, window: tuple[date, date] | None, judged: int
) -> list[date]:
    """Write down a load and its days for the models; return the own days of records of its kind, in order."""
    own = "select distinct day from touched where kind = ? and day_of = 'day' order by day"
    days = [row[0] for row in con.execute(own, (kind,)).fetchall()]
    con.execute(
        "insert into ledger.load select coalesce(max(load_id), 0) + 1, ?, ?, ?, ?, ?, ? from ledger.load",
        (kind, as_of, *(window or (None, None)), judged, len(days)),
    )
    con.execute(
        f"insert into staging.affected_day select distinct {newest(con)}, kind, day_of, day "
        "from touched where day is not null"
    )
    con.execute("drop table temp.touched")
    return days


def newest(con: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the newest load; 0 where there was none."""
    return scalar(con, "select coalesce(max(load_id), 0) from ledger.load")


def forget(con: duckdb.DuckDBPyConnection, through: int) -> None:
    """Drop the days of loads that every model has followed."""
    if one_row(con, "select min(load_id) from staging.affected_day")[0] is not None:
        con.execute("delete from staging.affected_day where load_id <= ?", (through,))
