"""Calendar periods: which period a day belongs to, and where each period starts and ends.

Belongs here: days, weeks, months, quarters, years and rolling twelve months. Not here: which days have records
(`coverage`).
"""

from datetime import date, timedelta
from functools import lru_cache

import polars as pl

PERIOD_KINDS = ("day", "week", "month", "quarter", "year", "rolling_12m")


def period_start(day: pl.Expr, kind: str, week_start: int) -> pl.Expr:
    """First day of the period that holds `day`; weeks start on ISO weekday `week_start` (1 Monday, 7 Sunday)."""
    if kind == "day":
        return day
    if kind == "week":
        return day - pl.duration(days=(day.dt.weekday().cast(pl.Int64) - week_start) % 7)
    units = {"month": "1mo", "quarter": "1q", "year": "1y"}
    if kind not in units:
        raise ValueError(f"{kind} is no calendar period: one of day, week, month, quarter, year")
    return day.dt.truncate(units[kind])


def period_end(start: pl.Expr, kind: str) -> pl.Expr:
    """Last day of the period of `kind` that starts on `start`."""
    lengths = {
        "day": "1d",
        "week": "1w",
        "month": "1mo",
        "quarter": "1q",
        "year": "1y",
        "rolling_12m": "12mo",
    }
    return start.dt.offset_by(lengths[kind]).dt.offset_by("-1d")


def membership(first: date, last: date, kinds: tuple[str, ...], week_start: int) -> pl.DataFrame:
    """Days from `first` to `last` with each period that holds them.

    A day is in one period of each calendar kind and in up to twelve rolling ones. Rolling windows are whole
    months, ended by `last`, none starting before the month of `first`.

    Returns
    -------
    DataFrame
        day, period_kind, period_start, period_end; sorted.
    """
    days = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    parts = [
        _rolling(days, first, last) if kind == "rolling_12m" else _calendar(days, kind, week_start) for kind in kinds
    ]
    return pl.concat(parts).sort("period_kind", "period_start", "day")


@lru_cache(maxsize=64)
def periods_between(first: date, last: date, kinds: tuple[str, ...], week_start: int) -> pl.DataFrame:
    """Periods that hold a day from `first` to `last`, as `membership` tells: period_kind, period_start, period_end."""
    days = membership(first, last, kinds, week_start)
    return days.select("period_kind", "period_start", "period_end").unique().sort("period_kind", "period_start")


def _calendar(days: pl.DataFrame, kind: str, week_start: int) -> pl.DataFrame:
    return days.select(
        "day", period_kind=pl.lit(kind), period_start=period_start(pl.col("day"), kind, week_start)
    ).with_columns(period_end=period_end(pl.col("period_start"), kind))


def _rolling(days: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    windows = pl.DataFrame({"back": range(12)})
    return (
        days.join(windows, how="cross")
        .select(
            "day",
            period_kind=pl.lit("rolling_12m"),
            period_start=pl.col("day").dt.truncate("1mo").dt.offset_by(pl.format("-{}mo", "back")),
        )
        .with_columns(period_end=period_end(pl.col("period_start"), "rolling_12m"))
        .filter((pl.col("period_start") >= first.replace(day=1)) & (pl.col("period_end") <= last))
    )


def month_before(month: date, count: int) -> date:
    """First day of the month that lies `count` months before another's first day."""
    months = month.year * 12 + month.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


def latest_complete_month(as_of: date) -> date:
    """First day of the last month that had ended by the end of `as_of`."""
    return ((as_of + timedelta(days=1)).replace(day=1) - timedelta(days=1)).replace(day=1)
