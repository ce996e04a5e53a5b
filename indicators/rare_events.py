"""Charts of rare events: opportunities between events (g chart) and time between events (t chart).

Belongs here: limits and signals of gaps, on arrays. Not here: charts of counts per period (`trends`), which need about
ten events a period. A short gap means more events, a long one fewer.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from indicators.intervals import Floats

# An exponential time to this power is nearly normal: a Weibull with shape 3.6 has no skewness.
WEIBULL_POWER = 1 / 3.6
THREE_SIGMA_TAIL = float(special.ndtr(-3))


@dataclass(frozen=True)
class GapChart:
    """Centre (median or mean gap), limits, and one signal per gap: `short_gap`, `long_gap` or `none`."""

    centre: float
    limit_low: float
    limit_high: float
    signals: tuple[str, ...]


def g_chart(
    between: npt.ArrayLike, limits: Literal["probability", "sigma"] = "probability", tail: float = THREE_SIGMA_TAIL
) -> GapChart:
    """Chart of the opportunities (cases, days) between events, geometrically distributed from 0 on.

    The probability of an event is estimated without bias as (1 - 1/n) / (mean + 1). Probability limits leave at most
    `tail` on each side: the upper limit is the longest gap that is no signal, the lower the shortest. Limits at three
    sigma about the mean, mean ± 3 sqrt(mean (mean + 1)), lie below zero on one side, so that no rise of the rate could
    show, and let 1.8 % of long gaps through on the other.

    Where even two events in a row are no rarer than `tail`, `limit_low` is 0 and single gaps cannot signal a rise; runs
    of zeros can: see `zeros_in_a_row`.

    Parameters
    ----------
    between : array_like, shape (n,), n >= 2
        Opportunities without the event between successive events, in order.
    limits : {"probability", "sigma"}
        "sigma" for comparison with charts drawn elsewhere.
    tail : float

    Raises
    ------
    ValueError
        If there are fewer than two gaps, or they are negative, not whole, or all zero.

    References
    ----------
    Benneyan (2001), Health Care Management Science 4:305-318; Kaminsky, Benneyan, Davis & Burke (1992),
    J. Quality Technology 24:63-69.
    """
    gaps = _gaps(between)
    if np.any(gaps != np.floor(gaps)):
        raise ValueError("a g chart counts whole opportunities between events; use t_chart for measured time")
    mean = float(gaps.mean())
    if limits == "sigma":
        half = 3 * np.sqrt(mean * (mean + 1))
        return _chart(gaps, mean, max(mean - half, 0.0), mean + half)
    stays = 1 - event_probability(gaps)
    # P(gap >= k) = stays^k.
    log = np.log(stays)
    shortest = np.floor(np.log1p(-tail) / log * (1 + 1e-12))
    longest = np.ceil(np.log(tail) / log * (1 - 1e-12)) - 1
    median = np.ceil(np.log(0.5) / log) - 1
    return _chart(gaps, float(median), float(shortest), float(longest))


def event_probability(between: npt.ArrayLike) -> float:
    """Unbiased estimate of the probability of an event per opportunity, from the gaps: (1 - 1/n) / (mean + 1)."""
    gaps = _gaps(between)
    return float((1 - 1 / len(gaps)) / (gaps.mean() + 1))


def zeros_in_a_row(probability: float, tail: float = THREE_SIGMA_TAIL) -> int:
    """Smallest run of gaps of zero that is rarer than `tail`: an event at each of that many opportunities in turn.

    References
    ----------
    Benneyan (2001): the test of consecutive zeros.
    """
    if not 0 < probability < 1:
        raise ValueError(f"probability must lie between 0 and 1, not {probability}")
    return int(np.ceil(np.log(tail) / np.log(probability) * (1 - 1e-12)))


def t_chart(
    between: npt.ArrayLike,
    limits: Literal["probability", "transformed"] = "probability",
    tail: float = THREE_SIGMA_TAIL,
) -> GapChart:
    """Chart of the time between events, exponentially distributed.

    "transformed" limits are Nelson's: times to the power 1/3.6 on an individuals chart (mean ± 2.66 x the mean moving
    range, not screened), taken back to time; they adapt to times that vary more or less than exponential ones. But they
    let next to no short gap through as a signal: the lower limit is often zero. Probability limits are quantiles of the
    exponential distribution about the mean time, corrected for its error by F on (2, 2n) degrees of freedom, and
    signal a rise of the rate and a fall alike.

    Parameters
    ----------
    between : array_like, shape (n,), n >= 2
        Time between successive events in order, any unit, not negative.
    limits : {"probability", "transformed"}
    tail : float
        Probability beyond each limit ("probability" alone).

    Returns
    -------
    GapChart
        `centre` is the median time.

    Raises
    ------
    ValueError
        If there are fewer than two gaps, or they are negative or all zero.

    References
    ----------
    Nelson (1994), J. Quality Technology 26:192-198; Provost & Murray (2011), The Health Care Data Guide.
    """
    gaps = _gaps(between)
    if limits == "transformed":
        x = gaps**WEIBULL_POWER
        half = 2.66 * float(np.abs(np.diff(x)).mean())
        low, centre, high = np.maximum(x.mean() + np.array([-half, 0.0, half]), 0.0) ** (1 / WEIBULL_POWER)
    else:
        probabilities = np.array([tail, 0.5, 1 - tail])
        low, centre, high = gaps.mean() * special.fdtri(2, 2 * len(gaps), probabilities)
    return _chart(gaps, float(centre), float(low), float(high))


def waiting_p_value(between: npt.ArrayLike, waiting: float) -> float:
    """Probability of waiting at least as long as now since the last event: a small one tells of fewer events.

    The gap that is still open belongs on no chart, though a long one is news before it ends. Exponential times with a
    mean estimated from n of them: (1 + waiting / sum of the gaps)^-n.
    """
    gaps = _gaps(between)
    if not (np.isfinite(waiting) and waiting >= 0):
        raise ValueError(f"waiting must be finite and not negative, not {waiting}")
    return float((1 + waiting / gaps.sum()) ** -len(gaps))


def _chart(gaps: Floats, centre: float, low: float, high: float) -> GapChart:
    signals = np.full(len(gaps), "none", dtype=object)
    signals[gaps < low] = "short_gap"
    signals[gaps > high] = "long_gap"
    return GapChart(centre, low, high, tuple(signals.tolist()))


def _gaps(between: npt.ArrayLike) -> Floats:
    gaps = np.asarray(between, dtype=np.float64)
    if gaps.ndim != 1 or len(gaps) < 2:
        raise ValueError("a chart of gaps needs at least two of them: three events")
    if not np.all(np.isfinite(gaps)) or np.any(gaps < 0):
        raise ValueError("gaps must be finite and not negative")
    if not gaps.any():
        raise ValueError("all gaps are zero: the events are not rare, count them per period instead")
    return gaps
