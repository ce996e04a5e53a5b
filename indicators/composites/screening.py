"""What an indicator's figures look like before they go into an index: moments, gaps, repeats, correlations.

Belongs here: describing and screening columns and rows. Not here: changing a figure (`outliers`, `impute`).
All matrices have units in rows and indicators in columns; NaN is missing.
"""

import numpy as np
import numpy.typing as npt

from indicators.intervals import Floats

SKEWNESS, KURTOSIS = 2.0, 3.5
"""Beyond both of these (absolute skewness, excess kurtosis) a column is held to have outliers (Groeneveld & Meeden)."""

_ROUNDING = 1e-12


def skewness(x: npt.ArrayLike) -> Floats:
    """Adjusted Fisher–Pearson skewness of each column, NaN where fewer than 3 figures or none differ.

    References
    ----------
    Joanes & Gill (1998), The Statistician 47:183-189 (G1).
    """
    return _shape(x)[0]


def kurtosis(x: npt.ArrayLike) -> Floats:
    """Excess kurtosis of each column, unbiased under normality; NaN where fewer than 4 figures or none differ.

    References
    ----------
    Joanes & Gill (1998), The Statistician 47:183-189 (G2).
    """
    return _shape(x)[1]


def has_outliers(x: npt.ArrayLike, skew: float = SKEWNESS, kurt: float = KURTOSIS) -> npt.NDArray[np.bool_]:
    """Whether a column's skewness and kurtosis are both beyond their thresholds."""
    skewed, peaked = _shape(x)
    return np.asarray((np.abs(skewed) > skew) & (peaked > kurt), dtype=np.bool_)


def available_share(x: npt.ArrayLike, axis: int) -> Floats:
    """Share of figures that there are, from 0 to 1, by column (axis 0) or by row (axis 1)."""
    return np.asarray(np.mean(~np.isnan(matrix(x)), axis=axis), dtype=np.float64)


def screen(x: npt.ArrayLike, least: float) -> npt.NDArray[np.bool_]:
    """Rows of which at least the share `least` of the figures are there."""
    return np.asarray(available_share(x, 1) >= least, dtype=np.bool_)


def correlations(x: npt.ArrayLike, y: npt.ArrayLike | None = None, fewest: int = 3) -> Floats:
    """Pearson correlations of the columns of `x` with those of `y` (by default of `x`), over the rows that have both.

    NaN where fewer than `fewest` rows have both, or one of the two does not vary among these.
    """
    (first, have_first), (second, have_second) = (_centred(each) for each in (x, x if y is None else y))
    count = have_first.T @ have_second
    with np.errstate(divide="ignore", invalid="ignore"):
        sums, other_sums = first.T @ have_second, have_first.T @ second
        squares, other_squares = (first**2).T @ have_second, have_first.T @ second**2
        shared = first.T @ second - sums * other_sums / count
        spread, other_spread = squares - sums**2 / count, other_squares - other_sums**2 / count
        found = np.clip(shared / np.sqrt(spread * other_spread), -1.0, 1.0)
    # What is left of a column that does not vary is rounding.
    varies = (spread > _ROUNDING * squares) & (other_spread > _ROUNDING * other_squares)
    return np.where((count >= max(fewest, 3)) & varies, found, np.nan)


def standardised_alpha(x: npt.ArrayLike, fewest: int = 3) -> float:
    """Consistency of the columns as one scale, k·r̄/(1 + (k − 1)·r̄), from their mean correlation.

    NaN for one column, and where two of them have fewer than `fewest` rows in common or do not vary.

    References
    ----------
    OECD/JRC (2008), Handbook on Constructing Composite Indicators, section 4.1.
    """
    found = correlations(x, fewest=fewest)
    count = len(found)
    if count < 2:
        return float("nan")
    mean = float(np.mean(found[~np.eye(count, dtype=bool)]))
    below = 1 + (count - 1) * mean
    # Columns that on average point apart as far as they can are no scale at all.
    return count * mean / below if below > _ROUNDING else float("nan")


def matrix(x: npt.ArrayLike) -> Floats:
    """Floats in rows and columns.

    Raises
    ------
    ValueError
        If it has not two dimensions, or a figure is infinite.
    """
    found = np.asarray(x, dtype=np.float64)
    if found.ndim != 2:
        raise ValueError(f"give a matrix of units by indicators, not an array of {found.ndim} dimensions")
    if np.isinf(found).any():
        raise ValueError("a figure is infinite: leave it out (NaN) or bound it")
    return found


def _shape(x: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Skewness and kurtosis of each column."""
    apart, there = _centred(x)
    n = there.sum(axis=0)
    squared = apart * apart  # a power of 3 or 4 takes ten times as long
    with np.errstate(divide="ignore", invalid="ignore"):
        second, third, fourth = (each.sum(axis=0) / n for each in (squared, squared * apart, squared * squared))
        skewed = third / second**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
        peaked = ((n + 1) * (fourth / second**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    return np.where((n > 2) & (second > 0), skewed, np.nan), np.where((n > 3) & (second > 0), peaked, np.nan)


def _centred(x: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Columns less their means, 0 where there is no figure, and 1 where there is one."""
    given = matrix(x)
    there = ~np.isnan(given)
    count = np.maximum(there.sum(axis=0), 1)
    filled = np.where(there, given, 0.0)
    return np.where(there, given - filled.sum(axis=0) / count, 0.0), there.astype(np.float64)
