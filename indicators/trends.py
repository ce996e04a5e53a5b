"""Control charts of single series, and which of many series changed.

Belongs here: XmR limits, special causes, the test of a latest point, false discovery control, all on arrays.
Not here: which series are charted and over which window (`charts`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

RUN_LENGTH = 7
SIGMA_PER_MEAN_MOVING_RANGE = 1 / 1.128
# Wheeler's effective degrees of freedom of a mean moving range of two, per degree of a full series.
EFFECTIVE_DEGREES = 0.62


@dataclass(frozen=True)
class XmrChart:
    """An XmR chart: centre line, natural process limits and one special cause (or `none`) per point."""

    centre: float
    limit_low: float
    limit_high: float
    signals: tuple[str, ...]


def xmr_chart(values: npt.ArrayLike, screened: bool = True, inflation: float = 1.0) -> XmrChart:
    """Individuals chart with special causes by the NHS "Making Data Count" rules.

    Limits are the mean ± 2.66 x the mean moving range; moving ranges above 3.267 x their mean are screened out
    once. Where several rules hold at a point the first of these names it: outside the limits, part of a
    trend of 7, one of two in three points between two and three sigma with all three on its side of the centre,
    part of 7 on one side.

    Parameters
    ----------
    values : array_like, shape (n,), n >= 2
        Consecutive points in time order.
    screened : bool
        Leave extreme moving ranges out.
    inflation : float
        What the mean moving range is multiplied by: above 1 where the points are about something fitted to them.

    Raises
    ------
    ValueError
        If there are fewer than two points.

    References
    ----------
    Provost & Murray (2011), The Health Care Data Guide; NHS England, Making Data Count.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError("an XmR chart needs one series of at least two points")
    centre, moving_range = float(x.mean()), mean_moving_range(x, screened) * inflation
    low, high = centre - 2.66 * moving_range, centre + 2.66 * moving_range
    return XmrChart(centre, low, high, _special_causes(x, centre, low, high))


def mean_moving_range(values: Floats, screened: bool = True) -> float:
    """Mean absolute difference of successive points, those above 3.267 times their mean left out."""
    ranges = np.abs(np.diff(values))
    if screened:
        ranges = ranges[ranges <= 3.267 * ranges.mean()]
    return float(ranges.mean())


def latest_point_p_value(values: npt.ArrayLike, inflation: float = 1.0) -> float | None:
    """Two-sided p-value of the last point of a series against the points before it.

    Sigma is the mean moving range of the earlier points / 1.128. The last point is compared with a centre
    that is itself estimated, hence sqrt(1 + 1/n), on Student's t with 0.62 (n - 1) degrees of freedom: the
    normal distribution would reject too often on two or three dozen points.

    Parameters
    ----------
    values : array_like, shape (n + 1,), n >= 3
        Consecutive points in time order.
    inflation : float
        As in `xmr_chart`.

    Returns
    -------
    float or None
        None where the earlier points do not vary, so that nothing can be tested.

    References
    ----------
    Wheeler (1995), Advanced Topics in Statistical Process Control (effective degrees of freedom).
    """
    x = np.asarray(values, dtype=np.float64)
    before, last = x[:-1], x[-1]
    if len(before) < 3:
        raise ValueError("the test of a latest point needs at least three points before it")
    sigma = mean_moving_range(before) * inflation * SIGMA_PER_MEAN_MOVING_RANGE
    # A sigma of rounding errors alone is no variation.
    if sigma <= 1e-12 * max(1.0, float(np.abs(before).max())):
        return None
    n = len(before)
    distance = abs(last - before.mean()) / (sigma * np.sqrt(1 + 1 / n))
    return float(min(1.0, 2 * special.stdtr(EFFECTIVE_DEGREES * (n - 1), -distance)))


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values (q-values) of the Benjamini-Hochberg step-up procedure, in the order given.

    References
    ----------
    Benjamini & Hochberg (1995), J. R. Statist. Soc. B 57:289-300.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if np.any((p < 0) | (p > 1)) or not np.all(np.isfinite(p)):
        raise ValueError("p-values must lie between 0 and 1")
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def _special_causes(x: Floats, centre: float, low: float, high: float) -> tuple[str, ...]:
    side = np.sign(x - centre)
    outside = (x > high) | (x < low)
    # Limits stand three sigma from the centre, so two sigma is two thirds of the way.
    close = ~outside & (np.abs(x - centre) > (high - centre) * 2 / 3)
    steps = np.sign(np.diff(x))
    signals = np.full(len(x), "none", dtype=object)
    for direction, ending in ((1.0, "up"), (-1.0, "down")):
        # Lowest precedence first: later rules overwrite.
        signals[_runs(side == direction, RUN_LENGTH)] = f"shift_{ending}"
        signals[_two_in_three(close, side == direction)] = f"near_limit_{ending}"
    for direction, ending in ((1.0, "up"), (-1.0, "down")):
        # Seven points rising are six steps up and the point that they start from.
        rising = _runs(steps == direction, RUN_LENGTH - 1)
        signals[np.append(rising, False) | np.insert(rising, 0, False)] = f"trend_{ending}"
    signals[outside & (side > 0)] = "above_limit"
    signals[outside & (side < 0)] = "below_limit"
    return tuple(signals.tolist())


def _runs(holds: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """Members of uninterrupted runs of at least `length`."""
    marked = np.zeros(len(holds), dtype=np.bool_)
    if holds.sum() < length:
        return marked
    padded = np.zeros(len(holds) + 2, dtype=np.bool_)
    padded[1:-1] = holds
    for start, end in np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2):
        marked[start:end] = end - start >= length
    return marked


def _two_in_three(close: npt.NDArray[np.bool_], on_side: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    if len(close) < 3:
        return np.zeros(len(close), dtype=np.bool_)
    a, b, c = close[:-2], close[1:-1], close[2:]
    windows = on_side[:-2] & on_side[1:-1] & on_side[2:] & (a & b | a & c | b & c)
    marked = np.zeros(len(close), dtype=np.bool_)
    # Each window marks three points.
    for start in range(3):
        marked[start : start + len(windows)] |= windows
    return close & marked
