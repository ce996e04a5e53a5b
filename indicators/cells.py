"""The cells of an indicator: every area and period, with what was counted there and what is unusable.

Belongs here: from rows of a measure to one frame of integer sums. Not here: any statistic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.areas import AreaTree
from indicators.atoms import Counted
from indicators.catalogue.entries import Entry
from indicators.coverage import Coverage, cover
from indicators.feeds import Feed, passes
from indicators.inputs import Inputs
from indicators.layout import Bools, Ints, Layout
from indicators.unusable import IN_DOUBT, in_doubt, undated_share

PARTS_PER_MILLION = 1_000_000
# What does not fit into 64 bits is added up in two parts.
HALF = 1 << 40
FINE_KINDS = ("day", "week")
FIGURES = ("value", "lower", "upper", "bound_low", "bound_high")


@dataclass(frozen=True)
class Source:
    """A feed with the days it covers: all that the figures of one indicator are computed from.

    Under disclosure control `published` are the counts that others could be subtracted from.
    """

    feed: Feed
    coverage: Coverage
    inputs: Inputs
    tree: AreaTree
    published: tuple[Counted, ...] = ()

    @cached_property
    def layout(self) -> Layout:
        """The axes of the indicator's cells."""
        return Layout(self.tree, self.feed.geographies, self.coverage)


def open_source(feed: Feed, inputs: Inputs, tree: AreaTree) -> Source | None:
    """The feed with its coverage; None where no day is covered."""
    coverage = cover(feed, inputs)
    return Source(feed, coverage, inputs, tree) if coverage else None


def daily_counts(feed: Feed) -> pl.DataFrame:
    """Counts of areas and days: numerator, denominator, records, missing, and of a weighted rate squares.

    A row for each row of the measure, several of one area and day: to lay them out adds them up.

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
    records = pl.col(entry.count) if entry.count else (whole if entry.denominator else counted)
    squares = {}
    if entry.kind == "weighted_rate":
        weight = pl.col("weight").cast(pl.Int64)
        counted = counted * weight
        squares["squares"] = counted.cast(pl.Int128) * weight
    missing = pl.col(entry.unusable.missing) if entry.unusable.missing else nothing
    return feed.rows.select(
        "area_id", "day", numerator=counted, denominator=whole, records=records, missing=missing, **squares
    )


def count_cells(source: Source, daily: pl.DataFrame, columns: list[str], told: Bools | None = None) -> pl.DataFrame:
    """Every area and period of an indicator with its sums; zero where nothing was counted.

    Parameters
    ----------
    source : Source
    daily : DataFrame
        area_id, day and integer `columns`, one of them `records`; several rows of one area and day add up.
    told : array of bool, shape (areas told of, periods), optional
        Cells that are worth a row; all by default.

    Returns
    -------
    DataFrame
        area_id, area_level, is_unallocated, period_kind, period_start, the periods' coverage, `columns` with
        their `_elsewhere` (what the area could still gain from records of unknown area), records_everywhere (in all
        of the area's geographies), located, refused, contested and doubled (see `in_doubt`), and undated_share.
        Records and missing values are given per record, the rest in the measure's units. Sorted by area, kind of
        period and start.
    """
    entry, layout, periods = source.feed.entry, source.layout, source.coverage.periods
    if told is None:
        told = np.ones((layout.areas.height, periods.height), dtype=np.bool_)
    area, period = np.nonzero(told)
    doubts = in_doubt(source.feed, source.inputs, layout) if entry.unusable.quarantined else {}
    undated = undated_share(source.feed, source.inputs) if entry.unusable.quarantined else 0.0
    return (
        pl.concat([layout.areas[area], periods[period]], how="horizontal")
        .with_columns(
            **_sums(layout, daily, columns, told),
            **{name: pl.Series(doubts[name][told]) if doubts else pl.lit(0, pl.Int64) for name in IN_DOUBT},
            undated_share=pl.lit(undated),
        )
        .with_columns(
            pl.col("^records.*$") / _units_per_record(_records_column(entry)),
            pl.col("^missing.*$") / _units_per_record(entry.unusable.missing or ""),
        )
    )


def _sums(layout: Layout, daily: pl.DataFrame, columns: Sequence[str], told: Bools) -> dict[str, pl.Series]:
    """Sums of columns over the cells told of, their own, `_elsewhere` and, of records, `_everywhere`."""
    wide = [name for name in columns if daily.schema[name] == pl.Int128]
    # As two numbers of 64 bits, of which arrays are made.
    halves = {f"{name}_{half}": part for name in wide for half, part in zip(("high", "low"), halved(name), strict=True)}
    narrow = [*(name for name in columns if name not in wide), *halves]
    sums = {}
    for name, by_day in layout.by_day(daily.with_columns(**halves), narrow).items():
        counts = layout.by_period(by_day)
        sums[name], sums[f"{name}_elsewhere"] = layout.up(counts)[told], layout.elsewhere(counts)[told]
        if name == "records":
            sums["records_everywhere"] = layout.everywhere(counts)[told]
    found = {name: pl.Series(name, summed) for name, summed in sums.items()}
    for name in wide:
        for end in ("", "_elsewhere"):
            found[name + end] = joined(found.pop(f"{name}_high{end}"), found.pop(f"{name}_low{end}"))
    return found


def halved(column: str) -> tuple[pl.Expr, pl.Expr]:
    """A column of 128 bits as its quotient by `HALF` and the rest, both of 64 bits."""
    return (pl.col(column) // HALF).cast(pl.Int64), (pl.col(column) % HALF).cast(pl.Int64)


def joined(high: pl.Series, low: pl.Series) -> pl.Series:
    """Number of 128 bits from its quotient by `HALF` and the rest."""
    parts = pl.DataFrame([high.alias("high"), low.alias("low")])
    return parts.select(pl.col("high").cast(pl.Int128) * pl.lit(HALF, pl.Int128) + pl.col("low")).to_series()


def sums_of_products(source: Source, one: Ints, other: Ints, told: Bools) -> pl.Series:
    """Sums over the days of each cell told of, of the product of two daily totals by area told of, in 128 bits."""
    by_day = pl.DataFrame({"product": one.ravel(), "other": other.ravel()})
    products = by_day.select(product=pl.col("product").cast(pl.Int128) * pl.col("other"))
    parts = (products.select(half).to_series().to_numpy().reshape(one.shape) for half in halved("product"))
    return joined(*(pl.Series(source.layout.by_period(part)[told]) for part in parts))


def own_sums(source: Source, daily: pl.DataFrame, column: str) -> Ints:
    """Sums of an integer column of each area and period, shape (areas told of, periods)."""
    layout = source.layout
    return layout.up(layout.by_period(layout.by_day(daily, [column])[column]))


def tells_something(source: Source, denominators: npt.NDArray[np.float64]) -> Bools:
    """Whether a cell is worth a row: false for days and weeks of an area where not one reaches the minimum.

    Small areas would else fill the table with rows that are withheld every day. Coarser periods are always told.

    Parameters
    ----------
    source : Source
    denominators : array, shape (areas told of, periods)
        NaN where not known.
    """
    told = np.ones(denominators.shape, dtype=np.bool_)
    kinds = source.coverage.periods["period_kind"].to_numpy()
    for kind in FINE_KINDS:
        reached = np.any(denominators[:, kinds == kind] >= source.feed.entry.min_denominator, axis=1, keepdims=True)
        told[:, kinds == kind] = reached
    return told


def unallocated(entry: Entry, column: str) -> pl.Expr:
    """`column` of unallocated records that an area could gain, zero where the entry leaves them out."""
    return pl.col(f"{column}_elsewhere") * int(entry.unusable.unallocated)


def with_figures(cells: pl.DataFrame, rows: pl.Series, found: Sequence[npt.NDArray[np.float64]]) -> pl.DataFrame:
    """Cells with the columns `FIGURES`: of the rows that are true as found, null where NaN; of the others null."""
    columns = {}
    for name, values in zip(FIGURES, found, strict=True):
        column = np.full(cells.height, np.nan)
        column[rows.to_numpy()] = values
        columns[name] = pl.Series(column, nan_to_null=True)
    return cells.with_columns(**columns)


def _records_column(entry: Entry) -> str:
    selection = entry.denominator or entry.numerator
    return entry.count or (selection.column if selection else "")


def _units_per_record(column: str) -> int:
    return PARTS_PER_MILLION if column.endswith("_ppm") else 1
