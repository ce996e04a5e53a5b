"""Scores of the sample release, computed from a few made-up figures: of the city and eight precincts, by quarter.

New citizens have no score before 2015, and the subjects' coordination none with it; the last precinct has too little.
"""

import random
from datetime import date
from typing import Any

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.composites.index import compute_index
from indicators.composites.rules import IndexRules
from indicators.inputs import VALUE_SCHEMA

QUARTERS = [date(year, month, 1) for year in (2014, 2015, 2016) for month in (1, 4, 7, 10)]
INDICATORS = {
    "M1": ("mechanism", "lower", (0, 60), 22.0),
    "L1": ("social_linkage", "higher", (0, 100), 61.0),
    "F5": ("information_sharing", "higher", (0, 100), 94.0),
    "B1_theft": ("prevention_foundation", "lower", (0, 20), 8.0),
    "B3": ("prevention_foundation", "lower", (0, 1000), 410.0),
    "K3": ("technology", "higher", (0, 100), 97.0),
    "G2": ("government", "higher", (0, 100), 71.0),
    "E1": ("enterprises", "higher", (0, 100), 48.0),
    "N1": ("new_citizens", "higher", (0, 1), 0.4),
}
"""Dimension, polarity, goalposts and usual figure; E1 and N1 are in no row of the sample's catalogue."""


def tables(precincts: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    rng = random.Random(11)
    areas = ["city", *precincts]
    rows = []
    for name, (_, _, (low, high), usual) in INDICATORS.items():
        for area in areas:
            base = usual + (high - low) * rng.gauss(0, 0 if area == "city" else 0.06)
            for number, start in enumerate(QUARTERS):
                if (name == "N1" and start.year < 2015) or (area == precincts[-1] and name in ("M1", "L1", "F5")):
                    continue
                value = min(max(base + (high - low) * (rng.gauss(0, 0.02) + 0.004 * number), low), high)
                half = (high - low) * (0.02 if area == "city" else 0.06)
                rows.append(
                    {
                        "indicator_id": name,
                        "area_id": area,
                        "area_level": "city" if area == "city" else "precinct",
                        "period_kind": "quarter",
                        "period_start": start,
                        "value": value,
                        "lower": max(value - half, low),
                        "upper": min(value + half, high),
                        "bound_low": max(value - 1.5 * half, low),
                        "bound_high": min(value + 1.5 * half, high),
                        "status": "provisional" if start == QUARTERS[-1] else "final",
                    }
                )
    values = pl.DataFrame([{column: row.get(column) for column in VALUE_SCHEMA} for row in rows], schema=VALUE_SCHEMA)
    known = pl.DataFrame(
        [(area, False, None) for area in areas],
        schema={"area_id": pl.String, "is_unallocated": pl.Boolean, "peer_group": pl.String},
        orient="row",
    )
    found = compute_index(
        values, [_entry(name) for name in INDICATORS], known, IndexRules(draws=200, consistency={"overall": 0.04})
    )
    return {
        "index_scores": found.scores.rows(),
        "index_contributions": found.contributions.rows(),
        "coordination": found.coordination.rows(),
        "index_sensitivity": found.sensitivity.rows(),
    }


def _entry(name: str) -> Entry:
    dimension, polarity, goalposts, _ = INDICATORS[name]
    text = {"en": name, "zh": name}
    return Entry.model_validate(
        {
            **dict.fromkeys(("title", "about", "caveats", "formula", "intended_use", "forbidden_use", "gaming"), text),
            "reference": "as in the catalogue",
            "id": name,
            "dimension": dimension,
            "subject": "all",
            "polarity": polarity,
            "goalposts": goalposts,
            "unit": "%",
            "decimals": 1,
            "kind": "proportion",
            "interval": "wilson",
            "min_denominator": 10,
            "maturity_days": 0,
            "period_kinds": ["quarter"],
        }
    )
