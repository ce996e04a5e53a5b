"""Proportions: records with some property among all of which it is known.

Belongs here: figures whose numerator is part of their denominator.
"""

import polars as pl

from indicators.bounds import proportion_bounds
from indicators.cells import (
    FINE_KINDS,
    Source,
    count_cells,
    daily_counts,
    own_sums,
    tells_something,
    unallocated,
    with_figures,
)
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
    daily = daily_counts(source.feed)
    whole = own_sums(source, daily, "denominator") / entry.scale
    periods = source.coverage.periods
    is_coarse = ~periods["period_kind"].is_in(FINE_KINDS).to_numpy()
    is_silent = (periods["have_days"] == 0).to_numpy()
    cells = count_cells(source, daily, COLUMNS, tells_something(source, whole) & (is_coarse | is_silent | (whole > 0)))
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
    cells = cells.with_columns(event_squares="events")
    is_counted = cells["void_reason"].is_null()
    counted = cells.filter(is_counted)
    x, n = counted["numerator"].to_numpy(), counted["denominator"].to_numpy()
    low, high = proportion_bounds(
        x, n, *(counted[name].to_numpy() for name in ("failures_added", "successes_added", "contested"))
    )
    found = (x / n, *wilson_limits(x, n), low, high)
    return with_figures(cells, is_counted, [each * entry.per for each in found])
