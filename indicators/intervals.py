"""Sampling intervals of counts, proportions and weighted counts.

Belongs here: closed-form limits on arrays. Not here: quantiles of durations (`survival`), what unusable
records leave open (`bounds`), and any choice of which interval an indicator takes (its catalogue entry).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

EXACT_BELOW = 10.0
# Of the search for a quantile: relative, and at most so many.
TOLERANCE, STEPS = 1e-13, 100


def byar_limits(count: npt.ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Byar's approximation to the Poisson limits of a count.

    Parameters
    ----------
    count : array_like
        Events, not negative; fractions (aoristic counts) are allowed.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float, of the shape of `count`
        In events. `lower` is 0 where the approximation falls below it.

    Raises
    ------
    ValueError
        If a count is negative or not finite.

    References
    ----------
    Breslow & Day (1987), Statistical Methods in Cancer Research II, p. 69.
    """
    x = _counts(count, "count")
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", over="ignore"):
        root = np.maximum(1 - 1 / (9 * x) - z / (3 * np.sqrt(x)), 0.0)
    lower = x * root**3
    above = x + 1
    upper = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return lower, upper


def poisson_exact_limits(count: npt.ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact (Garwood) Poisson limits, by gamma quantiles and so defined for fractional counts too.

    Parameters and results as in `byar_limits`.

    References
    ----------
    Garwood (1936), Biometrika 28:437-442.
    """
    every = _counts(count, "count")
    # The quantiles are slow, and few counts differ.
    x, which = np.unique(every, return_inverse=True)
    tail = (1 - checked_confidence(confidence)) / 2
    lower = np.where(x > 0, special.gammaincinv(np.maximum(x, np.finfo(np.float64).tiny), tail), 0.0)
    upper = np.asarray(special.gammainccinv(x + 1, tail), dtype=np.float64)
    return lower[which].reshape(every.shape), upper[which].reshape(every.shape)


def poisson_limits(count: npt.ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact Poisson limits below 10 events, Byar's from 10 on. Parameters and results as in `byar_limits`."""
    x = _counts(count, "count")
    byar, exact = byar_limits(x, confidence), poisson_exact_limits(np.minimum(x, EXACT_BELOW), confidence)
    few = x < EXACT_BELOW
    return np.where(few, exact[0], byar[0]), np.where(few, exact[1], byar[1])


def wilson_limits(successes: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson score limits of a proportion.

    Parameters
    ----------
    successes, trials : array_like
        Of one shape, with 0 <= successes <= trials and trials > 0; fractions are allowed.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float in [0, 1]

    Raises
    ------
    ValueError
        If there is no trial, or more successes than trials.

    References
    ----------
    Wilson (1927), JASA 22:209-212.
    """
    x, n = _counts(successes, "successes"), _counts(trials, "trials")
    if np.any(n <= 0):
        raise ValueError("trials must be above zero: a proportion of nothing has no interval")
    # Sums of fractions may exceed their total in the last digit only.
    if np.any(x > n * (1 + 1e-12)):
        raise ValueError("successes exceed trials")
    x = np.minimum(x, n)
    z = normal_quantile(confidence)
    centre = 2 * x + z**2
    spread = z * np.sqrt(z**2 + 4 * x * (n - x) / n)
    width = 2 * (n + z**2)
    # At x = 0 and x = n the limits are 0 and 1 exactly; rounding would leave them a hair off.
    lower = np.where(x == 0, 0.0, np.maximum((centre - spread) / width, 0.0))
    return lower, np.where(x == n, 1.0, np.minimum((centre + spread) / width, 1.0))


def ratio_of_counts_limits(
    above: npt.ArrayLike, below: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Score limits of the ratio of two Poisson counts.

    Given their sum, the first of both is binomial; Wilson's limits of its share, as odds, are those of the ratio.

    Parameters
    ----------
    above, below : array_like
        Events of independent counts, of one shape; fractions are allowed.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float
        `upper` is infinite where there is nothing below, and `lower` 0 where there is nothing above.

    References
    ----------
    Graham, Mengersen & Morton (2003), Statistics in Medicine 22:2071-2083.
    """
    x, y = _counts(above, "above"), _counts(below, "below")
    total = x + y
    low, high = wilson_limits(np.where(total > 0, x, 0.0), np.where(total > 0, total, 1.0), confidence)
    is_any = total > 0
    with np.errstate(divide="ignore"):
        lower, upper = low / (1 - low), high / (1 - high)
    # With nothing below, the share is 1 for certain only from above.
    return np.where(is_any, lower, 0.0), np.where(is_any & (y > 0), upper, np.inf)


def weighted_limits(
    weighted: npt.ArrayLike, variance: npt.ArrayLike, largest_weight: float, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Mid-p gamma limits of a weighted sum of Poisson counts.

    Those of Dobson et al. (1991) know the weights of the events that came alone: where the weight lies in what is rare,
    they miss the truth every other time. Here one event more, of the largest weight, may always have been missed.

    Parameters
    ----------
    weighted : array_like
        Sum of weight x count.
    variance : array_like
        Sum of weight squared x count.
    largest_weight : float
        Above zero: weight that an unseen event could have.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float, in the unit of `weighted`

    References
    ----------
    Fay & Feuer (1997), Statistics in Medicine 16:791-801, for the gamma distributions of either limit;
    Fay & Kim (2017), Biometrical Journal 59:549-560, for the mixture of both in equal parts.
    """
    total, spread = np.broadcast_arrays(_counts(weighted, "weighted"), _counts(variance, "variance"))
    tail = (1 - checked_confidence(confidence)) / 2
    # Limits are slow, and of sums few differ: most small areas have the same few events.
    pairs, which = np.unique(np.stack([total.ravel(), spread.ravel()]), axis=1, return_inverse=True)
    is_any = pairs[0] > 0
    seen = _Gamma.of(*np.where(is_any, pairs, 1.0))
    unseen = _Gamma.of(pairs[0] + largest_weight, pairs[1] + largest_weight**2)
    # With no event at all the first distribution is zero for certain.
    lower = np.where(is_any, _mixture_quantile(seen, unseen, tail), 0.0)
    upper = np.where(is_any, _mixture_quantile(seen, unseen, 1 - tail), unseen.quantile(1 - 2 * tail))
    return lower[which].reshape(total.shape), upper[which].reshape(total.shape)


class _Gamma(NamedTuple):
    """Gamma distributions."""

    shape: Floats
    scale: Floats

    @classmethod
    def of(cls, mean: Floats, variance: Floats) -> "_Gamma":
        return cls(mean**2 / variance, variance / mean)

    def at(self, places: npt.NDArray[np.int64]) -> "_Gamma":
        return _Gamma(self.shape[places], self.scale[places])

    def below(self, x: Floats) -> Floats:
        return np.asarray(special.gammainc(self.shape, x / self.scale))

    def density(self, x: Floats) -> Floats:
        z = x / self.scale
        return np.asarray(np.exp(special.xlogy(self.shape - 1, z) - z - special.gammaln(self.shape)) / self.scale)

    def quantile(self, probability: float) -> Floats:
        return np.asarray(self.scale * special.gammaincinv(self.shape, probability))


def _mixture_quantile(one: _Gamma, other: _Gamma, probability: float) -> Floats:
    """Quantiles of the mixture in equal parts, which lie between those of the parts: Newton's steps, else halving."""
    ends = one.quantile(probability), other.quantile(probability)
    low, high = np.minimum(*ends), np.maximum(*ends)
    found = (low + high) / 2
    moving = np.arange(len(found))
    for _ in range(STEPS):
        first, second, x = one.at(moving), other.at(moving), found[moving]
        beyond = (first.below(x) + second.below(x)) / 2 - probability
        low, high = np.where(beyond < 0, x, low), np.where(beyond < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            stepped = x - 2 * beyond / (first.density(x) + second.density(x))
        after = np.where((stepped > low) & (stepped < high), stepped, (low + high) / 2)
        found[moving] = after
        still = np.abs(after - x) > TOLERANCE * after
        moving, low, high = moving[still], low[still], high[still]
        if not moving.size:
            break
    return found


def daily_cluster_limits(
    total: npt.ArrayLike, squares: npt.ArrayLike, days: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Limits of a sum of amounts (minutes, say) with the day as the cluster.

    The amounts of one day hang together and their spread is unknown, so the variance of the sum comes from
    the daily totals: days x s², with Student's t on days - 1. NaN where fewer than two days, or nothing at
    all, leave no variance to estimate.

    Parameters
    ----------
    total, squares : array_like
        Sum over the days of the daily total, and of its square.
    days : array_like
        Days summed over, those without any amount included.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float, in the unit of `total`

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., ch. 9 (cluster totals).
    """
    y, q, d = _counts(total, "total"), _counts(squares, "squares"), _counts(days, "days")
    estimable = (d >= 2) & (y > 0)
    degrees = np.where(estimable, d - 1, 1.0)
    variance = np.maximum(q - y**2 / np.maximum(d, 1.0), 0.0) / degrees
    half = special.stdtrit(degrees, (1 + checked_confidence(confidence)) / 2) * np.sqrt(d * variance)
    return np.where(estimable, np.maximum(y - half, 0.0), np.nan), np.where(estimable, y + half, np.nan)


def cluster_ratio_limits(
    part: npt.ArrayLike,
    whole: npt.ArrayLike,
    squares: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    days: npt.ArrayLike,
    confidence: float = 0.95,
) -> tuple[Floats, Floats]:
    """Limits of a share of an amount (minutes, say) with the day as the cluster.

    Amounts of one day hang together, so that the share is a ratio of sums over days, with Student's t on days - 1. NaN
    where fewer than two days, or days that do not differ, leave no variance to estimate.

    Parameters
    ----------
    part, whole : array_like
        Sum over the days of the daily part and of the daily whole, which is above zero.
    squares : tuple of array_like
        Sums over the days of part squared, part x whole, and whole squared.
    days : array_like
        Days summed over.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float, between 0 and 1

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., sec. 6.4 and ch. 9.
    """
    x, n, d = _counts(part, "part"), _counts(whole, "whole"), _counts(days, "days")
    xx, xn, nn = (_counts(each, "squares") for each in squares)
    if np.any(n <= 0):
        raise ValueError("the whole must be above zero: a share of nothing has no interval")
    share = x / n
    degrees = np.maximum(d - 1, 1.0)
    scatter = np.maximum(xx - 2 * share * xn + share**2 * nn, 0.0)
    error = np.sqrt(d / degrees * scatter) / n
    # A scatter of rounding errors alone is none.
    estimable = (d >= 2) & (scatter > 1e-12 * nn)
    half = special.stdtrit(degrees, (1 + checked_confidence(confidence)) / 2) * error
    lower, upper = np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)
    return np.where(estimable, lower, np.nan), np.where(estimable, upper, np.nan)


def normal_quantile(confidence: float) -> float:
    """Half width of a two-sided interval, in standard errors: 1.96 at 0.95.

    Raises
    ------
    ValueError
        If the confidence does not lie between 0 and 1.
    """
    return float(special.ndtri((1 + checked_confidence(confidence)) / 2))


def checked_confidence(confidence: float) -> float:
    """Return the confidence; raise ValueError unless it lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return confidence


def _counts(values: npt.ArrayLike, name: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(array)) or np.any(array < 0):
        raise ValueError(f"{name} must be finite and not negative")
    return array
