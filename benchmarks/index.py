"""Measure the composite index of one period: `python -m benchmarks.index [--areas N] [--indicators N] [--draws N]`.

Prints JSON: seconds, and the share of areas whose true score and true coordination lie within what is published.
Simulated are percentages seen with an error, several to a dimension. Here: the simulation. Not here: the index
(indicators/composites).
"""

import argparse
import json
import sys
import time
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from indicators.catalogue.entries import Entry
from indicators.composites.coupling import coupling_coordination
from indicators.composites.index import compute_index
from indicators.composites.rules import DIMENSIONS, SETS, IndexRules
from indicators.inputs import VALUE_SCHEMA

PERIOD = date(2024, 1, 1)
ERROR = 4.0
"""Standard error of a figure, in percentage points."""


def measure(areas: int, indicators: int, draws: int, seed: int = 1) -> dict[str, Any]:
    """Simulate, compute and compare; without noise of the choices, so that the figures' error is all there is."""
    rng = np.random.default_rng(seed)
    names = [f"area-{n:04}" for n in range(areas)]
    entries = [_entry(f"X{n:03}", DIMENSIONS[n % len(DIMENSIONS)]) for n in range(indicators)]
    true = rng.uniform(30, 80, (areas, indicators))
    seen = true + rng.normal(0, ERROR, true.shape)
    half = 1.959964 * ERROR
    values = pl.DataFrame(
        {
            "indicator_id": np.repeat([entry.id for entry in entries], areas),
            "area_id": names * indicators,
            "value": seen.T.ravel(),
            "lower": seen.T.ravel() - half,
            "upper": seen.T.ravel() + half,
        }
    ).with_columns(
        area_level=pl.lit("beat"), period_kind=pl.lit("quarter"), period_start=pl.lit(PERIOD), status=pl.lit("final")
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in VALUE_SCHEMA.items() if name not in values.columns]
    known = pl.DataFrame({"area_id": names}).with_columns(
        is_unallocated=pl.lit(False), peer_group=pl.lit(None, pl.String)
    )
    rules = IndexRules(draws=draws, weight_noise=0.0, goalpost_noise=0.0)
    start, cpu = time.perf_counter(), time.process_time()
    found = compute_index(values.with_columns(missing), entries, known, rules)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    by_dimension = np.stack(
        [true[:, at :: len(DIMENSIONS)].mean(axis=1) / 100 for at in range(len(DIMENSIONS))], axis=1
    )
    overall = found.scores.filter(scope="overall").sort("area_id")
    shares = {"score": _share_within(overall, "lower", "upper", 100 * by_dimension.mean(axis=1))}
    for name, members in SETS.items():
        told = coupling_coordination(by_dimension[:, [DIMENSIONS.index(each) for each in members]])
        rows = found.coordination.filter(parts=name).sort("area_id")
        shares[name] = _share_within(rows, "coordination_low", "coordination_high", told.coordination)
    return {
        "areas": areas,
        "indicators": indicators,
        "draws": draws,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "share_within": {name: round(share, 3) for name, share in shares.items()},
    }


def _share_within(rows: pl.DataFrame, low: str, high: str, true: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    return float(((rows[low].to_numpy() <= true) & (true <= rows[high].to_numpy())).mean())


def _entry(name: str, dimension: str) -> Entry:
    text = {"en": name, "zh": name}
    return Entry.model_validate(
        {
            **dict.fromkeys(("title", "about", "caveats", "formula", "intended_use", "forbidden_use", "gaming"), text),
            "reference": "simulated",
            "id": name,
            "dimension": dimension,
            "subject": "all",
            "polarity": "higher",
            "goalposts": (0, 100),
            "unit": "%",
            "decimals": 1,
            "kind": "proportion",
            "interval": "wilson",
            "min_denominator": 10,
            "maturity_days": 0,
            "period_kinds": ["quarter"],
        }
    )


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--areas", type=int, default=100)
    parser.add_argument("--indicators", type=int, default=47)
    parser.add_argument("--draws", type=int, default=1000)
    given = parser.parse_args()
    sys.stdout.write(json.dumps(measure(given.areas, given.indicators, given.draws), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
