"""Disclosure control: what a count may be shown as, by profile.

Belongs here: the profiles' rules for one count, and what a pack chooses. Not here: how counts hang together over areas
and periods (`protection`).

References
----------
NHS Digital, Hospital Episode Statistics analysis guide (`hes`); Green, Ritchie & Smith, ACRO (`acro`); US Census
Bureau, Disclosure Review Board, rounding rules (`census`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
ProfileName = Literal["hes", "acro", "census", "open", "internal"]

EXACT_PROFILES = ("open", "internal")
# From so many on, counts are rounded to a multiple of so many.
_ROUNDING: dict[str, tuple[tuple[int, int], ...]] = {
    "hes": ((8, 5),),
    "acro": ((10, 5),),
    "census": ((15, 10), (100, 50), (1_000, 100), (10_000, 500), (100_000, 1_000)),
}
# Counts that are withheld, from the first to the last.
WITHHELD = {"hes": (1, 7), "acro": (1, 9), "census": (0, 14)}
# The share of a sum that its two largest contributors may make up, and what the others make up at least, as a share of
# the largest: the rules n,k and p %.
DOMINANCE = {"acro": (0.90, 0.10)}
# With one digit more there is no step left in the ladder of `census`: four digits are kept.
_DIGITS_FROM = 1_000_000


@dataclass(frozen=True)
class Shown:
    """Counts as they are shown; all of one shape.

    Attributes
    ----------
    value : int array
        The rounded count; where withheld, the middle of what it may be.
    low, high : int array
        The least and the most that a count shown like this may be.
    is_withheld : bool array
    """

    value: Ints
    low: Ints
    high: Ints
    is_withheld: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Disclosure:
    """What a pack chooses.

    Attributes
    ----------
    profile : str
    finest : str
        Kind of the shortest periods that are published (`month`, `quarter`, `year`); longer ones add them up.
    finest_of : mapping of str to str
        The same for single indicators.
    hidden_levels : mapping of str to frozenset of str
        Area levels of which an indicator publishes nothing.
    counted_by : mapping of str to (str, frozenset of str)
        Of indicators that share records with others, which periods their counts are protected by, and which levels
        none of them publishes (`granularity`).
    """

    profile: ProfileName = "open"
    finest: str = "month"
    finest_of: Mapping[str, str] = field(default_factory=dict)
    hidden_levels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counted_by: Mapping[str, tuple[str, frozenset[str]]] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether counts are published as they are."""
        return self.profile in EXACT_PROFILES

    @property
    def smallest_shown(self) -> int:
        """The smallest count but zero that is shown."""
        return 1 if self.is_exact else WITHHELD[self.profile][1] + 1

    @property
    def is_top_exact(self) -> bool:
        """Whether the whole city's counts are shown unrounded where that tells nothing of its areas."""
        return self.profile == "hes"

    def is_dominated(self, sums: npt.ArrayLike, squares: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell where one or two contributors may make up too much of a sum for it to be shown.

        The two largest are not known, but that together they are at most the root of twice the sum of squares, and the
        largest at most its root: what is not dominated by these is not by the real ones either.

        Parameters
        ----------
        sums, squares : array_like of float
            Sum of what the contributors add, none of it negative, and sum of its squares.
        """
        total, root = np.asarray(sums, dtype=np.float64), np.sqrt(np.asarray(squares, dtype=np.float64))
        if self.profile not in DOMINANCE:
            return np.zeros(total.shape, dtype=np.bool_)
        largest_share, least_rest = DOMINANCE[self.profile]
        two = np.sqrt(2.0) * root
        return np.asarray((two > largest_share * total) | (total - two < least_rest * root))

    def show(self, counts: npt.ArrayLike) -> Shown:
        """Show single counts, whatever else is known of them.

        Parameters
        ----------
        counts : array_like of int
            Not negative.

        Raises
        ------
        ValueError
            If a count is negative.
        """
        x = np.asarray(counts, dtype=np.int64)
        if np.any(x < 0):
            raise ValueError("counts cannot be negative")
        if self.is_exact:
            return Shown(x, x, x, np.zeros(x.shape, dtype=np.bool_))
        first, last = WITHHELD[self.profile]
        is_withheld = (x >= first) & (x <= last)
        value = x.copy()
        steps = _steps(self.profile, int(x.max(initial=0)))
        for start, step in steps:
            # A half goes up, so that what a multiple may stand for is the same everywhere.
            value = np.where(x >= start, (x + step // 2) // step * step, value)
        low, high = value.copy(), value.copy()
        for at, (start, step) in enumerate(steps):
            is_here = value >= start
            low = np.where(is_here, np.maximum(value - step // 2, start), low)
            high = np.where(is_here, value + (step - 1) // 2, high)
            if at:
                # What is rounded up to the start of a step comes from below it.
                low = np.where(value == start, start - steps[at - 1][1] // 2, low)
        middle = (first + last) // 2
        return Shown(
            np.where(is_withheld, middle, value),
            np.where(is_withheld, first, low),
            np.where(is_withheld, last, high),
            is_withheld,
        )

    def at_most(self, amounts: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Give the most that amounts of records may be, for bounds that must tell no exact one; exact ones as they are.

        Parameters
        ----------
        amounts : array_like of float
            Not negative; a part of a record counts as one.
        """
        given = np.asarray(amounts, dtype=np.float64)
        return given if self.is_exact else self.show(np.ceil(given)).high.astype(np.float64)


EXACT = Disclosure()


def _steps(profile: str, largest: int) -> list[tuple[int, int]]:
    """From which count on which step holds, up to a largest count."""
    steps = list(_ROUNDING[profile])
    start = _DIGITS_FROM
    while profile == "census" and start <= largest:
        steps.append((start, start // 1_000))
        start *= 10
    return steps


def rounding(profile: ProfileName) -> tuple[int, int, list[tuple[int, int]]]:
    """First and last count that a profile withholds, and from which count on it rounds to multiples of which step.

    For whoever must say the rule in another language, such as SQL; holds up to a million millions.
    """
    first, last = WITHHELD[profile]
    return first, last, _steps(profile, 10**12)
