"""Basins of attraction: which pure state a path ends in, and what share of all starts ends there.

Belongs here: destinations, basins, and the paths of a phase portrait. Not here: the dynamics (`replicator`), nor which
states are stable (`rest_points`).

A path is known to end in a stable vertex once every advantage points to it at all corners of the box between the
path's state and the vertex: advantages are multilinear, so they then do so in the whole box, which no path leaves.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from indicators.games.expressions import Floats
from indicators.games.replicator import Advantages, advance, logistic, logit, step_length
from indicators.games.rest_points import stable_vertices
from indicators.games.tables import profiles

Ints = npt.NDArray[np.int64]

UNDECIDED = -1
"""Of a path that went round, or stood still, until the last step."""
_CHECK = 8
_PORTRAIT_STEP = 0.5
_GROWTH = 1.03
# Length of a path without an end that is drawn: once round, or nearly so.
_ROUND = 2.4


@dataclass(frozen=True)
class Portrait:
    """Paths from some starts.

    Attributes
    ----------
    lines : array of float, shape (starts, points, populations)
        Shares along each path, the points at equal distances, the last at its destination where it has one; of a
        path without one only the beginning.
    destinations : array of int, shape (starts,)
        Number of the stable profile that each ends in, `UNDECIDED` for none.
    """

    lines: Floats
    destinations: Ints


def grid(populations: int, side: int) -> Floats:
    """Return starts at the middles of equal cells, shape (side ** populations, populations)."""
    middles = (np.arange(side) + 0.5) / side
    return np.array(list(product(middles, repeat=populations)))


def corners(populations: int) -> Floats:
    """Return the starts of a phase portrait, at .1, .5 and .9 of each population: nine or 27."""
    return np.array(list(product((0.1, 0.5, 0.9), repeat=populations)))


def destinations(
    found: Advantages, starts: npt.ArrayLike, steps: int = 1600, accuracy: float = 0.35
) -> tuple[Ints, Floats]:
    """Say where starts end.

    Parameters
    ----------
    found : Advantages
        Of one table or of several, shape (tables,).
    starts : array_like, shape (starts, populations)
    steps : int
        After so many a path counts as undecided.
    accuracy : float
        Step times the greatest rate of change; only which side of a border a start is on depends on it.

    Returns
    -------
    ends : array of int, shape ([tables,] starts)
        Numbers of the stable profiles in the order of `profiles`, or `UNDECIDED`.
    levels : array of float, shape ([tables,] starts, populations)
        Shares in the end: of an undecided path those it had in the middle of its last half.
    """
    states = np.asarray(starts, dtype=np.float64).T
    count, number = states.shape
    is_one = found.terms.ndim == 2
    terms = found.terms[..., None] if is_one else found.terms
    tables = terms.shape[2]
    # One column per table and start.
    spread = Advantages(np.repeat(terms, number, axis=2), np.repeat(np.atleast_1d(found.rounding), number))
    stable = np.repeat(np.atleast_2d(stable_vertices(found).T).T, number, axis=1)
    place = np.tile(logit(states), (1, tables))
    ends = np.full(tables * number, UNDECIDED)
    mean, counted = np.zeros((count, tables * number)), 0
    left = np.arange(tables * number)
    step = step_length(found, accuracy)
    for done in range(0, steps + 1, _CHECK):
        shares = logistic(place[:, left])
        here = _arrived(_part(spread, left), stable[:, left], shares)
        ends[left] = here
        left = left[here == UNDECIDED]
        if not len(left) or done >= steps:
            break
        if done >= steps // 2:
            mean[:, left] += logistic(place[:, left])
            counted += 1
        place[:, left] = advance(_part(spread, left), place[:, left], step, _CHECK)
    vertices = np.array(profiles(count), dtype=np.float64)
    levels = np.where((ends == UNDECIDED)[:, None], (mean / max(counted, 1)).T, vertices[ends])
    shape = (number,) if is_one else (tables, number)
    return ends.reshape(shape), levels.reshape(*shape, count)


def basins(found: Advantages, side: int) -> tuple[Floats, Floats]:
    """Share of the starts on a grid that ends in each profile.

    Parameters
    ----------
    side : int
        Starts a population: side ** populations in all.

    Returns
    -------
    shares : array of float, shape ([tables,] profiles)
        They add up to less than 1 where paths stay undecided.
    levels : array of float, shape ([tables,] populations)
        Share of each population that cooperates in the end, over all starts.
    """
    ends, levels = destinations(found, grid(found.populations, side))
    shares = np.stack([np.mean(ends == number, axis=-1) for number in range(2**found.populations)], axis=-1)
    return shares, levels.mean(axis=-2)


def portrait(found: Advantages, starts: npt.ArrayLike, points: int = 40, steps: int = 320) -> Portrait:
    """Draw the paths of one table from some starts, shape (starts, populations), as lines of so many points."""
    shares = np.asarray(starts, dtype=np.float64)
    ends, _ = destinations(found, shares)
    lines = np.empty((len(shares), points, found.populations))
    for those in (ends != UNDECIDED, ends == UNDECIDED):
        if those.any():
            lines[those] = _lines(found, shares[those], ends[those], points, steps)
    return Portrait(lines, ends)


def _lines(found: Advantages, starts: Floats, ends: Ints, points: int, steps: int) -> Floats:
    """Paths that all have an end, or that all have none: these are followed for some way alone."""
    # Short steps where paths bend, longer ones on the way into an end.
    place, longest = logit(starts.T), min(_PORTRAIT_STEP / max(found.bend, 1e-300), 1e6)
    step = min(longest, _PORTRAIT_STEP / 2 / max(found.greatest, 1e-300))
    has_end = ends[0] != UNDECIDED
    goal = np.array(profiles(found.populations), dtype=np.float64)[ends].T
    kept = [starts.T]
    for _ in range(steps):
        place = advance(found, place, step, 1)
        kept.append(logistic(place))
        if has_end:
            step = min(longest, step * _GROWTH)
            if np.all(np.abs(kept[-1] - goal) < 0.005):
                break
    if has_end:
        kept.append(goal)
    trace = np.stack(kept, axis=-1)  # populations, starts, steps
    along = np.cumsum(np.sqrt(np.sum(np.diff(trace, axis=-1) ** 2, axis=0)), axis=-1)
    lines = np.empty((len(starts), points, found.populations))
    for at, length in enumerate(along):
        way = np.insert(length, 0, 0.0)
        wanted = np.linspace(0.0, way[-1] if has_end else min(way[-1], _ROUND), points)
        for population in range(found.populations):
            lines[at, :, population] = np.interp(wanted, way, trace[population, at])
    return lines


def _part(found: Advantages, columns: Ints) -> Advantages:
    return Advantages(found.terms[:, :, columns], found.rounding[columns])


def _arrived(found: Advantages, stable: npt.NDArray[np.bool_], shares: Floats) -> Ints:
    """Number of the stable vertex that each column is bound to end in, `UNDECIDED` for none yet."""
    count = found.populations
    ends = np.full(shares.shape[1], UNDECIDED)
    for number, profile in enumerate(profiles(count)):
        if not stable[number].any():
            continue
        vertex = np.array(profile, dtype=np.float64)[:, None]
        bound = stable[number].copy()
        for corner in product((False, True), repeat=count):
            at = np.where(np.array(corner)[:, None], vertex, shares)
            bound &= np.all((2 * vertex - 1) * found.at(at) > found.rounding, axis=0)
        ends[bound] = number
    return ends
