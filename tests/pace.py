"""How slow this machine is just now, for tests that hold a time budget.

A budget in seconds is for the machine that it was set on. On a slower one, or one that others use too, the same code
takes longer and so does the loop below: what is held to the budget is their ratio.
"""

import time

ADDITIONS = 200_000
USUAL = 0.0045
"""Seconds of processor time that the loop takes on the machine that the budgets were set on (CPython 3.11)."""


def pace() -> float:
    """Return how many times longer this machine takes than the one of the budgets: 1 if it is not slower at all."""
    taken = []
    for _ in range(5):
        begun = time.process_time()
        total = 0
        for number in range(ADDITIONS):
            total += number
        taken.append(time.process_time() - begun)
    return max(1.0, min(taken) / USUAL)
