"""Rates: events, weighted events or amounts per resident and year.

Belongs here: figures whose denominator is the population. Annualised at every kind of period: events divided
by the daily population summed over the covered days / 365.25.
"""

import numpy as np
import polars as pl

from indicators.atoms import atoms_of, split
from indicators.bounds import count_bounds, weighted_bounds
from indicators.catalogue.entries import Entry
from indicators.cells import (
    Source,
    count_cells,
    daily_counts,
    sums_of_products,
    tells_something,
    unallocated,
    with_figures,
)
from indicators.grades import unusable_shares
from indicators.intervals import Floats, daily_cluster_limits, poisson_limits, weighted_limits
from indicators.population import DAYS_PER_YEAR, person_days
from indicators.protected_cells import least_and_most, protect_cells, protect_weighted

COLUMNS = ["numerator", "records", "missing"]


def rate_figures(source: Source) -> pl.DataFrame:
    """Figures of a `rate` or `weighted_rate` for every area and period.

    Of days and weeks only those that `cells.tells_something` passes.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator (in `entry.scale` units), denominator (person-years),
        unusable, events, event_squares, shares of unusable records and void_reason.
    """
    daily, atoms = _split(source, daily_counts(source.feed))
    at_risk = person_days(source.inputs.profile, source.layout)
    told = tells_something(source, at_risk / DAYS_PER_YEAR)
    counted = [*dict.fromkeys([*COLUMNS, *atoms.values()]), *(["squares"] if "squares" in daily.columns else [])]
    cells = (
        count_cells(source, daily, counted, told)
        .with_columns(denominator=pl.Series(at_risk[told], nan_to_null=True))
        .with_columns(pl.col("denominator") / DAYS_PER_YEAR)
    )
    if source.feed.entry.interval == "daily_cluster":
        totals = source.layout.up(source.layout.by_day(daily, ["numerator"])["numerator"])
        cells = cells.with_columns(squared_days=sums_of_products(source, totals, totals, told))
    return _with_limits(_protected(cells, source, atoms), source.feed.entry, _largest_weight(source))


def _split(source: Source, daily: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str]]:
    """Daily counts with their atoms, where those are published that others could be subtracted from.

    Those of a weighted rate are its categories, under protection.
    """
    entry = source.feed.entry
    if entry.kind == "weighted_rate" and not source.inputs.disclosure.is_exact:
        categories = source.feed.rows["category"]
        daily, named = split(daily, "records", categories)
        return daily, named or {categories[daily["records"].arg_max() or 0]: "records"}
    if not source.published or entry.kind != "rate" or entry.count is not None:
        return daily, {}
    return split(daily, "numerator", atoms_of(source.feed, source.inputs, source.published, f"{entry.id} numerator"))


def _protected(cells: pl.DataFrame, source: Source, atoms: dict[str, str]) -> pl.DataFrame:
    """Cells with the counts that may be shown.

    An amount of work, such as patrol minutes, is no count of cases and stays as it is. A weighted sum is that of the
    whole city alone.
    """
    entry, disclosure = source.feed.entry, source.inputs.disclosure
    if disclosure.is_exact or entry.count is not None:
        return cells
    if entry.kind == "weighted_rate":
        weights = dict(source.feed.rows.select("category", pl.col("weight").cast(pl.Int64)).unique().iter_rows())
        weighing = {column: weights[category] for category, column in atoms.items()}
        return protect_weighted(cells, entry, source.tree, source.inputs, weighing)
    counts = {"numerator": entry.scale}
    shown = protect_cells(cells, entry, source.tree, source.inputs, counts, {"numerator": atoms})
    return shown.with_columns(records=pl.col("numerator") / entry.scale)


def _with_limits(cells: pl.DataFrame, entry: Entry, largest_weight: float) -> pl.DataFrame:
    refused = pl.col("missing") + pl.col("refused")
    below, above = least_and_most(cells, "numerator")
    cells = cells.with_columns(
        below=below / entry.scale,
        above=above / entry.scale,
        numerator=pl.col("numerator") / entry.scale,
        gained=unallocated(entry, "numerator") / entry.scale,
        refused=refused,
        unusable=(refused + pl.col("contested") - pl.col("doubled") + unallocated(entry, "records"))
        .ceil()
        .cast(pl.Int64),
        **unusable_shares(entry),
        **_event_sums(entry),
        void_reason=pl.coalesce(
            "void_reason", pl.when(pl.col("denominator").is_null()).then(pl.lit("needs_population"))
        ),
    )
    usable = cells.select(pl.col("void_reason").is_null() & (pl.col("denominator") > 0)).to_series()
    rated = cells.filter(usable)
    factor = entry.per / _floats(rated, "denominator")
    found = (_floats(rated, "numerator"), *_limits(rated, entry, largest_weight))
    return with_figures(cells, usable.fill_null(False), [each * factor for each in found])


def _event_sums(entry: Entry) -> dict[str, pl.Expr]:
    """What charts weigh a point by: the sums of weight x count and weight squared x count."""
    if entry.kind == "weighted_rate":
        return {"events": pl.col("numerator") / entry.scale, "event_squares": pl.col("squares") / entry.scale}
    return {"events": pl.col("records"), "event_squares": pl.col("records")}


def _limits(rated: pl.DataFrame, entry: Entry, largest_weight: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Lower, upper and bounds in the unit of the numerator."""
    events = _floats(rated, "numerator")
    worst = entry.unusable.worst_per_record
    refused, gained, contested = (_floats(rated, name) for name in ("refused", "gained", "contested"))
    below, above = _floats(rated, "below"), _floats(rated, "above")
    if entry.kind == "weighted_rate":
        variance = _floats(rated, "squares") / entry.scale
        stray_variance = _floats(rated.select(s=unallocated(entry, "squares")), "s") / entry.scale
        limits = weighted_limits(events, variance, largest_weight)
        more = refused * largest_weight + above
        added = (gained + more, stray_variance + more * largest_weight)
        contested = contested + below / largest_weight
        return *limits, *weighted_bounds(limits, events, variance, *added, largest_weight, contested)
    if entry.interval == "daily_cluster":
        squares = _floats(rated, "squared_days") / entry.scale**2
        lower, upper = daily_cluster_limits(events, squares, _floats(rated, "have_days"))
        # Without an interval the bounds stand around the value itself.
        low = np.maximum(np.where(np.isnan(lower), events, lower) - contested * worst, 0.0)
        return lower, upper, low, np.where(np.isnan(upper), events, upper) + gained + refused * worst
    return *poisson_limits(events), *count_bounds(events, gained + refused * worst + above, contested * worst + below)


def _largest_weight(source: Source) -> float:
    if source.feed.entry.kind != "weighted_rate":
        return 1.0
    return float(source.feed.rows["weight"].cast(pl.Int64).to_numpy().max())


def _floats(frame: pl.DataFrame, column: str) -> Floats:
    return frame[column].cast(pl.Float64).fill_null(0).to_numpy()
