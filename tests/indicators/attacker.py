"""An attacker: what linear programming makes of everything that is shown of counts.

Knows the area tree, that counts are whole, which counts are withheld and what a shown one may stand for; asks, of each
withheld count, for the least and the most that it can be. Given counts of parts of periods, it knows that they add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog

from indicators.disclosure import Shown
from indicators.families import Family


@dataclass(frozen=True)
class Finding:
    """A count of which the attacker knows more than is shown: from `low` to `high`, and what it found."""

    at: tuple[int, int]
    low: float
    high: float
    shown: tuple[int, int]


def attack(
    shown: Shown, among: list[Family], periods: tuple[Shown, Sequence[tuple[int, int]]] | None = None
) -> list[Finding]:
    """Try to narrow every withheld count.

    Parameters
    ----------
    shown : Shown
        Shape (areas, periods).
    among : list of Family
    periods : Shown and sequence of (int, int), optional
        What is shown of longer periods, shape (areas, longer), and from which period on, and before which, each lies;
        they may overlap.

    Returns
    -------
    list of Finding
        Withheld counts of which more was found than their own range says.
    """
    areas, columns = shown.value.shape
    lower, upper = shown.low.astype(float).ravel(), shown.high.astype(float).ravel()
    equal, rows, least, most = [], [], [], []
    for family in among:
        for period in range(columns):
            if not family.parts:
                continue
            row = np.zeros(areas * columns)
            row[[part * columns + period for part in family.parts]] = 1
            row[family.area * columns + period] = -1
            (rows if family.has_hidden else equal).append(row)
            if family.has_hidden:
                least.append(-np.inf)
                most.append(0.0)
    if periods is not None:
        longer, spans = periods
        for area in range(areas):
            for at, (first, after) in enumerate(spans):
                row = np.zeros(areas * columns)
                row[area * columns + first : area * columns + after] = 1
                rows.append(row)
                least.append(float(longer.low[area, at]))
                most.append(float(longer.high[area, at]))
    above = [row for row, end in zip(rows, most, strict=True) if np.isfinite(end)]
    below = [-row for row, end in zip(rows, least, strict=True) if np.isfinite(end)]
    ends = [end for end in most if np.isfinite(end)] + [-end for end in least if np.isfinite(end)]
    constraints = {
        "A_eq": np.array(equal) if equal else None,
        "b_eq": np.zeros(len(equal)) if equal else None,
        "A_ub": np.array([*above, *below]) if ends else None,
        "b_ub": np.array(ends) if ends else None,
        "bounds": np.column_stack([lower, upper]),
    }
    found = []
    for cell in np.flatnonzero(shown.is_withheld.ravel()):
        goal = np.zeros(areas * columns)
        goal[cell] = 1
        ends = _ends(goal, constraints)
        if ends is None:
            raise AssertionError("what is shown contradicts itself")
        if ends[0] > lower[cell] + 1e-6 or ends[1] < upper[cell] - 1e-6:
            at = (int(cell) // columns, int(cell) % columns)
            found.append(Finding(at, ends[0], ends[1], (int(lower[cell]), int(upper[cell]))))
    return found


@dataclass(frozen=True)
class Relation:
    """Counts, by their place in a list, that are disjoint parts of another, or all of it."""

    whole: int
    parts: tuple[int, ...]
    is_all: bool = False


def attack_related(
    shown: list[Shown],
    among: list[Family],
    relations: list[Relation],
    smallest_shown: int,
    grown: Sequence[tuple[int, int]] = (),
) -> list[Finding]:
    """Try to narrow the small counts of areas in one of which others are parts, by all of them together.

    Parameters
    ----------
    shown : list of Shown
        Shape (areas, 1).
    among : list of Family
        None of which hides an area.
    relations : list of Relation
    smallest_shown : int
        Larger counts may be narrowed.
    grown : sequence of (int, int), optional
        Pairs of counts, by their places in the list, the second of which is known to be the first or more: what two
        releases tell of the same.

    Returns
    -------
    list of Finding
        Withheld counts, by (place in the list, area), of which more was found than is shown of the area itself, in
        both releases.
    """
    areas = shown[0].value.shape[0]
    low, high = (np.array([getattr(each, end)[:, 0] for each in shown], dtype=float) for end in ("low", "high"))
    is_small = np.array([each.is_withheld[:, 0] & (each.high[:, 0] < smallest_shown) for each in shown])
    equal, less = [], []
    for then, now in grown:
        for area in range(areas):
            row = np.zeros(low.shape)
            row[then, area], row[now, area] = 1, -1
            less.append(row.ravel())
        low[now], high[then] = np.maximum(low[now], low[then]), np.minimum(high[then], high[now])
    for relation in relations if grown else ():
        if relation.is_all:
            # It is the sum of what both releases say of its parts.
            low[relation.whole] = np.maximum(low[relation.whole], low[list(relation.parts)].sum(axis=0))
            high[relation.whole] = np.minimum(high[relation.whole], high[list(relation.parts)].sum(axis=0))
    for at in range(len(shown)):
        for family in among:
            if family.parts:
                row = np.zeros(low.shape)
                row[at, list(family.parts)], row[at, family.area] = 1, -1
                equal.append(row.ravel())
    for relation in relations:
        for area in range(areas):
            row = np.zeros(low.shape)
            row[list(relation.parts), area], row[relation.whole, area] = 1, -1
            (equal if relation.is_all else less).append(row.ravel())
    constraints = {
        "A_eq": np.array(equal) if equal else None,
        "b_eq": np.zeros(len(equal)) if equal else None,
        "A_ub": np.array(less) if less else None,
        "b_ub": np.zeros(len(less)) if less else None,
        "bounds": np.column_stack([low.ravel(), high.ravel()]),
    }
    found = []
    for at, area in zip(*np.nonzero(is_small), strict=True):
        goal = np.zeros(low.shape)
        goal[at, area] = 1
        ends = _ends(goal.ravel(), constraints)
        if ends is None:
            raise AssertionError("what is shown contradicts itself")
        if ends[0] > low[at, area] + 1e-6 or ends[1] < high[at, area] - 1e-6:
            found.append(Finding((int(at), int(area)), ends[0], ends[1], (int(low[at, area]), int(high[at, area]))))
    return found


def attack_releases(told: list[Shown], among: list[Family], only_added: bool) -> list[Finding]:
    """Try to narrow the withheld counts of one period in any of several releases, by all of them together.

    Knows that between the releases records were only added, or only taken away.

    Parameters
    ----------
    told : list of Shown
        Shape (areas, 1), the first release first.
    among : list of Family
    only_added : bool

    Returns
    -------
    list of Finding
        Withheld counts, by (release, area), of which more was found than what the releases say of the area itself.
        None at all where the releases contradict what the attacker believes to know.
    """
    areas, releases = told[0].value.shape[0], len(told)
    low, high = (np.array([getattr(each, end)[:, 0] for each in told], dtype=float) for end in ("low", "high"))
    equal, grows = [], []
    for release in range(releases):
        for family in among:
            if family.parts:
                row = np.zeros((releases, areas))
                row[release, list(family.parts)], row[release, family.area] = 1, -1
                (grows if family.has_hidden else equal).append(row.ravel())
        for family in among:
            if release and not family.parts:
                row = np.zeros((releases, areas))
                row[release - 1, family.area], row[release, family.area] = 1, -1
                grows.append((row if only_added else -row).ravel())
    # What the labels of one area say of each other; a rounded or withheld count may be the same again.
    alone_low, alone_high = low.copy(), high.copy()
    order = range(1, releases) if only_added else range(releases - 2, -1, -1)
    before = -1 if only_added else 1
    for at in order:
        alone_low[at] = np.maximum(alone_low[at], alone_low[at + before])
    for at in reversed([each + before for each in order]):
        alone_high[at] = np.minimum(alone_high[at], alone_high[at - before])
    constraints = {
        "A_eq": np.array(equal) if equal else None,
        "b_eq": np.zeros(len(equal)) if equal else None,
        "A_ub": np.array(grows) if grows else None,
        "b_ub": np.zeros(len(grows)) if grows else None,
        "bounds": np.column_stack([low.ravel(), high.ravel()]),
    }
    found = []
    leaves = [family.area for family in among if not family.parts]
    for release, area in ((release, area) for release in range(releases) for area in leaves):
        if not told[release].is_withheld[area, 0]:
            continue
        goal = np.zeros((releases, areas))
        goal[release, area] = 1
        ends = _ends(goal.ravel(), constraints)
        if ends is None:
            return []
        least, most = alone_low[release, area], alone_high[release, area]
        if ends[0] > least + 1e-6 or ends[1] < most - 1e-6:
            found.append(Finding((release, area), ends[0], ends[1], (int(least), int(most))))
    return found


def _ends(goal: np.ndarray, constraints: Mapping[str, Any]) -> tuple[float, float] | None:
    """The least and the most that a sum of counts can be; None where the constraints contradict each other."""
    answers = [linprog(sign * goal, method="highs", **constraints) for sign in (1, -1)]
    return (answers[0].fun, -answers[1].fun) if all(answer.success for answer in answers) else None
