"""Which series are charted, their limits and signals, and the list of what changed.

Belongs here: the choice of series and window, putting `trends` to work on them, and which test speaks for a series. Not
here: the test that knows the season (`latest_month`).
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from indicators.inputs import CHANGE_SCHEMA, LIMIT_SCHEMA, SIGNIFICANT_DIGITS
from indicators.periods import latest_complete_month, month_before
from indicators.trends import benjamini_hochberg, latest_point_p_value, xmr_chart

SERIES = ["indicator_id", "area_id", "period_kind"]
CHARTED_KINDS = ("week", "month")


@dataclass(frozen=True)
class ChartRules:
    """Which series are charted, and which changes are listed.

    Attributes
    ----------
    months, weeks : int
        Length of the charted window at most. Limits over a decade would call the past's level normal.
    fewest_points : int
        Limits from fewer points are too uncertain to publish.
    mean_events : float
        Events behind a point, on average: rarer events need another chart. Of a proportion the rarer outcome
        counts, of a weighted rate the effective number (Σwn)² / Σw²n.
    largest_q : float
        Accepted share of false alarms among the listed changes.
    news_months : int
        Months, back from the latest complete one, in which a series' last final figure is still news: the figures
        after it are provisional, or the source is silent.
    """

    months: int = 36
    weeks: int = 104
    fewest_points: int = 12
    mean_events: float = 10.0
    largest_q: float = 0.1
    news_months: int = 3


def chart(
    values: pl.DataFrame, seasonal: pl.DataFrame, as_of: date, rules: ChartRules
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Control limits, signals and changes of all series.

    Charted is the last uninterrupted run of complete weeks and months with a final figure, in areas that are places;
    an interruption (a source that fell silent) starts a new chart.

    A series whose season is known is tested for change by `latest_month`; another one by the moving range of its chart,
    when its run reaches one of the latest months and is charted without its last month too.

    Parameters
    ----------
    values : DataFrame
        Rows as `statuses.publish` gives them.
    seasonal : DataFrame
        `latest_month.SEASONAL_SCHEMA`: the series whose latest month was tested against its season.

    Returns
    -------
    limits : DataFrame
        `indicator_limits`. Limits are cut at zero, below which no figure can be.
    signals : DataFrame
        SERIES, period_start, signal: one row per charted point.
    changes : DataFrame
        `changes`: the series whose latest month differs from what its season, or the months before, let expect, at a
        false discovery rate of `largest_q` over all series tested.
    """
    points = _points(values, rules)
    oldest_news = month_before(latest_complete_month(as_of), rules.news_months - 1)
    seasonal = seasonal.filter(pl.col("period_start") >= oldest_news)
    by_season = set(seasonal.select(SERIES).iter_rows())
    limits, tested = [], [_by_season(seasonal)]
    # Sorted points of one series are adjacent, and so a slice.
    for series in points.partition_by(SERIES, maintain_order=True):
        x = series["value"].to_numpy()
        drawn = xmr_chart(x)
        limits.append(
            series.select(*SERIES, "period_start", "value").with_columns(
                centre=pl.lit(drawn.centre),
                limit_low=pl.lit(max(drawn.limit_low, 0.0)),
                limit_high=pl.lit(drawn.limit_high),
                signal=pl.Series(drawn.signals, dtype=pl.String),
            )
        )
        is_news = series["period_start"][-1] >= oldest_news
        is_month = series["period_kind"][0] == "month" and series.select(SERIES).row(0) not in by_season
        if is_month and is_news and len(x) > rules.fewest_points:
            p_value = latest_point_p_value(x)
            if p_value is not None:
                tested.append(_by_moving_range(limits[-1].tail(1), float(x[:-1].mean()), p_value))
    changes = _changes(tested, rules)
    if not limits:
        drawn_points = points.select(*SERIES, "period_start").with_columns(signal=pl.lit(None, pl.String))
        return pl.DataFrame(schema=LIMIT_SCHEMA), drawn_points, changes
    charted = pl.concat(limits)
    rounded = [pl.col(c).round_sig_figs(SIGNIFICANT_DIGITS) for c in ("centre", "limit_low", "limit_high")]
    return (
        charted.with_columns(rounded).select(LIMIT_SCHEMA.keys()),
        charted.select(*SERIES, "period_start", "signal"),
        changes,
    )


def _points(values: pl.DataFrame, rules: ChartRules) -> pl.DataFrame:
    """Points of all charted series, in time order."""
    month = pl.col("period_start").dt.year().cast(pl.Int64) * 12 + pl.col("period_start").dt.month()
    week = pl.col("period_start").dt.epoch("d").cast(pl.Int64) // 7
    is_month = pl.col("period_kind") == "month"
    longest = pl.when(is_month).then(rules.months).otherwise(rules.weeks)
    # For unweighted events this is their mean; a few heavy ones among many light count as few.
    squares = pl.col("event_squares").sum()
    mean_events = pl.when(squares > 0).then(pl.col("events").sum() ** 2 / squares / pl.len()).otherwise(0.0)
    return (
        values.filter(
            pl.col("period_kind").is_in(CHARTED_KINDS)
            & pl.col("is_complete")
            & pl.col("value").is_not_null()
            & ~pl.col("is_unallocated")
        )
        .select(*SERIES, "period_start", "value", "events", "event_squares")
        .sort(*SERIES, "period_start")
        .with_columns(number=pl.when(is_month).then(month).otherwise(week))
        # Within an uninterrupted run, number and position rise together.
        .with_columns(run=pl.col("number") - pl.int_range(pl.len()).over(SERIES))
        .filter(pl.col("run") == pl.col("run").max().over(SERIES))
        # Signed: a count less a longer window is negative, not a huge unsigned number.
        .filter(pl.int_range(pl.len()).over(SERIES) >= pl.len().cast(pl.Int64).over(SERIES) - longest)
        .filter((pl.len().over(SERIES) >= rules.fewest_points) & (mean_events.over(SERIES) >= rules.mean_events))
    )


def _by_season(seasonal: pl.DataFrame) -> pl.DataFrame:
    return seasonal.select(
        *SERIES,
        "period_start",
        pl.when(pl.col("value") > pl.col("centre"))
        .then(pl.lit("above_season"))
        .otherwise(pl.lit("below_season"))
        .alias("signal"),
        pl.lit("season").alias("method"),
        "value",
        "centre",
        "p_value",
    )


def _by_moving_range(latest: pl.DataFrame, centre: float, p_value: float) -> pl.DataFrame:
    """The latest point of a chart as a tested series; `centre` is the mean of the points before."""
    side = pl.when(pl.col("value") > centre).then(pl.lit("above_usual")).otherwise(pl.lit("below_usual"))
    return latest.select(
        *SERIES,
        "period_start",
        # Within the limits, and yet too far from the mean for chance alone.
        pl.when(pl.col("signal") == "none").then(side).otherwise("signal").alias("signal"),
        pl.lit("moving_range").alias("method"),
        "value",
        pl.lit(centre).alias("centre"),
        pl.lit(p_value).alias("p_value"),
    )


def _changes(tested: list[pl.DataFrame], rules: ChartRules) -> pl.DataFrame:
    latest = pl.concat(tested)
    if latest.is_empty():
        return pl.DataFrame(schema=CHANGE_SCHEMA)
    q_values = benjamini_hochberg(latest["p_value"].to_numpy())
    listed = (
        latest.with_columns(q_value=pl.Series(q_values), series_tested=pl.lit(latest.height))
        .filter(pl.col("q_value") <= rules.largest_q)
        .sort("p_value", "indicator_id", "area_id")
    )
    return listed.with_columns(
        pl.col("centre", "p_value", "q_value").round_sig_figs(SIGNIFICANT_DIGITS),
        position=pl.Series(np.arange(1, listed.height + 1)),
        expected_false=(pl.col("q_value").max() * listed.height).round_sig_figs(SIGNIFICANT_DIGITS),
    ).select(pl.col(name).cast(dtype) for name, dtype in CHANGE_SCHEMA.items())
