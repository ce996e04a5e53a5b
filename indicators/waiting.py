"""Waiting: how long requests of new citizens take to close, and of residents, among like requests.

Belongs here: from the extract of requests by group and category to figures of areas and periods. The curves are in
`survival`.
"""

import polars as pl

from indicators.cells import Source, count_cells
from indicators.durations import SECONDS_PER_DAY
from indicators.grades import with_unusable
from indicators.open_bounds import open_bounds
from indicators.survival import standardised_quantiles
from indicators.unusable import PERIOD

KEY = ["area_id", *PERIOD]
GROUPS = ("new_citizen", "resident")
# What is closed at once has waited as long as it takes to write it down.
LEAST_SECONDS = 60.0
LIMITS = ("quantile", "lower", "upper")


def waiting_figures(source: Source) -> pl.DataFrame:
    """Figures of a `waiting_gap` for every area and period.

    Only categories in which both groups asked count, and each has the share that it has of both groups' requests
    together: the median times are those that the groups would have were their mix of requests the same. Told is one
    of them, in seconds / `entry.scale`, or the gap: the absolute logarithm of their ratio, with limits after the method
    of variance estimates recovery. The denominator is the number of requests of the group that has fewer, the numerator
    how many of these are closed. Unusable are requests of which the group, the category or the closing could not be
    read.

    Where none is, the bounds are the limits. Where any is, they say nothing: the lower one is 0, the upper one null.
    One request whose category is not known may be a group's first in a category of which the other group has hundreds;
    that category then counts, with all its weight, and neither median can be held within anything closer. How many
    requests are concerned is told by `unusable` and the grade.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator, denominator, unusable, events, event_squares, shares of
        unusable records and void_reason.

    References
    ----------
    Makuch (1982), J. Chronic Diseases 35:437-443; Zou & Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    entry = source.feed.entry
    if entry.waiting is None:
        raise ValueError(f"indicator {entry.id} does not say what is told of the waiting: give it `waiting`")
    daily = source.feed.rows.group_by("area_id", "day").agg(records=pl.col("opened").sum())
    cells = with_unusable(
        entry, count_cells(source, daily.with_columns(missing=pl.lit(0, pl.Int64)), ["records", "missing"])
    )
    requests = _requests(source)
    alike = _alike(requests)
    few = (
        alike.group_by(*KEY, "group")
        .agg(pl.col("requests", "events").sum())
        .sort(*KEY, "requests", "group")
        .group_by(KEY, maintain_order=True)
        .agg(
            denominator=pl.col("requests").first().cast(pl.Float64), numerator=pl.col("events").first().cast(pl.Float64)
        )
    )
    medians = standardised_quantiles(alike, [*KEY, "group"], "category", entry.quantile)
    side_by_side = medians.filter(group=GROUPS[0]).join(medians.filter(group=GROUPS[1]), on=KEY, suffix="_resident")
    both = pl.all_horizontal(pl.col("quantile", "quantile_resident").is_not_null())
    if entry.waiting.statistic == "gap":
        told = _gap()
    else:
        end = "" if entry.waiting.statistic == GROUPS[0] else "_resident"
        told = {
            name: pl.col(column + end) / entry.scale
            for name, column in zip(("value", "lower", "upper"), LIMITS, strict=True)
        }
    figures = side_by_side.select(*KEY, **{name: pl.when(both).then(limit) for name, limit in told.items()})
    return (
        cells.join(few, on=KEY, how="left")
        .join(figures, on=KEY, how="left")
        .with_columns(pl.col("numerator", "denominator").fill_null(0.0))
        .with_columns(
            **open_bounds(pl.col("unusable") > 0, 0.0, None),
            events=pl.col("numerator"),
            event_squares=pl.col("numerator"),
            void_reason=pl.coalesce(
                "void_reason",
                pl.when((pl.col("denominator") >= entry.min_denominator) & pl.col("value").is_null()).then(
                    pl.lit("not_reached")
                ),
            ),
        )
    )


def _gap() -> dict[str, pl.Expr]:
    """Absolute logarithm of the ratio of two medians, from their limits; a limit that is not reached is infinite."""
    new, low_new, high_new, other, low_other, high_other = (
        pl.col(name + end).clip(lower_bound=LEAST_SECONDS).fill_null(float("inf")).log()
        for end in ("", "_resident")
        for name in LIMITS
    )
    ratio = new - other
    low = ratio - ((new - low_new) ** 2 + (high_other - other) ** 2).sqrt()
    high = ratio + ((high_new - new) ** 2 + (other - low_other) ** 2).sqrt()
    farthest = pl.max_horizontal(low.abs(), high.abs())
    return {
        "value": ratio.abs(),
        "lower": pl.max_horizontal(low, -high, pl.lit(0.0)),
        "upper": pl.when(farthest.is_finite()).then(farthest),
    }


def _requests(source: Source) -> pl.DataFrame:
    """Requests of every area, period, group, category and time: KEY, group, category, time, events, censored."""
    age = (pl.lit(source.inputs.as_of) - pl.col("day")).dt.total_days() * SECONDS_PER_DAY
    is_closed = pl.col("bucket").is_not_null()
    rows = (
        source.inputs.extract(source.feed.entry.extract or "")
        .join(source.feed.sources, on="source", how="semi")
        .join(source.coverage.days, on="day")
        .select(
            "area_id",
            *PERIOD,
            "category",
            group="requester_group",
            # Closed ones go by their bucket, open ones by their age.
            bucket=pl.when(is_closed).then(pl.col("bucket").cast(pl.Int64)),
            age=pl.when(~is_closed).then(age),
            requests=pl.col("requests").cast(pl.Int64),
            seconds=pl.col("closed_seconds").cast(pl.Int64),
        )
    )
    spread = source.tree.roll_up(rows, [*PERIOD, "group", "category", "bucket", "age"], ["requests", "seconds"])
    return spread.select(
        *KEY,
        "group",
        "category",
        time=pl.coalesce(pl.col("age").cast(pl.Float64), pl.col("seconds") / pl.col("requests")),
        events=pl.when(pl.col("bucket").is_not_null()).then("requests").otherwise(0),
        censored=pl.when(pl.col("bucket").is_null()).then("requests").otherwise(0),
    )


def _alike(requests: pl.DataFrame) -> pl.DataFrame:
    """Those of categories in which both groups asked, with the `weight` of the category and their `requests`."""
    counted = requests.with_columns(requests=pl.col("events") + pl.col("censored"))
    common = (
        counted.group_by(*KEY, "category")
        .agg(groups=pl.col("group").n_unique(), together=pl.col("requests").sum())
        .filter(pl.col("groups") == len(GROUPS))
        .with_columns(weight=pl.col("together") / pl.col("together").sum().over(KEY))
    )
    return counted.join(common.select(*KEY, "category", "weight"), on=[*KEY, "category"])
