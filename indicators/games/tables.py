"""Payoff tables: who plays, what each gets in every combination of strategies, as expressions or as numbers.

Belongs here: the table and its values. Not here: what comes of it over time (`replicator`), where it comes to rest
(`rest_points`), nor the titles and sources of parameters, which whoever declares a game keeps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

from indicators.games.expressions import Expression, Floats

Profile = tuple[int, ...]
"""What each population does: 1 it cooperates, 0 it does not."""


class GameError(ValueError):
    """A game that cannot be played with the values given."""


def profiles(populations: int) -> tuple[Profile, ...]:
    """All combinations of strategies, the last population's changing fastest."""
    return tuple(product((0, 1), repeat=populations))


@dataclass(frozen=True)
class Game:
    """Two or three populations, each of which cooperates or not.

    Parameters
    ----------
    populations : tuple of str
        Their names.
    payoffs : mapping of profile to tuple of Expression
        What each population gets, in their order, for every profile.

    Raises
    ------
    GameError
        If there are not two or three populations, or a profile or an entry is missing.
    """

    populations: tuple[str, ...]
    payoffs: Mapping[Profile, tuple[Expression, ...]]

    def __post_init__(self) -> None:
        count = len(self.populations)
        if count not in (2, 3) or len(set(self.populations)) != count:
            raise GameError(f"a game has two or three different populations, not {', '.join(self.populations)}")
        if set(self.payoffs) != set(profiles(count)) or any(len(row) != count for row in self.payoffs.values()):
            raise GameError(f"a payoff for each of {count} populations in each of {2**count} profiles is needed")

    @cached_property
    def names(self) -> frozenset[str]:
        """Parameters that the table uses."""
        return frozenset(name for row in self.payoffs.values() for entry in row for name in entry.names)

    def values(self, parameters: Mapping[str, npt.ArrayLike]) -> Floats:
        """Return the table in numbers.

        Parameters
        ----------
        parameters : mapping of str to array_like
            Value of each name, shapes that broadcast to (...).

        Returns
        -------
        array of float, shape (..., populations, 2, 2[, 2])
            Indexed by population and by what each does. Not finite where an entry divides by zero.

        Raises
        ------
        GameError
            If a parameter has no value.
        """
        if missing := sorted(self.names - parameters.keys()):
            raise GameError(f"no value for {', '.join(missing)}")
        count = len(self.populations)
        entries = [
            [self.payoffs[profile][population].value(parameters) for profile in profiles(count)]
            for population in range(count)
        ]
        shape = np.broadcast_shapes(*(entry.shape for row in entries for entry in row))
        table = np.stack([np.stack([np.broadcast_to(entry, shape) for entry in row], axis=-1) for row in entries], -2)
        return table.reshape(*shape, count, *(2,) * count)

    def is_linear_in(self, name: str) -> bool:
        """Whether every payoff is linear in a parameter, the others held."""
        return all(entry.is_linear_in(name) for row in self.payoffs.values() for entry in row)


def checked(payoffs: npt.ArrayLike) -> Floats:
    """Return a table in numbers, of shape (populations, 2, 2[, 2]).

    Raises
    ------
    GameError
        If it has another shape or a payoff is not finite.
    """
    table = np.asarray(payoffs, dtype=np.float64)
    count = table.ndim - 1
    if count not in (2, 3) or table.shape != (count, *(2,) * count):
        raise GameError(f"a table of two or three populations is needed, not one of shape {table.shape}")
    if not np.all(np.isfinite(table)):
        population, *profile = np.argwhere(~np.isfinite(table))[0].tolist()
        raise GameError(
            f"payoff {population + 1} of profile {written(profile)} is not finite: something is divided by 0"
        )
    return table


def written(profile: Sequence[int]) -> str:
    """Write a profile as packs and releases do, such as 1,0,1."""
    return ",".join(str(each) for each in profile)
