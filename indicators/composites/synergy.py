"""Synergy: whether the parts of a system move together from one period to the next.

Belongs here: degrees of order and of synergy. A movement that chance explains says nothing, so a degree of synergy is
given only where every part has moved for sure.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from indicators.composites.aggregate import aggregate
from indicators.composites.normalise import goalposts
from indicators.intervals import Floats

Movement = Literal["together_up", "together_down", "apart", "indeterminate"]


def order_degrees(
    x: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, direction: npt.ArrayLike, weights: npt.ArrayLike
) -> Floats:
    """Order μ = Σ λe of a part from its order parameters e = (x − β)/(α − β).

    Parameters
    ----------
    x : array_like
        Order parameters on the last axis.
    low, high, direction
        The declared worst and best, as in `normalise.goalposts`.
    weights : array_like
        λ.
    """
    return aggregate(goalposts(x, low, high, direction), weights)


def synergy(changes: npt.ArrayLike) -> Floats:
    """Degree of synergy θ (∏|Δμ|)^(1/k), θ = 1 where every part has risen, else −1.

    Parameters
    ----------
    changes : array_like
        Δμ of the k parts on the last axis.

    Returns
    -------
    array of float
        From −1 to 1, without the last axis.

    References
    ----------
    Haken (1983), Synergetics; Meng & Han (2000), on the synergy degree of composite systems.
    """
    delta = np.asarray(changes, dtype=np.float64)
    size = np.exp(np.log(np.maximum(np.abs(delta), np.finfo(np.float64).tiny)).mean(axis=-1))
    degree: Floats = np.where((delta > 0).all(axis=-1), size, -size)
    return degree


def movement(lower: npt.ArrayLike, upper: npt.ArrayLike) -> Movement:
    """How the parts have moved, from the intervals of their changes; `indeterminate` if one of these holds zero.

    Parameters
    ----------
    lower, upper : array_like
        Of Δμ, one per part.
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    up, down = low > 0, high < 0
    if not (up | down).all():
        return "indeterminate"
    return "together_up" if up.all() else "together_down" if down.all() else "apart"
