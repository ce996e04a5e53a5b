"""How slow this machine is just now, for tests that hold a time budget.

A budget in seconds is for the machine that it was set on. On a slower one, or one that others use too, the same code
takes longer and so does the loop below: what is held to the budget is their ratio.
"""

import statistics
import time
from collections.abc import Callable

ADDITIONS = 200_000
USUAL = 0.0045
"""Seconds of processor time that the loop takes on the machine that the budgets were set on (CPython 3.11)."""


def pace() -> float:
    """Return how many times longer this machine takes than the one of the budgets: 1 if it is not slower at all."""
    return max(1.0, min(_taken(time.process_time) for _ in range(5)) / USUAL)


def pace_by_clock() -> float:
    """The same of what is told by the clock: other programs that use the processors count, too."""
    return max(1.0, statistics.mean(_taken(time.perf_counter) for _ in range(20)) / USUAL)


def _taken(now: Callable[[], float]) -> float:
    begun = now()
    total = 0
    for number in range(ADDITIONS):
        total += number
    return now() - begun
