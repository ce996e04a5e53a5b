"""The latest month of a rate of independent events, held against what season, weekdays, holidays and trend let expect.

Belongs here: which month of which areas is tested, and on which days. Not here: the model of days (`daily_alarms`), and
what to do with many p-values (`charts`).
"""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from indicators.cells import Source, daily_counts
from indicators.daily_alarms import DailyRules, daily_alarms
from indicators.day_types import weekday_types
from indicators.periods import period_end

SEASONAL_SCHEMA = pl.Schema(
    {
        "indicator_id": pl.String,
        "area_id": pl.String,
        "period_kind": pl.String,
        "period_start": pl.Date,
        "value": pl.Float64,
        "centre": pl.Float64,
        "p_value": pl.Float64,
    }
)
# In a sum of a month no single day is an outbreak to be weighted down: that would only push the expected sum down. The
# history reaches up to the month, whose neighbour is the best witness of its level.
RULES = DailyRules(by_past_sums=True, recent_days=0, down_weight_above=np.inf, sides="both")
# A fit by iteration repeats to these digits on any machine.
SIGNIFICANT_DIGITS = 6


def judge_latest_month(source: Source, published: pl.DataFrame) -> pl.DataFrame:
    """Test the latest month that has a final figure, area by area.

    Parameters
    ----------
    source : Source
    published : DataFrame
        What `statuses.publish` gives for the source's entry.

    Returns
    -------
    DataFrame
        `SEASONAL_SCHEMA`, sorted by area: centre is the expected figure in the unit of value, the p-value two-sided.
        Only areas that are places, and whose history lets the model give a verdict; none at all for an entry that is
        no rate of independent events.
    """
    entry = source.feed.entry
    months = published.filter(
        (pl.col("period_kind") == "month")
        & pl.col("is_complete")
        & pl.col("value").is_not_null()
        & ~pl.col("is_unallocated")
    )
    if entry.kind != "rate" or entry.interval != "byar" or months.is_empty():
        return SEASONAL_SCHEMA.to_frame()
    months = months.filter(pl.col("period_start") == pl.col("period_start").max()).with_columns(
        day=period_end(pl.col("period_start"), "month")
    )
    begin, end = months.select("period_start", "day").row(0)
    rules = replace(RULES, sum_days=(end - begin).days + 1)
    first = begin - timedelta(days=rules.history_days)
    counts = _counts(source, months.select("area_id"), pl.col("day").is_between(first, end))
    calendar = source.inputs.calendar
    tested = daily_alarms(counts, ["area_id"], weekday_types(first, end) if calendar is None else calendar, rules)
    return (
        months.join(tested, on=["area_id", "day"])
        .filter(pl.col("p_value").is_not_null())
        .with_columns(centre=pl.col("expected") * entry.per / pl.col("denominator"))
        .with_columns(pl.col("centre", "p_value").round_sig_figs(SIGNIFICANT_DIGITS))
        .select(SEASONAL_SCHEMA.keys())
        .sort("area_id")
    )


def _counts(source: Source, areas: pl.DataFrame, window: pl.Expr) -> pl.DataFrame:
    """Events of the areas on each covered day of the window, zero where there is no row: area_id, day, count."""
    feed = source.feed
    found = source.tree.roll_up(daily_counts(replace(feed, rows=feed.rows.filter(window))), ["day"], ["numerator"])
    covered = source.coverage.days.filter((pl.col("period_kind") == "month") & window).select("day")
    return (
        areas.join(covered, how="cross")
        .join(found, on=["area_id", "day"], how="left")
        .select("area_id", "day", count=pl.col("numerator").fill_null(0) / feed.entry.scale)
    )
