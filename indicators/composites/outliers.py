"""Outliers of an indicator across units: winsorising, and transformations where that is not enough.

Belongs here: the treatments, and choosing among them by skewness and kurtosis. Fixed goalposts need none of it: what
is beyond a goalpost counts as the goalpost. Columns as in `screening`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from indicators.composites.screening import KURTOSIS, SKEWNESS, has_outliers, matrix, skewness
from indicators.intervals import Floats

_MARGIN = 0.01
"""Share of the range by which a column is kept off zero before its logarithm."""
_STRONGEST = 5.0


@dataclass(frozen=True)
class Treated:
    """A matrix after treatment, and what was done to each column.

    Attributes
    ----------
    values : array of float
    winsorised : array of int
        Figures moved, by column; 0 where the column was transformed instead.
    method : tuple of str
        `none`, `winsorised`, `log` or `box_cox`.
    """

    values: Floats
    winsorised: npt.NDArray[np.int64]
    method: tuple[str, ...]


def winsorise(column: npt.ArrayLike, most: int, skew: float = SKEWNESS, kurt: float = KURTOSIS) -> tuple[Floats, int]:
    """Draw the most extreme figures in to the next one, one after another, until skewness or kurtosis is harmless.

    Parameters
    ----------
    column : array_like
    most : int
        Figures that may be moved at most.
    skew, kurt : float
        Thresholds, as in `has_outliers`.

    Returns
    -------
    column : array of float
    moved : int
        Figures that were moved.
    """
    found, moved = _drawn_in(matrix(np.asarray(column, dtype=np.float64)[:, None]), most, skew, kurt)
    return found[:, 0], int(moved[0])


def _drawn_in(x: Floats, most: int, skew: float, kurt: float) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Columns winsorised, each until it is harmless, and how many of its figures were moved."""
    found, is_moved = x.copy(), np.zeros(x.shape, dtype=bool)
    active = np.arange(x.shape[1])
    while len(active := active[has_outliers(found[:, active], skew, kurt)]):
        own = found[:, active]
        sign = np.where(skewness(own) > 0, 1.0, -1.0)
        extreme = sign * own == np.nanmax(sign * own, axis=0)
        moved = is_moved[:, active] | extreme
        may = moved.sum(axis=0) <= most
        active, own, sign, extreme, moved = active[may], own[:, may], sign[may], extreme[:, may], moved[:, may]
        # A column with outliers has other figures than its extreme ones.
        following = np.nanmax(np.where(extreme, np.nan, sign * own), axis=0)
        found[:, active] = np.where(extreme, sign * following, own)
        is_moved[:, active] = moved
    return found, is_moved.sum(axis=0)


def log_towards_symmetry(column: npt.ArrayLike) -> Floats:
    """Logarithm of the distance from the end of the short tail (and 1 % of the range), in the order of the figures."""
    x = np.asarray(column, dtype=np.float64)
    low, high = np.nanmin(x), np.nanmax(x)
    margin = _MARGIN * (high - low)
    if margin == 0:
        return x.copy()
    if skewness(x[:, None])[0] >= 0:
        return np.asarray(np.log(x - low + margin), dtype=np.float64)
    return np.asarray(-np.log(high - x + margin), dtype=np.float64)


def box_cox(column: npt.ArrayLike) -> tuple[Floats, float]:
    """Box–Cox transformation at its maximum-likelihood power, of figures shifted above zero where they are not.

    The power is looked for from -5 to 5: beyond, nothing but rounding would tell most figures apart.

    Returns
    -------
    column : array of float
    power : float
        λ of (x^λ − 1)/λ; 0 is the logarithm.

    References
    ----------
    Box & Cox (1964), J. R. Statist. Soc. B 26:211-252.
    """
    x = np.array(column, dtype=np.float64)
    there = ~np.isnan(x)
    low, high = x[there].min(), x[there].max()
    if low == high:
        return x, 1.0
    shifted = x[there] if low > 0 else x[there] - low + _MARGIN * (high - low)
    found = optimize.minimize_scalar(
        lambda trial: -float(stats.boxcox_llf(trial, shifted)), bounds=(-_STRONGEST, _STRONGEST), method="bounded"
    )
    power = float(found.x)
    x[there] = stats.boxcox(shifted, lmbda=power)
    return x, power


def treat(
    x: npt.ArrayLike, most: int = 5, then: str = "log", skew: float = SKEWNESS, kurt: float = KURTOSIS
) -> Treated:
    """Winsorise each column that has outliers; where that is not enough, transform it as it was.

    Parameters
    ----------
    x : array_like
    most : int
        Figures of a column that may be winsorised.
    then : {"log", "box_cox"}
    skew, kurt : float

    References
    ----------
    OECD/JRC (2008), Handbook on Constructing Composite Indicators, section 4.1; Becker et al. (2022), COINr,
    J. Open Source Software 7:4567.
    """
    if then not in ("log", "box_cox"):
        raise ValueError(f"then must be log or box_cox, not {then!r}")
    values = matrix(x).copy()
    moved, methods = np.zeros(values.shape[1], dtype=np.int64), ["none"] * values.shape[1]
    suspicious = np.flatnonzero(has_outliers(values, skew, kurt))
    drawn, counts = _drawn_in(values[:, suspicious], most, skew, kurt)
    for at, column, count, is_left in zip(suspicious, drawn.T, counts, has_outliers(drawn, skew, kurt), strict=True):
        if is_left:
            values[:, at] = log_towards_symmetry(values[:, at]) if then == "log" else box_cox(values[:, at])[0]
            methods[at] = then
        else:
            values[:, at], moved[at], methods[at] = column, count, "winsorised"
    return Treated(values, moved, tuple(methods))
