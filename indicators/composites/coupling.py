"""Coupling coordination: how well the parts of a system do together, and how evenly.

Belongs here: C, T and D, standard and adjusted, and the ten classes. Arrays have the parts (subjects, foundations) on
their last axis, each from 0 to 1, and any axes (draws, areas) before it.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from indicators.composites.weights import given_weights
from indicators.intervals import Floats

Form = Literal["standard", "adjusted"]
CLASSES = (
    *("extreme_imbalance", "severe_imbalance", "moderate_imbalance", "mild_imbalance", "near_imbalance"),
    *("bare_coordination", "primary_coordination", "intermediate_coordination", "good_coordination"),
    "quality_coordination",
)
"""The ten classes of D, each a tenth wide, from 0 to 1."""


class Coupling(NamedTuple):
    """Coupling C, level T and coordination D, each from 0 to 1."""

    coupling: Floats
    level: Floats
    coordination: Floats


def coupling_coordination(
    parts: npt.ArrayLike, weights: npt.ArrayLike | None = None, form: Form = "adjusted"
) -> Coupling:
    """Coupling coordination of parts.

    The standard coupling is C = n (∏U)^(1/n) / ΣU; the adjusted one, which spreads over the whole of 0 to 1,
    C = √[(1 − mean over pairs |Uᵢ − Uⱼ|) · ∏(Uᵢ / max U)^(1/(n−1))]. T = Σ αU; D = √(C·T). D follows T closely:
    show all three.

    Parameters
    ----------
    parts : array_like
        From 0 to 1, at least two on the last axis; NaN in one makes the result NaN.
    weights : array_like, optional
        α, one per part; by default equal.
    form : {"standard", "adjusted"}

    Returns
    -------
    Coupling
        Of the shape of `parts` without its last axis. Where every part is 0, C is 0.

    Raises
    ------
    ValueError
        If there are fewer than two parts, or one is outside 0 to 1.

    References
    ----------
    Wang Shujia, Kong Wei, Ren Liang, Zhi Dandan & Dai Binting (2021), J. Natural Resources 36(3):793-810.
    """
    u = np.asarray(parts, dtype=np.float64)
    count = u.shape[-1] if u.ndim else 0
    if count < 2:
        raise ValueError("coupling needs at least two parts")
    if (u < 0).any() or (u > 1).any():
        raise ValueError("the parts must lie between 0 and 1: normalise them first")
    alpha = np.full(count, 1 / count) if weights is None else given_weights(weights)
    total, most = u.sum(axis=-1), u.max(axis=-1)
    if form == "standard":
        coupling = count * np.prod(u, axis=-1) ** (1 / count) / np.where(total > 0, total, 1.0)
    else:
        one, other = np.triu_indices(count, 1)
        apart = np.abs(u[..., one] - u[..., other]).mean(axis=-1)
        relative = u / np.where(most > 0, most, 1.0)[..., None]
        coupling = np.sqrt((1 - apart) * np.prod(relative ** (1 / (count - 1)), axis=-1))
    level = (alpha * u).sum(axis=-1)
    return Coupling(coupling, level, np.sqrt(coupling * level))


def class_within(lower: npt.ArrayLike, upper: npt.ArrayLike) -> list[str | None]:
    """The class in which the whole interval of each D lies; None where it touches more than one."""
    low, high = (_class_number(np.atleast_1d(np.asarray(each, dtype=np.float64))) for each in (lower, upper))
    return [
        CLASSES[int(first)] if first == last and not np.isnan(first) else None
        for first, last in zip(low, high, strict=True)
    ]


def _class_number(coordination: Floats) -> Floats:
    return np.minimum(np.floor(np.round(coordination * len(CLASSES), 9)), len(CLASSES) - 1)
