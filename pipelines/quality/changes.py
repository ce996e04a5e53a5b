"""Which days of a table have changed since someone last looked at it.

Here: what the logs of loads and of builds say of it, both of which number what they did, and days as a condition. Not
here: writing the logs (`loading.affected`, `dbt_like_sql.built`), and what is looked at (`windows`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

import duckdb

from dbt_like_sql import built
from pipelines.pack.sources import Kind
from pipelines.warehouse import date_literal, has_table, scalar

DAY = built.DAY
Days = built.Days
# Columns of records that change when a delivery comes anew, though no day is listed for it: the record is the same.
_UNTOLD = re.compile(r"\b(batch_id|line)\b")


@dataclass(frozen=True)
class Log:
    """Where the changes of a table are listed.

    Attributes
    ----------
    layer, table
        The table.
    newest
        Number of its newest change; 0 where there was none.
    """

    layer: str
    table: str
    newest: int

    @property
    def is_of_records(self) -> bool:
        """Whether loads change the table, not builds of a model."""
        return self.layer == "staging" and self.table in get_args(Kind)

    def tells_of(self, kwargs: Mapping[str, Any]) -> bool:
        """Tell whether every change is listed that matters to an expectation with these arguments."""
        return not (self.is_of_records and _UNTOLD.search(str(kwargs)))

    def days_since(self, con: duckdb.DuckDBPyConnection, change: int) -> Days | None:
        """Return the days of rows that came or changed after a change; None where that can be any row."""
        if change > self.newest:
            return None  # the log was begun anew
        return (
            _loaded_since(con, self.table, change) if self.is_of_records else built.days_since(con, self.table, change)
        )


def log_of(con: duckdb.DuckDBPyConnection, layer: str, table: str) -> Log | None:
    """Return the log of a table's changes; None if there is none, as of a view or a table of the pack's own."""
    if layer == "staging" and table in get_args(Kind) and has_table(con, "ledger", "load"):
        newest = scalar(con, "select coalesce(max(load_id), 0) from ledger.load where kind = ?", (table,))
    elif has_table(con, built.SCHEMA, "build"):
        newest = built.newest_build(con, table)
    else:
        newest = 0
    return Log(layer, table, newest) if newest else None


def _loaded_since(con: duckdb.DuckDBPyConnection, kind: str, load: int) -> Days | None:
    """Return the own days of a kind's records that later loads have changed; None if some are listed no longer.

    A load's days go when every model has followed it.
    """
    listed = "select day from staging.affected_day where kind = ? and day_of = 'day' and load_id"
    forgotten = scalar(
        con,
        "select count(*) from ledger.load where kind = ? and load_id > ? and days_affected > 0 "
        "and load_id not in (select load_id from staging.affected_day where kind = ? and day_of = 'day')",
        (kind, load, kind),
    )
    if forgotten:
        return None
    return frozenset(day for (day,) in con.execute(f"{listed} > ?", (kind, load)).fetchall())


def in_days(days: Days) -> str:
    """Compose the condition that a row is of one of some days."""
    spans: list[list[date]] = []
    for day in sorted(day for day in days if day is not None):
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1][1] = day
        else:
            spans.append([day, day])
    # As spans: the engine then passes over the parts of a table that hold none of the days.
    conditions = [f"{DAY} between {date_literal(first)} and {date_literal(last)}" for first, last in spans]
    if None in days:
        conditions.append(f"{DAY} is null")
    return " or ".join(conditions) or "false"
