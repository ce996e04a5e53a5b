"""Measure the pass of all figures: `python -m benchmarks.figures [--areas N] [--years N] [--busy X] [--steps]`.

Prints JSON: seconds (wall and processor), peak memory and rows of one pass over 47 indicators of 100 areas and ten
years of days: those of the catalogue that count daily measures, histograms and stocks, each at the periods that it
names; in place of one that rests on an extract or a survey stands a proportion: extracts have benchmarks of their own.
Of statistics the pass has all that `indicators.compute` tells: values, sampling intervals, worst-case bounds, grades,
XmR charts about season or level, charts of gaps and the tests behind "what changed" under one false discovery rate
(`statistics` counts the rows of each). Records that are simulated by day have no delay, so that there is no nowcast
(`benchmarks.nowcasts`). Comparison of areas, shrinkage, ranks and the index read published figures afterwards
(`benchmarks.index`), near repeats the extract (`benchmarks.near_repeat`).
Beside the seconds stand those of a loop of twenty million additions, by which figures of two machines compare as far as
other work on them leaves both alone.
Here: simulated measures, and the clock.
"""

import argparse
import cProfile
import json
import pstats
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.catalogue.entries import Entry
from indicators.catalogue.measures import MEASURES, STOCKS
from indicators.catalogue.reading import load_catalogue
from indicators.compute import compute
from indicators.inputs import DOUBTFUL_COLUMNS, Inputs

AS_OF = date(2024, 12, 31)
DISTRICTS = 10
CATEGORIES = ("0101", "0201", "0401", "0501", "0502", "0601", "0701", "0801")
PPM = 1_000_000
# Records of an area and day, on average.
LEVELS = {"incident": 0.5, "patrol": 1.5, "service": 0.8, "handoff": 0.1, "participation": 0.1}
REFUSED_SHARE, STRAY_SHARE = 0.01, 0.02
OPEN_SHARE, CLOSED_BUCKETS = 0.02, 40
Ints = npt.NDArray[np.int64]


def entries(count: int) -> list[Entry]:
    """Entries of the catalogue that the measures here feed, and stand-ins for those that rest on extracts."""
    catalogue = load_catalogue()
    computed = [each for each in catalogue if each.is_computed and not each.extract and not each.survey]
    share = next(each for each in computed if each.id == "G2")
    later = (
        share.model_copy(
            update={"id": each.id, "period_kinds": each.period_kinds, "min_denominator": each.min_denominator}
        )
        for each in catalogue
        if each not in computed
    )
    return [*computed, *later][:count]


def simulate(areas: int, years: int, busy: float = 1.0, seed: int = 1) -> Inputs:
    """Draw `areas` beats in ten districts, and records of every kind on each day of the years up to `AS_OF`."""
    rng = np.random.default_rng(seed)
    first = date(AS_OF.year - years + 1, 1, 1)
    days = pl.date_range(first, AS_OF, eager=True).alias("day")
    beats = [f"beat:{number:03}" for number in range(areas)]
    tree = [
        ("city", None, None, "city", False),
        *((f"district:{number}", "city", None, "district", False) for number in range(DISTRICTS)),
        *((beat, f"district:{number % DISTRICTS}", "beat", "beat", False) for number, beat in enumerate(beats)),
        ("beat:unallocated", "city", "beat", "beat", True),
    ]
    profile = pl.DataFrame({"area_id": beats}).join(
        pl.DataFrame({"valid_from": [date(year, 1, 1) for year in range(first.year, AS_OF.year + 1)]}), how="cross"
    )
    stocks = rng.integers(10_000, 60_000, len(profile))
    grid = pl.DataFrame({"area_id": [*beats, "beat:unallocated"]}).join(days.to_frame(), how="cross")
    weights = np.repeat(np.append(np.ones(areas), areas * STRAY_SHARE), len(days))
    cells = {kind: (grid, weights * level * busy) for kind, level in LEVELS.items()}
    spans = [(f"{kind}s", kind, first, AS_OF) for kind in LEVELS]
    return Inputs(
        measures=_measures(cells, rng),
        areas=pl.DataFrame(
            tree, schema=["area_id", "parent_id", "geography", "area_level", "is_unallocated"], orient="row"
        ),
        profile=profile.with_columns(
            pl.Series(name, np.maximum(stocks // (1 + at), 1)) for at, name in enumerate(STOCKS)
        ),
        field_map=_field_map(),
        severity_weights=pl.DataFrame({"category": CATEGORIES, "weight": [5475, 730, 365, 60, 30, 10, 5, 2]}),
        spans=pl.DataFrame(spans, schema=["source", "kind", "first_day", "last_day"], orient="row").with_columns(
            records=pl.lit(100_000)
        ),
        sources=pl.DataFrame({"source": [s[0] for s in spans], "kind": [s[1] for s in spans]}).with_columns(
            silent_after_days=pl.lit(5)
        ),
        doubtful=pl.concat([_doubtful(kind, *each, rng) for kind, each in cells.items()]),
        as_of=AS_OF,
    )


def _field_map() -> pl.DataFrame:
    needs = sorted({tuple(need.split(".", 1)) for each in load_catalogue() for need in each.needs})
    return pl.DataFrame(needs, schema=["kind", "field"], orient="row").with_columns(
        source=pl.col("kind") + "s", is_mapped=pl.lit(True)
    )


def _measures(
    cells: Mapping[str, tuple[pl.DataFrame, npt.NDArray[np.float64]]], rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    drawn = {}
    for name, measure in MEASURES.items():
        parts = []
        for kind in [measure.kind] if measure.kind else list(LEVELS):
            grid, level = cells[kind]
            for labels, share in _rows_of(measure.dimensions):
                rows = grid.with_columns(records=rng.poisson(level * share).astype(np.int64))
                rows = rows.filter(pl.col("records") > 0)
                if name.endswith("_duration_month"):
                    rows = _histogram(rows, rng)
                values = {"source": f"{kind}s", "kind": kind, **labels}
                dimensions = {each: pl.lit(values.get(each), pl.String) for each in measure.dimensions}
                counts = _counts(measure.counts, rows["records"].to_numpy(), rows, rng)
                parts.append(rows.drop("records").with_columns(*counts, geography=pl.lit("beat"), **dimensions))
        drawn[name] = pl.concat(parts)
    return drawn


def _rows_of(dimensions: Sequence[str]) -> list[tuple[dict[str, str], float]]:
    """Values of dimensions that rows of a measure have, each with the share of the records that have them."""
    if "stage" in dimensions:
        return [({"stage": stage, "priority": "1", "found_by": "public"}, 1.0) for stage in ("response", "dispatch")]
    if "category" in dimensions:
        local = {"0101": "shooting", "0201": "shooting"}
        return [
            ({"category": each, "local_category": local.get(each, "other")}, 1 / len(CATEGORIES)) for each in CATEGORIES
        ]
    if "subject" in dimensions:
        return [({"subject": each}, 0.5) for each in ("police", "joint")]
    if "channel" in dimensions:
        return [({"channel": each}, 0.5) for each in ("phone", "enterprise platform")]
    return [({}, 1.0)]


def _histogram(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Closed records by month and bucket of duration."""
    months = rows.group_by("area_id", pl.col("day").dt.truncate("1mo")).agg(pl.col("records").sum())
    months = months.sort("area_id", "day")
    shares = np.full(CLOSED_BUCKETS, 1 / CLOSED_BUCKETS)
    split = rng.multinomial(months["records"].to_numpy(), shares).astype(np.int64)
    return (
        months.drop("records")
        .join(pl.DataFrame({"bucket": np.arange(CLOSED_BUCKETS) + 200}), how="cross", maintain_order="left_right")
        .with_columns(records=split.ravel())
        .filter(pl.col("records") > 0)
    )


def _counts(names: Sequence[str], records: Ints, rows: pl.DataFrame, rng: np.random.Generator) -> list[pl.Series]:
    """Counts of each column: all records, or a share of them, so that no part exceeds its whole."""
    whole = {"opened", "due", "received", "records", "required_cells", "patrols", "closed", "recording_known"}
    whole |= {"satisfaction_known", "review_known", "clearance_known", "settlement_known", "joint_duty"}
    whole |= {"initiation_known", "finding_known", "incidents_ppm", "victims_ppm", "with_coordinates_ppm"}
    found = []
    for name in names:
        if name == "closed_seconds":
            count = records * np.floor(1.1 ** (rows["bucket"].to_numpy() - 150)).astype(np.int64)
        elif name == "patrol_seconds":
            count = records * rng.integers(600, 3600, len(records))
        elif name in ("planned_seconds", "staffed_seconds"):
            count = records * 3600
        elif name == "patrolled_as_planned_seconds":
            count = records * 3000
        elif name in whole:
            count = records * (8 if name == "required_cells" else PPM if name.endswith("_ppm") else 1)
        elif name == "filled_cells":
            count = records * 7
        else:
            share = OPEN_SHARE if name.endswith(("open_now", "missing", "unknown", "unusable")) else 0.7
            count = rng.binomial(records, share) * (PPM if name.endswith("_ppm") else 1)
        found.append(pl.Series(name, count, dtype=pl.Int64))
    return found


def _doubtful(kind: str, grid: pl.DataFrame, level: npt.NDArray[np.float64], rng: np.random.Generator) -> pl.DataFrame:
    refused = rng.poisson(level * REFUSED_SHARE)
    day = pl.col("day")
    return (
        grid.with_columns(refused=refused.astype(np.int64), contested=pl.lit(0, pl.Int64))
        .filter(pl.col("refused") > 0)
        .with_columns(
            last_day=day, due_day=day, source=pl.lit(f"{kind}s"), kind=pl.lit(kind), geography=pl.lit("beat"),
            field=pl.lit(None, pl.String),
        )
        .select(DOUBTFUL_COLUMNS)
    )  # fmt: skip


def reference_seconds() -> float:
    """Processor seconds of twenty million additions in Python."""
    begun, total = time.process_time(), 0
    for number in range(20_000_000):
        total += number
    return time.process_time() - begun


def steps(profile: cProfile.Profile) -> dict[str, float]:
    """Processor seconds within each function of the package and all that it calls, the longest first."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    found = {
        f"{Path(file).stem}.{name}": round(cumulative, 2)
        for (file, _, name), (_, _, _, cumulative, _) in stats.items()
        if Path(file).parent.name == "indicators"
    }
    return dict(sorted(found.items(), key=lambda each: -each[1])[:40])


def main() -> int:
    """Parse the arguments, measure one pass, print JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=100)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--indicators", type=int, default=47)
    parser.add_argument("--busy", type=float, default=1.0, help="how many times as many records")
    parser.add_argument("--steps", action="store_true", help="also tell where the time goes (slower)")
    parser.add_argument("--out", type=Path, help="keep the figures in this folder")
    args = parser.parse_args()
    inputs, chosen = simulate(args.areas, args.years, args.busy), entries(args.indicators)
    loop = reference_seconds()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    profile = cProfile.Profile(time.process_time)
    wall, cpu = time.perf_counter(), time.process_time()
    figures = profile.runcall(compute, chosen, inputs) if args.steps else compute(chosen, inputs)
    told = {
        "indicators": len(chosen),
        "rows_of_measures": sum(map(len, inputs.measures.values())),
        "rows_of_values": figures.values.height,
        "statistics": {
            name: getattr(figures, name).height
            for name in ("limits", "changes", "nowcasts", "delays", "gaps", "alarms")
        },
        "not_available": figures.availability.filter(pl.col("status") != "available").height,
        "seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "reference_loop_seconds": round(loop, 2),
        "mib_before": before // 1024,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    json.dump(told | ({"steps": steps(profile)} if args.steps else {}), sys.stdout, indent=2)
    print()
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        for name in ("values", "limits", "changes", "availability"):
            getattr(figures, name).write_parquet(args.out / f"{name}.parquet")
    return 0


if __name__ == "__main__":
    sys.exit(main())
