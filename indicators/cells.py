"""The cells of an indicator: every area and period, with what was counted there and what is unusable.

Belongs here: from rows of a measure to one frame of integer sums. Not here: any statistic.
"""

from dataclasses import dataclass

import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.entries import Entry
from indicators.coverage import Coverage, cover
from indicators.feeds import Feed, passes
from indicators.inputs import Inputs
from indicators.unusable import PERIOD, in_doubt, spread, undated_share

PARTS_PER_MILLION = 1_000_000
FINE_KINDS = ("day", "week")


@dataclass(frozen=True)
class Source:
    """A feed with the days it covers: all that the figures of one indicator are computed from."""

    feed: Feed
    coverage: Coverage
    inputs: Inputs
    tree: AreaTree


def open_source(feed: Feed, inputs: Inputs, tree: AreaTree) -> Source | None:
    """The feed with its coverage; None where no day is covered."""
    coverage = cover(feed, inputs)
    return Source(feed, coverage, inputs, tree) if coverage else None


def daily_counts(feed: Feed) -> pl.DataFrame:
    """Sums per area and day: numerator, denominator, records, missing, squares.

    `records` counts what stands behind the figure (`count` of the entry, else the denominator of a
    proportion and the numerator of a rate); `squares` is the sum of weight squared x count. All in the
    measure's integer units, so that they add up exactly.
    """
    entry = feed.entry
    nothing = pl.lit(0, pl.Int64)
    counted = pl.col(entry.numerator.column) if entry.numerator else nothing
    if entry.numerator:
        counted = pl.when(passes(entry.numerator.where)).then(counted).otherwise(0)
    whole = pl.col(entry.denominator.column) if entry.denominator else nothing
    weight = pl.col("weight").cast(pl.Int64) if entry.kind == "weighted_rate" else pl.lit(1, pl.Int64)
    records = pl.col(entry.count) if entry.count else (whole if entry.denominator else counted)
    missing = pl.col(entry.unusable.missing) if entry.unusable.missing else nothing
    return (
        feed.rows.select(
            "area_id",
            "day",
            numerator=counted * weight,
            denominator=whole,
            records=records,
            missing=missing,
            squares=(counted * weight).cast(pl.Int128) * weight,
        )
        .group_by("area_id", "day")
        .agg(pl.all().sum())
    )


def count_cells(source: Source, daily: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Every area and period of an indicator with its sums; zero where nothing was counted.

    Parameters
    ----------
    source : Source
    daily : DataFrame
        area_id, day and integer `columns`, one of them `records`.

    Returns
    -------
    DataFrame
        area_id, area_level, is_unallocated, period_kind, period_start, the periods' coverage, `columns` with
        their `_elsewhere` and `_everywhere` (see `spread`), located, refused, contested and doubled (see
        `in_doubt`), and undated_share. Records and missing values are given per record, the rest in the measure's
        units.
    """
    entry = source.feed.entry
    key = ["area_id", *PERIOD]
    covered = source.coverage.days
    by_period = daily.join(covered, on="day").group_by(key).agg(pl.col(columns).sum())
    doubtful = in_doubt(source.feed, source.inputs, source.tree, covered)
    undated = undated_share(source.feed, source.inputs)
    if not entry.unusable.quarantined:
        doubtful, undated = doubtful.clear(), 0.0
    sums = spread(by_period, source.tree, PERIOD, columns)
    return (
        source.tree.under(source.feed.geographies)
        .join(source.coverage.periods, how="cross")
        .join(sums, on=key, how="left")
        .join(doubtful, on=key, how="left")
        .with_columns(
            pl.col(*(c + end for c in columns for end in ("", "_elsewhere", "_everywhere"))).fill_null(0),
            pl.col("located", "refused", "contested", "doubled").fill_null(0),
            undated_share=pl.lit(undated),
        )
        .with_columns(
            pl.col("^records.*$") / _units_per_record(_records_column(entry)),
            pl.col("^missing.*$") / _units_per_record(entry.unusable.missing or ""),
        )
    )


def unallocated(entry: Entry, column: str) -> pl.Expr:
    """`column` of unallocated records that an area could gain, zero where the entry leaves them out."""
    return pl.col(f"{column}_elsewhere") * int(entry.unusable.unallocated)


def tells_something(entry: Entry) -> pl.Expr:
    """Whether a cell is worth a row: false for days and weeks of an area where not one reaches the minimum.

    Small areas would else fill the table with rows that are withheld every day. Coarser periods are always told.
    """
    reached = pl.col("denominator").max().over("area_id", "period_kind") >= entry.min_denominator
    return ~pl.col("period_kind").is_in(FINE_KINDS) | reached.fill_null(False)


def _records_column(entry: Entry) -> str:
    selection = entry.denominator or entry.numerator
    return entry.count or (selection.column if selection else "")


def _units_per_record(column: str) -> int:
    return PARTS_PER_MILLION if column.endswith("_ppm") else 1
