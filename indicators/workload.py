"""Workload: how unevenly incidents fall on the staffed hours of the areas within an area, beyond chance.

Belongs here: from the measures of incidents and of patrols to figures of areas and periods. The coefficient, its limits
and what chance makes of it are in `concentration`.
"""

import dataclasses

import polars as pl

from indicators.catalogue.measures import STAFFED
from indicators.cells import Source, count_cells
from indicators.concentration import gini_beyond_chance, gini_limits
from indicators.coverage import cover
from indicators.feeds import Feed, sources_beside
from indicators.grades import with_unusable
from indicators.unusable import PERIOD

KEY = ["area_id", *PERIOD]
# With fewer parts a coefficient says little, and its bootstrap less.
FEWEST_PARTS = 5


def workload_figures(source: Source) -> pl.DataFrame:
    """Figures of a `concentration` for every area with enough areas in it, and every period.

    The value is the Gini coefficient of incidents per staffed hour, less what it would be if all these areas had one
    rate: few incidents look uneven by chance alone. Staffed hours are those on patrol times the people on it; an area
    without any is left out with its incidents. Limits are the bootstrap limits of the coefficient, areas being
    resampled, less the same. The numerator is the number of staffed hours, the denominator that of incidents. No worst
    case is told.

    Returns
    -------
    DataFrame
        The cells with value, limits, numerator, denominator, unusable, events, event_squares, the shares of unusable
        records and void_reason.
    """
    entry = source.feed.entry
    staffed = (
        source.inputs.measure(STAFFED[0])
        .join(sources_beside(entry, source.inputs), on="source", how="semi")
        .filter(pl.col("geography").is_in(source.feed.geographies))
    )
    sources = staffed.select("source", "kind").unique().sort("source", "kind")
    on_patrol = (
        None if staffed.is_empty() else cover(Feed(entry, staffed, sources, source.feed.geographies), source.inputs)
    )
    both = on_patrol.days.select("day").unique() if on_patrol else source.coverage.days.select("day").clear()
    source = dataclasses.replace(source, coverage=source.coverage.only(both))
    incidents = source.feed.rows.group_by("area_id", "day").agg(records=pl.col("incidents").sum())
    cells = with_unusable(
        entry, count_cells(source, incidents.with_columns(missing=pl.lit(0, pl.Int64)), ["records", "missing"])
    )
    parts = source.tree.areas.filter(
        pl.col("geography").is_in(source.feed.geographies) & ~pl.col("is_unallocated")
    ).select("area_id")
    hours = _by_part(source, staffed.select("area_id", "day", amount=pl.col(STAFFED[1])), parts)
    counts = _by_part(source, incidents.select("area_id", "day", amount="records"), parts)
    by_part = (
        hours.filter(pl.col("amount") > 0)
        .rename({"amount": "seconds"})
        .join(counts, on=KEY, how="left")
        .with_columns(pl.col("amount").fill_null(0))
        .join(source.tree.lineage.filter(pl.col("area_id") != pl.col("ancestor_id")), on="area_id")
        .sort("ancestor_id", *PERIOD, "area_id")
    )
    found = []
    for key, there in by_part.group_by("ancestor_id", *PERIOD, maintain_order=True):
        if there.height < FEWEST_PARTS:
            continue
        x, h = there["amount"].to_numpy(), there["seconds"].to_numpy() / 3600
        beyond, limits = gini_beyond_chance(x, h), gini_limits(x, h)
        if beyond is None:
            continue
        low, high = limits or (None, None)
        found.append(
            (
                *key,
                beyond.excess,
                None if low is None else min(low, beyond.observed) - beyond.expected,
                None if high is None else max(high, beyond.observed) - beyond.expected,
                float(h.sum()),
                float(x.sum()),
            )
        )
    names = ("value", "lower", "upper", "numerator", "denominator")
    figures = pl.DataFrame(
        found,
        schema=dict(zip(KEY, (pl.String, pl.String, pl.Date), strict=True)) | dict.fromkeys(names, pl.Float64),
        orient="row",
    )
    whole = source.tree.lineage.join(parts, on="area_id", how="semi").filter(pl.col("area_id") != pl.col("ancestor_id"))
    enough = whole.group_by(area_id="ancestor_id").len().filter(pl.col("len") >= FEWEST_PARTS)
    return (
        cells.join(enough, on="area_id", how="semi")
        .join(figures, on=KEY, how="left")
        .with_columns(
            pl.col("numerator", "denominator").fill_null(0.0),
            void_reason=pl.coalesce("void_reason", pl.when(pl.col("value").is_null()).then(pl.lit("nothing_to_count"))),
        )
        .with_columns(events=pl.col("denominator"), event_squares=pl.col("denominator"))
    )


def _by_part(source: Source, daily: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Sums of each part and period: KEY, amount."""
    return (
        daily.join(parts, on="area_id", how="semi")
        .join(source.coverage.days, on="day")
        .group_by(KEY)
        .agg(pl.col("amount").sum())
    )
