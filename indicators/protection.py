"""Protection: counts of areas and periods shown so that none gives another away.

A withheld count is worth nothing if the total of its area and the other areas' counts tell it. Belongs here: which
totals may be shown as they are, and what stands in for the others. What one count may be shown as is in `disclosure`.

Every count has a *range*, the least and the most that a reader can know it to be. Of the shortest periods that are
published, areas are gone through from the smallest up. An area's own count is shown (rounded; of the city unrounded,
where the profile says so) if it narrows the range of no withheld count under it, nor is narrowed by them where it is
withheld itself; else the sum of what is shown of its parts stands in for it, which can tell nothing new. As the areas
are a tree, looking at one sum after the other finds all that linear programming over all sums would find. Counts of
longer periods are the sums of what is shown of the shorter ones, and tell nothing new either.

Counts that are parts of others, as the answers in time are of all answers, are shown after those: none is said to be
more than all may be (`Known`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indicators.disclosure import Disclosure, Ints, Shown
from indicators.families import Family
from indicators.successive import UNKNOWN, Chain, Said, Telling, worked_out

# A sum of which half of what it may be lies further off than this share of it is withheld as well.
WIDEST_SHARE = 0.25
# Of working out what a part and all of it imply: in random tables nothing more follows after three.
MOST_ROUNDS = 10
Bools = npt.NDArray[np.bool_]


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


@dataclass(frozen=True)
class Known:
    """What a reader knows of counts of which those to be shown are parts: the least and the most; of one shape.

    Of those that are *tender*, or have such under them, no more may become known.
    """

    low: Ints
    high: Ints
    is_tender: Bools

    @classmethod
    def of(cls, shown: Shown, among: Sequence[Family]) -> "Known":
        """Work out what is known where so much is shown of the areas."""
        is_there = np.ones(shown.low.shape[1], dtype=np.bool_)
        found = worked_out(Telling(shown.low, shown.high, shown.is_withheld, is_there), among)
        is_tender = shown.is_withheld.copy()
        for family in among:
            is_tender[family.area] |= np.logical_or.reduce(is_tender[list(family.parts)])
        return cls(found.low, found.high, is_tender)

    def narrowed_by(self, part: Shown, among: Sequence[Family], smallest_shown: int) -> Bools:
        """Tell of which periods what is shown of a part tells more of a small count: bool array, shape (periods,).

        What is counted of all and not of the part is a third table over the same tree, of which nothing is shown: what
        follows from any of the three is worked out until nothing more does.
        """
        ranges = [(part.low, part.high), (self.low, self.high), (np.zeros_like(self.low), self.high)]
        for _ in range(MOST_ROUNDS):
            before = ranges
            (low, high), (all_low, all_high), (rest_low, rest_high) = ranges
            rest = np.maximum(rest_low, all_low - high), np.minimum(rest_high, all_high - low)
            of_part = np.maximum(low, all_low - rest[1]), np.minimum(high, all_high - rest[0])
            of_all = np.maximum(all_low, of_part[0] + rest[0]), np.minimum(all_high, of_part[1] + rest[1])
            ranges = [_followed(each, among) for each in (of_part, of_all, rest)]
            if all(
                np.array_equal(*ends) for pair in zip(ranges, before, strict=True) for ends in zip(*pair, strict=True)
            ):
                break
        (low, high), (all_low, all_high), _ = ranges
        is_small, all_are_small = part.is_withheld & (part.high < smallest_shown), self.high < smallest_shown
        is_told = is_small & ((low > part.low) | (high < part.high))
        is_told |= self.is_tender & all_are_small & ((all_low > self.low) | (all_high < self.high))
        return np.asarray(is_told.any(axis=0))

    def of_periods(self, periods: Bools) -> "Known":
        """Give what is known of some of the periods."""
        return Known(self.low[:, periods], self.high[:, periods], self.is_tender[:, periods])


class _Table:
    """Counts of areas and periods on their way to being shown.

    `low` and `high` are what is said of a count, `known_low` and `known_high` what that of its parts adds. *Tender* are
    counts of which nothing more may become known: those withheld, and those with such under them.
    """

    def __init__(
        self,
        counts: Ints,
        disclosure: Disclosure,
        earlier: Sequence[Telling] = (),
        leaves: Collection[int] = (),
        whole: Known | None = None,
        only_sums: Bools | None = None,
    ) -> None:
        self._counts, self._disclosure = counts, disclosure
        self._whole = whole
        # Of these periods no total is shown but what its parts add up to.
        self._only_sums = np.zeros(counts.shape[1], dtype=np.bool_) if only_sums is None else only_sums
        self._own = disclosure.show(counts)
        self.value, self.is_withheld = self._own.value.copy(), self._own.is_withheld.copy()
        self.low, self.high = self._own.low.copy(), self._own.high.copy()
        self._known_low, self._known_high = self.low.copy(), self.high.copy()
        self._is_tender = self.is_withheld.copy()
        # Where nothing hides behind what is known of all, zeros may be hidden.
        self._may_be_small = whole is None or whole.high >= disclosure.smallest_shown - 1
        if whole is not None:
            self._say_no_more_than(whole, sorted(leaves))
        for telling in earlier:
            self._hide_still(telling, sorted(leaves))
        self._has_tender_anywhere = np.logical_or.reduce(self._is_tender)
        self._chains = [Chain(telling, only_added) for telling in earlier for only_added in (True, False)]

    def _say_no_more_than(self, whole: Known, leaves: list[int]) -> None:
        """Let the least that is said of a count be no more than the least that is known of all; hide what they hide."""
        largest = self._disclosure.smallest_shown - 1
        says_more, is_hidden = np.zeros((2, *self.low.shape), dtype=np.bool_)
        says_more[leaves] = (self.low > whole.low)[leaves]
        # Where all may be none or few, which of the areas have any of their part would tell which have any at all.
        may_be_none = (whole.low == 0) & (whole.high >= largest)
        is_hidden[leaves] = (may_be_none & (self._counts <= largest))[leaves]
        for low, high in ((self.low, self.high), (self._known_low, self._known_high)):
            low[says_more] = whole.low[says_more]
            low[is_hidden], high[is_hidden] = 0, largest
        self._known_high = np.minimum(self._known_high, whole.high)
        is_wide = is_hidden | (says_more & ((self.high - self.low) / 2 > WIDEST_SHARE * self.value))
        self.value[is_wide] = ((self.low + self.high + 1) // 2)[is_wide]
        self.is_withheld |= is_wide
        self._is_tender |= says_more | is_hidden

    def _fits(self, family: Family, low: Ints) -> Bools:
        """Tell where an area's own count, at least `low`, tells no more of what is known of all, nor with its help.

        What is counted here of the other parts is at most what it may be by itself, and at most all that they may be;
        and all of them at least that.
        """
        whole, area, parts = self._whole, family.area, list(family.parts)
        if whole is None:
            return np.ones(low.shape, dtype=np.bool_)
        high, least, most = self._known_high[parts], whole.low[parts], whole.high[parts]
        room = np.minimum(high - least, 0)
        others, room = high.sum(axis=0) - high, room.sum(axis=0) - room
        tells_of_all = (low > least + others) & np.logical_or.reduce(whole.is_tender)
        is_tender = whole.is_tender[parts]
        tells_of_others = (low - high > whole.high[area] - most + room) & is_tender
        others = np.minimum(others, whole.high[area] - least + room)
        tells = (low > self._known_low[parts] + others) & (self._is_tender[parts] | is_tender)
        tells |= tells_of_all | tells_of_others
        # Where no more is counted than may be whatever all are, no sum of some of them becomes known, on any level.
        is_open = family.has_hidden | (low <= np.minimum(high, least).sum(axis=0))
        is_open |= ~(self._has_tender_anywhere | np.logical_or.reduce(whole.is_tender))
        return np.asarray((low <= whole.low[area]) & ~tells.any(axis=0) & is_open)

    def _at_most(self, family: Family) -> Ints:
        """Give the most that a total may be by what is known of all, and of what of it is not counted here."""
        whole, parts = self._whole, list(family.parts)
        if whole is None:
            return np.full_like(self.high[family.area], UNKNOWN)
        room = np.minimum(self._known_high[parts] - whole.low[parts], 0)
        return np.asarray(whole.high[family.area] + room.sum(axis=0), np.int64)

    def _hide_still(self, telling: Telling, leaves: list[int]) -> None:
        """Withhold what was once said to be none or few as just that, as long as it is: the change would tell it."""
        largest = self._disclosure.smallest_shown - 1
        was_hidden = telling.is_withheld & (telling.low == 0) & (telling.high == largest) & telling.is_there
        is_small = np.zeros_like(was_hidden)
        is_small[leaves] = (was_hidden & (self._counts <= largest) & self._may_be_small)[leaves]
        for shown, hidden in (
            *((each, 0) for each in (self.low, self._known_low)),
            *((each, largest) for each in (self.high, self._known_high)),
        ):
            shown[is_small] = hidden
        self.value[is_small] = (largest + 1) // 2
        self.is_withheld |= is_small
        self._is_tender |= is_small

    def add_up(self, family: Family, may_hide_zeros: bool) -> None:
        """Decide what is shown of an area's total, once what is shown of its parts is decided."""
        area, parts = family.area, list(family.parts)
        below = self._sum(parts, family.has_hidden)
        own_range = self._own.low[area], self._own.high[area], self._own.is_withheld[area]
        is_own = below.allows(*own_range)
        if may_hide_zeros and not is_own.all():
            is_own = self._hide_zeros(parts, family.has_hidden, is_own, own_range)
            below = self._sum(parts, family.has_hidden)
        is_own &= self._fits(family, own_range[0])
        is_own &= ~self._tells_of_earlier(family, own_range) & ~self._only_sums
        stands_in = self.value[parts].sum(axis=0)
        is_wide = (below.most - below.least) / 2 > WIDEST_SHARE * stands_in
        self.value[area] = np.where(is_own, self._own.value[area], stands_in)
        self.low[area] = np.where(is_own, self._own.low[area], below.least)
        most = np.minimum(below.most, self._at_most(family))
        self.high[area] = np.where(is_own, self._own.high[area], most)
        self.is_withheld[area] = np.where(is_own, self._own.is_withheld[area], is_wide)
        if family.is_top and self._disclosure.is_top_exact:
            exact = self._counts[area]
            none = np.zeros(exact.shape, dtype=np.bool_)
            is_exact = below.allows(exact, exact, none) & ~self._own.is_withheld[area]
            is_exact &= self._fits(family, exact)
            is_exact &= ~self._tells_of_earlier(family, (exact, exact, none)) & ~self._only_sums
            for shown in (self.value, self.low, self.high):
                shown[area] = np.where(is_exact, exact, shown[area])
            self.is_withheld[area] &= ~is_exact
        self._is_tender[area] |= below.has_tender
        self._known_low[area] = np.maximum(self.low[area], below.least)
        self._known_high[area] = np.minimum(self.high[area], most)
        said = self._said(parts)
        for chain in self._chains:
            chain.settle(family, said, (self.low[area], self.high[area]))

    def _said(self, parts: list[int]) -> Said:
        return Said(self.low[parts], self.high[parts], self._is_tender[parts], self._has_tender_anywhere)

    def _tells_of_earlier(self, family: Family, own: tuple[Ints, Ints, Bools]) -> Bools:
        """Tell where an area's own count would tell of a withheld one with the help of an earlier release."""
        said, found = self._said(list(family.parts)), np.zeros(own[0].shape, dtype=np.bool_)
        for chain in self._chains:
            found |= chain.tells(family, said, own)
        return found

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
        is_small &= np.broadcast_to(self._may_be_small, self._counts.shape)[parts]
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
    most = np.full_like(least, UNKNOWN) if has_hidden else high.sum(axis=0)
    width = np.where(is_tender, high - low, 0).max(axis=0)
    return _Sum(least, most, width, np.logical_or.reduce(is_tender))


def protect_tree(
    counts: Ints,
    among: list[Family],
    disclosure: Disclosure,
    earlier: Sequence[Telling] = (),
    whole: Known | None = None,
) -> Shown:
    """Show counts of areas that add up over the tree.

    Parameters
    ----------
    counts : int array, shape (areas, periods)
        The count of an area is that of its parts together, where none is hidden.
    among : list of Family
        As `families` gives them.
    disclosure : Disclosure
    earlier : sequence of Telling
        What releases before told of the same areas and periods.
    whole : Known, optional
        What is known of the counts of which these are parts.

    Returns
    -------
    Shown
        Of the same shape; areas that belong to no family are withheld and may be anything.
    """
    shown = _shown(counts, among, disclosure, earlier, whole)
    if whole is None:
        return shown
    only_sums = whole.narrowed_by(shown, among, disclosure.smallest_shown)
    return _shown(counts, among, disclosure, earlier, whole, only_sums) if only_sums.any() else shown


def _shown(
    counts: Ints,
    among: list[Family],
    disclosure: Disclosure,
    earlier: Sequence[Telling],
    whole: Known | None,
    only_sums: Bools | None = None,
) -> Shown:
    leaves = {family.area for family in among if not family.parts}
    table = _Table(counts, disclosure, [worked_out(each, among) for each in earlier], leaves, whole, only_sums)
    for family in among:
        if family.parts:
            table.add_up(family, may_hide_zeros=leaves.issuperset(family.parts))
    is_apart = np.ones(len(counts), dtype=np.bool_)
    is_apart[[family.area for family in among]] = False
    table.is_withheld[is_apart] = True
    table.low[is_apart], table.high[is_apart] = 0, UNKNOWN
    return Shown(table.value, table.low, table.high, table.is_withheld)


def _followed(known: tuple[Ints, Ints], among: Sequence[Family]) -> tuple[Ints, Ints]:
    """What follows from the least and the most of counts over the tree."""
    low, high = known
    nothing, is_there = np.zeros(low.shape, dtype=np.bool_), np.ones(low.shape[1], dtype=np.bool_)
    found = worked_out(Telling(low, high, nothing, is_there), among)
    return found.low, found.high
