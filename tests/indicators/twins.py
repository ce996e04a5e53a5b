"""Twins: other counts of which all that is shown is the same, to the last digit.

Where a withheld count is 1 in one twin and 7 in another, and nothing that is published differs, nobody can tell which
of them is true, whatever they compute. That needs no list of what an attacker may try.
"""

from collections.abc import Iterator
from itertools import zip_longest

import numpy as np

from indicators.disclosure import Disclosure, Shown
from indicators.families import Family
from indicators.protection import Known, protect_tree

ATTEMPTS = 40
MOST_TWINS = 6


class Twins:
    """Searches for twins of the counts of one period.

    Parameters
    ----------
    counts : int array, shape (areas,)
        Those of areas without parts; the others' are their sums.
    among : list of Family
        None of which hides an area.
    disclosure : Disclosure
    seed : int
    whole : Known and int array, shape (areas,), optional
        Of counts that are parts of others: what is shown of these, and what they are, more than which no twin has.
    """

    def __init__(
        self,
        counts: np.ndarray,
        among: list[Family],
        disclosure: Disclosure,
        seed: int,
        whole: tuple[Known, np.ndarray] | None = None,
    ) -> None:
        self._among, self._disclosure, self._whole = among, disclosure, whole
        self._leaves = np.array([family.area for family in among if not family.parts])
        self._siblings = {part: family.parts for family in among for part in family.parts}
        self._draw = np.random.default_rng(seed)
        self.counts = self._added_up(counts)
        self.shown = self._shown(self.counts)
        self.low, self.high = self.shown.low[:, 0], self.shown.high[:, 0]
        self._most = self.high if whole is None else np.minimum(self.high, whole[1])

    def ends(self) -> list[tuple[int, int]]:
        """Name the least and the most of every withheld count of an area without parts: (area, count)."""
        withheld = [area for area in self._leaves if self.shown.is_withheld[area, 0]]
        return [(int(area), int(end[area])) for area in withheld for end in (self.low, self.high)]

    def find(self) -> Iterator[tuple[np.ndarray, int]]:
        """Give a few twins, each with how many ends counts have in it that they had in none before."""
        left = self.ends()
        for _ in range(MOST_TWINS):
            twin, held = self.counts, dict[int, int]()
            self._draw.shuffle(left)
            for area, end in left:
                if area in held or end > self._most[area]:
                    continue
                changed = self._with(twin, area, end, held)
                if changed is not None:
                    twin, held[area] = changed, end
            if not held:
                return
            left = [each for each in left if held.get(each[0]) != each[1]]
            yield twin, len(held)

    def _with(self, counts: np.ndarray, area: int, end: int, held: dict[int, int]) -> np.ndarray | None:
        """Put a count to an end and others against it, so that what is shown stays; None if that was not found."""
        for attempt in range(ATTEMPTS):
            twin = counts.copy()
            against = int(twin[area]) - end
            twin[area] = end
            near = [each for each in self._siblings[area] if each != area]
            far = [each for each in self._leaves if each not in near and each != area]
            self._draw.shuffle(near)
            self._draw.shuffle(far)
            # A rounded total leaves room, so that not all has to be made up for.
            against = int(np.sign(against)) * self._draw.integers(0, abs(against) + 1) if attempt % 2 else against
            for other in (*near, *far):
                if other in held or other not in self._leaves:
                    continue
                step = int(np.clip(against, self.low[other] - twin[other], self._most[other] - twin[other]))
                twin[other] += step
                against -= step
            twin = self._added_up(twin)
            if not against and _are_equal(self._shown(twin), self.shown):
                return twin
        return None

    def _added_up(self, counts: np.ndarray) -> np.ndarray:
        found = counts.astype(np.int64)
        for family in self._among:
            if family.parts:
                found[family.area] = found[list(family.parts)].sum()
        return found

    def _shown(self, counts: np.ndarray) -> Shown:
        known = self._whole[0] if self._whole else None
        return protect_tree(counts[:, None], self._among, self._disclosure, whole=known)


def _are_equal(one: Shown, other: Shown) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def laid_over(months: list[Twins], counts: np.ndarray, leaves: list[int]) -> Iterator[tuple[np.ndarray, int]]:
    """Put twins of single months together to twins of all of them, each with how many ends are new in it.

    Parameters
    ----------
    months : list of Twins
    counts : int array, shape (leaves, months)
        Those of a month that has no further twin.
    leaves : list of int
        The areas that the counts are of.
    """
    for twins in zip_longest(*(each.find() for each in months)):
        whole = counts.copy()
        for month, found in enumerate(twins):
            if found is not None:
                whole[:, month] = found[0][leaves]
        yield whole, sum(found[1] for found in twins if found is not None)
