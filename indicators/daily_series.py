"""Daily counts of areas that are places, up to a period that is complete.

Belongs here: which areas and days are counted, for tests of the latest period. Not here: the tests (`latest_period`,
`gaps`).
"""

from dataclasses import replace
from datetime import date

import polars as pl

from indicators.cells import Source, daily_counts
from indicators.periods import period_end


def latest_complete(published: pl.DataFrame, period_kind: str) -> pl.DataFrame:
    """Rows of the latest period of a kind that is complete, one per area that is a place, with `day`, its last.

    Parameters
    ----------
    published : DataFrame
        What `statuses.publish` gives for one entry. A figure may be withheld.
    period_kind : str
    """
    complete = published.filter(
        (pl.col("period_kind") == period_kind) & pl.col("is_complete") & ~pl.col("is_unallocated")
    )
    return complete.filter(pl.col("period_start") == pl.col("period_start").max()).with_columns(
        day=period_end(pl.col("period_start"), period_kind)
    )


def daily_series(source: Source, areas: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Events of areas on each covered day from `first` to `last`, zero where there is no row: area_id, day, count."""
    feed = source.feed
    window = pl.col("day").is_between(first, last)
    found = source.tree.roll_up(daily_counts(replace(feed, rows=feed.rows.filter(window))), ["day"], ["numerator"])
    covered = source.coverage.days.filter((pl.col("period_kind") == "month") & window).select("day")
    return (
        areas.join(covered, how="cross")
        .join(found, on=["area_id", "day"], how="left")
        .select("area_id", "day", count=pl.col("numerator").fill_null(0) / feed.entry.scale)
    )
