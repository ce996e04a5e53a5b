"""Time: the days of the simulation, how much happens on each, at which hour, and where the clocks change.

All times are seconds of local wall time since 1970. What happens is not known here.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.simulation.district import slots

TIME_ZONE = "America/Vancouver"
FIRST_DAY, LAST_DAY, AS_OF = date(2023, 1, 1), date(2025, 12, 31), date(2025, 11, 30)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
DAY_SECONDS = 86_400
FIRST_SECOND = (FIRST_DAY - date(1970, 1, 1)).days * DAY_SECONDS
# Larger than 0: counts vary more than chance alone would have them (negative binomial).
_OVERDISPERSION = 0.15

Integers = npt.NDArray[np.int64]


def day_number(day: date) -> int:
    """Return the position of a day, 0 for the first."""
    return (day - FIRST_DAY).days


@functools.cache
def months() -> tuple[tuple[str, int, int], ...]:
    """Return the months as YYYY-MM, each with its first day and the first day after it."""
    firsts = [date(year, month, 1) for year in range(FIRST_DAY.year, LAST_DAY.year + 1) for month in range(1, 13)]
    edges = [day_number(first) for first in firsts] + [DAYS]
    return tuple((f"{first:%Y-%m}", edges[at], edges[at + 1]) for at, first in enumerate(firsts))


@dataclass(frozen=True)
class Rhythm:
    """How a stream follows the year and the week.

    `season` is the share by which its peak exceeds the mean, `peak_month` its month, `week` a factor a weekday from
    Monday, `growth` the yearly growth.
    """

    season: float
    peak_month: int
    week: Sequence[float]
    growth: float = 0.0

    def weights(self) -> npt.NDArray[np.float64]:
        """Return the expected share of each day, shape (days,)."""
        days = np.arange(DAYS)
        year = np.cos((days - (self.peak_month - 0.5) * 30.44) * 2 * np.pi / 365.25)
        weekday = (days + FIRST_DAY.weekday()) % 7
        weights: npt.NDArray[np.float64] = (
            (1 + self.season * year) * np.asarray(self.week)[weekday] * (1 + self.growth) ** (days / 365.25)
        )
        return weights


def draw_counts(rng: np.random.Generator, rows: int, expected: npt.NDArray[np.float64]) -> Integers:
    """Draw how many rows each cell (day, beat) has: exactly `rows` in all, overdispersed around the expectation."""
    noisy = expected * rng.gamma(1 / _OVERDISPERSION, _OVERDISPERSION, expected.shape)
    counts: Integers = rng.multinomial(rows, (noisy / noisy.sum()).ravel()).reshape(expected.shape)
    return counts


def hour_table(weights: Sequence[float]) -> npt.NDArray[np.uint8]:
    """Return the hour of the day by a random 16-bit number, from 24 weights."""
    return slots(weights).astype(np.uint8)


def night_share(table: npt.NDArray[np.uint8]) -> float:
    """Return the share of an hour table that lies between 22:00 and 06:00."""
    return float(np.mean((table >= 22) | (table < 6)))


def lognormal(
    rng: np.random.Generator, size: int, median: float | npt.NDArray[np.integer], sigma: float, longest: int
) -> Integers:
    """Draw whole units from a lognormal distribution, at least one and at most the longest."""
    drawn = median * np.exp(np.float32(sigma) * rng.standard_normal(size, dtype=np.float32))
    whole: Integers = np.clip(drawn, 1, longest).astype(np.int64)
    return whole


def _clock_changes() -> list[tuple[int, int]]:
    """Return the days on which the clocks change, and by how many hours they go forward."""
    zone = ZoneInfo(TIME_ZONE)
    found = []
    for number in range(DAYS):
        noon = datetime.combine(FIRST_DAY, datetime.min.time(), zone) + timedelta(days=number, hours=12)
        before = noon - timedelta(days=1)
        forward = (noon.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
        if forward:
            found.append((number, round(forward / timedelta(hours=1))))
    return found


CLOCK_CHANGES = _clock_changes()
SPRING_DAYS = tuple(day for day, forward in CLOCK_CHANGES if forward > 0)
AUTUMN_DAYS = tuple(day for day, forward in CLOCK_CHANGES if forward < 0)


# From 01:00 to 03:00 on those days a time may be there twice or not at all. By the hour since the first day; times
# end well within the year after the last.
_IS_DOUBTFUL = np.zeros((DAYS + 366) * 24, dtype=np.bool_)
_IS_DOUBTFUL[[day * 24 + hour for day, _ in CLOCK_CHANGES for hour in (1, 2)]] = True


def moments(seconds: npt.NDArray[np.integer], present: npt.NDArray[np.bool_] | None = None) -> pl.Series:
    """Return seconds as date-times, null where they are not present.

    What would lie between 01:00 and 03:00 of a day on which the clocks change is moved to 03:00, so that none but the
    planted times is ambiguous or absent, and times keep their order.
    """
    settled = seconds.astype(np.int64)
    doubtful = np.flatnonzero(_IS_DOUBTFUL[(settled - FIRST_SECOND) // 3600])
    settled[doubtful] += 3 * 3600 - settled[doubtful] % DAY_SECONDS
    column = pl.Series(settled * 1000).cast(pl.Datetime("ms"))
    return column if present is None else column.set(pl.Series(~present), None)
