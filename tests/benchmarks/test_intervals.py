"""The table of docs/methods/intervals.md: drawn again here, and held to what each method must cover."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.intervals import FEW, KINDS, SLOW_KINDS, Kind, Measured, holds
from indicators.intervals import wilson_limits

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "methods" / "intervals.md").read_text(encoding="utf-8")
# Normal limits in place of Student's, or a confidence of .94, lie ten of these errors off.
ERRORS = 4.0
SLOW_CELLS = 200
# Of networks, each of thousands that are drawn.
FEWEST_CELLS = 40


def agrees(found: Measured) -> bool:
    """What was drawn, and what must be: truth by truth, and the mean."""
    assert found.analytic is not None
    each = np.sqrt(found.analytic * (1 - found.analytic) / found.cells)
    apart = abs(found.simulated.mean() - found.analytic.mean())
    return bool((abs(found.simulated - found.analytic) < ERRORS * each).all()) and apart < ERRORS * found.error


def promised(kind: Kind) -> bool:
    return kind.name != "exact" and kind.of is not FEW


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name}, {kind.truths}")
def test_intervals_hold_the_truth_as_often_as_the_page_says(kind: Kind) -> None:
    found = kind.measured()
    assert found.row() in PAGE
    if found.analytic is not None:
        assert agrees(found)
    if promised(kind):
        assert 0.93 <= found.simulated.mean() <= 0.97
    if kind.name == "exact":
        assert found.analytic is not None
        assert found.analytic.min() >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("kind", SLOW_KINDS, ids=lambda kind: kind.name)
def test_those_of_samples_too(kind: Kind) -> None:
    """Fewer cells than the page has, which take milliseconds each: the same coverage within the error of drawing."""
    found = kind.measured(FEWEST_CELLS if "centralisation" in kind.name else SLOW_CELLS)
    (row,) = [each for each in PAGE.splitlines() if each.startswith(f"| {kind.name} | {kind.truths} |")]
    told = float(row.split("|")[4].split("%")[0]) / 100
    assert 0.93 <= told <= 0.97
    assert abs(found.simulated.mean() - told) < ERRORS * found.error


def test_every_row_of_the_page_is_drawn() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "±" in line]
    assert len(rows) == len(KINDS) + len(SLOW_KINDS) + 1  # and the heading


def test_limits_at_another_confidence_are_found_out() -> None:
    def narrow(truth: tuple[int, float], cells: int, random: np.random.Generator) -> tuple[float, float]:
        n, p = truth
        return float(holds(wilson_limits(random.binomial(n, p, cells), np.full(cells, n), 0.93), p).mean()), 0.9495

    assert not agrees(Kind("narrow", "one", ((400, 0.5),), narrow).measured())
