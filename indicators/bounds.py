"""Worst-case bounds: how far unusable records could move a figure's limits.

Belongs here: the limits recomputed on the worst data. Not here: how many records are unusable (`unusable`).
Bounds always contain the sampling interval, and more unusable records never narrow them.

References
----------
Manski (2003), Partial Identification of Probability Distributions.
"""

import numpy as np
import numpy.typing as npt

from indicators.intervals import Floats, dobson_limits, poisson_limits, wilson_limits


def count_bounds(events: npt.ArrayLike, unusable: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Bounds of a Poisson count when up to `unusable` more events may belong to it, in events.

    Nothing is taken away below: a duplicate that is known as one has been removed, not counted.
    """
    x, extra = np.asarray(events, dtype=np.float64), np.asarray(unusable, dtype=np.float64)
    return poisson_limits(x)[0], poisson_limits(x + extra)[1]


def proportion_bounds(
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    failures_added: npt.ArrayLike,
    successes_added: npt.ArrayLike,
) -> tuple[Floats, Floats]:
    """Bounds of a proportion: lower limit after adding failures alone, upper after adding successes alone.

    Records of unknown outcome count in both `failures_added` and `successes_added`; records of known outcome
    but unknown membership in one of them.
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    worse, better = (
        np.asarray(failures_added, dtype=np.float64),
        np.asarray(successes_added, dtype=np.float64),
    )
    return wilson_limits(x, n + worse)[0], wilson_limits(x + better, n + better)[1]


def weighted_bounds(
    weighted: npt.ArrayLike,
    variance: npt.ArrayLike,
    count: npt.ArrayLike,
    weighted_added: npt.ArrayLike,
    variance_added: npt.ArrayLike,
    count_added: npt.ArrayLike,
    largest_weight: float,
) -> tuple[Floats, Floats]:
    """Bounds of a weighted sum when further events, of the weights given, may belong to it."""
    t, v, x = (np.asarray(a, dtype=np.float64) for a in (weighted, variance, count))
    more_t, more_v, more_x = (np.asarray(a, dtype=np.float64) for a in (weighted_added, variance_added, count_added))
    lower, upper = dobson_limits(t, v, x, largest_weight)
    worst = dobson_limits(t + more_t, v + more_v, x + more_x, largest_weight)[1]
    return lower, np.maximum(upper, worst)
