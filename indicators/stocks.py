"""Stocks: what there is on the last day of a period, as a share of something else that there is.

Belongs here: figures of inventories (staff, cameras, registers) that records of kind profile state whole. They are no
samples, so they have no interval; counts of events are for `rates` and `proportions`.
"""

from datetime import date

import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.entries import Entry
from indicators.catalogue.parts import Stock
from indicators.grades import NOTHING_UNUSABLE
from indicators.inputs import Inputs
from indicators.periods import membership
from indicators.unusable import PERIOD

STATED = ["area_id", "day"]


def stock_figures(entry: Entry, inputs: Inputs, tree: AreaTree) -> pl.DataFrame:
    """Figures of a `stock_ratio` for every area and period, from the first statement on.

    A statement holds until the next of its area. What an area states of itself counts; where it states nothing it has
    the sum of its areas in one geography, if all of these state both stocks.

    Returns
    -------
    DataFrame
        Cells as `statuses.publish` takes them; an area without both stocks has none.
    """
    if entry.stock is None:
        raise ValueError(f"indicator {entry.id} has no stocks: give it `stock`")
    steps = _steps(inputs.profile, entry.stock)
    if steps.is_empty():
        return pl.DataFrame()
    periods = _periods(steps["valid_from"].min(), inputs, entry)
    cells = (
        _on_days(steps, periods.select("day").unique().sort("day"), tree)
        .join(periods, on="day")
        .join(tree.areas.select("area_id", "area_level", "is_unallocated"), on="area_id")
    )
    open_reason = pl.when(pl.col("period_end") > pl.lit(inputs.as_of)).then(pl.lit("period_open"))
    return cells.with_columns(
        value=pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator") * entry.per),
        unusable=pl.lit(0, pl.Int64),
        **NOTHING_UNUSABLE,
        have_days=pl.lit(1, pl.Int64),
        span_days=pl.lit(1, pl.Int64),
        events=pl.col("numerator"),
        event_squares=pl.col("numerator"),
        void_reason=pl.when(pl.col("denominator") <= 0).then(pl.lit("nothing_to_count")),
        provisional_reason=open_reason,
    )


def stocks_on(days: pl.DataFrame, profile: pl.DataFrame, stock: Stock, tree: AreaTree) -> pl.DataFrame:
    """Both stocks of every area that has them on each of the days.

    Parameters
    ----------
    days : DataFrame
        `day`, each once.
    profile : DataFrame
        `facts.fct_profile`.
    stock : Stock
    tree : AreaTree

    Returns
    -------
    DataFrame
        area_id, day, numerator, denominator.
    """
    return _on_days(_steps(profile, stock), days.sort("day"), tree).select(*STATED, "numerator", "denominator")


def _on_days(steps: pl.DataFrame, days: pl.DataFrame, tree: AreaTree) -> pl.DataFrame:
    """What an area states of itself on each day, else the sum of its areas."""
    stated = _stated(steps, days)
    whole = pl.concat([stated.with_columns(rank=pl.lit(0, pl.UInt32)), _summed(stated, tree)]).sort(*STATED, "rank")
    return whole.unique(STATED, keep="first", maintain_order=True)


def _steps(profile: pl.DataFrame, stock: Stock) -> pl.DataFrame:
    """Both stocks of each area from each day on: area_id, valid_from, numerator, denominator."""
    return (
        profile.select(
            "area_id",
            "valid_from",
            numerator=pl.col(stock.numerator).cast(pl.Float64),
            denominator=pl.col(stock.denominator).cast(pl.Float64),
        )
        .sort("area_id", "valid_from")
        # A row that says nothing of a stock leaves it as it was.
        .with_columns(pl.col("numerator", "denominator").forward_fill().over("area_id"))
        .drop_nulls()
    )


def _periods(first: object, inputs: Inputs, entry: Entry) -> pl.DataFrame:
    """Periods from the first statement on: PERIOD, period_end, and the day whose stocks they show."""
    if not isinstance(first, date):
        raise ValueError("valid_from must hold dates")
    ends = membership(min(first, inputs.as_of), inputs.as_of, entry.period_kinds, inputs.week_start)
    return (
        ends.select(*PERIOD, "period_end")
        .unique()
        .with_columns(day=pl.min_horizontal("period_end", pl.lit(inputs.as_of)))
        .sort(PERIOD)
    )


def _stated(steps: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """What each area states on each of the days: STATED, numerator, denominator."""
    asked = steps.select("area_id").unique().join(days, how="cross").sort("day")
    return (
        asked.join_asof(
            steps.sort("valid_from"), left_on="day", right_on="valid_from", by="area_id", check_sortedness=False
        )
        .drop_nulls("numerator")
        .select(*STATED, "numerator", "denominator")
    )


def _summed(stated: pl.DataFrame, tree: AreaTree) -> pl.DataFrame:
    """Sums of areas above, by the first geography that is known whole there: as `_stated`, with its `rank` from 1."""
    parents = tree.areas["parent_id"].drop_nulls().to_list()
    leaves = tree.areas.filter(~pl.col("is_unallocated") & ~pl.col("area_id").is_in(parents))
    stating = leaves.join(stated, on="area_id", how="semi")["geography"].unique().to_list()
    expected = leaves.filter(pl.col("geography").is_in(stating)).select("area_id", "geography")
    above = expected.join(tree.lineage.filter(pl.col("area_id") != pl.col("ancestor_id")), on="area_id")
    asked = above.join(stated.select("day").unique(), how="cross").join(stated, on=STATED, how="left")
    return (
        asked.group_by(pl.col("ancestor_id").alias("area_id"), "day", "geography")
        .agg(pl.col("numerator", "denominator").sum(), is_whole=pl.col("numerator").is_not_null().all())
        .filter("is_whole")
        .select(
            *STATED,
            "numerator",
            "denominator",
            rank=pl.col("geography").rank("dense").cast(pl.UInt32),
        )
    )
