"""What moved a score: the change between two periods, split over the indicators without a remainder.

Belongs here: exact splits for the arithmetic and the geometric mean. NaN is an indicator without a figure; weights
are those in force, so that of a missing indicator counts as 0.
"""

import numpy as np
import numpy.typing as npt

from indicators.intervals import Floats


def split_change(
    before: npt.ArrayLike, after: npt.ArrayLike, weights_before: npt.ArrayLike, weights_after: npt.ArrayLike
) -> Floats:
    """Split Σ w₁x₁ − Σ w₀x₀ over the indicators: w̄Δx + (x̄ − S̄)Δw, bars being means of the two periods.

    The second term is what a change of weight does, an indicator that came or went among others: it raises the score
    if the indicator stands above it. Because the weights sum to one in both periods, the parts sum to the change.

    Parameters
    ----------
    before, after : array_like
        Figures, indicators on the last axis.
    weights_before, weights_after : array_like
        Of the same shape, each summing to one over the indicators that have a figure.

    Returns
    -------
    array of float
        Of that shape, in the unit of the figures; 0 for an indicator in neither period.
    """
    x0, x1, w0, w1 = _arranged(before, after, weights_before, weights_after)
    parts: Floats = (w0 + w1) / 2 * (x1 - x0) + _by_weights(x0, x1, w0, w1)
    return parts


def change_by_weights(
    before: npt.ArrayLike, after: npt.ArrayLike, weights_before: npt.ArrayLike, weights_after: npt.ArrayLike
) -> Floats:
    """The second term of `split_change` alone: what indicators that came or went did to the score.

    Parameters and result as there. Where it makes up most of a change, the two scores are hardly of the same thing.
    """
    return _by_weights(*_arranged(before, after, weights_before, weights_after))


def _by_weights(x0: Floats, x1: Floats, w0: Floats, w1: Floats) -> Floats:
    middle = ((w0 * x0).sum(axis=-1, keepdims=True) + (w1 * x1).sum(axis=-1, keepdims=True)) / 2
    parts: Floats = ((x0 + x1) / 2 - middle) * (w1 - w0)
    return parts


def split_geometric_change(
    before: npt.ArrayLike, after: npt.ArrayLike, weights_before: npt.ArrayLike, weights_after: npt.ArrayLike
) -> Floats:
    """Split the change of a weighted geometric mean by the logarithmic mean of its two values.

    Parameters and result as in `split_change`; figures must be positive.

    Raises
    ------
    ValueError
        If a figure is zero or negative.

    References
    ----------
    Ang (2005), Energy Policy 33:867-871 (LMDI).
    """
    x0, x1, w0, w1 = _arranged(before, after, weights_before, weights_after)
    if ((x0 <= 0) | (x1 <= 0)).any():
        raise ValueError("the change of a geometric mean is split for positive figures only")
    logs = split_change(np.log(x0), np.log(x1), w0, w1)
    first, second = (np.exp((w * np.log(x)).sum(axis=-1, keepdims=True)) for x, w in ((x0, w0), (x1, w1)))
    apart = np.log(second) - np.log(first)
    same = np.abs(apart) < 1e-12
    mean = np.where(same, first, (second - first) / np.where(same, 1.0, apart))
    parts: Floats = mean * logs
    return parts


def _arranged(
    before: npt.ArrayLike, after: npt.ArrayLike, weights_before: npt.ArrayLike, weights_after: npt.ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """Figures and weights; one missing in a period takes its other figure, at no weight."""
    x0, x1 = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    w0 = np.where(np.isnan(x0), 0.0, weights_before)
    w1 = np.where(np.isnan(x1), 0.0, weights_after)
    neither = np.isnan(x0) & np.isnan(x1)
    filled0 = np.where(neither, 1.0, np.where(np.isnan(x0), x1, x0))
    filled1 = np.where(neither, 1.0, np.where(np.isnan(x1), x0, x1))
    return filled0, filled1, w0, w1
