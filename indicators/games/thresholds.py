"""Thresholds: from which value of a parameter on a pure state is stable, and maps of one or two parameters.

Belongs here: the ranges of one parameter in which a state is evolutionarily stable, and which states are over a grid of
two. Not here: what a change does to the share of starts that cooperate (`sensitivity`).

A pure state is stable while each population would lose by leaving it alone, which is the sign of its eigenvalue there.
Where the payoffs concerned are linear in the parameter, so is that loss, and the threshold is exact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indicators.games.expressions import Floats
from indicators.games.replicator import advantages
from indicators.games.rest_points import stable_vertices
from indicators.games.tables import Game, Profile, profiles

Losses = Callable[[Floats], Floats]
_SCAN = 801
_HALVINGS = 60


@dataclass(frozen=True)
class StableRange:
    """Values of a parameter between which a pure state is stable, all others held.

    Attributes
    ----------
    low, high : float or None
        None where nothing ends it: of linear payoffs anywhere, of others within the range that was looked at.
    low_by, high_by : str or None
        Population that leaves the state beyond.
    is_exact : bool
        Whether the ends come from linear payoffs, not from a search.
    """

    low: float | None
    high: float | None
    low_by: str | None
    high_by: str | None
    is_exact: bool


def stable_ranges(
    game: Game, values: Mapping[str, float], parameter: str, profile: Profile, low: float, high: float
) -> list[StableRange]:
    """Find where a profile is stable as one parameter changes.

    Parameters
    ----------
    values : mapping of str to float
        Of all parameters; that of `parameter` itself does not matter.
    profile : tuple of int
        What each population does.
    low, high : float
        Where to look, if a payoff is not linear in the parameter.

    Returns
    -------
    list of StableRange
        From low to high, none if it is stable nowhere. Of linear payoffs one at most.
    """
    flipped = [_flipped(profile, i) for i in range(len(profile))]
    entries = [(game.payoffs[profile][i], game.payoffs[flipped[i]][i]) for i in range(len(profile))]

    def losses(at: Floats) -> Floats:
        """What each population loses by leaving, shape (populations, values)."""
        given: dict[str, npt.ArrayLike] = {**values, parameter: at}
        return np.stack([np.broadcast_to(stay.value(given) - leave.value(given), at.shape) for stay, leave in entries])

    if all(entry.is_linear_in(parameter) for pair in entries for entry in pair):
        return _linear(game, losses, low, high)
    return _searched(game, losses, low, high)


def stability_map(
    game: Game, values: Mapping[str, float], across: tuple[str, npt.ArrayLike], up: tuple[str, npt.ArrayLike]
) -> npt.NDArray[np.bool_]:
    """Say which pure states are stable over a grid of two parameters.

    Parameters
    ----------
    across, up : tuple of str and array_like
        A parameter and its values.

    Returns
    -------
    array of bool, shape (profiles, up, across)
        All false where a payoff is not finite.
    """
    x, y = (np.asarray(each, dtype=np.float64) for each in (across[1], up[1]))
    given: dict[str, npt.ArrayLike] = {**values, across[0]: x[None, :], up[0]: y[:, None]}
    table = np.broadcast_to(game.values(given), (len(y), len(x), len(game.populations), *(2,) * len(game.populations)))
    usable = np.isfinite(table).all(axis=tuple(range(2, table.ndim)))
    found = advantages(np.where(usable.reshape(*usable.shape, *(1,) * (table.ndim - 2)), table, 0.0), table.ndim - 3)
    return stable_vertices(found) & usable


def _flipped(profile: Profile, population: int) -> Profile:
    return tuple(1 - each if i == population else each for i, each in enumerate(profile))


def _linear(game: Game, losses: Losses, low: float, high: float) -> list[StableRange]:
    ends = losses(np.array([low, high]))
    if not np.all(np.isfinite(ends)):  # what is held divides by zero, whatever the parameter
        return []
    scale = float(np.max(np.abs(ends), initial=0.0))
    lower: tuple[float, str | None] = (-np.inf, None)
    upper: tuple[float, str | None] = (np.inf, None)
    for name, (first, last) in zip(game.populations, ends, strict=True):
        slope = last - first
        if abs(slope) <= 1e-12 * scale:
            if first <= 1e-12 * scale:
                return []
            continue
        root = float(low - first * (high - low) / slope) + 0.0
        if slope > 0 and root > lower[0]:
            lower = (root, name)
        elif slope < 0 and root < upper[0]:
            upper = (root, name)
    if lower[0] >= upper[0]:
        return []
    return [
        StableRange(
            None if lower[1] is None else lower[0], None if upper[1] is None else upper[0], lower[1], upper[1], True
        )
    ]


def _searched(game: Game, losses: Losses, low: float, high: float) -> list[StableRange]:
    at = np.linspace(low, high, _SCAN)
    along = losses(at)
    stable = np.all(np.isfinite(along) & (along > 0), axis=0)
    steps = np.diff(np.concatenate([[False], stable, [False]]).astype(int))
    ranges = []
    for first, last in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1, strict=True):
        start = _border(losses, at[first], at[first - 1]) if first else None
        end = _border(losses, at[last], at[last + 1]) if last < _SCAN - 1 else None
        who = [None if edge is None else game.populations[int(edge[1])] for edge in (start, end)]
        ranges.append(StableRange(start and start[0], end and end[0], who[0], who[1], False))
    return ranges


def _border(losses: Losses, inside: float, outside: float) -> tuple[float, int]:
    """Where a state stops being stable between two values, and which population leaves it first."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        worst = losses(np.array([middle]))[:, 0]
        if np.all(np.isfinite(worst) & (worst > 0)):
            inside = middle
        else:
            outside = middle
    beyond = losses(np.array([outside]))[:, 0]
    return float(inside), int(np.argmin(np.where(np.isfinite(beyond), beyond, -np.inf)))


def everywhere(
    game: Game, values: Mapping[str, float], parameter: str, low: float, high: float
) -> dict[Profile, list[StableRange]]:
    """Return the ranges of every profile: a map of one parameter."""
    return {
        profile: stable_ranges(game, values, parameter, profile, low, high)
        for profile in profiles(len(game.populations))
    }
