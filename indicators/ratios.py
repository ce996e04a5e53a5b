"""Ratios: records of one kind per so many of another, such as complaints per thousand incidents.

Belongs here: figures whose numerator is no part of their denominator, and both are counts. What is part of it is for
`proportions`, residents for `rates`.
"""

import numpy as np
import polars as pl

from indicators.areas import AreaTree
from indicators.bounds import ratio_bounds
from indicators.catalogue.entries import Entry
from indicators.cells import Source, count_cells, daily_counts, unallocated
from indicators.coverage import cover
from indicators.feeds import Feed, find_feed
from indicators.grades import unusable_shares
from indicators.inputs import Inputs
from indicators.intervals import Floats, ratio_of_counts_limits
from indicators.protected_cells import of_the_top
from indicators.unusable import PERIOD

COLUMNS = ["numerator", "records", "missing"]
KEY = ["area_id", *PERIOD]
SHARES = "^share_.*$"


def open_ratio(entry: Entry, inputs: Inputs, tree: AreaTree) -> Source | str:
    """What the numerator is computed from, on the days that both are covered on; or why it is not available."""
    found = [find_feed(part, inputs) for part in entry.parts]
    reasons = [code for each in found if isinstance(each, str) for code in each.split(";")]
    if reasons:
        return ";".join(dict.fromkeys(reasons))
    feeds = [each for each in found if isinstance(each, Feed)]
    rows = pl.concat([feed.rows for feed in feeds], how="diagonal")
    sources = pl.concat([feed.sources for feed in feeds]).unique().sort("source", "kind")
    coverage = cover(Feed(entry, rows, sources, feeds[0].geographies), inputs)
    if coverage is None:
        return ";".join(f"no_records:{name}" for name in sources["source"].unique().sort())
    return Source(feeds[0], coverage, inputs, tree)


def ratio_figures(source: Source) -> pl.DataFrame:
    """Figures of a `ratio` for every area that both its counts may lie in, and every period.

    Parameters
    ----------
    source : Source
        As `open_ratio` gives it.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator and denominator (both in `entry.scale` units), unusable (of
        both), events, event_squares, shares of unusable records (the larger of both) and void_reason.
    """
    entry = source.feed.entry
    base = find_feed(entry.parts[1], source.inputs)
    if isinstance(base, str):
        raise TypeError(f"indicator {entry.id}: what it is divided by is not available ({base})")
    above = _counted(source)
    below = _counted(Source(base, source.coverage, source.inputs, source.tree))
    cells = above.join(
        below.select(*KEY, "counted", "added", "contested", "unusable", "is_withheld", SHARES), on=KEY, suffix="_below"
    ).with_columns(
        numerator="counted",
        denominator="counted_below",
        unusable=pl.col("unusable") + pl.col("unusable_below"),
        is_withheld=pl.col("is_withheld") | pl.col("is_withheld_below"),
        events="counted",
        event_squares="counted",
        **{name: pl.max_horizontal(name, f"{name}_below") for name in above.columns if name.startswith("share_")},
    )
    cells = cells.with_columns(
        void_reason=pl.coalesce("void_reason", pl.when(pl.col("denominator") == 0).then(pl.lit("nothing_to_count")))
    )
    rated = cells.filter(pl.col("void_reason").is_null())
    x, n = _floats(rated, "counted"), _floats(rated, "counted_below")
    lower, upper = ratio_of_counts_limits(x, n)
    low, high = ratio_bounds(
        x, n, *(_floats(rated, f"{name}{of}") for of in ("", "_below") for name in ("added", "contested"))
    )
    limits = {"value": x / n, "lower": lower, "upper": upper, "bound_low": low, "bound_high": high}
    rated = rated.with_columns(
        **{name: pl.Series(limit * entry.per, nan_to_null=True) for name, limit in limits.items()}
    )
    return pl.concat([rated, cells.filter(pl.col("void_reason").is_not_null())], how="diagonal")


def _counted(source: Source) -> pl.DataFrame:
    """Cells of one of both counts, with `counted`, `added` (how many more it may be), contested and unusable.

    Under protection, those of the whole city alone: rounded, and what the rounding leaves open is in doubt.
    """
    entry = source.feed.entry
    cells = count_cells(source, daily_counts(source.feed), COLUMNS)
    refused = pl.col("missing") + pl.col("refused")
    cells = cells.with_columns(
        counted=pl.col("numerator") / entry.scale,
        added=unallocated(entry, "numerator") / entry.scale + refused * entry.unusable.worst_per_record,
        contested=pl.col("contested") * entry.unusable.worst_per_record,
        unusable=(refused + pl.col("contested") - pl.col("doubled") + unallocated(entry, "records"))
        .ceil()
        .cast(pl.Int64),
        **unusable_shares(entry),
        is_withheld=pl.lit(False),
    )
    disclosure = source.inputs.disclosure
    if disclosure.is_exact:
        return cells
    cells = of_the_top(cells, source.tree)
    exact = np.rint(_floats(cells, "counted"))
    shown = disclosure.show(exact)
    return cells.with_columns(
        counted=pl.Series(shown.value.astype(np.float64)),
        added=pl.col("added") + pl.Series(shown.high - shown.value),
        contested=pl.col("contested") + pl.Series(shown.value - shown.low),
        is_withheld=pl.Series(shown.is_withheld),
    )


def _floats(frame: pl.DataFrame, column: str) -> Floats:
    return frame[column].cast(pl.Float64).to_numpy()
