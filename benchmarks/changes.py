"""Measure the list "what changed" on simulated cities: `python -m benchmarks.changes [--cities N]`.

Prints JSON. A city is a hundred series of days, of four levels, with weekdays, season, a calendar's holidays, slow
growth and over-dispersion, and where asked a rate that drifts from day to day. Its latest month is tested by the moving
range of the months before and against its season, with and without its latest week, under the false discovery control
of the release: once nothing has changed, once a tenth of the series. Cities of rare events are tested by their gaps.
Here: the simulation and the counting. Not here: the tests (indicators).
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.charts import ChartRules
from indicators.daily_alarms import daily_alarms
from indicators.day_types import day_types
from indicators.gaps import (
    FEWEST_GAPS,
    MOST_ERRORS_OF_DISPERSION,
    MOST_EVENT_DAYS,
    event_days,
    gap_dispersion,
    gap_p_value,
)
from indicators.latest_period import RULES
from indicators.periods import month_before
from indicators.trends import benjamini_hochberg, latest_point_p_value

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Events a day, 25 series each.
LEVELS = (1.0, 3.0, 10.0, 30.0)
SERIES_PER_LEVEL = 25
# Rare ones: eleven a year to some six a month.
RARE_LEVELS = (0.03, 0.07, 0.12, 0.2)
# So few have changed for as many months before it is told, and by so much.
RARE_FACTORS = (4.0, 0.0)
RARE_MONTHS_CHANGED = 3
# Months of history, as many as the chart's window and the model's history hold.
MONTHS = 36
DISPERSION = 1.3
# Days after which a drift of the rate has lost two thirds of itself.
MEMORY_DAYS = 20.0
CHANGED_SHARE = 0.1
# Alternately a rise and a fall, of the latest month alone.
FACTORS = (1.4, 0.65)
DRIFTS = (0.0, 0.15)
# Each month of this year is the latest in turn.
YEAR = 2024


@dataclass(frozen=True)
class City:
    """Counts of independent series, shape (series, days), up to the last day of the month that is judged."""

    counts: Floats
    days: pl.Series
    is_changed: Flags

    @property
    def month(self) -> date:
        """First day of the judged month."""
        last: date = self.days[-1]
        return last.replace(day=1)


def simulate(month: date, drift: float, share_changed: float, seed: int, is_rare: bool = False) -> City:
    """A city whose latest month is `month`; `drift` is the standard deviation of the logarithm of the drifting rate."""
    factors, levels = (RARE_FACTORS, RARE_LEVELS) if is_rare else (FACTORS, LEVELS)
    since = month_before(month, RARE_MONTHS_CHANGED - 1) if is_rare else month
    random = np.random.default_rng(seed)
    last = month_before(month, -1) - timedelta(days=1)
    days = pl.date_range(month_before(month, MONTHS), last, eager=True).alias("day")
    number = days.dt.epoch("d").to_numpy()
    kind = day_types(days[0], last, "CN")["day_type"].to_numpy()
    effect = 0.25 * np.cos(2 * np.pi * (number - 200) / 365.25) + 0.03 * (number - number[0]) / 365.25
    effect += np.select([kind == "weekend", kind == "holiday", kind == "spring_festival"], [-0.2, 0.2, -0.7], 0.0)
    level = np.repeat(levels, SERIES_PER_LEVEL)
    mean = level[:, None] * np.exp(effect) * np.exp(_drifting(random, len(level), len(days), drift) - drift**2 / 2)
    is_changed = np.zeros(len(level), dtype=np.bool_)
    is_changed[random.choice(len(level), round(share_changed * len(level)), replace=False)] = True
    factor = np.ones(len(level))
    factor[is_changed] = np.resize(factors, int(is_changed.sum()))
    # No event at all cannot be drawn.
    mean[:, (days >= since).to_numpy()] *= np.maximum(factor, 1e-9)[:, None]
    # A negative binomial, as a Poisson with a gamma mean.
    counts = random.poisson(random.gamma(mean / (DISPERSION - 1), DISPERSION - 1)).astype(np.float64)
    return City(counts, days, is_changed)


def _drifting(random: np.random.Generator, series: int, days: int, deviation: float) -> Floats:
    """A stationary autoregression of order one."""
    kept = np.exp(-1 / MEMORY_DAYS)
    drift = random.normal(size=(series, days)) * deviation
    drift[:, 1:] *= np.sqrt(1 - kept**2)
    for day in range(1, days):
        drift[:, day] += kept * drift[:, day - 1]
    return drift


def by_moving_range(city: City) -> Floats:
    """p-value by series, as the release has it where no season is known; NaN where it is not tested."""
    month = (city.days.dt.year().cast(pl.Int64) * 12 + city.days.dt.month()).to_numpy()
    sums = np.stack([city.counts[:, month == each].sum(axis=1) for each in np.unique(month)], axis=1)
    sums = sums[:, -ChartRules().months :]
    tested = sums.mean(axis=1) >= ChartRules().mean_events
    p_values = [latest_point_p_value(row) if is_tested else None for row, is_tested in zip(sums, tested, strict=True)]
    return np.array(p_values, dtype=np.float64)


def by_season(city: City, sum_days: int | None = None) -> Floats:
    """p-value by series of the latest days, by default a month, against their season; NaN without a verdict."""
    series, days = city.counts.shape
    rows = pl.DataFrame(
        {
            "series": np.repeat(np.arange(series), days),
            "day": pl.concat([city.days] * series),
            "count": city.counts.ravel(),
        }
    )
    calendar = day_types(city.days[0], city.days[-1], "CN")
    rules = replace(RULES, sum_days=sum_days or (city.days[-1] - city.month).days + 1)
    return daily_alarms(rows, ["series"], calendar, rules)["p_value"].fill_null(np.nan).to_numpy()


def by_season_and_week(city: City) -> Floats:
    """p-values of the latest month of all series, and then of its last week, as the release has them together."""
    return np.concatenate([by_season(city), by_season(city, 7)])


def by_gaps(city: City) -> Floats:
    """p-value by series from its days with an event; NaN where there are too few of them, or too many."""
    is_latest = (city.days >= city.month).to_numpy()
    p_values = []
    for counts in city.counts:
        happened = event_days(counts)
        told = FEWEST_GAPS < happened.sum() <= MOST_EVENT_DAYS * len(happened)
        phi, error = gap_dispersion(np.diff(np.flatnonzero(happened)) - 1) if told else (np.inf, 0.0)
        told = phi <= 1 + MOST_ERRORS_OF_DISPERSION * error
        p_values.append(min(1.0, 2 * min(gap_p_value(happened, is_latest, max(phi, 1.0)))) if told else np.nan)
    return np.array(p_values)


METHODS: dict[str, Callable[[City], Floats]] = {
    "moving_range": by_moving_range,
    "season": by_season,
    "season, month and week": by_season_and_week,
}
RARE_METHODS: dict[str, Callable[[City], Floats]] = {"gaps": by_gaps}


def listed(p_values: Floats) -> Flags:
    """Which series the list "what changed" holds."""
    tested = ~np.isnan(p_values)
    found = np.zeros(len(p_values), dtype=np.bool_)
    found[tested] = benjamini_hochberg(p_values[tested]) <= ChartRules().largest_q
    return found


def cities(number: int, drift: float, share_changed: float, seed: int, is_rare: bool = False) -> Iterator[City]:
    """As many cities, judged in the months of the year in turn."""
    for city in range(number):
        yield simulate(date(YEAR, city % 12 + 1, 1), drift, share_changed, seed + city, is_rare)


def measure(
    number: int,
    drift: float,
    share_changed: float,
    seed: int,
    is_rare: bool = False,
    asked: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """What each method, or those asked for, list: means over the cities, with the standard error of the false share."""
    every = RARE_METHODS if is_rare else METHODS
    methods = {name: test for name, test in every.items() if asked is None or name in asked}
    told: dict[str, list[tuple[float, float, float, float]]] = {method: [] for method in methods}
    for city in cities(number, drift, share_changed, seed, is_rare):
        for method, test in methods.items():
            p_values = test(city)
            # A series that is tested twice stands there twice.
            changed = np.tile(city.is_changed, len(p_values) // len(city.is_changed))
            found, same = listed(p_values), ~changed
            told[method].append(
                (
                    float((p_values[same] <= 0.05).mean()),
                    float((found & same).sum() / same.sum()),
                    float((found & same).sum() / max(found.sum(), 1)),
                    float(found[changed].mean()) if changed.any() else np.nan,
                )
            )
    measured = []
    for method, rows in told.items():
        at_level, listed_share, false_share, found_share = np.array(rows).T
        measured.append(
            {
                "drift": drift,
                "changed": share_changed,
                "method": method,
                "unchanged_below_5_percent": round(float(at_level.mean()), 4),
                "unchanged_listed": round(float(listed_share.mean()), 4),
                "false_discovery_rate": round(float(false_share.mean()), 4),
                "standard_error": round(float(false_share.std(ddof=1) / np.sqrt(number)), 4),
                "changed_listed": None if share_changed == 0 else round(float(found_share.mean()), 4),
            }
        )
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", type=int, default=60, help="cities for each line, a multiple of 12")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    lines = [
        line
        for drift in DRIFTS
        for share in (0.0, CHANGED_SHARE)
        for is_rare in (False, True)
        for line in measure(given.cities, drift, share, given.seed, is_rare)
    ]
    json.dump(lines, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
