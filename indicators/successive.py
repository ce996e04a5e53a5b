"""Successive releases: what the next one and an earlier one together tell of counts that one of them withholds.

Records come late. That a total has grown by two tells that no part of it has grown by more: a part that was withheld
and is shown now was nearly enough to be shown. Belongs here: whether a total may be told after what was told before.
What one release alone may tell is in `protection`, what was told in `tellings`.

The attacker thought of knows that records were only added since, or only taken away. Then of each count is known where
it lay *then*, where it lies *now*, and by how much it has *grown*: three ranges, each as narrow as the other two allow
(a zone of two clocks). The zones of parts add up to that of their sum, exactly: polygons whose edges have the
same three directions do.

References
----------
Dill, Timing assumptions and verification of finite-state concurrent systems (1990), for zones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indicators.disclosure import Ints
from indicators.families import Family

Bools = npt.NDArray[np.bool_]
# More than any count, and little enough that thousands of it can be added up.
UNKNOWN = 10**12
THEN, NOW, GROWN = 0, 1, 2


@dataclass(frozen=True)
class Telling:
    """What an earlier release told of counts.

    Attributes
    ----------
    low, high : int array, shape (areas, periods)
        The least and the most that a count may have been.
    is_withheld : bool array, shape (areas, periods)
    is_there : bool array, shape (periods,)
        Of which periods it told something.
    """

    low: Ints
    high: Ints
    is_withheld: Bools
    is_there: Bools

    def of(self, periods: Bools) -> "Telling":
        """Give what it told of some of the periods."""
        return Telling(
            self.low[:, periods], self.high[:, periods], self.is_withheld[:, periods], self.is_there[periods]
        )


def worked_out(telling: Telling, among: Sequence[Family]) -> Telling:
    """Give what follows from a telling by its sums: from parts to wholes, and back from wholes to parts.

    In a tree once up and once down is all that there is to find.

    Parameters
    ----------
    telling : Telling
    among : sequence of Family
        Parts before wholes.
    """
    low, high = telling.low.copy(), telling.high.copy()
    for family in among:
        parts, area = list(family.parts), family.area
        if parts:
            low[area] = np.maximum(low[area], low[parts].sum(axis=0))
            high[area] = high[area] if family.has_hidden else np.minimum(high[area], high[parts].sum(axis=0))
    for family in reversed(among):
        parts, area = list(family.parts), family.area
        if parts:
            rest_low, rest_high = low[parts].sum(axis=0) - low[parts], high[parts].sum(axis=0) - high[parts]
            least = 0 if family.has_hidden else low[area] - rest_high
            low[parts], high[parts] = np.maximum(low[parts], least), np.minimum(high[parts], high[area] - rest_low)
    return Telling(low, high, telling.is_withheld, telling.is_there)


@dataclass(frozen=True)
class Said:
    """What is said now of the areas under one.

    Attributes
    ----------
    low, high : int array, shape (parts, periods)
    is_tender : bool array, shape (parts, periods)
        Of which nothing more may become known.
    has_tender_anywhere : bool array, shape (periods,)
        Whether any area has such counts.
    """

    low: Ints
    high: Ints
    is_tender: Bools
    has_tender_anywhere: Bools


@dataclass(frozen=True)
class Zone:
    """What is known of counts then, now and of their growth.

    Attributes
    ----------
    low, high : int array, shape (3, ...)
        By THEN, NOW and GROWN.
    """

    low: Ints
    high: Ints

    @classmethod
    def of(cls, then: tuple[Ints, Ints], now: tuple[Ints, Ints], only_added: bool) -> "Zone":
        """Put together what both releases tell of counts, if records were only added, or only taken away, between.

        Where that cannot be, nothing is known of the growth.
        """
        none = np.zeros_like(then[0])
        grown = (none, none + UNKNOWN) if only_added else (none - UNKNOWN, none)
        zone = cls(np.stack([then[0], now[0], grown[0]]), np.stack([then[1], now[1], grown[1]])).closed()
        is_so = (zone.low <= zone.high).all(axis=0)
        free = cls(np.stack([then[0], now[0], now[0] - then[1]]), np.stack([then[1], now[1], now[1] - then[0]]))
        return cls(np.where(is_so, zone.low, free.low), np.where(is_so, zone.high, free.high))

    def closed(self) -> "Zone":
        """Make each range as narrow as the other two allow."""
        (then_low, now_low, grown_low), (then_high, now_high, grown_high) = self.low, self.high
        then_low, then_high = np.maximum(then_low, now_low - grown_high), np.minimum(then_high, now_high - grown_low)
        now_low, now_high = np.maximum(now_low, then_low + grown_low), np.minimum(now_high, then_high + grown_high)
        grown_low = np.maximum(grown_low, now_low - then_high)
        grown_high = np.minimum(grown_high, now_high - then_low)
        return Zone(np.stack([then_low, now_low, grown_low]), np.stack([then_high, now_high, grown_high]))

    def meeting(self, low: Ints, high: Ints) -> "Zone":
        """Give what is known if these ranges hold as well."""
        return Zone(np.maximum(self.low, low), np.minimum(self.high, high)).closed()

    def narrower_than(self, other: "Zone") -> Bools:
        """Tell which ranges are narrower than those of another zone."""
        return np.asarray((self.low > other.low) | (self.high < other.high))


def added_up(parts: Zone) -> Zone:
    """Give what is known of the sum of parts, which lie along the second axis."""
    return Zone(parts.low.sum(axis=1), parts.high.sum(axis=1))


def implied(parts: Zone, total: Zone) -> Zone:
    """Give what is known of each part where that much is known of their sum."""
    added = added_up(parts)
    rest_low, rest_high = added.low[:, None] - parts.low, added.high[:, None] - parts.high
    return parts.meeting(total.low[:, None] - rest_high, total.high[:, None] - rest_low)


class Chain:
    """What is known of counts now and in one earlier release, as the tree of areas is gone through from below.

    Parameters
    ----------
    earlier : Telling
        As `worked_out`.
    only_added : bool
        Whether records were only added between, or only taken away.
    """

    def __init__(self, earlier: Telling, only_added: bool) -> None:
        self._earlier, self._only_added = earlier, only_added
        self._is_tender_then = earlier.is_withheld.copy()
        # Of areas with parts, what is known of them in the end.
        self._known: dict[int, Zone] = {}

    def tells(self, family: Family, said: Said, own: tuple[Ints, Ints, Bools]) -> Bools:
        """Tell in which periods a total would tell more of a withheld count than the two releases say of it itself.

        Nor may a total become known better than by either release alone, where anything is withheld: what its
        neighbours in the total above it are might follow.

        Parameters
        ----------
        family : Family
        said : Said
            What is said of the areas under it, in their order.
        own : tuple
            The least and the most that the total is to be said to be, and whether it is withheld.
        """
        parts = self._parts(family, said)
        total = self._total(family, parts, own[:2])
        narrower = implied(parts, total).narrower_than(parts)[:, : len(family.parts)]
        at = list(family.parts)
        then, now = self._is_tender_then[at], said.is_tender
        has_parts = np.array([part in self._known for part in at])[:, None]
        tells = (narrower[THEN] & then) | (narrower[NOW] & now) | (narrower[GROWN] & (then | now) & has_parts)
        added, area = added_up(parts), family.area
        alone_low = np.maximum(added.low[:GROWN], np.stack([self._earlier.low[area], own[0]]))
        alone_high = np.minimum(added.high[:GROWN], np.stack([self._earlier.high[area], own[1]]))
        is_better_known = (total.low[:GROWN] > alone_low) | (total.high[:GROWN] < alone_high)
        is_watched = np.stack([self._earlier.is_withheld[area], own[2]])
        if not family.is_top:
            is_watched = is_watched | self._earlier.is_withheld.any(axis=0) | said.has_tender_anywhere
        is_possible = (total.low <= total.high).all(axis=0)
        told = tells.any(axis=0) | (is_better_known & is_watched).any(axis=0)
        return np.asarray(told & is_possible & self._earlier.is_there)

    def settle(self, family: Family, said: Said, total: tuple[Ints, Ints]) -> None:
        """Note what is told of an area in the end, for the areas above it."""
        self._known[family.area] = self._total(family, self._parts(family, said), total)
        self._is_tender_then[family.area] |= self._is_tender_then[list(family.parts)].any(axis=0)

    def _parts(self, family: Family, said: Said) -> Zone:
        """What is known of the areas under one, and of all those together that are not published."""
        zones = [
            self._known.get(part)
            or Zone.of(
                (self._earlier.low[part], self._earlier.high[part]), (said.low[at], said.high[at]), self._only_added
            )
            for at, part in enumerate(family.parts)
        ]
        if family.has_hidden:
            anything = np.zeros_like(said.low[0]), np.full_like(said.low[0], UNKNOWN)
            zones.append(Zone.of(anything, anything, self._only_added))
        return Zone(np.stack([each.low for each in zones], axis=1), np.stack([each.high for each in zones], axis=1))

    def _total(self, family: Family, parts: Zone, now: tuple[Ints, Ints]) -> Zone:
        none = np.full_like(now[0], UNKNOWN)
        low = np.stack([self._earlier.low[family.area], now[0], -none * len(self._earlier.low)])
        high = np.stack([self._earlier.high[family.area], now[1], none * len(self._earlier.low)])
        return added_up(parts).meeting(low, high)
