"""Measure false alarms and delays of the alarm methods on simulated counts: `python -m benchmarks.alarms [--series N]`.

Prints JSON. Simulated are years of days with weekdays, season, a calendar's holidays, slow growth and over-dispersion;
the last weeks are judged, once as they are and once with the rate multiplied from some day on. Here: the simulation,
and each method asked as a nightly run would ask it. Not here: the methods (indicators) and their published numbers.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.daily_alarms import DailyRules, daily_alarms
from indicators.day_types import day_types
from indicators.rare_events import GapChart, event_probability, g_chart, t_chart, zeros_in_a_row
from indicators.seasons import festival_share, seasonal_centre, seasons, without_season
from indicators.surveillance import FLEXIBLE, FarringtonRules, farrington
from indicators.trends import xmr_chart

Counts = npt.NDArray[np.int64]
# Alarm by series (rows) and day (columns): set on the day on which it would have been told.
Alarms = npt.NDArray[np.bool_]

# A Monday.
FIRST = date(2018, 1, 1)
HISTORY_DAYS = 290 * 7
DISPERSION = 1.3
XMR_WEEKS = 104
SEASON_WEEKS = 260
UPWARD = ("above_limit", "near_limit_up", "shift_up", "trend_up")
# Limits of the gap charts come from the gaps of these years, and are then held against the new ones.
GAP_DAYS = 1095
TAIL = 0.005
CHANGE_DAYS = 56
YEAR_DAYS = 364
# Events per day, and how many times as many the rise is: small enough not to be seen on the first day by all.
RISES = {0.03: 5.0, 0.3: 3.0, 3.0: 1.6, 30.0: 1.3}
RARE = (0.03, 0.3)


@dataclass(frozen=True)
class Simulated:
    """Counts of independent series, shape (series, days); the last `judged_days`, whole weeks, are judged."""

    counts: Counts
    calendar: pl.DataFrame
    judged_days: int
    seed: int

    @property
    def judged_from(self) -> date:
        return FIRST + timedelta(days=self.counts.shape[1] - self.judged_days)

    def rows(self, time_name: str, step_days: int) -> pl.DataFrame:
        """One row per series and step of that many days."""
        steps = self.counts.reshape(len(self.counts), -1, step_days).sum(axis=2)
        last = FIRST + timedelta(days=self.counts.shape[1] - step_days)
        starts = pl.date_range(FIRST, last, f"{step_days}d", eager=True)
        return pl.DataFrame(
            {
                "series": np.repeat(np.arange(len(steps)), steps.shape[1]),
                time_name: pl.concat([starts] * len(steps)),
                "count": steps.ravel().astype(np.float64),
            }
        )


def simulate(level: float, series: int, judged_days: int, seed: int, factor: float = 1.0) -> Simulated:
    """Negative binomial counts about `level` a day; from the first judged day on, or up to six days later, changed."""
    days = HISTORY_DAYS + judged_days
    calendar = day_types(FIRST, FIRST + timedelta(days=days - 1), "CN")
    number, kind = np.arange(days), calendar["day_type"].to_numpy()
    ordinary_sunday = (number % 7 == 6) & (kind == "weekend")
    effect = 0.25 * np.cos(2 * np.pi * (number - 200) / 365.25) + 0.03 * number / 365.25
    effect += np.select([ordinary_sunday, kind == "holiday", kind == "spring_festival"], [-0.3, 0.2, -0.7], 0.0)
    effect -= np.log(np.exp(effect[-judged_days:]).mean())
    mean = np.tile(level * np.exp(effect), (series, 1))
    mean[number >= change_start(series, days - judged_days)[:, None]] *= factor
    random = np.random.default_rng(seed)
    # A negative binomial, as a Poisson with a gamma mean: that of zero is allowed.
    counts = random.poisson(random.gamma(mean / (DISPERSION - 1), DISPERSION - 1))
    return Simulated(counts, calendar, judged_days, seed)


def change_start(series: int, first: int) -> Counts:
    """Day on which each series changes: the weekdays in turn."""
    return np.asarray(first + np.arange(series) % 7)


def by_farrington(data: Simulated, rules: FarringtonRules) -> Alarms:
    judged = farrington(data.rows("week", 7), ["series"], rules, data.judged_from)
    return told_on_sundays(judged["alarm"].fill_null(False).to_numpy().reshape(len(data.counts), -1))


def by_day(data: Simulated, rules: DailyRules) -> Alarms:
    # Sums of a week are looked at once a week, on its last day.
    alarms = np.zeros((len(data.counts), data.judged_days), dtype=np.bool_)
    rows = data.rows("day", 1)
    if rules.sum_days == 1:
        judged = daily_alarms(rows, ["series"], data.calendar, rules, data.judged_from)
        return judged["alarm"].fill_null(False).to_numpy().reshape(alarms.shape)
    for last in range(6, data.judged_days, 7):
        upto = rows.filter(pl.col("day") <= data.judged_from + timedelta(days=last))
        alarms[:, last] = daily_alarms(upto, ["series"], data.calendar, rules)["alarm"].fill_null(False).to_numpy()
    return alarms


def by_xmr(data: Simulated) -> Alarms:
    """The chart of the last two years, drawn anew each week; told is a signal upward at its last point."""
    weeks = data.counts.reshape(len(data.counts), -1, 7).sum(axis=2)
    n = data.judged_days // 7
    return told_on_sundays(
        np.array(
            [
                [
                    xmr_chart(each[end - XMR_WEEKS : end]).signals[-1] in UPWARD
                    for end in range(weeks.shape[1] - n + 1, weeks.shape[1] + 1)
                ]
                for each in weeks
            ]
        )
    )


def by_seasonal_xmr(data: Simulated) -> Alarms:
    """The same with the season taken out where one is established, as the release draws its charts."""
    weeks = data.counts.reshape(len(data.counts), -1, 7).sum(axis=2).astype(np.float64)
    starts = data.rows("week", 7)["week"].unique().sort()
    judged = []
    for end in range(weeks.shape[1] - data.judged_days // 7 + 1, weeks.shape[1] + 1):
        window = slice(end - SEASON_WEEKS, end)
        held = starts[window]
        found = seasons(weeks[:, window], held, "week", festival_share(held, "week", data.calendar))
        inflation = np.sqrt(SEASON_WEEKS / (SEASON_WEEKS - found.spent))
        told = []
        for values, factors, is_seasonal in zip(
            weeks[:, end - XMR_WEEKS : end], found.factors[:, -XMR_WEEKS:], found.is_established, strict=True
        ):
            centre = seasonal_centre(values, factors)
            x = without_season(values, factors, centre)
            chart = xmr_chart(x - x.mean() + centre, inflation=inflation if is_seasonal else 1.0)
            told.append(chart.signals[-1] in UPWARD)
        judged.append(told)
    return told_on_sundays(np.array(judged).T)


def by_gaps(data: Simulated, kind: str) -> Alarms:
    """Short and long gaps alike; a long one is told when it passes the limit, not when it ends."""
    alarms = np.zeros((len(data.counts), data.judged_days), dtype=np.bool_)
    first = data.counts.shape[1] - data.judged_days
    random = np.random.default_rng(data.seed + 1)
    for series, counts in enumerate(data.counts):
        days = np.flatnonzero(counts > 0).astype(np.float64)
        if kind == "t":
            each = np.repeat(np.arange(len(counts)), counts)
            days = np.sort(each + random.random(len(each)))
        known = days[(days >= first - GAP_DAYS) & (days < first)]
        between = np.diff(known) - (1 if kind == "g" else 0)
        if len(between) < 2 or not between.any():
            continue
        chart: GapChart = g_chart(between) if kind == "g" else t_chart(between)
        run = zeros_in_a_row(event_probability(between)) if kind == "g" else 0
        alarms[series] = gap_alarms(days[days >= known[-1]], chart, run, first, len(counts))
    return alarms


def gap_alarms(events: npt.NDArray[np.float64], chart: GapChart, run: int, first: int, end: int) -> Alarms:
    """Days from `first` to `end` on which the gaps between events raise an alarm; `run` zeros in a row too."""
    alarms = np.zeros(end - first, dtype=np.bool_)
    zeros = 0
    offset = 1 if run else 0
    for before, after in zip(events, [*events[1:], np.inf], strict=True):
        gap = after - before - offset
        zeros = zeros + 1 if gap == 0 else 0
        if gap < chart.limit_low or (run and zeros >= run):
            told = after
        elif gap > chart.limit_high:
            told = before + offset + chart.limit_high
        else:
            continue
        if first <= told < end:
            alarms[int(told) - first] = True
    return alarms


def told_on_sundays(weekly: npt.NDArray[np.bool_]) -> Alarms:
    alarms = np.zeros((*weekly.shape, 7), dtype=np.bool_)
    alarms[:, :, 6] = weekly
    return alarms.reshape(len(weekly), -1)


METHODS: dict[str, Callable[[Simulated], Alarms]] = {
    "farrington_flexible": lambda data: by_farrington(data, FLEXIBLE),
    "daily_alarm": lambda data: by_day(data, DailyRules(tail=TAIL)),
    "daily_alarm_week": lambda data: by_day(data, DailyRules(tail=TAIL, sum_days=7)),
    "xmr_weeks": by_xmr,
    "seasonal_xmr_weeks": by_seasonal_xmr,
}
GAP_METHODS: dict[str, Callable[[Simulated], Alarms]] = {
    "g_chart": lambda data: by_gaps(data, "g"),
    "t_chart": lambda data: by_gaps(data, "t"),
}


def false_alarms(method: Callable[[Simulated], Alarms], data: Simulated) -> dict[str, float]:
    """How often a method tells of a change where there is none."""
    alarms = method(data)
    per_year = float(alarms.sum(axis=1).mean()) * 365.25 / data.judged_days
    return {
        "false_alarms_per_series_year": round(per_year, 3),
        "series_with_any": round(float(alarms.any(axis=1).mean()), 3),
    }


def delay(method: Callable[[Simulated], Alarms], data: Simulated) -> dict[str, float | None]:
    """Days until a change is told, the day of the change counted; None where fewer than half were."""
    alarms = method(data)
    start = change_start(len(alarms), 0)
    alarms &= np.arange(data.judged_days) >= start[:, None]
    is_told = alarms.any(axis=1)
    days = np.where(is_told, alarms.argmax(axis=1) - start + 1, np.inf)
    median = float(np.median(days))
    return {"told": round(float(is_told.mean()), 3), "median_days": median if np.isfinite(median) else None}


def benchmark(series: int, seed: int) -> dict[str, Any]:
    """Measure every method at every level."""
    levels = []
    for level, factor in RISES.items():
        methods = METHODS | GAP_METHODS if level in RARE else METHODS
        calm = simulate(level, series, YEAR_DAYS, seed)
        rise = simulate(level, series, CHANGE_DAYS, seed + 1, factor)
        stop = simulate(level, series, YEAR_DAYS, seed + 2, 0.0)
        found: dict[str, Any] = {}
        for name, method in methods.items():
            started = time.perf_counter()
            found[name] = {**false_alarms(method, calm), "rise": delay(method, rise)}
            if name in GAP_METHODS:
                found[name]["stop"] = delay(method, stop)
            found[name]["seconds"] = round(time.perf_counter() - started, 1)
            print(f"{level} a day, {name}: {found[name]}", file=sys.stderr)
        levels.append({"events_per_day": level, "rise_factor": factor, "methods": found})
    return {"series": series, "seed": seed, "judged_days": YEAR_DAYS, "rise_days": CHANGE_DAYS, "levels": levels}


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=int, default=70, help="series at each level (default: 70)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulation (default: 1)")
    arguments = parser.parse_args()
    if arguments.series < 1:
        parser.error("--series must be positive")
    print(json.dumps(benchmark(arguments.series, arguments.seed), indent=2))


if __name__ == "__main__":
    main()
