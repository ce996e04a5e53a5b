"""Obstacles: what stands most in the way of a higher score.

Belongs here: the obstacle degree. It names the indicator with the most left to gain for its weight; not what would
be cheapest or most just to change.
"""

import numpy as np
import numpy.typing as npt

from indicators.intervals import Floats


def shortfalls(x: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Points lost by each indicator, w(1 − x), for figures x from 0 to 1; NaN where there is none."""
    return np.asarray(np.asarray(weights, dtype=np.float64) * (1 - np.asarray(x, dtype=np.float64)))


def obstacle_degrees(x: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Share of each indicator in all that is lost, w(1 − x)/Σ w(1 − x), over the last axis; 0 where nothing is lost."""
    lost = shortfalls(x, weights)
    total = np.nansum(lost, axis=-1, keepdims=True)
    return np.asarray(lost / np.where(total > 0, total, 1.0))
