"""Whether a few events close together in time are more than chance.

Belongs here: the largest count in any window of a long watch, and few events over the days of the week or other
bins. Not here: bands of counts week by week (`change`).
"""

from math import comb

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Whole = int | npt.NDArray[np.int64]

MOST_TABLES = 500_000


def scan_p_value(count: int, mean: float, windows: float) -> float:
    """Probability that some window, wherever it starts, holds at least `count` Poisson events; Naus's approximation.

    The single busiest fortnight of eight years is chosen by looking: its own Poisson probability says nothing.

    Parameters
    ----------
    count : int
        Events in the busiest window, at least 3.
    mean : float
        Events expected in one window, above zero.
    windows : float
        Length of the whole watch in windows, at least 3.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is below its least value.

    References
    ----------
    Naus (1982), JASA 77:177-183; Aberdein & Spiegelhalter (2013), Significance 10(6):46-48.
    """
    if count < 3 or not mean > 0 or windows < 3:
        raise ValueError("a scan needs a count of at least 3, a mean above zero and at least 3 windows")
    n, m = count, mean

    def p(k: Whole) -> npt.NDArray[np.float64]:
        return np.asarray(stats.poisson.pmf(k, m), dtype=np.float64)

    def f(k: Whole) -> npt.NDArray[np.float64]:
        return np.asarray(stats.poisson.cdf(k, m), dtype=np.float64)

    # Probabilities of no such window in a watch of two, and of three, windows.
    two = f(n - 1) ** 2 - (n - 1) * p(n) * p(n - 2) - (n - 1 - m) * p(n) * f(n - 3)
    a1 = 2 * p(n) * f(n - 1) * ((n - 1) * f(n - 2) - m * f(n - 3))
    a2 = p(n) ** 2 / 2 * ((n - 1) * (n - 2) * f(n - 3) - 2 * (n - 2) * m * f(n - 4) + m**2 * f(n - 5))
    r = np.arange(1, n)
    a3 = (p(2 * n - r) * f(r - 1) ** 2).sum()
    r = np.arange(2, n)
    a4 = (p(2 * n - r) * p(r) * ((r - 1) * f(r - 2) - m * f(r - 3))).sum()
    three = f(n - 1) ** 3 - a1 + a2 + a3 - a4
    # A mean far above the count leaves rounding errors only: then such a window is certain.
    if two <= 0 or three <= 0:
        return 1.0
    return float(np.clip(1 - two * (three / two) ** (windows - 2), 0.0, 1.0))


def exact_g_test(counts: npt.ArrayLike, shares: npt.ArrayLike | None = None) -> tuple[float, float | None]:
    """G statistic of few events over bins (days of the week, say), and its exact p-value over all tables.

    Parameters
    ----------
    counts : array_like, shape (bins,)
        Whole events.
    shares : array_like, shape (bins,), or None
        Expected shares, above zero, summing to 1; equal ones where None.

    Returns
    -------
    g : float
    p_value : float or None
        Probability of a table with so large a G or a larger one. None without any event.

    Raises
    ------
    ValueError
        If so many tables are possible that `scipy.stats.power_divergence` will do (its G is chi-squared then).

    References
    ----------
    Sokal & Rohlf (1995), Biometry, 3rd ed., ch. 17 (G); McDonald (2014), Handbook of Biological Statistics (exact).
    """
    y = np.asarray(counts)
    q = np.full(len(y), 1 / len(y)) if shares is None else np.asarray(shares, dtype=np.float64)
    if y.ndim != 1 or len(y) < 2 or np.any(y < 0) or np.any(y != np.floor(y)):
        raise ValueError("counts must be whole, not negative, in at least two bins")
    if q.shape != y.shape or np.any(q <= 0) or not np.isclose(q.sum(), 1):
        raise ValueError("shares must be above zero, one for each bin, and sum to 1")
    n, bins = int(y.sum()), len(y)
    if n == 0:
        return 0.0, None
    if comb(n + bins - 1, bins - 1) > MOST_TABLES:
        raise ValueError(f"{n} events are too many to list their tables: use scipy.stats.power_divergence")
    tables = _tables(n, bins)
    expected = n * q
    g = 2 * special.xlogy(tables, tables / expected).sum(axis=1)
    observed = float(2 * special.xlogy(y, y / expected).sum())
    chances = stats.multinomial.pmf(tables, n, q)
    return observed, float(min(1.0, chances[g >= observed - 1e-9].sum()))


def _tables(n: int, bins: int) -> npt.NDArray[np.int64]:
    """All ways to put n events into bins, one per row: bin by bin, what is left going into the last."""
    tables = np.zeros((1, 0), dtype=np.int64)
    for _ in range(bins - 1):
        left = n - tables.sum(axis=1)
        rows = np.repeat(np.arange(len(tables)), left + 1)
        starts = np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        tables = np.column_stack([tables[rows], np.arange(len(rows)) - starts])
    return np.column_stack([tables, n - tables.sum(axis=1)])
