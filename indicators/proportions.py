"""Proportions: records with some property among all of which it is known, or a part of an amount such as hours.

Belongs here: figures whose numerator is part of their denominator.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from indicators.atoms import atoms_of, split
from indicators.bounds import limit_bounds, proportion_bounds
from indicators.catalogue.entries import Entry
from indicators.cells import (
    FINE_KINDS,
    Source,
    count_cells,
    daily_counts,
    own_sums,
    sums_of_products,
    tells_something,
    unallocated,
    with_figures,
)
from indicators.grades import unusable_shares
from indicators.intervals import Floats, cluster_ratio_limits, wilson_limits
from indicators.layout import Bools
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
    entry, daily = source.feed.entry, daily_counts(source.feed)
    if not source.published or entry.interval == "cluster":
        return share_figures(source, daily)
    atoms = {}
    for column in ("denominator", "numerator"):
        named = atoms_of(source.feed, source.inputs, source.published, f"{entry.id} {column}")
        daily, atoms[column] = split(daily, column, named)
    return share_figures(source, daily, atoms)


def share_figures(
    source: Source, daily: pl.DataFrame, atoms: Mapping[str, Mapping[str, str]] | None = None
) -> pl.DataFrame:
    """The same of counts by area and day that do not come from one measure: area_id, day and `COLUMNS`.

    Of what has `atoms`, further columns count them.
    """
    entry, atoms = source.feed.entry, atoms or {}
    whole = own_sums(source, daily, "denominator") / entry.scale
    periods = source.coverage.periods
    is_coarse = ~periods["period_kind"].is_in(FINE_KINDS).to_numpy()
    is_silent = (periods["have_days"] == 0).to_numpy()
    told = tells_something(source, whole) & (is_coarse | is_silent | (whole > 0))
    cells = count_cells(source, daily, [*COLUMNS, *(name for named in atoms.values() for name in named.values())], told)
    wrong = cells.filter(pl.col("numerator") > pl.col("denominator"))
    if wrong.height:
        area, start = wrong.select("area_id", "period_start").sort("area_id", "period_start").row(0)
        raise ValueError(
            f"indicator {entry.id}: the numerator exceeds the denominator in area {area}, period {start}; "
            "correct the columns or filters of its catalogue entry"
        )
    # Before anything is rounded: a difference of two numbers rounded up may be too small.
    cells = cells.with_columns(failures_elsewhere=pl.col("denominator_elsewhere") - pl.col("numerator_elsewhere"))
    # An amount of work, such as patrol minutes, is no count of cases and stays as it is.
    if entry.interval != "cluster" and not source.inputs.disclosure.is_exact:
        counts = {"denominator": entry.scale, "numerator": entry.scale, **({"records": 1.0} if entry.count else {})}
        whole_of = {"numerator": "denominator"}
        cells = protect_cells(cells, entry, source.tree, source.inputs, counts, atoms, whole_of)
        if entry.count is None:
            cells = cells.with_columns(records=pl.col("denominator") / entry.scale)
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
        events=_rarer(entry),
        void_reason=pl.coalesce("void_reason", pl.when(pl.col("denominator") == 0).then(pl.lit("nothing_to_count"))),
    )
    cells = cells.with_columns(event_squares="events")
    is_counted = cells["void_reason"].is_null()
    counted = cells.filter(is_counted)
    x, n = counted["numerator"].to_numpy(), counted["denominator"].to_numpy()
    in_doubt = [counted[name].to_numpy() for name in ("failures_added", "successes_added", "contested")]
    if entry.interval == "cluster":
        lower, upper = _day_limits(source, daily, cells, told)
        # Without an interval the bounds stand around the value itself.
        around = tuple(np.where(np.isnan(limit), x / n, limit) for limit in (lower, upper))
        low, high = limit_bounds((around[0], around[1]), n, *in_doubt)
    else:
        lower, upper = wilson_limits(x, n)
        low, high = proportion_bounds(x, n, *in_doubt)
    found = (x / n, lower, upper, low, high)
    return with_figures(cells, is_counted, [each * entry.per for each in found])


def _rarer(entry: Entry) -> pl.Expr:
    """What charts weigh a point by: how many records have the rarer outcome, or would, were all of one amount."""
    rarer = pl.min_horizontal("numerator", pl.col("denominator") - pl.col("numerator"))
    if entry.interval != "cluster":
        return rarer
    return pl.when(pl.col("denominator") > 0).then(pl.col("records") * rarer / pl.col("denominator")).otherwise(0.0)


def _day_limits(source: Source, daily: pl.DataFrame, cells: pl.DataFrame, told: Bools) -> tuple[Floats, Floats]:
    """Limits of shares of an amount, by the scatter of the days of each cell that have any: one for each cell."""
    layout = source.layout
    by_day = layout.by_day(daily, ["numerator", "denominator"])
    part, whole = layout.up(by_day["numerator"]), layout.up(by_day["denominator"])
    # Sums of integers are exact: what is left to rounding is the same whatever their order.
    x, n, days = (layout.by_period(each)[told] for each in (part, whole, (whole > 0).astype(np.int64)))
    pairs = ((part, part), (part, whole), (whole, whole))
    squares = (sums_of_products(source, one, other, told).cast(pl.Float64).to_numpy() for one, other in pairs)
    is_counted = cells["void_reason"].is_null().to_numpy()
    xx, xn, nn = (each[is_counted] for each in squares)
    return cluster_ratio_limits(x[is_counted], n[is_counted], (xx, xn, nn), days[is_counted])
