"""How much counts of areas and periods vary beyond what chance alone gives.

Belongs here: the dispersion φ that `change` and `evaluation` multiply variances by. Not here: the spread of areas
around a common target, which `funnels` estimates from z-scores.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Dispersion(NamedTuple):
    """Variance of counts over what Poisson counts have (at least 1), and its degrees of freedom."""

    phi: float
    degrees: int


def dispersion(counts: npt.ArrayLike) -> Dispersion:
    """Over-dispersion of counts by area and period, once each area's level and each period's are taken out.

    Squared residuals of the table with the same margins, summed, over their sum for Poisson counts. Large counts
    weigh most, as they do in an evaluation. Take periods as long as the evaluation's windows: over longer ones
    areas drift apart further.

    Parameters
    ----------
    counts : array_like, shape (areas, periods)
        At least two of each with any event.

    Returns
    -------
    Dispersion

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., ch. 9 (quasi-likelihood).
    """
    y = np.asarray(counts, dtype=np.float64)
    if y.ndim != 2 or not np.all(np.isfinite(y)) or np.any(y < 0):
        raise ValueError("counts must be a table of areas by periods, finite and not negative")
    y = y[y.sum(axis=1) > 0][:, y.sum(axis=0) > 0]
    if min(y.shape) < 2:
        raise ValueError("a dispersion needs at least two areas and two periods with any event")
    rows, columns = y.sum(axis=1, keepdims=True), y.sum(axis=0, keepdims=True)
    whole = y.sum()
    fitted = rows * columns / whole
    poisson = fitted * (1 - rows / whole) * (1 - columns / whole)
    phi = ((y - fitted) ** 2).sum() / poisson.sum()
    return Dispersion(max(1.0, float(phi)), (y.shape[0] - 1) * (y.shape[1] - 1))


def checked_dispersion(dispersion: float) -> float:
    """Return φ.

    Raises
    ------
    ValueError
        If it is below 1: counts that vary less than chance are not to be trusted with narrower limits.
    """
    if not (np.isfinite(dispersion) and dispersion >= 1):
        raise ValueError(f"the dispersion must be at least 1, not {dispersion}")
    return dispersion
