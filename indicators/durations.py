"""Durations: Kaplan-Meier quantiles over all records opened in a period, those still open censored.

Belongs here: from histograms of closed durations and counts of open records to figures.
"""

from datetime import date

import polars as pl

from indicators.cells import Source, count_cells, own_sums, unallocated
from indicators.feeds import passes
from indicators.grades import unusable_shares
from indicators.layout import CELL
from indicators.protected_cells import protect_cells
from indicators.survival import at_risk, earliest_quantiles, quantiles_at_risk
from indicators.unusable import PERIOD

SECONDS_PER_DAY = 86_400


def survival_counts(closed: pl.DataFrame, opened: pl.DataFrame, by: list[str], as_of: date) -> pl.DataFrame:
    """What a Kaplan-Meier quantile is estimated from, by a histogram of durations and the records opened by day.

    Parameters
    ----------
    closed : DataFrame
        Columns `by`, `closed` and `closed_seconds`, one row a bucket: closed records count at its mean duration.
    opened : DataFrame
        Columns `by`, `day` and `open_now`: records still open count at their age, `as_of` minus their day.
    by : list of str
        Columns that name a group.
    as_of : date

    Returns
    -------
    DataFrame
        `by`, `time` in seconds, `events`, `censored`, as `survival.kaplan_meier_quantiles` takes them. With buckets 1 %
        wide a quantile errs by 1 % at most; what is censored within a bucket comes before or after all that closed in
        it, which may move a quantile to a neighbouring record.
    """
    none = pl.lit(0, pl.Int64)
    events = closed.filter(pl.col("closed") > 0).select(
        *by, time=(pl.col("closed_seconds") / pl.col("closed")).clip(lower_bound=0), events="closed", censored=none
    )
    age_days = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    censored = opened.filter(pl.col("open_now") > 0).select(
        *by, time=(age_days * SECONDS_PER_DAY).cast(pl.Float64), events=none, censored="open_now"
    )
    return pl.concat([events, censored])


def duration_figures(source: Source) -> pl.DataFrame:
    """Figures of a `survival_quantile`, in seconds / `entry.scale`, for every area and period of months.

    A closed record counts at the mean duration of its histogram bucket, an open one at its age, `as_of` minus
    its day. Records without a usable duration (opened, but neither in the histogram nor open) and all other
    unusable ones move the bounds: closed as early as lowers the quantile most for the lower, never closed for the
    upper. A bound is null where the quantile is then not reached. The numerator is the number closed, the denominator
    those whose duration or age is known.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator, denominator, unusable, events, event_squares,
        shares of unusable records and void_reason.
    """
    entry = source.feed.entry
    opened = source.feed.rows.group_by("area_id", "day").agg(pl.col("opened", "open_now").sum())
    closed = _closed(source)
    still = own_sums(source, opened, "open_now").ravel()
    daily = opened.select("area_id", "day", records="opened", missing=pl.lit(0, pl.Int64))
    cells = count_cells(source, daily, ["records", "missing"])
    cells = (
        cells.with_columns(pl.int_range(pl.len()).alias(CELL), open_now=pl.Series(still))
        .join(closed.group_by(CELL).agg(pl.col("closed").sum()), on=CELL, how="left", maintain_order="left")
        .with_columns(pl.col("closed").fill_null(0))
        .with_columns(
            numerator=pl.col("closed").cast(pl.Float64),
            denominator=(pl.col("closed") + pl.col("open_now")).cast(pl.Float64),
        )
        .with_columns(missing=(pl.col("records") - pl.col("denominator")).clip(lower_bound=0))
        .with_columns(
            **unusable_shares(entry),
            stray=pl.col("missing") + pl.col("refused") + unallocated(entry, "records"),
        )
    )
    by = [CELL]
    curve = survival_counts(closed, _open(source, opened), by, source.inputs.as_of).with_columns(
        pl.col("time") / entry.scale
    )
    # A contested record may be of any duration or of none: a quantile that loses one from beyond it moves as far as by
    # so many more before it.
    odds = entry.quantile / (1 - entry.quantile)
    before, beyond = (
        cells.filter(pl.col("denominator") > 0)
        .select(CELL, added=(pl.col("stray") + (pl.col("contested") * times).ceil()).cast(pl.Int64))
        .filter(pl.col("added") > 0)
        for times in (odds, 1 / odds)
    )
    curve = at_risk(curve, by, from_start=True)
    # Closed at once, they leave at the start; never closed, they are at risk in all that closes.
    at_start, added = pl.col("time") == 0, pl.col("added")
    best = curve.join(before, on=CELL, maintain_order="left").with_columns(
        pl.when(at_start).then(pl.col(name) + added).otherwise(name).alias(name) for name in ("events", "at_risk")
    )
    worst = curve.join(beyond, on=CELL, how="left", maintain_order="left").with_columns(
        pl.col("at_risk") + added.fill_null(0)
    )
    best = quantiles_at_risk(best, by, entry.quantile).select(CELL, lower_best="lower")
    worst = quantiles_at_risk(worst, by, entry.quantile).select(CELL, upper_worst="upper")
    # Quantiles are of all records; how many these are is shown as far as it may be.
    counts = {"denominator": 1.0, "numerator": 1.0, "records": 1.0}
    whole_of = {"numerator": "denominator"}
    cells = protect_cells(cells, entry, source.tree, source.inputs, counts, whole_of=whole_of)
    for found in (
        quantiles_at_risk(curve, by, entry.quantile),
        best,
        worst,
        earliest_quantiles(curve, before, by, entry.quantile),
    ):
        cells = cells.join(found, on=CELL, how="left", maintain_order="left")
    return _joined(cells)


def _joined(cells: pl.DataFrame) -> pl.DataFrame:
    reached = pl.col("quantile").is_not_null()
    # Adding records also shrinks the sampling error, so the interval itself stays within the bounds by rule.
    low = pl.min_horizontal("lower", "lower_best", "earliest")
    high = pl.when(pl.col("upper").is_not_null() & pl.col("upper_worst").is_not_null()).then(
        pl.max_horizontal("upper", "upper_worst")
    )
    return cells.with_columns(
        value=pl.col("quantile"),
        events=pl.col("numerator"),
        event_squares=pl.col("numerator"),
        lower=pl.when(reached).then("lower"),
        upper=pl.when(reached).then("upper"),
        bound_low=pl.when(reached).then(low),
        bound_high=pl.when(reached).then(high),
        unusable=(pl.col("stray") + pl.col("contested") - pl.col("doubled")).cast(pl.Int64),
        void_reason=pl.coalesce(
            "void_reason",
            pl.when(pl.col("denominator") == 0).then(pl.lit("nothing_to_count")),
            pl.when(~reached).then(pl.lit("not_reached")),
        ),
    )


def _closed(source: Source) -> pl.DataFrame:
    """Closed records of every cell and bucket: CELL, bucket, closed, closed_seconds."""
    days = source.coverage.days.select(pl.col("day").dt.truncate("1mo"), *PERIOD).unique()
    histogram = (
        source.inputs.measure(source.feed.entry.measure or "")
        .join(source.feed.sources, on=["source", "kind"], how="semi")
        .filter(passes(source.feed.entry.where))
        .select("area_id", "day", "bucket", "closed", "closed_seconds")
    )
    return source.layout.by_cell(histogram, days, ["bucket"], ["closed", "closed_seconds"])


def _open(source: Source, opened: pl.DataFrame) -> pl.DataFrame:
    """Records still open of every cell and opening day: CELL, day, open_now."""
    still = opened.filter(pl.col("open_now") > 0).with_columns(opened="day")
    days = source.layout.by_cell(still, source.coverage.days, ["opened"], ["open_now"])
    return days.rename({"opened": "day"})
