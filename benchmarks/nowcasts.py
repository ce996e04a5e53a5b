"""Measure how often nowcasts hold what comes: `python -m benchmarks.nowcasts`. Prints JSON.

Here: simulated records with delays, and the counting. Not here: the method (`indicators.reporting_delays`) and its
published numbers (docs/releases.md).
"""

import argparse
import json
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indicators.reporting_delays import estimate, nowcast

DAYS = 30
"""The longest delay."""
WINDOW = 365 + DAYS
AHEAD = 400
"""Days simulated after the window, of which cut-offs are drawn."""


@dataclass(frozen=True)
class World:
    """How records are made.

    Attributes
    ----------
    a_day : float
        Mean count of a day.
    median_delay : float
        Days; delays are log-normal, cut at `DAYS`.
    spread : float
        Variance of a day's count over its mean.
    is_batched : bool
        Nothing is recorded on weekends, and what came in then on Monday.
    """

    a_day: float
    median_delay: float = 2.0
    spread: float = 1.0
    is_batched: bool = False


WORLDS = {
    "plain": World(20),
    "few": World(0.5),
    "slow": World(20, median_delay=6.0),
    "batched": World(20, is_batched=True),
    "clustered": World(20, spread=3.0),
}


def simulate(world: World, seed: int) -> NDArray[np.float64]:
    """Draw counts by event day and delay, shape (WINDOW + AHEAD, DAYS + 1); with a season and quiet Sundays."""
    rng = np.random.default_rng(seed)
    day = np.arange(WINDOW + AHEAD)
    mean = world.a_day * (1 + 0.2 * np.sin(2 * np.pi * day / 365.25)) * np.where(day % 7 == 6, 0.8, 1 + 0.2 / 6)
    if world.spread > 1:
        mean = mean * rng.gamma(1 / (world.spread - 1) * world.a_day, (world.spread - 1) / world.a_day, len(day))
    counts = rng.poisson(mean)
    event = np.repeat(day, counts)
    delay = np.floor(rng.lognormal(np.log(world.median_delay), 0.8, len(event))).astype(np.int64)
    if world.is_batched:
        weekday = (event + delay) % 7
        delay = delay + np.where(weekday >= 5, 7 - weekday, 0)
    found = np.zeros((len(day), DAYS + 1))
    np.add.at(found, (event, np.minimum(delay, DAYS)), 1)
    return found


def seen(counts: NDArray[np.float64], last: int) -> NDArray[np.float64]:
    """Leave of the window that ends on day `last` what is recorded by then."""
    window = counts[last - WINDOW + 1 : last + 1]
    age = np.arange(WINDOW - 1, -1, -1)
    return np.where(np.arange(DAYS + 1)[None, :] <= age[:, None], window, 0.0)


def coverage(world: World, period: int, seeds: int, cutoffs: int = 20) -> dict[str, float]:
    """Nowcast the last `period` days at several cut-offs, and see how often the interval holds what came."""
    held, expected, came, counted = [], 0.0, 0.0, 0.0
    for seed in range(seeds):
        counts = simulate(world, seed)
        # On any weekday: batches make of some of them better cut-offs than of others.
        for last in np.random.default_rng(seed).integers(WINDOW, WINDOW + AHEAD, cutoffs):
            known = seen(counts, last)
            delays = estimate(known)
            found = delays and nowcast(known[-period:].sum(keepdims=True)[0], np.arange(period - 1, -1, -1), delays)
            if not found:
                continue
            truth = counts[last - period + 1 : last + 1].sum()
            held.append(found.lower[0] <= truth <= found.upper[0])
            expected, came, counted = expected + found.expected[0], came + truth, counted + known[-period:].sum()
    return {
        "held": round(float(np.mean(held)), 3),
        "expected_of_what_came": round(expected / came, 3),
        "counted_of_what_came": round(counted / came, 3),
        "nowcasts": len(held),
    }


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40, help="simulated sources of each kind")
    given = parser.parse_args()
    found: dict[str, Any] = {
        name: {f"last {period} days": coverage(world, period, given.seeds) for period in (7, 28)}
        for name, world in WORLDS.items()
    }
    json.dump({"benchmark": "nowcasts", "nominal": 0.95, **found}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
