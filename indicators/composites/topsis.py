"""TOPSIS: how near each unit is to the best of everything seen, and how far from the worst.

Belongs here: the closeness. It depends on which units are compared, so it orders areas within a period and says
nothing about one area over time.
"""

import numpy as np
import numpy.typing as npt

from indicators.intervals import Floats


def closeness(x: npt.ArrayLike, weights: npt.ArrayLike, direction: npt.ArrayLike) -> Floats:
    """Relative closeness d⁻/(d⁺ + d⁻) to the ideal, of vector-normalised and weighted figures.

    Parameters
    ----------
    x : array_like
        Units by indicators on its last two axes, complete; any axes (draws) before them.
    weights : array_like
        Indicators on the last axis, and the axes of draws or none before it.
    direction : array_like
        1 where more is better, -1 where less is.

    Returns
    -------
    array of float
        0 to 1, units on the last axis; 0.5 where no indicator differs between the units.

    Raises
    ------
    ValueError
        If a figure is missing.

    References
    ----------
    Hwang & Yoon (1981), Multiple Attribute Decision Making.
    """
    figures = np.asarray(x, dtype=np.float64)
    if not np.isfinite(figures).all():
        raise ValueError("TOPSIS needs every figure of every unit: leave out the indicators or units that lack one")
    length = np.sqrt((figures**2).sum(axis=-2, keepdims=True))
    w = np.asarray(weights, dtype=np.float64)[..., None, :] * np.asarray(direction, dtype=np.float64)
    weighted = figures / np.where(length > 0, length, 1.0) * w
    best, worst = weighted.max(axis=-2, keepdims=True), weighted.min(axis=-2, keepdims=True)
    to_best = np.sqrt(((weighted - best) ** 2).sum(axis=-1))
    to_worst = np.sqrt(((weighted - worst) ** 2).sum(axis=-1))
    both = to_best + to_worst
    return np.where(both > 0, to_worst / np.where(both > 0, both, 1.0), 0.5)
