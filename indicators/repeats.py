"""Repeats: near ones in space and time, as figures of areas and periods.

Belongs here: from an extract and the measure that it rests on to figures. What chance would make of the same incidents
is in `near_repeat`. Keys and points end here: a figure holds numbers of pairs alone.
"""

from datetime import date

import polars as pl

from indicators.cells import Source, count_cells
from indicators.feeds import passes
from indicators.grades import with_unusable
from indicators.near_repeat import Events, events_of, near_pairs
from indicators.unusable import PERIOD

KEY = ["area_id", *PERIOD]
# Days between the first and the last possible day of an incident that is placed in time.
LONGEST_WINDOW_DAYS = 1


def near_repeat_figures(source: Source) -> pl.DataFrame:
    """Figures of a `near_repeat`, the Knox ratio, for every area and period.

    Numerator and denominator are the pairs of incidents at different addresses, near by `entry.near`, that there are
    and that there would be were the dates dealt out at random. The limits turn the permutation test round: they are the
    ratios by which chance would have had to be multiplied to bring the pairs there are, and leave out 1 where it brings
    so many, or so few, in less than 2.5 % of the permutations. Unusable are incidents without a valid point, or whose
    day is not known to a day or two.

    Returns
    -------
    DataFrame
        The cells with value, limits, numerator, denominator, unusable, events, event_squares and the shares of unusable
        records.
    """
    entry = source.feed.entry
    if entry.near is None:
        raise ValueError(f"indicator {entry.id} does not say what is near: give it `near`")
    points = (
        source.inputs.extract(entry.extract or "")
        .join(source.feed.sources, on="source", how="semi")
        .filter(passes(entry.where))
    )
    is_placed = (pl.col("last_day") - pl.col("day")).dt.total_days() <= LONGEST_WINDOW_DAYS
    placed = points.filter(is_placed).group_by("area_id", "day").agg(placed=pl.col("incidents").sum())
    daily = (
        source.feed.rows.group_by("area_id", "day")
        .agg(records=pl.col("incidents").sum())
        .join(placed, on=["area_id", "day"], how="left")
        .with_columns(missing=pl.col("records") - pl.col("placed").cast(pl.Int64).fill_null(0))
    )
    cells = with_unusable(entry, count_cells(source, daily, ["records", "missing"]))
    spans = source.coverage.days.group_by(PERIOD).agg(first=pl.col("day").min(), last=pl.col("day").max())
    spans = spans.sort(PERIOD)
    found = []
    in_areas = points.join(source.tree.lineage, on="area_id").drop("area_id", "geography")
    for (area,), there in sorted(in_areas.group_by("ancestor_id"), key=lambda group: str(group[0][0])):
        events = events_of(there, LONGEST_WINDOW_DAYS)
        for kind, start, first, last in spans.select(*PERIOD, "first", "last").iter_rows():
            near = near_pairs(
                _between(events, first, last), entry.near.metres, entry.near.days, max(entry.min_denominator, 1.0)
            )
            found.append((area, kind, start, near.observed, near.expected, near.chance_low, near.chance_high))
    counted = pl.DataFrame(
        found,
        schema=dict(zip(KEY, (pl.String, pl.String, pl.Date), strict=True))
        | dict.fromkeys(("numerator", "denominator", "chance_low", "chance_high"), pl.Float64),
        orient="row",
    )
    return (
        cells.join(counted, on=KEY, how="left")
        .with_columns(
            pl.col("numerator", "denominator").fill_null(0.0), pl.col("chance_low", "chance_high").fill_nan(None)
        )
        .with_columns(
            value=pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator")),
            lower=pl.when(pl.col("chance_high") > 0).then(pl.col("numerator") / pl.col("chance_high")),
            upper=pl.when(pl.col("chance_low") > 0).then(pl.col("numerator") / pl.col("chance_low")),
            events=pl.col("numerator"),
            event_squares=pl.col("numerator"),
        )
    )


def _between(events: Events, first: date, last: date) -> Events:
    """The events from a day to another."""
    number = [(day - date(1970, 1, 1)).days for day in (first, last)]
    kept = (events.days >= number[0]) & (events.days <= number[1])
    addresses = None if events.addresses is None else events.addresses[kept]
    return Events(events.metres[kept], events.days[kept], addresses)
