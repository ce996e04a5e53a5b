"""What days have in common: the columns of a regression on days, for their kind and the time of the year.

Belongs here: from days and their calendar to a design. Not here: the calendar itself (`day_types`), the regression
(`regression`), and what is regressed (`daily_alarms`, `anomalies`).
"""

import numpy as np
import polars as pl

from indicators.intervals import Floats

DAYS_PER_YEAR = 365.25
ORDINARY = ("workday", "weekend")


def kind_columns(days: pl.Series, calendar: pl.DataFrame | None) -> Floats:
    """Indicators of the kind of each day: one of them holds, besides those near the lunar new year.

    A day's kind is its weekday, or its type if that is no ordinary workday or weekend: a holiday is a holiday
    whatever the weekday.

    Parameters
    ----------
    days : Series of Date, named day
    calendar : DataFrame, optional
        As `day_types.day_types` gives it, for all these days. Without it all days are ordinary.

    Returns
    -------
    array, shape (days, kinds)

    Raises
    ------
    ValueError
        If the calendar misses a day.
    """
    weekday = pl.col("day").dt.weekday().cast(pl.String)
    if calendar is None:
        plain = pl.DataFrame({"day": days}).select(weekday).to_series()
        return np.column_stack([plain.to_numpy() == name for name in sorted(set(plain))]).astype(np.float64)
    known = pl.DataFrame({"day": days}).join(calendar, on="day", how="left", maintain_order="left")
    missing = known.filter(pl.col("day_type").is_null())
    if not missing.is_empty():
        raise ValueError(f"the calendar has no type for {missing['day'][0]}: make it for all days of the counts")
    kind = known.select(pl.when(pl.col("day_type").is_in(ORDINARY)).then(weekday).otherwise("day_type")).to_series()
    is_apart = known["day_type"].to_numpy() == "spring_festival"
    distance = known["days_from_new_year"].cast(pl.Float64).to_numpy()
    near = [(distance < 0) & ~is_apart, (distance > 0) & ~is_apart]
    return np.column_stack([*(kind.to_numpy() == name for name in sorted(set(kind))), *near]).astype(np.float64)


def yearly_waves(days: pl.Series, harmonics: int) -> Floats:
    """Pairs of cosine and sine that go through the year once, twice and so on, shape (days, 2 x harmonics)."""
    angle = 2 * np.pi * days.dt.epoch("d").to_numpy().astype(np.float64) / DAYS_PER_YEAR
    orders = np.arange(1, harmonics + 1)
    return np.column_stack([np.cos(angle[:, None] * orders), np.sin(angle[:, None] * orders)])
