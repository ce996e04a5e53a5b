"""Arithmetic of periods: what ends, precedes and corresponds; no naming, no query.

A period is its kind and its first day; weeks start where the release starts them.
"""

from datetime import date, timedelta


def period_end(period_kind: str, start: date) -> date:
    """Give the first day after a period."""
    if period_kind in ("day", "week"):
        return start + timedelta(days=7 if period_kind == "week" else 1)
    months = {"month": 1, "quarter": 3, "year": 12, "rolling_12m": 12}[period_kind]
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def last_period(period_kind: str, end: date) -> date:
    """Give the first day of the last period, of a month or longer, that ends before a day."""
    months = {"month": 1, "quarter": 3, "year": 12, "rolling_12m": 12}[period_kind]
    index = end.year * 12 + end.month - 1
    # Rolling years begin with any month, the others where their length divides the count of months.
    index = index - months if period_kind == "rolling_12m" else (index // months - 1) * months
    return date(index // 12, index % 12 + 1, 1)


def period_before(period_kind: str, start: date) -> date:
    """Give the first day of the period before; that of the year before for years and rolling years."""
    if period_kind in ("day", "week"):
        return start - timedelta(days=7 if period_kind == "week" else 1)
    index = start.year * 12 + start.month - 1 - {"month": 1, "quarter": 3}.get(period_kind, 12)
    return date(index // 12, index % 12 + 1, 1)


def year_before(period_kind: str, start: date) -> date | None:
    """Give the same period of last year: the same weekday for days and weeks, none for whole years."""
    if period_kind in ("year", "rolling_12m"):
        return None
    return start - timedelta(weeks=52) if period_kind in ("day", "week") else start.replace(year=start.year - 1)
