"""Counts by area and day laid out as arrays, and their sums over periods and up the area tree.

Belongs here: integer sums, which are the same in any order. Not here: which days count (`coverage`), which records are
in doubt (`unusable`), any statistic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from indicators.areas import AreaTree
from indicators.coverage import Coverage

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Number of a cell: areas told of in order, and of each its periods in order.
CELL = "cell"


@dataclass(frozen=True)
class Layout:
    """Axes that counts are laid out on: all areas of the tree or those told of, covered days or periods.

    Attributes
    ----------
    tree : AreaTree
    geographies : list of str
        Geographies whose areas, and all above them, are told of.
    coverage : Coverage
    """

    tree: AreaTree
    geographies: list[str]
    coverage: Coverage

    @cached_property
    def areas(self) -> pl.DataFrame:
        """Areas told of, in order: area_id, area_level, is_unallocated."""
        return self.tree.under(self.geographies)

    @cached_property
    def _upwards(self) -> sparse.csr_array:
        """1 where an area told of (row) holds an area of the tree (column)."""
        return _links(self.tree.lineage, "ancestor_id", "area_id", self.areas["area_id"], self.tree.areas["area_id"])

    @cached_property
    def _around(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """1 where an area told of has a geography, and where a geography has an area."""
        ids, names = self.tree.areas["area_id"], self.tree.areas["geography"].drop_nulls().unique().sort()
        placed = self.tree.areas.drop_nulls("geography")
        return (
            _links(self.tree.geographies, "area_id", "geography", self.areas["area_id"], names),
            _links(placed, "geography", "area_id", names, ids),
        )

    @cached_property
    def _unallocated(self) -> Ints:
        """Areas of the tree that hold the records of unknown area."""
        return np.flatnonzero(self.tree.areas["is_unallocated"].to_numpy())

    @cached_property
    def _gained(self) -> sparse.csr_array:
        """1 where an area told of (row) could gain what an unallocated area (column) holds, and does not hold it."""
        around, members = self._around
        gained = (around @ members)[:, self._unallocated] - self._upwards[:, self._unallocated]
        return sparse.csr_array(gained)

    def by_day(self, counts: pl.DataFrame, columns: Sequence[str]) -> dict[str, Ints]:
        """Sums of `columns` by area of the tree and covered day, shape (areas of the tree, days); zero elsewhere.

        Raises
        ------
        ValueError
            If a row's area is not in the tree.
        """
        is_covered = self.coverage.is_covered
        since_first = (pl.col("day") - pl.lit(self.coverage.first)).dt.total_days()
        # What is of no known day, such as a row received, is of no covered one.
        day = counts.select(since_first.fill_null(-1)).to_series().to_numpy()
        counted = (day >= 0) & (day < len(is_covered))
        counted[counted] = is_covered[day[counted]]
        at = self.tree.number(counts["area_id"])[counted] * len(is_covered) + day[counted]
        return {name: self._added(at, len(is_covered), counts[name].to_numpy()[counted]) for name in columns}

    def by_area(self, counts: pl.DataFrame, column: str) -> Ints:
        """Sums of `column` by area of the tree, shape (areas of the tree, 1)."""
        return self._added(self.tree.number(counts["area_id"]), 1, counts[column].to_numpy())

    def by_stated_period(self, counts: pl.DataFrame, column: str) -> Ints:
        """Sums of `column` by area of the tree and period, of rows with area_id, period_kind and period_start."""
        periods = self.coverage.periods.select("period_kind", "period_start").with_row_index("period")
        placed = counts.join(periods, on=["period_kind", "period_start"])
        at = self.tree.number(placed["area_id"]) * len(periods) + placed["period"].cast(pl.Int64).to_numpy()
        return self._added(at, len(periods), placed[column].to_numpy())

    def by_cell(self, counts: pl.DataFrame, days: pl.DataFrame, by: list[str], columns: list[str]) -> pl.DataFrame:
        """Sums of each cell that has any, with all below it, kept apart by further columns: for what is too sparse.

        Parameters
        ----------
        counts : DataFrame
            area_id, day, `by` and `columns`.
        days : DataFrame
            day, period_kind, period_start: the periods that count a day.

        Returns
        -------
        DataFrame
            CELL, `by`, `columns`.
        """
        periods = self.coverage.periods
        numbered = periods.select("period_kind", "period_start").with_row_index("period")
        within = days.join(numbered, on=["period_kind", "period_start"]).select("day", "period")
        above = dict(zip(("row", "area"), self._upwards.nonzero(), strict=True))
        return (
            counts.select("day", *by, *columns, area=pl.Series(self.tree.number(counts["area_id"])))
            .group_by("area", "day", *by)
            .agg(pl.col(columns).sum())
            .join(within, on="day")
            .group_by("area", "period", *by)
            .agg(pl.col(columns).sum())
            .join(pl.DataFrame(above).cast(pl.Int64), on="area")
            .group_by((pl.col("row") * periods.height + pl.col("period")).alias(CELL), *by)
            .agg(pl.col(columns).sum())
        )

    def _added(self, at: Ints, width: int, counts: Ints) -> Ints:
        """Counts added up at their places, area of the tree x `width` + column."""
        summed = np.zeros(self.tree.areas.height * width, dtype=np.int64)
        np.add.at(summed, at, counts)
        return summed.reshape(-1, width)

    def by_period(self, days: Ints) -> Ints:
        """Sums over the days of each period, shape (n, periods)."""
        return self.coverage.by_period(days)

    def up(self, counts: Ints) -> Ints:
        """Sums of each area told of with all below it, shape (areas told of, n)."""
        return np.asarray(self._upwards @ counts)

    def everywhere(self, counts: Ints) -> Ints:
        """Sums over all geographies that each area told of has a part in."""
        around, members = self._around
        return np.asarray(around @ (members @ counts))

    def elsewhere(self, counts: Ints) -> Ints:
        """What each area told of could still gain from records of unknown area.

        Such a record could belong to any area of its geography, and to any area above those; where the area already
        holds it (the city does) it adds nothing.
        """
        return np.asarray(self._gained @ counts[self._unallocated])


def _links(pairs: pl.DataFrame, row: str, column: str, rows: pl.Series, columns: pl.Series) -> sparse.csr_array:
    """1 for each pair of a row and a column, 0 elsewhere."""
    known = pairs.filter(pl.col(row).is_in(rows.implode()) & pl.col(column).is_in(columns.implode())).unique(
        [row, column]
    )
    at = tuple(
        known[name].replace_strict(axis, np.arange(len(axis)), return_dtype=pl.Int64).to_numpy()
        for name, axis in ((row, rows), (column, columns))
    )
    return sparse.csr_array((np.ones(len(known), dtype=np.int64), at), shape=(len(rows), len(columns)))
