"""Sensitivity of a game's outcome: what each parameter moves, and how far it is from the next threshold.

Belongs here: one parameter moved at a time. Not here: the thresholds themselves (`thresholds`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from indicators.games.basins import basins
from indicators.games.expressions import Floats
from indicators.games.replicator import advantages
from indicators.games.tables import Game, GameError
from indicators.games.thresholds import everywhere

MOVED = 0.1
"""Share of a parameter's range that it is moved by, down and up."""


@dataclass(frozen=True)
class Effect:
    """What a parameter does to the outcome.

    Attributes
    ----------
    parameter : str
    lower, upper : float
        Its values after a move down and up, within its range.
    cooperation_lower, cooperation_upper : float
        Cooperation in the end at those values: share of those who cooperate, mean over starts and populations.
    next_below, next_above : float or None
        Nearest values within its range at which other pure states become, or stop being, stable; None for none.
    """

    parameter: str
    lower: float
    upper: float
    cooperation_lower: float
    cooperation_upper: float
    next_below: float | None
    next_above: float | None


def cooperation(levels: Floats) -> Floats:
    """Mean over populations of the levels that `basins` gives, shape (..., populations) to (...)."""
    found: Floats = np.mean(levels, axis=-1)
    return found


def sensitivity(
    game: Game, values: Mapping[str, float], ranges: Mapping[str, tuple[float, float]], side: int
) -> list[Effect]:
    """Move each parameter by a tenth of its range, down and up, and see where starts end then.

    Parameters
    ----------
    values : mapping of str to float
    ranges : mapping of str to tuple of float
        Lowest and highest value of each parameter to move.
    side : int
        Starts a population, as for `basins`.

    Returns
    -------
    list of Effect
        In the order of `ranges`.

    Raises
    ------
    GameError
        If a payoff is not finite after a move.
    """
    if not ranges:
        return []
    moved = []
    for name, (low, high) in ranges.items():
        step = MOVED * (high - low)
        moved += [{**values, name: max(values[name] - step, low)}, {**values, name: min(values[name] + step, high)}]
    table = game.values({name: np.array([each[name] for each in moved]) for name in values})
    count = len(game.populations)
    table = np.broadcast_to(table, (len(moved), count, *(2,) * count))
    if not np.all(np.isfinite(table)):
        at = int(np.argwhere(~np.isfinite(table))[0, 0])
        name = list(ranges)[at // 2]
        raise GameError(f"a payoff divides by 0 where {name} is {moved[at][name]:g}")
    _, levels = basins(advantages(table, count), side)
    outcome = cooperation(levels)
    effects = []
    for position, (name, (low, high)) in enumerate(ranges.items()):
        below, above = _nearest(game, values, name, low, high)
        down, up = moved[2 * position], moved[2 * position + 1]
        effects.append(
            Effect(
                name, down[name], up[name], float(outcome[2 * position]), float(outcome[2 * position + 1]), below, above
            )
        )
    return effects


def _nearest(
    game: Game, values: Mapping[str, float], name: str, low: float, high: float
) -> tuple[float | None, float | None]:
    """Nearest values of a parameter, below and above, at which the stable states are others."""
    ends = {
        end
        for ranges in everywhere(game, values, name, low, high).values()
        for each in ranges
        for end in (each.low, each.high)
        if end is not None and low <= end <= high
    }
    below, above = [end for end in ends if end < values[name]], [end for end in ends if end > values[name]]
    return max(below, default=None), min(above, default=None)
