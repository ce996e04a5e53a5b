"""Protection: counts of areas and periods shown so that none gives another away.

A withheld count is worth nothing if the total of its area and the other areas' counts tell it. Belongs here: which
totals may be shown as they are, and what stands in for the others. What one count may be shown as is in `disclosure`.

Every count has a *range*, the least and the most that a reader can know it to be. Of the shortest periods that are
published, areas are gone through from the smallest up. An area's own count is shown (rounded; of the city unrounded,
where the profile says so) if it narrows the range of no withheld count under it, nor is narrowed by them where it is
withheld itself; else the sum of what is shown of its parts stands in for it, which can tell nothing new. As the areas
are a tree, looking at one sum after the other finds all that linear programming over all sums would find. Counts of
longer periods are the sums of what is shown of the shorter ones, and tell nothing new either.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.areas import AreaTree
from indicators.disclosure import Disclosure, Ints, Shown

# A sum of which half of what it may be lies further off than this share of it is withheld as well.
WIDEST_SHARE = 0.25
_NO_LIMIT = np.iinfo(np.int64).max // 4
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Family:
    """An area with the areas under it, as positions in the order of a frame of areas; deepest first.

    `has_hidden` says that further areas under it are not published.
    """

    area: int
    parts: tuple[int, ...]
    has_hidden: bool
    is_top: bool


def families(tree: AreaTree, areas: list[str], hidden: frozenset[str] = frozenset()) -> list[Family]:
    """Return every area with those under it, parts before wholes.

    Parameters
    ----------
    tree : AreaTree
    areas : list of str
        Areas that an indicator counts in, in the order that positions refer to.
    hidden : frozenset of str
        Area levels that are not published.
    """
    position = {area: at for at, area in enumerate(areas)}
    rows = tree.areas.select("area_id", "parent_id", "area_level").filter(pl.col("area_id").is_in(areas))
    parent = dict(rows.select("area_id", "parent_id").iter_rows())
    level = dict(rows.select("area_id", "area_level").iter_rows())

    def depth(area: str) -> int:
        above = parent[area]
        return 0 if above is None or above not in position else 1 + depth(above)

    parts: dict[str, list[str]] = {area: [] for area in areas}
    for area in areas:
        if parent[area] in position:
            parts[str(parent[area])].append(area)
    found = []
    for area in sorted(areas, key=lambda each: (-depth(each), each)):
        if level[area] in hidden:
            continue
        shown = [position[part] for part in parts[area] if level[part] not in hidden]
        found.append(Family(position[area], tuple(shown), len(shown) < len(parts[area]), parent[area] not in position))
    return found


@dataclass(frozen=True)
class _Sum:
    """What is known of the counts under an area, by period: their sum's least and most, and which are tender.

    `width` is the widest range of a tender one.
    """

    least: Ints
    most: Ints
    width: Ints
    has_tender: Bools

    def allows(self, low: Ints, high: Ints, is_withheld: Bools) -> Bools:
        """Tell where the area's own count, known to lie from `low` to `high`, narrows no tender range."""
        narrows = self.has_tender & ((high - self.least < self.width) | (self.most - low < self.width))
        is_narrowed = is_withheld & ((self.least > low) | (self.most < high))
        return np.asarray(~narrows & ~is_narrowed)


class _Table:
    """Counts of areas and periods on their way to being shown.

    `low` and `high` are what is said of a count, `known_low` and `known_high` what that of its parts adds. *Tender* are
    counts of which nothing more may become known: those withheld, and those with such under them.
    """

    def __init__(self, counts: Ints, disclosure: Disclosure) -> None:
        self._counts, self._disclosure = counts, disclosure
        self._own = disclosure.show(counts)
        self.value, self.is_withheld = self._own.value.copy(), self._own.is_withheld.copy()
        self.low, self.high = self._own.low.copy(), self._own.high.copy()
        self._known_low, self._known_high = self.low.copy(), self.high.copy()
        self._is_tender = self.is_withheld.copy()

    def add_up(self, family: Family, may_hide_zeros: bool) -> None:
        """Decide what is shown of an area's total, once what is shown of its parts is decided."""
        area, parts = family.area, list(family.parts)
        below = self._sum(parts, family.has_hidden)
        own_range = self._own.low[area], self._own.high[area], self._own.is_withheld[area]
        is_own = below.allows(*own_range)
        if may_hide_zeros and not is_own.all():
            is_own = self._hide_zeros(parts, family.has_hidden, is_own, own_range)
            below = self._sum(parts, family.has_hidden)
        stands_in = self.value[parts].sum(axis=0)
        is_wide = (below.most - below.least) / 2 > WIDEST_SHARE * stands_in
        self.value[area] = np.where(is_own, self._own.value[area], stands_in)
        self.low[area] = np.where(is_own, self._own.low[area], below.least)
        self.high[area] = np.where(is_own, self._own.high[area], below.most)
        self.is_withheld[area] = np.where(is_own, self._own.is_withheld[area], is_wide)
        if family.is_top and self._disclosure.is_top_exact:
            exact = self._counts[area]
            is_exact = below.allows(exact, exact, np.zeros(exact.shape, dtype=np.bool_)) & ~self._own.is_withheld[area]
            for shown in (self.value, self.low, self.high):
                shown[area] = np.where(is_exact, exact, shown[area])
            self.is_withheld[area] &= ~is_exact
        self._is_tender[area] |= below.has_tender
        self._known_low[area] = np.maximum(self.low[area], below.least)
        self._known_high[area] = np.minimum(self.high[area], below.most)

    def _sum(self, parts: list[int], has_hidden: bool) -> _Sum:
        return _sum(self._known_low[parts], self._known_high[parts], self._is_tender[parts], has_hidden)

    def _hide_zeros(
        self, parts: list[int], has_hidden: bool, is_own: Bools, own_range: tuple[Ints, Ints, Bools]
    ) -> Bools:
        """Withhold zeros with the small counts where the area's own count may then be shown; tell where it may.

        Not to be told which of the parts are zero leaves more room: a total is worth more than its zeros.
        """
        largest = self._disclosure.smallest_shown - 1
        is_withheld = self._own.is_withheld[parts]
        is_small = (is_withheld | (self._counts[parts] == 0)) & ~is_own & is_withheld.any(axis=0)
        low = np.where(is_small, 0, self._known_low[parts])
        high = np.where(is_small, largest, self._known_high[parts])
        is_better = ~is_own & _sum(low, high, self._is_tender[parts] | is_small, has_hidden).allows(*own_range)
        hides = is_small & is_better
        for shown, hidden in ((self.low, low), (self._known_low, low), (self.high, high), (self._known_high, high)):
            shown[parts] = np.where(hides, hidden, shown[parts])
        self.value[parts] = np.where(hides, (largest + 1) // 2, self.value[parts])
        self.is_withheld[parts] |= hides
        self._is_tender[parts] |= hides
        return is_own | is_better


def _sum(low: Ints, high: Ints, is_tender: Bools, has_hidden: bool) -> _Sum:
    """Put together what is known of parts; of those hidden nothing is."""
    least = low.sum(axis=0)
    most = np.full_like(least, _NO_LIMIT) if has_hidden else high.sum(axis=0)
    width = np.where(is_tender, high - low, 0).max(axis=0)
    return _Sum(least, most, width, np.logical_or.reduce(is_tender))


def protect_tree(counts: Ints, among: list[Family], disclosure: Disclosure) -> Shown:
    """Show counts of areas that add up over the tree.

    Parameters
    ----------
    counts : int array, shape (areas, periods)
        The count of an area is that of its parts together, where none is hidden.
    among : list of Family
        As `families` gives them.
    disclosure : Disclosure

    Returns
    -------
    Shown
        Of the same shape; areas that belong to no family are withheld and may be anything.
    """
    table = _Table(counts, disclosure)
    leaves = {family.area for family in among if not family.parts}
    for family in among:
        if family.parts:
            table.add_up(family, may_hide_zeros=leaves.issuperset(family.parts))
    is_apart = np.ones(len(counts), dtype=np.bool_)
    is_apart[[family.area for family in among]] = False
    table.is_withheld[is_apart] = True
    table.low[is_apart], table.high[is_apart] = 0, _NO_LIMIT
    return Shown(table.value, table.low, table.high, table.is_withheld)
