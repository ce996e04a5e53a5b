"""Indicators on one scale, more being better.

Belongs here: the ways to normalise. `goalposts` alone keeps a score's meaning from one period to the next; all others
depend on which units are compared, and serve the sensitivity analysis. Matrices as in `screening`; `direction` is 1
where more is better and -1 where less is.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from scipy import stats

from indicators.composites.screening import matrix
from indicators.intervals import Floats


def goalposts(x: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, direction: npt.ArrayLike) -> Floats:
    """Share of the way from the worse declared end to the better one, from 0 to 1; beyond an end counts as the end.

    Parameters
    ----------
    x : array_like
        Indicators on the last axis.
    low, high, direction : array_like
        One per indicator.

    Raises
    ------
    ValueError
        If a minimum is not below its maximum.
    """
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if not (low < high).all():
        raise ValueError("a goalpost's minimum must lie below its maximum")
    share = np.clip((np.asarray(x, dtype=np.float64) - low) / (high - low), 0.0, 1.0)
    scores: Floats = np.where(_directions(direction) > 0, share, 1.0 - share)
    return scores


def min_max(x: npt.ArrayLike, direction: npt.ArrayLike, scale: tuple[float, float] = (0.0, 100.0)) -> Floats:
    """Each column from its worst figure (the first of `scale`) to its best; NaN where none differ."""
    turned = _turned(x, direction)
    with _quiet():
        low, high = np.nanmin(turned, axis=0), np.nanmax(turned, axis=0)
        found: Floats = scale[0] + (scale[1] - scale[0]) * (turned - low) / np.where(high > low, high - low, np.nan)
        return found


def z_scores(x: npt.ArrayLike, direction: npt.ArrayLike, mean: float = 0.0, deviation: float = 1.0) -> Floats:
    """Each column in standard deviations (n − 1) from its mean, put on the given mean and deviation."""
    turned = _turned(x, direction)
    with _quiet():
        spread = np.nanstd(turned, axis=0, ddof=1)
        found: Floats = mean + deviation * (turned - np.nanmean(turned, axis=0)) / np.where(spread > 0, spread, np.nan)
        return found


def percentile_ranks(x: npt.ArrayLike, direction: npt.ArrayLike) -> Floats:
    """Share of the other units that a unit is better than, equal ones counting half: 0 to 100."""
    turned = _turned(x, direction)
    count = np.sum(~np.isnan(turned), axis=0)
    # Those without a figure come last, so that they are before nobody.
    ranks = np.where(np.isnan(turned), np.nan, stats.rankdata(np.where(np.isnan(turned), np.inf, turned), axis=0))
    return np.asarray(100 * (ranks - 1) / np.where(count > 1, count - 1, np.nan), dtype=np.float64)


def distance_to_target(x: npt.ArrayLike, target: npt.ArrayLike, direction: npt.ArrayLike) -> Floats:
    """Way covered from the worst figure of the column to the target, 0 to 100; beyond the target counts as reached."""
    turned, goal = _turned(x, direction), np.asarray(target, dtype=np.float64) * _directions(direction)
    with _quiet():
        worst = np.nanmin(turned, axis=0)
        found: Floats = 100 * np.clip((turned - worst) / np.where(goal > worst, goal - worst, np.nan), 0.0, 1.0)
        return found


def _turned(x: npt.ArrayLike, direction: npt.ArrayLike) -> Floats:
    turned: Floats = matrix(x) * _directions(direction)
    return turned


def _directions(direction: npt.ArrayLike) -> Floats:
    found = np.asarray(direction, dtype=np.float64)
    if not np.isin(found, (-1.0, 1.0)).all():
        raise ValueError("a direction is 1 (more is better) or -1 (less is better): leave context indicators out")
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """A column without a figure stays without one: no cause for a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
