"""Worst-case bounds: how far unusable records could move a figure's limits.

Belongs here: the limits recomputed on the worst data. Not here: how many records are unusable (`unusable`).
Bounds always contain the sampling interval, and more unusable records never narrow them.

*Contested* records are counted, but may not belong: another version under their id contradicts them. What is known to
be a duplicate has been removed, not counted.

References
----------
Manski (2003), Partial Identification of Probability Distributions.
"""

import numpy as np
import numpy.typing as npt

from indicators.intervals import (
    Floats,
    poisson_exact_limits,
    poisson_limits,
    ratio_of_counts_limits,
    weighted_limits,
    wilson_limits,
)


def count_bounds(
    events: npt.ArrayLike, unusable: npt.ArrayLike, contested: npt.ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """Bounds of a Poisson count, in events: up to `unusable` more may belong to it, up to `contested` fewer."""
    x, extra, away = (np.asarray(a, dtype=np.float64) for a in (events, unusable, contested))
    lower = poisson_limits(x)[0]
    # Exact at every count, since where Byar's limits take over the lower one gives way by a hair.
    left = poisson_exact_limits(np.where(away > 0, np.maximum(x - away, 0.0), 0.0))[0]
    return np.where(away > 0, np.minimum(lower, left), lower), poisson_limits(x + extra)[1]


def proportion_bounds(
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    failures_added: npt.ArrayLike,
    successes_added: npt.ArrayLike,
    contested: npt.ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """Bounds of a proportion: lower limit after adding failures and taking successes away, upper the other way round.

    Records of unknown outcome count in both `failures_added` and `successes_added`; records of known outcome
    but unknown membership in one of them. Of the `contested` those are taken away that it would be worst to lose.
    """
    x, n, worse, better, away = (
        np.asarray(a, dtype=np.float64) for a in (successes, trials, failures_added, successes_added, contested)
    )
    left = np.maximum(x - away, 0.0)
    low = _wilson(left, left + (n - x) + worse, 0)
    high = _wilson(x + better, x + better + np.maximum(n - x - away, 0.0), 1)
    return low, high


def limit_bounds(
    limits: tuple[npt.ArrayLike, npt.ArrayLike],
    whole: npt.ArrayLike,
    failures_added: npt.ArrayLike,
    successes_added: npt.ArrayLike,
    contested: npt.ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """Bounds of a share whose limits, from 0 to 1, are not those of a binomial count.

    The whole is taken to divide as the limit says, and the worst amounts are added and taken away as for
    `proportion_bounds`.
    """
    low, high, n, worse, better, away = (
        np.asarray(a, dtype=np.float64) for a in (*limits, whole, failures_added, successes_added, contested)
    )
    return _worst_share(low, n, worse, away), 1 - _worst_share(1 - high, n, better, away)


def _worst_share(share: Floats, whole: Floats, added: Floats, away: Floats) -> Floats:
    left = np.maximum(share * whole - away, 0.0)
    rest = left + (1 - share) * whole + added
    # Exactly the limit where nothing is unusable.
    touched = (added > 0) | (away > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(touched, np.where(rest > 0, left / rest, 0.0), share)


def _wilson(successes: Floats, trials: Floats, end: int) -> Floats:
    """One of Wilson's limits; with no trial left, the end of all proportions."""
    is_any = trials > 0
    return np.where(is_any, wilson_limits(np.where(is_any, successes, 0.0), np.where(is_any, trials, 1.0))[end], end)


def ratio_bounds(
    above: npt.ArrayLike,
    below: npt.ArrayLike,
    above_added: npt.ArrayLike,
    above_contested: npt.ArrayLike,
    below_added: npt.ArrayLike,
    below_contested: npt.ArrayLike,
) -> tuple[Floats, Floats]:
    """Bounds of a ratio of two counts, each of which may be so many more, or so many of the contested fewer.

    The upper one is NaN where nothing below may be left: it then ends nowhere.
    """
    x, y, more_x, less_x, more_y, less_y = (
        np.asarray(a, dtype=np.float64)
        for a in (above, below, above_added, above_contested, below_added, below_contested)
    )
    low = ratio_of_counts_limits(np.maximum(x - less_x, 0.0), y + more_y)[0]
    high = ratio_of_counts_limits(x + more_x, np.maximum(y - less_y, 0.0))[1]
    return low, np.where(np.isfinite(high), high, np.nan)


def weighted_bounds(
    limits: tuple[npt.ArrayLike, npt.ArrayLike],
    weighted: npt.ArrayLike,
    variance: npt.ArrayLike,
    weighted_added: npt.ArrayLike,
    variance_added: npt.ArrayLike,
    largest_weight: float,
    contested: npt.ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """Bounds of a weighted sum when further events, of the weights given, may belong to it.

    `limits` are those of the sum as it is. The `contested` may have the largest weight, each of them.
    """
    lower, upper, t, v, more_t, more_v, away = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (*limits, weighted, variance, weighted_added, variance_added)),
        np.asarray(contested, dtype=np.float64) * largest_weight,
    )
    with_all = lower.copy(), upper.copy()
    # Limits are slow, and most cells have nothing added.
    more = (more_t > 0) | (more_v > 0)
    for end, found in zip(
        with_all, weighted_limits((t + more_t)[more], (v + more_v)[more], largest_weight), strict=True
    ):
        end[more] = found
    # Of two or three events, a heavier one more may scatter them so that even the lower limit falls.
    return np.maximum(np.minimum(lower, with_all[0]) - away, 0.0), np.maximum(upper, with_all[1])


def repeats_reach(
    in_part: npt.ArrayLike, incidents: npt.ArrayLike, inside: npt.ArrayLike, outside: npt.ArrayLike
) -> Floats:
    """How far changes of single incidents can move the repeat addresses of a part of a year, less those expected.

    An incident more or fewer in the part changes how many addresses repeat there by one at most, and what dealing the
    year's incidents out would bring by one at most, the same way. One in the rest of the year matters only where it is
    dealt to the part: with the share of the year's incidents that is the part's.

    Parameters
    ----------
    in_part, incidents : array_like
        Incidents of the part, and of the year.
    inside, outside : array_like
        Incidents added or taken away, in the part and in the rest of the year; one that changes its address is both.
    """
    n, whole, here, there = (np.asarray(a, dtype=np.float64) for a in (in_part, incidents, inside, outside))
    left = whole + here - there
    share = np.clip(np.divide(n + here, left, out=np.ones_like(left), where=left > 0), 0.0, 1.0)
    return np.asarray(here + there * share)


def unevenness_bounds(
    coefficient: tuple[npt.ArrayLike, npt.ArrayLike],
    expected: npt.ArrayLike,
    events: npt.ArrayLike,
    added: npt.ArrayLike,
    contested: npt.ArrayLike,
) -> tuple[Floats, Floats]:
    """Bounds of a Gini coefficient of events over exposure, less what chance makes of as many events.

    The coefficient G is a convex function of the events' shares from 0 to 1, and 0 where they are those of the
    exposure. Hence a share w of further events leaves it between (1 - w) G - w and (1 - w) G + w wherever they fall;
    to take a share away is the reverse. What chance makes of G falls as the number n of events rises, but not faster
    than 1 / n.

    Parameters
    ----------
    coefficient : tuple of array_like
        Its limits.
    expected, events : array_like
        What chance makes of it; events.
    added, contested : array_like
        Events that may belong to it, and those that may not.
    """
    low, high, chance, n, more, away = (
        np.asarray(a, dtype=np.float64) for a in (*coefficient, expected, events, added, contested)
    )
    left = np.maximum(n - away, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        worst = []
        for end, way in ((low, -1), (high, 1)):
            fewer = np.where(left > 0, np.clip((end * n + way * away) / left, 0.0, 1.0), (1 + way) / 2)
            worst.append(np.clip(np.where(left > 0, (fewer * left + way * more) / (left + more), fewer), 0.0, 1.0))
        most = np.where(left > 0, np.minimum(chance * n / left, 1.0), 1.0)
        least = chance * n / (n + more)
    touched = (more > 0) | (away > 0)
    return np.where(touched, worst[0] - most, low - chance), np.where(touched, worst[1] - least, high - chance)
