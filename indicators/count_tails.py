"""Tails and limits of counts, and of shares, that vary from day to day more than chance alone lets them.

Belongs here: probabilities of one count with a given mean and dispersion. Not here: where mean and dispersion come from
(`anomalies`), and the negative binomial distribution itself (`regression`).
"""

import numpy as np
import numpy.typing as npt
from scipy import special

from indicators.intervals import Floats
from indicators.regression import count_quantile, count_upper_tail

# Where an event is all but certain the other side of it is all but impossible, and never quite.
GREATEST_SHARE = 0.999


def tails(y: Floats, n: Floats, mu: Floats, phi: Floats, is_share: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Probabilities of a count as small, and of one as large.

    Parameters
    ----------
    y, n, mu, phi : arrays, shape (..., series, days)
        Counts, the records that they are out of, their means and dispersions. Anything where a mean is not finite or
        there are no records.
    is_share : array of bool, shape (series,)
        Whether a series counts some of its records; otherwise `n` does not matter.
    """
    able = np.isfinite(mu) & (n > 0)
    mean, size = np.where(able, mu, 0.5), np.where(able, n, 1.0)
    count, spread = np.where(able, y, 0.0), np.where(np.isfinite(phi), phi, 1.0)
    mean = np.maximum(mean, 1e-9)
    below, above = _share_tails(np.minimum(count, size), size, np.minimum(mean, GREATEST_SHARE * size), spread)
    total_above = count_upper_tail(count, mean, spread)
    total_below = 1 - count_upper_tail(count + 1, mean, spread)
    rows = is_share[:, None]
    return np.where(rows, below, total_below), np.where(rows, above, total_above)


def _share_tails(count: Floats, size: Floats, mean: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """Tails of a count with the variance `phi` x that of a binomial one.

    Where that is the variance of a Poisson count or more, of a negative binomial, whose long tail is that of faults
    in clumps; else of a binomial out of as many records as tell as much as these do, `size` / `phi`.
    """
    share = mean / size
    ratio = phi * (1 - share)
    is_wide = ratio >= 1
    wide_above = count_upper_tail(count, mean, np.maximum(ratio, 1.0))
    wide_below = 1 - count_upper_tail(count + 1, mean, np.maximum(ratio, 1.0))
    k, n = count / phi, size / phi
    above = np.where(count > 0, special.betainc(np.maximum(k, 1e-9), n - k + 1, share), 1.0)
    below = np.where(count < size, special.betainc(np.maximum(n - k, 1e-9), k + 1, 1 - share), 1.0)
    return np.where(is_wide, wide_below, below), np.where(is_wide, wide_above, above)


def limits(
    expected: Floats, total: Floats, dispersion: Floats, is_share: npt.NDArray[np.bool_], tail: Floats
) -> tuple[Floats, Floats]:
    """Least and greatest count whose two-sided p-value is at least `tail`; arrays of shape (rows,)."""
    low, high = expected.copy(), expected.copy()
    for at, (mu, n, phi, p) in enumerate(zip(expected, total, dispersion, tail, strict=True)):
        if is_share[at]:
            # On the rarer side, as days are judged.
            is_turned = 2 * mu > n
            counts = np.arange(n + 1.0)
            mean = np.full_like(counts, n - mu if is_turned else mu)
            below, above = _share_tails(counts, np.full_like(counts, n), mean, np.full_like(counts, phi))
            usual = counts[2 * np.minimum(below, above) >= p]
            ends = (usual[0], usual[-1]) if len(usual) else (mean[0], mean[0])
            low[at], high[at] = (n - ends[1], n - ends[0]) if is_turned else ends
        else:
            low[at], high[at] = (float(count_quantile(q, mu, phi)) for q in (p / 2, 1 - p / 2))
    return low, high
