"""Many series of counts side by side: from a frame of rows to one array, and back.

Belongs here: the shape. Not here: any statistic, and where the counts come from (`cells`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.intervals import Floats


@dataclass(frozen=True)
class CountSeries:
    """Series of counts on one time axis.

    Attributes
    ----------
    keys : DataFrame
        One row per series, sorted.
    starts : Series of Date
        First day of each step, without a gap.
    counts : array of float, shape (series, steps)
        NaN where nothing was observed.
    """

    keys: pl.DataFrame
    starts: pl.Series
    counts: Floats

    def frame(self, steps: slice, columns: Mapping[str, npt.NDArray[np.generic]]) -> pl.DataFrame:
        """One row per series and step, with `columns` of shape (series, steps); NaN becomes null."""
        starts = self.starts[steps]
        rows = self.keys.join(pl.DataFrame({starts.name: starts}), how="cross", maintain_order="left_right")
        return rows.with_columns(
            pl.Series(name, np.ascontiguousarray(values).ravel(), nan_to_null=True) for name, values in columns.items()
        )


def side_by_side(rows: pl.DataFrame, by: Sequence[str], time: str, step_days: int) -> CountSeries:
    """Lay series of counts out on the time axis from the first row to the last.

    A step without a row, or with a null count, was not observed: a source that fell silent is not a zero.

    Parameters
    ----------
    rows : DataFrame
        Columns `by`, `time` (Date, first day of a step) and `count` (not negative).
    by : sequence of str
        Columns that name a series.
    time : str
    step_days : int
        7 for weeks, 1 for days.

    Raises
    ------
    ValueError
        If a series has two rows for one step, a step lies off the axis, or a count is negative or not finite.
    """
    if rows.is_empty():
        raise ValueError("no counts: give at least one row")
    counted = rows.select(*by, time, pl.col("count").cast(pl.Float64)).sort(*by, time)
    repeated = counted.filter(pl.struct(*by, time).is_duplicated())
    if not repeated.is_empty():
        raise ValueError(f"two counts for one step: {repeated.row(0, named=True)}")
    impossible = counted.filter(~(pl.col("count").is_finite() & (pl.col("count") >= 0)))
    if not impossible.is_empty():
        raise ValueError(f"counts must be finite and not negative: {impossible.row(0, named=True)}")
    first, last = counted[time].min(), counted[time].max()
    if not (isinstance(first, date) and isinstance(last, date)):
        raise ValueError(f"{time} must hold dates")
    step = (pl.col(time) - first).dt.total_days()
    off = counted.filter(step % step_days != 0)
    if not off.is_empty():
        raise ValueError(f"{time} is not a multiple of {step_days} days after {first}: {off.row(0, named=True)}")
    starts = pl.date_range(first, last, f"{step_days}d", eager=True).alias(time)
    keys = counted.select(by).unique(maintain_order=True)
    # Sorted, so that a new number begins with each series.
    number = counted.select(pl.struct(by).rle_id()).to_series()
    counts = np.full((keys.height, len(starts)), np.nan)
    counts[number.to_numpy(), counted.select(step // step_days).to_series().to_numpy()] = counted["count"].to_numpy()
    return CountSeries(keys, starts, counts)
