"""Where nothing moves: rest points of the replicator dynamics, and what the Jacobian says of each.

Belongs here: vertices, edges, faces and the interior, eigenvalues, stability. Not here: how much of all starts a
stable state attracts (`basins`), nor how parameters change it (`thresholds`).

A rest point that some population is mixed in is never asymptotically stable in a game between populations: the
eigenvalues of those that are mixed add up to zero. At best paths circle it (a centre). Only vertices attract, and a
vertex does so strictly if and only if each population is worse off by changing alone.

References
----------
Selten (1980), A note on evolutionarily stable strategies in asymmetric animal conflicts, Journal of Theoretical
Biology 84:93–101. Hofbauer & Sigmund (1998), Evolutionary Games and Population Dynamics, chapter 11.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from indicators.games.expressions import Floats
from indicators.games.replicator import Advantages
from indicators.games.tables import Profile, profiles

Kind = Literal["vertex", "edge", "face", "interior"]
Stability = Literal["stable", "unstable", "saddle", "centre", "undetermined"]
_SAME = 1e-7


@dataclass(frozen=True)
class RestPoint:
    """A state in which no share changes.

    Attributes
    ----------
    shares : tuple of float
        Share of each population that cooperates.
    kind : str
        How many populations are mixed: none (vertex), one (edge), two (face), three (interior). Of two populations
        the face is the interior of the square.
    eigenvalues : tuple of complex
        Of the Jacobian; of a vertex that of each population in order, (1 − 2x) ΔE.
    stability : str
        `stable`: all real parts are negative (of a vertex: evolutionarily stable); `unstable`: all are positive;
        `saddle`: there are both; `centre`: paths circle in two directions, and the third, if any, leads there;
        `undetermined`: what is of first order does not tell.
    is_isolated : bool
        False for a state within a line of rest points; of an edge that is at rest as a whole, the middle is given.
    """

    shares: tuple[float, ...]
    kind: Kind
    eigenvalues: tuple[complex, ...]
    stability: Stability
    is_isolated: bool = True


def rest_points(found: Advantages) -> list[RestPoint]:
    """Find the rest points of one table: vertices, then edges, faces and the interior.

    Notes
    -----
    Lines and faces at rest that are none of the edges are left out: they need ties in several payoffs at once.
    """
    count = found.populations
    points = [_point(found, np.array(profile, dtype=np.float64), "vertex") for profile in profiles(count)]
    points += [_point(found, state, "edge", is_isolated=False) for state in _edges(found)]
    mixed = _faces(found)
    if count == 3:
        points += [_point(found, state, "face") for state in mixed]
        mixed = _interior(found)
        points += [_point(found, state, "interior") for state in mixed]
    else:
        points += [_point(found, state, "face") for state in mixed]
    return points


def stable_vertices(found: Advantages) -> npt.NDArray[np.bool_]:
    """Whether each pure state is evolutionarily stable; shape (profiles, ...), profiles in their order."""
    return np.stack([np.all(_pull(found, profile) > found.rounding, axis=0) for profile in profiles(found.populations)])


def jacobian(found: Advantages, shares: npt.ArrayLike) -> Floats:
    """Return ∂ẋᵢ/∂xⱼ of one table at a state, shape (populations, populations)."""
    x = np.asarray(shares, dtype=np.float64)
    gain = found.at(x)
    matrix = np.diag((1 - 2 * x) * gain)
    for i in range(found.populations):
        others = _others(i, found.populations)
        for position, j in enumerate(others):
            slope = found.terms[i, 1 + position]
            if len(others) == 2:
                slope = slope + found.terms[i, 3] * x[others[1 - position]]
            matrix[i, j] = x[i] * (1 - x[i]) * slope
    return matrix


def _pull(found: Advantages, profile: Profile) -> Floats:
    """What each population loses by leaving a profile alone."""
    signs = 2 * np.array(profile, dtype=np.float64) - 1
    pull: Floats = signs.reshape(-1, *(1,) * (found.terms.ndim - 2)) * found.at_profile(profile)
    return pull


def _others(i: int, count: int) -> tuple[int, ...]:
    return tuple(j for j in range(count) if j != i)


def _point(found: Advantages, state: Floats, kind: Kind, is_isolated: bool = True) -> RestPoint:
    matrix = jacobian(found, state)
    eigenvalues = np.diag(matrix).astype(complex) if kind == "vertex" else np.linalg.eigvals(matrix).astype(complex)
    if kind != "vertex":
        eigenvalues = eigenvalues[np.lexsort((eigenvalues.imag.round(9), eigenvalues.real.round(9)))]
    tolerance = max(float(found.rounding), 1e-9 * float(np.max(np.abs(eigenvalues), initial=0.0)))
    return RestPoint(
        tuple(float(each) + 0.0 for each in state),
        kind,
        tuple(complex(each) + 0 for each in eigenvalues),
        _stability(eigenvalues, tolerance),
        is_isolated,
    )


def _stability(eigenvalues: npt.NDArray[np.complex128], tolerance: float) -> Stability:
    real = eigenvalues.real
    falls, rises = real < -tolerance, real > tolerance
    if falls.all():
        return "stable"
    if rises.all():
        return "unstable"
    if falls.any() and rises.any():
        return "saddle"
    turns = ~falls & ~rises & (np.abs(eigenvalues.imag) > tolerance)
    if turns.sum() == 2 and falls.sum() == len(real) - 2:
        return "centre"
    return "undetermined"


def _edges(found: Advantages) -> Iterator[Floats]:
    """Edges along which a population gains nothing either way: there every state is at rest."""
    for i in range(found.populations):
        for fixed in profiles(found.populations - 1):
            state = np.insert(np.array(fixed, dtype=np.float64), i, 0.5)
            if abs(found.at(state)[i]) <= found.rounding:
                yield state


def _faces(found: Advantages) -> list[Floats]:
    """States in which two populations are mixed and a third, if any, is pure."""
    count, states = found.populations, []
    for i, j in combinations(range(count), 2):
        for pure in profiles(count - 2):
            state = np.zeros(count)
            rest = [k for k in range(count) if k not in (i, j)]
            state[rest] = pure
            share_j, share_i = (_balance(found, of, by, state) for of, by in ((i, j), (j, i)))
            if share_i is not None and share_j is not None:
                state[i], state[j] = share_i, share_j
                states.append(state)
    return states


def _balance(found: Advantages, of: int, by: int, state: Floats) -> float | None:
    """Share of one population, strictly between 0 and 1, at which another gains nothing by cooperating."""
    ends = []
    for share in (0.0, 1.0):
        at = state.copy()
        at[by] = share
        ends.append(float(found.at(at)[of]))
    if ends[0] * ends[1] >= 0:
        return None
    return ends[0] / (ends[0] - ends[1])


def _interior(found: Advantages) -> list[Floats]:
    """States in which all three are mixed: two bilinear equations put into the third leave a quadratic one."""
    states: list[Floats] = []
    for last in range(3):
        first, second = _others(last, 3)
        # Of `first`: a + b·second + c·last + d·second·last = 0, so that second = −(a + c·last)/(b + d·last).
        above_second, below_second = _ratio(found, first, second)
        above_first, below_first = _ratio(found, second, first)
        a, b, c, d = found.terms[last]  # constant, first, second, both
        quadratic = (
            a * np.convolve(below_first, below_second)
            + b * np.convolve(above_first, below_second)
            + c * np.convolve(below_first, above_second)
            + d * np.convolve(above_first, above_second)
        )
        for root in _real_roots(quadratic):
            denominators = np.polyval(below_first, root), np.polyval(below_second, root)
            if min(abs(each) for each in denominators) <= found.rounding:
                continue
            state = np.empty(3)
            state[last] = root
            state[first] = np.polyval(above_first, root) / denominators[0]
            state[second] = np.polyval(above_second, root) / denominators[1]
            within = np.all((state > _SAME) & (state < 1 - _SAME))
            scale = max(float(np.max(np.abs(found.terms))), 1e-300)
            rests = within and np.all(np.abs(found.at(state)) < 1e-7 * scale)
            if rests and not any(np.allclose(state, other, atol=1e-6) for other in states):
                states.append(state)
    return sorted(states, key=tuple)


def _ratio(found: Advantages, of: int, unknown: int) -> tuple[Floats, Floats]:
    """Numerator and denominator of a share at which a population gains nothing, linear in that of the third."""
    constant, one, other, both = found.terms[of]
    by_unknown, by_last = (one, other) if _others(of, 3)[0] == unknown else (other, one)
    return np.array([-by_last, -constant]), np.array([both, by_unknown])


def _real_roots(quadratic: Floats) -> list[float]:
    scale = float(np.max(np.abs(quadratic), initial=0.0))
    if scale == 0:
        return []
    quadratic = np.where(np.abs(quadratic) < 1e-13 * scale, 0.0, quadratic)
    return [float(root.real) for root in np.roots(quadratic) if abs(root.imag) < 1e-7 * (1 + abs(root))]
