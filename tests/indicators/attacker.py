"""An attacker: what linear programming makes of everything that is shown of counts.

Knows the area tree, that counts are whole, which counts are withheld and what a shown one may stand for; asks, of each
withheld count, for the least and the most that it can be. Given counts of parts of periods, it knows that they add up.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from indicators.disclosure import Shown
from indicators.protection import Family


@dataclass(frozen=True)
class Finding:
    """A count of which the attacker knows more than is shown: from `low` to `high`, and what it found."""

    at: tuple[int, int]
    low: float
    high: float
    shown: tuple[int, int]


def attack(shown: Shown, among: list[Family], periods: tuple[Shown, np.ndarray] | None = None) -> list[Finding]:
    """Try to narrow every withheld count.

    Parameters
    ----------
    shown : Shown
        Shape (areas, periods).
    among : list of Family
    periods : Shown and int array, optional
        What is shown of longer periods, shape (areas, longer), and in which longer one each period lies.

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
        longer, lies_in = periods
        for area in range(areas):
            for at in range(longer.value.shape[1]):
                row = np.zeros(areas * columns)
                row[[area * columns + period for period in np.flatnonzero(lies_in == at)]] = 1
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
        ranges = []
        for sign in (1, -1):
            answer = linprog(sign * goal, method="highs", **constraints)
            if not answer.success:
                raise AssertionError(f"what is shown contradicts itself: {answer.message}")
            ranges.append(sign * answer.fun)
        if ranges[0] > lower[cell] + 1e-6 or ranges[1] < upper[cell] - 1e-6:
            at = (int(cell) // columns, int(cell) % columns)
            found.append(Finding(at, ranges[0], ranges[1], (int(lower[cell]), int(upper[cell]))))
    return found
