"""Units of origins that can be asked for a month: databases and web services."""

from collections.abc import Sequence
from datetime import date, timedelta

from pipelines.pulling.reading import Unit

ALL = "all"
UNDATED = "undated"


def month_units(window_column: str | None, months: Sequence[str] | None) -> list[Unit]:
    """Return a unit for each month (`2016-11`), and one for the rows that are in no month.

    Without a window column there is the single unit `all`, whatever the months.
    """
    if window_column is None:
        return [Unit(ALL)]
    if months is None:
        raise ValueError("an origin with a window column is asked for months")
    return [Unit(month, _days(month)) for month in months] + [Unit(UNDATED)]


def day_after(unit: Unit) -> date:
    """Return the first day after a month's unit."""
    if unit.days is None:
        raise ValueError(f"the unit {unit.name} is no month")
    return unit.days[1] + timedelta(days=1)


def _days(month: str) -> tuple[date, date]:
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
