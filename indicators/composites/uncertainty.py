"""How sure a score and its rank are: Monte Carlo over the figures' own intervals and over the index's choices.

Belongs here: drawing figures, weights and goalposts, and reading intervals off the draws. Draws are on the first axis.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from indicators.intervals import Floats, normal_quantile


class Intervals(NamedTuple):
    """Lower and upper limits, of the shape of one draw."""

    lower: Floats
    upper: Floats


def drawn_figures(
    value: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, draws: int, rng: np.random.Generator
) -> Floats:
    """Draw figures from split normals: median the value, 2.5 % and 97.5 % quantiles the limits.

    Parameters
    ----------
    value, lower, upper : array_like
        Of one shape; a limit of NaN means that the figure is exact on that side.
    draws : int
    rng : Generator

    Returns
    -------
    array of float
        Draws first; NaN where the value is.
    """
    centre = np.asarray(value, dtype=np.float64)
    low, high = (np.asarray(each, dtype=np.float64) for each in (lower, upper))
    z = normal_quantile(0.95)
    below, above = (
        np.where(np.isnan(apart), 0.0, np.maximum(apart, 0.0)) / z for apart in (centre - low, high - centre)
    )
    drawn = rng.standard_normal((draws, *centre.shape))
    drawn *= np.where(drawn < 0, below, above)
    drawn += centre
    return drawn


def drawn_weights(weights: npt.ArrayLike, noise: float, draws: int, rng: np.random.Generator) -> Floats:
    """Draw weights up to `noise` (as a share) more or less than declared, evenly, and scale their sum to one."""
    w = np.asarray(weights, dtype=np.float64)
    moved = w * rng.uniform(1 - noise, 1 + noise, (draws, *w.shape))
    return np.asarray(moved / moved.sum(axis=-1, keepdims=True), dtype=np.float64)


def limits(drawn: Floats, confidence: float = 0.95) -> Intervals:
    """Equal-tailed limits over the draws, on the first axis; NaN where a draw is."""
    tail = (1 - confidence) / 2
    # Sorting once is faster than two quantiles, and puts NaN last.
    ordered = np.sort(drawn, axis=0)
    last = len(ordered) - 1
    low, high = ordered[int(np.floor(tail * last))], ordered[int(np.ceil((1 - tail) * last))]
    unknown = np.isnan(ordered[-1])
    return Intervals(np.where(unknown, np.nan, low), np.where(unknown, np.nan, high))


def rank_limits(drawn: Floats, confidence: float = 0.95) -> Intervals:
    """Limits of each unit's rank, the highest score being first; equal scores share the mean of their ranks.

    Parameters
    ----------
    drawn : array of float
        Draws by units, complete.
    """
    found = limits(stats.rankdata(-drawn, axis=1), confidence)
    return Intervals(np.floor(found.lower), np.ceil(found.upper))
