"""Shares of an amount, such as patrol hours, whose interval takes the day as its cluster."""

import dataclasses
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.bounds import limit_bounds
from indicators.catalogue.entries import Entry
from indicators.catalogue.parts import Selection, Unusable
from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.intervals import cluster_ratio_limits
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import DEC, JAN, row

HOUR = 3600


def plan_completion(**changed: Any) -> Entry:
    unusable = Unusable(missing="plan_unknown", unreadable=("ended_at",), worst_per_record=12.0)
    fields = {
        "kind": "proportion", "interval": "cluster", "measure": "msr_patrol_day", "needs": ["patrol.planned_end"],
        "numerator": Selection(column="patrolled_as_planned_seconds"), "unusable": unusable,
        "denominator": Selection(column="planned_seconds"), "count": "planned", "scale": 3600.0, "per": 100.0,
        "min_denominator": 3, "period_kinds": ["month", "year"],
    }  # fmt: skip
    return make_entry(**(fields | changed))


def legs(area: str, day: date, planned: float, done: float, unknown: int = 0, count: int = 1) -> dict[str, Any]:
    return {
        "area_id": area, "day": day, "source": "legs", "patrols": count + unknown, "planned": count,
        "planned_seconds": round(planned * HOUR), "patrolled_as_planned_seconds": round(done * HOUR),
        "plan_unknown": unknown,
    }  # fmt: skip


def city(rows: list[dict[str, Any]], **changed: Any) -> Any:
    mapped = [("patrol", "planned_end", "legs")]
    return make_inputs({"msr_patrol_day": rows}, [("legs", "patrol", JAN, DEC)], **({"mapped": mapped} | changed))


def test_hours_done_as_planned_among_hours_planned() -> None:
    """On the three days of n1 1 of 2, 3 of 4 and 0 of 4 hours: 4 of 10, residuals .2, 1.4, -1.6; t(2) is 4.3027."""
    days = [JAN, JAN + timedelta(1), JAN + timedelta(9)]
    rows = [legs("n1", day, planned, done) for day, planned, done in zip(days, (2, 4, 4), (1, 3, 0), strict=True)]
    found = compute([plan_completion()], city([*rows, legs("n2", JAN, 2.5, 2.5)]))
    figure = row(found, "n1", JAN)
    assert (figure["numerator"], figure["denominator"], figure["value"]) == (4, 10, 40)
    half = 4.302652730 * np.sqrt(3 / 2 * (0.2**2 + 1.4**2 + 1.6**2)) / 10 * 100
    assert (figure["lower"], figure["upper"]) == (0.0, pytest.approx(min(40 + half, 100.0)))
    assert (figure["bound_low"], figure["bound_high"]) == (figure["lower"], figure["upper"])
    assert row(found, "n2", JAN)["status"] == "withheld"
    # The days of a parent are those of its areas together: 3.5 of 4.5, 3 of 4, 0 of 4 hours.
    north = row(found, "north", JAN)
    assert north["value"] == pytest.approx(6.5 / 12.5 * 100)
    residuals = np.array([3.5 - 0.52 * 4.5, 3 - 0.52 * 4, -0.52 * 4])
    assert north["upper"] == pytest.approx(
        min(52 + 4.302652730 * np.sqrt(1.5 * residuals @ residuals) / 12.5 * 100, 100)
    )


def test_what_is_not_known_of_a_plan_moves_the_bounds_by_its_longest() -> None:
    rows = [legs("n1", JAN + timedelta(n), 10, 5 + n % 2) for n in range(10)]
    known = row(compute([plan_completion()], city(rows)), "n1", JAN)
    figure = row(compute([plan_completion()], city([*rows, legs("n1", JAN, 0, 0, unknown=1, count=0)])), "n1", JAN)
    assert (figure["value"], figure["lower"], figure["upper"]) == (55, known["lower"], known["upper"])
    assert figure["bound_low"] == pytest.approx(known["lower"] * 100 / 112)
    assert figure["bound_high"] == pytest.approx(100 - (100 - known["upper"]) * 100 / 112)
    assert figure["unusable"] == 1


def test_amounts_of_work_are_exact_under_protection() -> None:
    inputs = city([legs("n1", JAN + timedelta(n), 10, 5 + n % 2) for n in range(10)])
    protected = dataclasses.replace(inputs, disclosure=Disclosure("hes"))
    exact, shown = (row(compute([plan_completion()], each), "n1", JAN) for each in (inputs, protected))
    assert {name for name in exact if exact[name] != shown[name]} <= {"signal"}


def test_days_that_do_not_differ_have_no_interval() -> None:
    rows = [legs("n1", JAN + timedelta(n), 3, 1.5) for n in range(5)]
    figure = row(compute([plan_completion()], city(rows)), "n1", JAN)
    assert (figure["value"], figure["lower"], figure["upper"]) == (50, None, None)
    assert (figure["bound_low"], figure["bound_high"]) == (50, 50)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8).filter(
        lambda days: sum(a + b for a, b in days) > 0
    ),
    *(st.floats(0, 40) for _ in range(3)),
)
def test_limits_and_bounds_nest(days: list[tuple[int, int]], worse: float, better: float, away: float) -> None:
    part = np.array([a for a, _ in days], dtype=float)
    whole = part + np.array([b for _, b in days])
    squares = (part @ part, part @ whole, whole @ whole)
    lower, upper = (float(each) for each in cluster_ratio_limits(part.sum(), whole.sum(), squares, len(days)))
    share = part.sum() / whole.sum()
    low, high = (share, share) if np.isnan(lower) else (lower, upper)
    assert 0 <= low <= share <= high <= 1
    before = limit_bounds((low, high), whole.sum(), 0.0, 0.0)
    after = limit_bounds((low, high), whole.sum(), worse, better, away)
    assert float(before[0]) == low
    assert float(before[1]) == pytest.approx(high, abs=1e-15)
    assert 0 <= float(after[0]) <= low + 1e-12
    assert high - 1e-12 <= float(after[1]) <= 1
