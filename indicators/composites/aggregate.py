"""Indicators into one score: means of several kinds, up a tree of any depth, and the order of Copeland.

Belongs here: combining normalised figures. Arrays have the indicators on their last axis; NaN is missing, and the
weights of those that are there are taken as shares of their sum.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from indicators.composites.screening import matrix
from indicators.intervals import Floats

Mean = Literal["arithmetic", "geometric", "harmonic"]


def aggregate(x: npt.ArrayLike, weights: npt.ArrayLike, how: Mean = "arithmetic", least: float = 0.0) -> Floats:
    """Weighted mean over the last axis.

    Parameters
    ----------
    x : array_like
        Normalised; for the geometric and the harmonic mean not negative (a zero makes the mean zero: nothing else
        makes up for it).
    weights : array_like
        Not negative, broadcast against `x`.
    how : {"arithmetic", "geometric", "harmonic"}
    least : float
        Share of the weight whose figures must be there; below it, and where there is none, the mean is NaN.

    Raises
    ------
    ValueError
        If a figure is negative where it may not be.

    References
    ----------
    OECD/JRC (2008), Handbook on Constructing Composite Indicators, section 7.
    """
    figures, w = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(weights, dtype=np.float64))
    there = ~np.isnan(figures)
    whole = w.sum(axis=-1)
    w = np.where(there, w, 0.0)
    total = w.sum(axis=-1)
    filled = np.where(there, figures, 1.0)
    enough = (total > 0) & (total >= least * whole - 1e-12)
    per = np.where(total > 0, total, 1.0)
    if how == "arithmetic":
        mean = (w * filled).sum(axis=-1) / per
    else:
        if (filled < 0).any():
            raise ValueError(f"the {how} mean is of figures that are not negative")
        with np.errstate(divide="ignore"):
            if how == "geometric":
                # A zero counts only where it weighs something: 0 · −∞ is no number.
                mean = np.exp(np.where(w > 0, w * np.log(filled), 0.0).sum(axis=-1) / per)
            else:
                mean = per / np.where(w > 0, w / filled, 0.0).sum(axis=-1)
    return np.where(enough, mean, np.nan)


def aggregate_tree(
    figures: Mapping[str, npt.ArrayLike],
    parents: Sequence[tuple[str, str, float]],
    how: Mean = "arithmetic",
    least: float = 0.0,
) -> dict[str, Floats]:
    """Scores of every node of a tree, from its leaves up.

    Parameters
    ----------
    figures : mapping of str to array_like
        Normalised figures of the leaves, one per unit.
    parents : sequence of (child, parent, weight)
        In any order; every node but one has one parent.
    how, least
        As in `aggregate`.

    Returns
    -------
    dict of str to array of float
        The nodes above the leaves, children before their parents.

    Raises
    ------
    ValueError
        If a node has two parents, has no figures and no children, or is above itself.
    """
    if len({child for child, _, _ in parents}) < len(parents):
        raise ValueError("a node of the tree has two parents")
    children: dict[str, list[tuple[str, float]]] = {}
    for child, parent, weight in parents:
        children.setdefault(parent, []).append((child, weight))
    known = {name: np.asarray(column, dtype=np.float64) for name, column in figures.items()}
    found: dict[str, Floats] = {}
    left = list(children)
    while left:
        ready = [node for node in left if all(child in known for child, _ in children[node])]
        if not ready:
            raise ValueError(f"{', '.join(sorted(left))}: a child has no figures, or a node is above itself")
        for node in ready:
            columns = np.stack([known[child] for child, _ in children[node]], axis=-1)
            found[node] = known[node] = aggregate(columns, [weight for _, weight in children[node]], how, least)
            left.remove(node)
    return found


def copeland(x: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Copeland score of each unit: units that it beats minus units that beat it, in units' pairs.

    One unit beats another where it is better in indicators that weigh more than those in which it is worse, of those
    that both have. Nothing is made up for: only the order within each indicator counts.

    Parameters
    ----------
    x : array_like
        Units by indicators, more being better.
    weights : array_like
        One per indicator.

    References
    ----------
    Copeland (1951); Munda & Nardo (2009), Applied Economics 41:1513-1523.
    """
    figures, w = matrix(x), np.asarray(weights, dtype=np.float64)
    better = (figures[:, None, :] > figures[None, :, :]) @ w
    # Sums of the same weights in another order differ in the last digit.
    return np.asarray(np.sign(np.round(better - better.T, 9)).sum(axis=1), dtype=np.float64)
