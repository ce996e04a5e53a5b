"""Centrality in networks without direction: who lies between others, and how far all runs through one.

Belongs here: measures of adjacency matrices, of many networks at once. Not here: what makes a link, and how many of
the possible ones there are (`network`).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class _Paths(NamedTuple):
    """Length of the shortest paths between each two agencies (infinite where there is none), and their number."""

    length: Floats
    number: Floats


def adjacency(present: npt.ArrayLike, ends: npt.ArrayLike, agencies: int) -> Bools:
    """Which agencies are linked.

    Parameters
    ----------
    present : array_like of bool, shape (..., e)
    ends : array_like of int, shape (e, 2)
        Numbers of the agencies from 0; the direction does not count.
    agencies : int

    Returns
    -------
    array of bool, shape (..., agencies, agencies)
        Symmetric, without a link of one with itself.
    """
    there, pairs = np.asarray(present, dtype=np.bool_), np.asarray(ends, dtype=np.int64).reshape(-1, 2)
    linked = np.zeros((*there.shape[:-1], agencies, agencies), dtype=np.bool_)
    for at, (one, other) in enumerate(pairs):
        linked[..., one, other] |= there[..., at]
        linked[..., other, one] |= there[..., at]
    return linked


def betweenness(linked: Bools) -> Floats:
    """Pairs of others whose shortest paths run through each agency, in parts where several are as short.

    Parameters
    ----------
    linked : array of bool, shape (..., n, n)
        As `adjacency` gives it.

    Returns
    -------
    array of float, shape (..., n)
        From 0 to (n - 1)(n - 2) / 2.

    References
    ----------
    Freeman (1977), Sociometry 40:35-41.
    """
    length, number = _shortest_paths(linked)
    n = linked.shape[-1]
    found = np.zeros(linked.shape[:-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        for through in range(n):
            to, on = length[..., :, through, None], length[..., None, through, :]
            is_between = np.isfinite(length) & (to + on == length)
            is_between[..., through, :] = is_between[..., :, through] = False
            parts = number[..., :, through, None] * number[..., None, through, :] / number
            found[..., through] = np.where(is_between, parts, 0.0).sum(axis=(-2, -1)) / 2
    return found


def betweenness_centralisation(linked: Bools) -> Floats:
    """Sum of (highest betweenness - betweenness), as a share of that of a star: 1 where one lies between all others.

    Parameters
    ----------
    linked : array of bool, shape (..., n, n)
        Of three agencies at least.

    References
    ----------
    Freeman (1978), Social Networks 1:215-239.
    """
    n = linked.shape[-1]
    if n < 3:
        raise ValueError("betweenness centralisation needs three agencies")
    between = betweenness(linked)
    gaps = (between.max(axis=-1, keepdims=True) - between).sum(axis=-1)
    share: Floats = gaps / ((n - 1) ** 2 * (n - 2) / 2)
    return share


def brokered_pairs(linked: Bools) -> Floats:
    """Pairs of each agency's partners that have no link of their own: they meet through it.

    References
    ----------
    Gould & Fernandez (1989), Sociological Methodology 19:89-126 (brokerage, without groups).
    """
    degree = linked.sum(axis=-1)
    pairs: Floats = degree * (degree - 1) / 2 - _triangles(linked)
    return pairs


def transitivity(linked: Bools) -> Floats:
    """Share of the pairs of partners of one agency that are linked themselves; NaN where nobody has two partners.

    References
    ----------
    Wasserman & Faust (1994), Social Network Analysis, sec. 6.6.
    """
    degree = linked.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        share: Floats = _triangles(linked).sum(axis=-1) / (degree * (degree - 1) / 2).sum(axis=-1)
    return share


def _triangles(linked: Bools) -> Floats:
    """Pairs of each agency's partners that are linked themselves."""
    a = linked.astype(np.float64)
    pairs: Floats = np.einsum("...ij,...ij->...i", a @ a, a) / 2
    return pairs


def _shortest_paths(linked: Bools) -> _Paths:
    """Walk from every agency at once, a link at a time."""
    a, n = linked.astype(np.float64), linked.shape[-1]
    itself = np.broadcast_to(np.eye(n), linked.shape)
    length, number = np.where(itself > 0, 0.0, np.inf), itself.copy()
    front = number
    for step in range(1, n):
        reached = front @ a
        front = np.where((reached > 0) & np.isinf(length), reached, 0.0)
        if not front.any():
            break
        length = np.where(front > 0, float(step), length)
        number = number + front
    return _Paths(length, number)
