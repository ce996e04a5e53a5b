"""Proportions: records with some property among all of which it is known.

Belongs here: figures whose numerator is part of their denominator.
"""

import polars as pl

from indicators.bounds import proportion_bounds
from indicators.cells import FINE_KINDS, Source, count_cells, daily_counts, tells_something, unallocated
from indicators.grades import unusable_shares
from indicators.intervals import wilson_limits
from indicators.protected_cells import least_and_most, protect_cells

COLUMNS = ["numerator", "denominator", "records", "missing"]


def proportion_figures(source: Source) -> pl.DataFrame:
    """Figures of a `proportion` for every area and period.

    Of days and weeks only those that `cells.tells_something` passes, and none in which there was nothing to count.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator, denominator (both in `entry.scale` units), unusable,
        events, event_squares, shares of unusable records and void_reason.

    Raises
    ------
    ValueError
        If a numerator exceeds its denominator: the entry's columns or filters do not fit together.
    """
    entry = source.feed.entry
    cells = count_cells(source, daily_counts(source.feed), COLUMNS)
    wrong = cells.filter(pl.col("numerator") > pl.col("denominator"))
    if wrong.height:
        area, start = wrong.select("area_id", "period_start").sort("area_id", "period_start").row(0)
        raise ValueError(
            f"indicator {entry.id}: the numerator exceeds the denominator in area {area}, period {start}; "
            "correct the columns or filters of its catalogue entry"
        )
    disclosure = source.inputs.disclosure
    # Before anything is rounded: a difference of two numbers rounded up may be too small.
    cells = cells.with_columns(failures_elsewhere=pl.col("denominator_elsewhere") - pl.col("numerator_elsewhere"))
    cells = protect_cells(
        cells, entry, source.tree, disclosure, {"numerator": entry.scale, "denominator": entry.scale, "records": 1.0}
    )
    refused = pl.col("missing") + pl.col("refused")
    (fewer, more), (smaller, larger) = (least_and_most(cells, name) for name in ("numerator", "denominator"))
    gained, failed = unallocated(entry, "numerator"), unallocated(entry, "failures")
    cells = cells.with_columns(
        # Rounded apart from each other, the part may seem larger than the whole.
        numerator=pl.min_horizontal("numerator", "denominator") / entry.scale,
        denominator=pl.col("denominator") / entry.scale,
        successes_added=(gained + more) / entry.scale + refused * entry.unusable.worst_per_record,
        failures_added=(failed + larger + fewer) / entry.scale + refused * entry.unusable.worst_per_record,
        contested=pl.col("contested") * entry.unusable.worst_per_record
        + pl.max_horizontal(fewer, smaller + more) / entry.scale,
        unusable=(refused + pl.col("contested") - pl.col("doubled") + unallocated(entry, "records"))
        .ceil()
        .cast(pl.Int64),
        **unusable_shares(entry),
    ).with_columns(
        events=pl.min_horizontal("numerator", pl.col("denominator") - pl.col("numerator")),
        void_reason=pl.coalesce("void_reason", pl.when(pl.col("denominator") == 0).then(pl.lit("nothing_to_count"))),
    )
    told = tells_something(entry) & (
        ~pl.col("period_kind").is_in(FINE_KINDS) | (pl.col("denominator") > 0) | (pl.col("have_days") == 0)
    )
    cells = cells.filter(told).with_columns(event_squares="events")
    counted = cells.filter(pl.col("void_reason").is_null())
    x, n = counted["numerator"].to_numpy(), counted["denominator"].to_numpy()
    lower, upper = wilson_limits(x, n)
    low, high = proportion_bounds(
        x, n, *(counted[name].to_numpy() for name in ("failures_added", "successes_added", "contested"))
    )
    counted = counted.with_columns(
        value=pl.Series(x / n * entry.per),
        lower=pl.Series(lower * entry.per),
        upper=pl.Series(upper * entry.per),
        bound_low=pl.Series(low * entry.per),
        bound_high=pl.Series(high * entry.per),
    )
    return pl.concat([counted, cells.filter(pl.col("void_reason").is_not_null())], how="diagonal")
