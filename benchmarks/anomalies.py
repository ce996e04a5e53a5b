"""Measure false alarms and power of the judgement of sources: `python -m benchmarks.anomalies [--sources N]`.

Prints JSON. Simulated are sources of some hundred days with weekday, season, growth, a level that wanders, days that
differ in all their shares together, and fields with gaps, categories, sizes and delays. Judged are six months: once as
they are, and once with a fault of a week. Here: the simulation and its faults, and the count of what was told. Not
here: the judgement (`indicators.source_profiles`).
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from indicators.anomalies import AnomalyRules
from indicators.source_profiles import Profiles, anomalies, judged_from

Floats = npt.NDArray[np.float64]

FIRST, AS_OF = date(2021, 1, 1), date(2023, 12, 31)
DAYS = pl.date_range(FIRST, AS_OF, eager=True).alias("day")
JUDGED = (judged_from(AS_OF) - FIRST).days
MONTHS = 6
LEVELS = (10, 30, 100, 300, 1000)
FAULT_DAYS = 7
# Shares of categories at the start; the wandering of days moves them together.
CATEGORIES = {"area_id": (0.2, 0.18, 0.16, 0.14, 0.12, 0.1, 0.06, 0.04), "channel": (0.5, 0.3, 0.15, 0.05)}
GAPS = {"area_id": 0.0, "channel": 0.003, "priority": 0.02, "lat": 0.1, "duration_seconds": 0.02, "recorded_at": 0.0}
# Median in units and spread of logarithms to base 2.
NUMBERS = {"duration_seconds": (900.0, 1.2), "recorded_at": (7200.0, 1.8)}
# A week, from Monday.
WEEK = np.log([1.1, 1.05, 1.0, 1.0, 1.1, 0.9, 0.7])
# Days vary: in volume by this standard deviation of logarithms (wandering and by themselves), in shares on the logit
# scale by this one.
WANDERING, PERSISTENCE, DAILY, SHARES = 0.05, 0.9, 0.1, 0.1


@dataclass(frozen=True)
class Fault:
    """What changes from a day on; factors and shares as they are in `Source`."""

    metric: str
    field: str | None
    volume: float = 1.0
    gaps: dict[str, float] = field(default_factory=dict)
    merged: bool = False
    swapped: bool = False
    factors: dict[str, float] = field(default_factory=dict)


FAULTS = {
    "volume - 30 %": Fault("volume", None, volume=0.7),
    "volume - 50 %": Fault("volume", None, volume=0.5),
    "volume - 90 %": Fault("volume", None, volume=0.1),
    "volume x 2": Fault("volume", None, volume=2.0),
    "missing 2 % -> 10 %": Fault("missing", "priority", gaps={"priority": 0.1}),
    "missing 2 % -> 30 %": Fault("missing", "priority", gaps={"priority": 0.3}),
    "category of 15 % merged into another": Fault("mix", "channel", merged=True),
    "categories of 50 % and 15 % swapped": Fault("mix", "channel", swapped=True),
    "delay x 2": Fault("delay", "recorded_at", factors={"recorded_at": 2.0}),
    "values x 10": Fault("size", "duration_seconds", factors={"duration_seconds": 10.0}),
    "minutes for seconds": Fault("size", "duration_seconds", factors={"duration_seconds": 1 / 60}),
}


def simulate(level: float, seed: int, fault: Fault | None = None, fault_from: int = 0) -> Profiles:
    """Draw the profiles of a source of `level` records a day, with a fault of a week from a day on."""
    rng = np.random.default_rng(seed)
    n = len(DAYS)
    number = np.arange(n)
    is_faulty = (number >= fault_from) & (number < fault_from + FAULT_DAYS) & (fault is not None)
    fault = fault or Fault("", None)
    weekday = (number + FIRST.weekday()) % 7
    season = np.cos(2 * np.pi * (number - 200) / 365.25)
    noise = rng.normal(0, WANDERING * np.sqrt(1 - PERSISTENCE**2), n)
    wandering = np.zeros(n)
    for day in range(1, n):
        wandering[day] = PERSISTENCE * wandering[day - 1] + noise[day]
    log_mean = WEEK[weekday] + 0.25 * season + 0.05 * number / 365.25 + wandering + rng.normal(0, DAILY, n)
    mean = level * np.exp(log_mean) * np.where(is_faulty, fault.volume, 1.0)
    records = rng.poisson(mean)
    # What days have in common moves all their shares: on some days everything is late, incomplete and of one kind.
    common = 0.5 * SHARES * rng.normal(size=n) + 0.1 * (weekday >= 5) + 0.1 * season
    fields, categories, numbers = [], [], []
    for name, usual in GAPS.items():
        gap = np.where(is_faulty, fault.gaps.get(name, usual), usual)
        logit = np.log(np.maximum(gap, 1e-12) / (1 - gap)) + common + rng.normal(0, SHARES, n)
        missing = rng.binomial(records, np.where(gap > 0, 1 / (1 + np.exp(-logit)), 0.0))
        filled = records - missing
        content = "category" if name in CATEGORIES else "other"
        if name in NUMBERS:
            content = "delay" if name.endswith("_at") else "amount"
        fields.append(_frame(name, content=pl.lit(content), records=records, filled=filled))
        if name in CATEGORIES:
            shares = _shares(CATEGORIES[name], common, rng)
            if name == fault.field:
                shares[is_faulty] = _misnamed(shares[is_faulty], fault)
            drawn = rng.multinomial(filled, shares)
            categories += [
                _frame(name, category=pl.lit(f"c{at}"), records=drawn[:, at]) for at in range(shares.shape[1])
            ]
        if name in NUMBERS:
            median, spread = NUMBERS[name]
            factor = np.where(is_faulty, fault.factors.get(name, 1.0), 1.0)
            centre = np.log2(median * factor) + spread * (common + rng.normal(0, SHARES, n))
            edges = np.arange(0, 31)
            inner = stats.norm.cdf((edges[None, :] - centre[:, None]) / spread)
            shares = np.diff(np.column_stack([np.zeros(n), inner, np.ones(n)]), axis=1)
            drawn = rng.multinomial(filled, shares / shares.sum(axis=1, keepdims=True))
            numbers += [_frame(name, bucket=pl.lit(at - 1), records=drawn[:, at]) for at in range(shares.shape[1])]
    volume = pl.DataFrame({"source": "s", "day": DAYS, "records": records}).filter(pl.col("records") > 0)
    spans = pl.DataFrame({"source": ["s"], "first_day": [FIRST], "last_day": [AS_OF]})
    tables = (pl.concat(parts).filter(pl.col("records") > 0) for parts in (fields, categories, numbers))
    return Profiles(volume, *tables, spans)


def _frame(name: str, **columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"day": DAYS}).with_columns(source=pl.lit("s"), field=pl.lit(name), **columns)


def _shares(usual: tuple[float, ...], common: Floats, rng: np.random.Generator) -> Floats:
    """Shares of categories by day: the first half of them gains on days on which the others lose."""
    side = np.where(np.arange(len(usual)) % 2 == 0, 1.0, -1.0)
    moved = np.log(usual) + common[:, None] * side + rng.normal(0, SHARES, (len(common), len(usual)))
    weights = np.exp(moved)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _misnamed(shares: Floats, fault: Fault) -> Floats:
    found = shares.copy()
    if fault.merged:
        found[:, 0] += found[:, 2]
        found[:, 2] = 0.0
    if fault.swapped:
        found[:, [0, 2]] = found[:, [2, 0]]
    return found


def false_alarms(level: float, sources: int, seed: int, rules: AnomalyRules | None = None) -> dict[str, float]:
    """Days with an alarm, and alarms, a month and source where nothing changed."""
    days = alarms = 0
    for number in range(sources):
        found = anomalies(simulate(level, seed + number), AS_OF, rules=rules)
        days += found["day"].n_unique()
        alarms += found.height
    months = sources * MONTHS
    return {"days_a_month": round(days / months, 3), "alarms_a_month": round(alarms / months, 3), "months": months}


def power(fault: Fault, level: float, sources: int, seed: int) -> dict[str, float | None]:
    """Share of sources in which the fault was told on its first day, and within the week, and the median delay."""
    delays = []
    for number in range(sources):
        # Weekdays in turn, on a day well within the newer of both quarters.
        start = len(DAYS) - 60 + number % 7
        found = anomalies(simulate(level, seed + number, fault, start), AS_OF)
        is_it = (pl.col("metric") == fault.metric) & pl.col("field").eq_missing(pl.lit(fault.field))
        first = DAYS[start]
        told = found.filter(is_it & pl.col("day").is_between(first, first + timedelta(days=FAULT_DAYS - 1)))[
            "day"
        ].min()
        delays.append((told - first).days + 1 if isinstance(told, date) else np.inf)
    median = float(np.median(delays))
    return {
        "first_day": round(float(np.mean(np.array(delays) == 1)), 2),
        "week": round(float(np.mean(np.isfinite(delays))), 2),
        "median_days": median if np.isfinite(median) else None,
    }


def measure(
    sources: int, levels: tuple[int, ...] = LEVELS, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measure everything."""
    calm, faulty = {}, {}
    for level in levels:
        calm[level] = false_alarms(level, 3 * sources, 10_000)
        tell(f"{level}: {calm[level]}")
        faulty[level] = {name: power(fault, level, sources, 1) for name, fault in FAULTS.items()}
        tell(f"{level}: {faulty[level]}")
    return {"false_alarms": calm, "power": faulty}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=14, help="sources for each fault; three times as many without")
    given = parser.parse_args()
    json.dump(measure(given.sources, tell=lambda line: print(line, file=sys.stderr)), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
