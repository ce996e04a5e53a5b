"""Workload: how unevenly incidents fall on the staffed hours of the areas within an area, beyond chance.

Belongs here: from the measures of incidents and of patrols to figures of areas and periods. The coefficient, its limits
and what chance makes of it are in `concentration`.
"""

import dataclasses

import polars as pl

from indicators.bounds import unevenness_bounds
from indicators.catalogue.measures import STAFFED
from indicators.cells import Source, count_cells, unallocated
from indicators.concentration import gini_beyond_chance, gini_limits
from indicators.coverage import cover
from indicators.feeds import Feed, sources_beside
from indicators.grades import with_unusable
from indicators.unusable import PERIOD

KEY = ["area_id", *PERIOD]
# With fewer parts a coefficient says little, and its bootstrap less.
FEWEST_PARTS = 5
# The coefficient, and what chance makes of it, lie between 0 and 1.
ENDS = (-1.0, 1.0)


def workload_figures(source: Source) -> pl.DataFrame:
    """Figures of a `concentration` for every area with enough areas in it, and every period.

    The value is the Gini coefficient of incidents per staffed hour, less what it would be if all these areas had one
    rate: few incidents look uneven by chance alone. Staffed hours are those on patrol times the people on it; an area
    without any is left out with its incidents. Limits are the expanded bootstrap limits of the coefficient, areas being
    resampled, less the same. The numerator is the number of staffed hours, the denominator that of incidents.

    Bounds: incidents that were refused, or are of unknown area, may have happened in any of these areas, and contested
    ones in none. Where the hours themselves are in doubt, by any patrol of unknown area, time or staff or one that was
    refused or contested, the bounds are the ends of what the figure can be.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator, denominator, unusable, events, event_squares, the shares of
        unusable records and void_reason.
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
    nothing = pl.lit(0, pl.Int64).alias("missing")
    cells = with_unusable(entry, _cells(source, incidents.with_columns(nothing)))
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
        beyond, limits = gini_beyond_chance(x, h), gini_limits(x, h, expanded=True)
        if beyond is None:
            continue
        low, high = (limits[0], limits[1]) if limits else (beyond.observed, beyond.observed)
        around = (min(low, beyond.observed), max(high, beyond.observed))
        lower, upper = (end - beyond.expected if limits else None for end in around)
        found.append((*key, beyond.excess, lower, upper, float(h.sum()), float(x.sum()), *around, beyond.expected))
    names = ("value", "lower", "upper", "numerator", "denominator", "least", "most", "expected")
    figures = pl.DataFrame(
        found,
        schema=dict(zip(KEY, (pl.String, pl.String, pl.Date), strict=True)) | dict.fromkeys(names, pl.Float64),
        orient="row",
    )
    whole = source.tree.lineage.join(parts, on="area_id", how="semi").filter(pl.col("area_id") != pl.col("ancestor_id"))
    enough = whole.group_by(area_id="ancestor_id").len().filter(pl.col("len") >= FEWEST_PARTS)
    cells = cells.join(_hours_in_doubt(source, staffed, sources), on=KEY).join(enough, on="area_id", how="semi")
    return (
        _with_bounds(source, cells.join(figures, on=KEY, how="left"))
        .with_columns(
            pl.col("numerator", "denominator").fill_null(0.0),
            void_reason=pl.coalesce("void_reason", pl.when(pl.col("value").is_null()).then(pl.lit("nothing_to_count"))),
        )
        .with_columns(events=pl.col("denominator"), event_squares=pl.col("denominator"))
    )


def _cells(source: Source, daily: pl.DataFrame) -> pl.DataFrame:
    """Cells with records, missing and stray: records of unknown area that the area holds, though none of its parts."""
    unknown = source.tree.areas.filter("is_unallocated")["area_id"]
    stray = pl.when(pl.col("area_id").is_in(unknown.implode())).then("records").otherwise(0)
    return count_cells(source, daily.with_columns(stray=stray), ["records", "missing", "stray"])


def _hours_in_doubt(source: Source, staffed: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Whether any patrol in doubt could touch the hours of each area and period: KEY, hours_in_doubt."""
    entry = source.feed.entry
    beside = dataclasses.replace(source, feed=Feed(entry, staffed, sources, source.feed.geographies))
    patrols = staffed.select("area_id", "day", records="patrols", missing="staffing_missing")
    doubts = pl.col("missing") + pl.col("stray") + pl.col("refused") + pl.col("contested")
    in_doubt = doubts + unallocated(entry, "records") > 0
    return _cells(beside, patrols).select(*KEY, hours_in_doubt=in_doubt)


def _with_bounds(source: Source, cells: pl.DataFrame) -> pl.DataFrame:
    """Cells with bounds, by the coefficient's own limits `least` and `most`."""
    stray = pl.col("stray") + unallocated(source.feed.entry, "records")
    doubts = (cells.select(each).to_series().to_numpy() for each in (pl.col("refused") + stray, "contested"))
    more, away = (source.inputs.disclosure.at_most(each) for each in doubts)
    low, high = unevenness_bounds(
        (cells["least"].to_numpy(), cells["most"].to_numpy()),
        cells["expected"].to_numpy(),
        cells["denominator"].to_numpy(),
        more,
        away,
    )
    is_told, is_open = pl.col("value").is_not_null(), pl.col("hours_in_doubt")
    return cells.with_columns(
        **{
            name: pl.when(is_told).then(pl.when(is_open).then(end).otherwise(pl.Series(found)))
            for name, end, found in zip(("bound_low", "bound_high"), ENDS, (low, high), strict=True)
        }
    )


def _by_part(source: Source, daily: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Sums of each part and period: KEY, amount."""
    return (
        daily.join(parts, on="area_id", how="semi")
        .join(source.coverage.days, on="day")
        .group_by(KEY)
        .agg(pl.col("amount").sum())
    )
