"""Measure false alarms and delays of the silence of areas: `python -m benchmarks.silence [--home DIR --year Y]`.

Prints JSON. Every day of a year is judged as a nightly run would judge it: of simulated sources, and of the sources in
a home folder's warehouse. No area of the simulated sources falls silent but those cut off on purpose; of real ones,
too, every alarm counts as a false one. Here: the simulation and the counting. Not here: the judging
(`indicators.silence`) and its published numbers (docs/freshness.md).
"""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from indicators.areas import AreaTree
from indicators.silence import SilenceRules, judge_areas

FIRST = date(2018, 1, 1)
JUDGED = date(2020, 1, 1)
LAST = date(2020, 12, 31)
DISTRICTS = 6
# Records a year of the simulated areas: evenly on a logarithmic scale.
LEAST, MOST = 6, 4000
CUT = date(2020, 3, 1)
LONGEST_WAIT = 300


def tree_of(areas: int) -> AreaTree:
    """Make a city of districts and beats."""
    districts = [(f"d{n}", "city", None, "district", False) for n in range(DISTRICTS)]
    beats = [(f"b{n}", f"d{n % DISTRICTS}", "beat", "beat", False) for n in range(areas)]
    columns = ["area_id", "parent_id", "geography", "area_level", "is_unallocated"]
    return AreaTree(
        pl.DataFrame([("city", None, None, "city", False), *districts, *beats], schema=columns, orient="row")
    )


def simulate(areas: int, seed: int, spread: float = 2.0, drift: float = 0.2) -> pl.DataFrame:
    """Draw the records of one source: source, area_id, day, records.

    Areas have levels of their own, in common a season and quiet weekends. A day's count varies by gamma factors
    (`spread` times what Poisson counts do at one record a day, more where there are more), and each area drifts by
    itself from quarter to quarter (`drift`, as a standard deviation of logarithms).
    """
    rng = np.random.default_rng(seed)
    days = np.arange((LAST - FIRST).days + 1)
    level = np.geomspace(LEAST, MOST, areas)[:, None] / 365
    season = 1 + 0.3 * np.sin(2 * np.pi * days / 365.25)
    weekday = np.where((days % 7) >= 5, 0.4, 1.24)
    quarters = days // 91
    drifting = np.exp(rng.normal(0, drift, (areas, quarters[-1] + 1)))[:, quarters]
    mean = level * season * weekday * drifting
    counts = rng.poisson(mean * rng.gamma(1 / (spread - 1), spread - 1, mean.shape))
    area, day = np.nonzero(counts)
    return pl.DataFrame(
        {
            "source": "simulated",
            "area_id": [f"b{n}" for n in area],
            "day": [FIRST + timedelta(days=int(n)) for n in day],
            "records": counts[area, day],
        }
    )


def source_of(name: str, geography: str = "beat", kind: str = "incident") -> pl.DataFrame:
    """Describe a source that is alive."""
    return pl.DataFrame({"source": [name], "kind": [kind], "geography": [geography], "status": ["alive"]})


def judged_days(
    area_days: pl.DataFrame, tree: AreaTree, sources: pl.DataFrame, first: date, last: date, rules: SilenceRules
) -> Iterator[tuple[date, pl.DataFrame]]:
    """Judge every day from `first` to `last`, knowing what was known then."""
    for n in range((last - first).days + 1):
        as_of = first + timedelta(days=n)
        yield as_of, judge_areas(area_days.filter(pl.col("day") <= as_of), tree, sources, as_of, rules)


def false_alarms(
    area_days: pl.DataFrame, tree: AreaTree, sources: pl.DataFrame, first: date, last: date, rules: SilenceRules
) -> int:
    """Count the silences that are told in a period, each once however many days it lasts."""
    told = set()
    for _, judged in judged_days(area_days, tree, sources, first, last, rules):
        told |= set(judged.filter(status="silent").select("source", "area_id", "last_day").iter_rows())
    return len(told)


def delays(area_days: pl.DataFrame, tree: AreaTree, areas: list[str], rules: SilenceRules) -> dict[str, int | None]:
    """Cut areas off one by one, and count the days until that is told; None where it never is."""
    found: dict[str, int | None] = {}
    for area in areas:
        cut = area_days.filter((pl.col("area_id") != area) | (pl.col("day") < CUT))
        last = min(LAST, CUT + timedelta(days=LONGEST_WAIT))
        days = judged_days(cut, tree, source_of("simulated"), CUT, last, rules)
        is_told = (
            (day - CUT).days + 1 for day, judged in days if judged.filter(area_id=area)["status"].item() == "silent"
        )
        found[area] = next(is_told, None)
    return found


def _simulated(seeds: int, areas: int) -> dict[str, Any]:
    rules, tree = SilenceRules(), tree_of(areas)
    alarms = [
        false_alarms(simulate(areas, seed), tree, source_of("simulated"), JUDGED, LAST, rules) for seed in range(seeds)
    ]
    chosen = [f"b{n}" for n in range(0, areas, max(areas // 8, 1))]
    waits = [delays(simulate(areas, 100 + seed), tree, chosen, rules) for seed in range(seeds)]
    by_area = {}
    for area in chosen:
        own = sorted(LONGEST_WAIT + 1 if wait[area] is None else wait[area] or 0 for wait in waits)
        middle = own[len(own) // 2]
        a_year = round(float(np.geomspace(LEAST, MOST, areas)[int(area[1:])]))
        by_area[f"{a_year} records a year"] = middle if middle <= LONGEST_WAIT else None
    return {"false_alarms_a_month": round(sum(alarms) / seeds / 12, 3), "median_days_until_told": by_area}


def _of_home(home: Path, year: int) -> dict[str, float]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        area_days = con.sql("select * from measures.msr_area_day").pl()
        tree = AreaTree(con.sql("select * from staging.area").pl())
        sources = con.sql("select source, kind, geography, 'alive' as status from staging.source order by 1").pl()
    first, last = date(year, 1, 1), date(year, 12, 31)
    return {
        source: round(
            false_alarms(area_days, tree, sources.filter(pl.col("source") == source), first, last, SilenceRules()) / 12,
            3,
        )
        for source in sources["source"]
    }


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="simulated sources")
    parser.add_argument("--areas", type=int, default=80)
    parser.add_argument("--home", type=Path, help="home folder whose sources are judged too")
    parser.add_argument("--year", type=int, default=2015)
    given = parser.parse_args()
    found: dict[str, Any] = {"benchmark": "silence", "simulated": _simulated(given.seeds, given.areas)}
    if given.home:
        found["false_alarms_a_month_of_home"] = _of_home(given.home, given.year)
    json.dump(found, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
