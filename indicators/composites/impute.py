"""Filling gaps before an index is built, and saying where.

Belongs here: dividing by a size (`denominate`) and the ways to fill a gap. What was suppressed to protect people must
never be given to these functions as a gap: `is_gap` says what may be filled.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from indicators.composites.screening import matrix
from indicators.intervals import Floats

Centre = Literal["mean", "median"]


def denominate(x: npt.ArrayLike, sizes: npt.ArrayLike) -> Floats:
    """Divide each figure by its unit's size.

    Parameters
    ----------
    x, sizes : array_like
        Of one shape; where the size is NaN, so is the result. An indicator that is not divided has sizes of 1.

    Raises
    ------
    ValueError
        If a size is zero or negative.
    """
    by = matrix(sizes)
    if (by <= 0).any():
        raise ValueError("a size is zero or negative: such a unit has no rate")
    return matrix(x) / by


def impute_centre(
    x: npt.ArrayLike, is_gap: npt.ArrayLike, centre: Centre = "mean", groups: npt.ArrayLike | None = None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Fill gaps of a column with the mean or median of its units, or of those in the unit's group.

    Parameters
    ----------
    x : array_like
        Units by indicators.
    is_gap : array_like of bool
        Of that shape: what may be filled.
    centre : {"mean", "median"}
    groups : array_like, optional
        Group of each unit.

    Returns
    -------
    values : array of float
        A gap stays where nobody in the group has a figure.
    imputed : array of bool
        What was filled.
    """
    values = matrix(x).copy()
    gaps = np.asarray(is_gap, dtype=bool) & np.isnan(values)
    labels = np.zeros(len(values), dtype=int) if groups is None else np.asarray(groups)
    of = np.nanmean if centre == "mean" else np.nanmedian
    for label in np.unique(labels):
        rows = labels == label
        for at in np.flatnonzero(gaps[rows].any(axis=0)):
            have = values[rows, at]
            if not np.isnan(have).all():
                values[rows & gaps[:, at], at] = of(have)
    return values, gaps & ~np.isnan(values)


def impute_panel(x: npt.ArrayLike, is_gap: npt.ArrayLike, most: int = 1) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Fill gaps of a series with its last figure, at most `most` periods old.

    Parameters
    ----------
    x, is_gap : array_like
        Periods in rows, in order and without holes; series in columns.
    most : int

    Returns
    -------
    values : array of float
    imputed : array of bool
    """
    given = matrix(x)
    values = given.copy()
    gaps = np.asarray(is_gap, dtype=bool) & np.isnan(values)
    for back in range(1, most + 1):
        open_still = gaps & np.isnan(values)
        earlier = np.full_like(values, np.nan)
        earlier[back:] = given[:-back]
        values[open_still] = earlier[open_still]
    return values, gaps & ~np.isnan(values)
