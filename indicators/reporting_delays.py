"""Reporting delays: how long after the event a record is made, and what a count of today will be when all are.

Belongs here: the triangle of event days and delays, the distribution of the delay, and the nowcast of one count. Not
here: which records and periods an indicator has (`nowcasts`).

An event of yesterday that took a week to be recorded cannot be seen yet, so that the delays that are seen are too
short (right truncation). The distribution comes from the hazards in reversed time, which need no event to be complete
(Lagakos, Barraj & De Gruttola 1988, Biometrika 75:515; Kalbfleisch & Lawless 1989, JASA 84:360): the same figures as
the development factors of a chain ladder (Mack 1993, ASTIN Bulletin 23:213). What is missing of a count follows
Lawless (1994, Canadian Journal of Statistics 22:15), with one expectation for all days of a period (Cape Cod method)
and an over-dispersion that comes from hindcasts: days recorded in batches err together, which no triangle tells.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
HINDCAST_DAYS = 28
"""Days of each period that is hindcast: about a month, the period most looked at."""
FEWEST_HINDCASTS = 60
LEAST_SHARE = 0.1
"""Where less of a period is recorded, ten records would have to be told from one."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Delays:
    """Distribution of the delay among records made within `len(shares) - 1` days.

    Attributes
    ----------
    shares : array of float, shape (days + 1,)
        Share recorded by the end of the day so many days after the event; the last is 1.
    variances : array of float, shape (days + 1,)
        Variance of the logarithm of one minus the hazard at each delay, which are independent of each other.
    dispersion : float
        How many times the variance of Poisson counts what is missing has, at least 1.
    records : float
        Records that the distribution comes from.
    """

    shares: Floats
    variances: Floats
    dispersion: float
    records: float

    @property
    def days(self) -> int:
        """The longest delay."""
        return len(self.shares) - 1

    def share(self, ages: NDArray[np.int64]) -> Floats:
        """Share recorded of days of these ages (days from the event to the data cut-off); 0 of days after it."""
        found = self.shares[np.clip(ages, 0, self.days)]
        return np.where(ages < 0, 0.0, found)

    def limits(self) -> tuple[Floats, Floats]:
        """Lower and upper 95 % limits of `shares`, on the scale of their logarithm."""
        # A share depends on the hazards of all longer delays.
        variance = np.append(np.cumsum(self.variances[:0:-1])[::-1], 0.0) * self.dispersion
        factor = np.exp(stats.norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt(variance))
        return self.shares / factor, np.minimum(self.shares * factor, 1.0)


@dataclass(frozen=True)
class Nowcast:
    """Counts as they will be, each with its 95 % prediction interval; arrays of the shape of what was counted."""

    expected: Floats
    lower: Floats
    upper: Floats
    recorded_share: float


def triangle(records: pl.DataFrame, cutoff: date, window: int, days: int) -> Floats:
    """Count records by event day and delay.

    Parameters
    ----------
    records : DataFrame
        day, delay_days (null where not known), records; those after the cut-off, or with a longer delay, are left out.
    cutoff : date
        Last day of which it is known what was recorded.
    window, days : int
        Event days, and the longest delay.

    Returns
    -------
    array of float, shape (window, days + 1)
        The oldest day first; cells that lie after the cut-off are 0.
    """
    counts = np.zeros((window, days + 1))
    age = (pl.lit(cutoff) - pl.col("day")).dt.total_days()
    seen = records.select(row=window - 1 - age, delay=pl.col("delay_days"), age=age, records="records").filter(
        pl.col("row").is_between(0, window - 1), pl.col("delay").is_between(0, days), pl.col("delay") <= pl.col("age")
    )
    np.add.at(counts, (seen["row"].to_numpy(), seen["delay"].to_numpy()), seen["records"].to_numpy())
    return counts


def estimate(counts: Floats) -> Delays | None:
    """Estimate the distribution of the delay from a triangle; None where the history is too short to hindcast.

    Parameters
    ----------
    counts : array of float, shape (window, days + 1)
        As `triangle` gives it.
    """
    window, days = counts.shape[0], counts.shape[1] - 1
    if window - days - HINDCAST_DAYS + 1 < FEWEST_HINDCASTS or not counts.any():
        return None
    by_then = counts.cumsum(axis=1)
    shares, variances = np.ones(days + 1), np.zeros(days + 1)
    for delay in range(days, 0, -1):
        # Days old enough that this delay has been seen.
        made, of = counts[: window - delay, delay].sum(), by_then[: window - delay, delay].sum()
        hazard = made / of if of > 0 else 0.0
        shares[delay - 1] = shares[delay] * (1 - hazard)
        variances[delay] = made / (of * (of - made)) if of > made else 0.0
    return Delays(shares, variances, _dispersion(by_then, shares), float(counts.sum()))


def nowcast(counted: Floats, ages: NDArray[np.int64], delays: Delays) -> Nowcast | None:
    """Foretell counts of one period, such as those of several areas; None where too little of it is recorded.

    Parameters
    ----------
    counted : array of float
        Records so far.
    ages : array of int
        Days from each day of the period to the data cut-off.
    delays : Delays
    """
    shares = delays.share(ages)
    known, whole = float(shares.sum()), len(ages)
    if known < LEAST_SHARE * whole:
        return None
    if known == whole:
        return Nowcast(counted, counted, counted, 1.0)
    missing = _missing(counted, known, whole)
    # Half a record more, as in Jeffreys' prior: of nothing counted, something may be missing all the same.
    mean = _missing(counted + 0.5, known, whole)
    variance = delays.dispersion * (
        mean + mean**2 / (counted + 0.5) + ((counted + 0.5) * whole / known**2) ** 2 * _known_variance(ages, delays)
    )
    tail = (1 - CONFIDENCE) / 2
    low, high = (_quantile(level, mean, variance) for level in (tail, 1 - tail))
    expected = counted + missing
    return Nowcast(expected, np.minimum(counted + low, expected), np.maximum(counted + high, expected), known / whole)


def _missing(counted: Floats, known: float, whole: int) -> Floats:
    """What is missing where the period's days have one expectation: those not yet recorded bring as much."""
    return counted / known * (whole - known)


def _known_variance(ages: NDArray[np.int64], delays: Delays) -> float:
    """Variance of the sum of the days' shares, by the delta method: a hazard moves the shares of all younger days."""
    shares = delays.share(ages)
    younger = ages[None, :] < np.arange(delays.days + 1)[:, None]
    return float((delays.variances * (younger * shares).sum(axis=1) ** 2).sum())


def _quantile(level: float, mean: Floats, variance: Floats) -> Floats:
    """Quantile of the negative binomial (where nothing is over-dispersed, Poisson) distribution."""
    spread = np.maximum(variance, mean * (1 + 1e-9))
    return np.asarray(stats.nbinom.ppf(level, mean**2 / (spread - mean), mean / spread), dtype=np.float64)


def _dispersion(by_then: Floats, shares: Floats) -> float:
    """Mean squared error of hindcasts over the variance of Poisson counts; of periods that end day by day."""
    window, days = by_then.shape[0], by_then.shape[1] - 1
    errors = []
    back = np.arange(HINDCAST_DAYS)
    known = float(shares[np.minimum(back, days)].sum())
    if not 0 < known < HINDCAST_DAYS:
        return 1.0
    for last in range(HINDCAST_DAYS - 1, window - days):
        rows = last - back
        counted = by_then[rows, np.minimum(back, days)].sum()
        missing = by_then[rows, days].sum() - counted
        mean = float(_missing(counted + 0.5, known, HINDCAST_DAYS))
        error = missing - float(_missing(counted, known, HINDCAST_DAYS))
        errors.append(error**2 / (mean + mean**2 / (counted + 0.5)))
    return max(1.0, float(np.mean(errors)))
