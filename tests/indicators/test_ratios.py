"""Ratios of two counts: limits, bounds, and the complaints per thousand incidents of the catalogue, counted by hand."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.bounds import ratio_bounds
from indicators.catalogue.reading import load_catalogue
from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.intervals import normal_quantile, ratio_of_counts_limits
from tests.indicators.small_city import DEC, JAN, row

FEB, MAR = date(2021, 2, 1), date(2021, 3, 1)
[ENTRY] = [entry for entry in load_catalogue() if entry.id == "R2"]
MAPPED = [("service", "is_complaint", "hotline"), ("incident", "occurred_at", "reports")]
SPANS = [("hotline", "service", JAN, DEC), ("reports", "incident", JAN, DEC)]
whole = st.integers(0, 3000)


def hotline(area: str, day: date, opened: int, complaints: int) -> dict[str, Any]:
    return {"source": "hotline", "area_id": area, "day": day, "opened": opened, "complaints": complaints}


def incidents(area: str, day: date, count: int, **others: Any) -> dict[str, Any]:
    return {"source": "reports", "area_id": area, "day": day, "incidents_ppm": count * 1_000_000, **others}


def figures_of(inputs: Any, services: list[dict[str, Any]], basis: list[dict[str, Any]], **given: Any) -> Any:
    measures = {"msr_service_day": services, "msr_incident_day": basis}
    return compute([ENTRY], inputs(measures, **{"spans": SPANS, "mapped": MAPPED, **given}))


def score_limits(x: int, y: int) -> tuple[float, float]:
    """Graham, Mengersen & Morton (2003), equation 9: both roots of the score equation, for equal times at risk."""
    z2 = normal_quantile(0.95) ** 2
    middle, half = 2 * x * y + z2 * (x + y), np.sqrt(z2 * (x + y) * (4 * x * y + z2 * (x + y)))
    return (middle - half) / (2 * y**2), (middle + half) / (2 * y**2)


@pytest.mark.parametrize(("x", "y"), [(1, 1), (5, 12), (40, 1200), (900, 30), (0, 8)])
def test_limits_are_the_roots_of_the_score_equation(x: int, y: int) -> None:
    lower, upper = ratio_of_counts_limits(x, y)
    assert (float(lower), float(upper)) == pytest.approx(score_limits(x, y), abs=1e-9)


def test_limits_where_a_count_is_zero() -> None:
    lower, upper = ratio_of_counts_limits([0, 0, 7], [0, 5, 0])
    assert lower[:2].tolist() == [0, 0]
    assert 0 < lower[2] < np.inf
    assert upper[0] == upper[2] == np.inf
    assert upper[1] < np.inf


def test_limits_cover_the_true_ratio_about_95_times_of_100() -> None:
    """Averaged over true counts of 10 at least, 10 000 pairs each."""
    draw = np.random.default_rng(3)
    covered = []
    for above, below in ((10, 10), (10, 400), (40, 900), (300, 25)):
        lower, upper = ratio_of_counts_limits(draw.poisson(above, 10_000), draw.poisson(below, 10_000))
        covered.append(np.mean((lower <= above / below) & (above / below <= upper)))
    assert 0.94 < np.mean(covered) < 0.96
    assert min(covered) > 0.93


@given(whole, st.integers(1, 3000), whole, whole, whole, whole, whole)
def test_bounds_contain_the_interval_and_never_narrow(
    above: int, below: int, more: int, fewer: int, more_below: int, fewer_below: int, further: int
) -> None:
    lower, upper = ratio_of_counts_limits(above, below)
    doubts = [more, fewer, more_below, fewer_below]
    low, high = ratio_bounds(above, below, *doubts)
    slack = 1 + 1e-9
    assert low <= lower * slack
    assert np.isnan(high) or upper <= high * slack
    for at in range(4):
        wider = ratio_bounds(above, below, *(doubt + further * (n == at) for n, doubt in enumerate(doubts)))
        assert wider[0] <= low * slack
        assert np.isnan(wider[1]) or high <= wider[1] * slack


def test_complaints_per_thousand_incidents(inputs) -> None:
    services = [hotline("n1", JAN, 90, 6), hotline("n2", JAN, 10, 3), hotline("n1", FEB, 50, 0)]
    basis = [incidents("n1", JAN, 100, category="0502"), incidents("n1", JAN, 20), incidents("n2", JAN, 180)]
    figures = figures_of(inputs, services, [*basis, incidents("n1", FEB, 150)])
    for area, part, count in (("n1", 6, 120), ("n2", 3, 180), ("north", 9, 300), ("city", 9, 300)):
        found = row(figures, area, JAN, indicator="R2")
        assert (found["numerator"], found["denominator"]) == (part, count)
        assert found["value"] == pytest.approx(1000 * part / count)
        assert (found["lower"], found["upper"]) == pytest.approx(
            tuple(1000 * each for each in score_limits(part, count))
        )
        assert (found["bound_low"], found["bound_high"]) == (found["lower"], found["upper"])
        assert (found["unusable"], found["quality_grade"], found["status"]) == (0, "A", "final")
    none = row(figures, "n1", FEB, indicator="R2")
    assert (none["value"], none["lower"]) == (0, 0)
    assert none["upper"] > 0
    # Without incidents there is no ratio, and under a hundred none is told.
    assert row(figures, "n1", MAR, indicator="R2")["reason"] == "nothing_to_count"
    few = row(figures_of(inputs, services, [incidents("n1", JAN, 99)]), "n1", JAN, indicator="R2")
    assert (few["value"], few["status"]) == (None, "withheld")


def test_unusable_records_of_either_count_widen_the_bounds(inputs) -> None:
    """Of n1 a request and two incidents are refused, and a request and three incidents are of unknown area."""
    services = [hotline("n1", JAN, 90, 10), hotline("beat:unallocated", JAN, 4, 1)]
    basis = [incidents("n1", JAN, 200), incidents("beat:unallocated", JAN, 3)]
    there = {"area_id": "n1", "day": JAN, "last_day": JAN}
    doubtful = [
        {"source": "hotline", "kind": "service", "refused": 1, **there},
        {"source": "reports", "kind": "incident", "refused": 2, **there},
        {"source": "reports", "kind": "incident", "contested": 5, **there},
    ]
    found = row(figures_of(inputs, services, basis, doubtful=doubtful), "n1", JAN, indicator="R2")
    assert found["value"] == pytest.approx(50)
    assert found["bound_low"] == pytest.approx(1000 * score_limits(10, 205)[0])
    assert found["bound_high"] == pytest.approx(1000 * score_limits(12, 195)[1])
    assert found["unusable"] == 1 + 4 + 2 + 3 + 5


def test_only_days_that_both_sources_cover_count(inputs) -> None:
    """The hotline begins in February: incidents of January have no complaints to stand beside."""
    services = [hotline("n1", FEB, 50, 5)]
    basis = [incidents("n1", JAN, 500), incidents("n1", FEB, 200)]
    figures = figures_of(
        inputs, services, basis, spans=[("hotline", "service", FEB, DEC), ("reports", "incident", JAN, DEC)]
    )
    year = row(figures, "n1", JAN, kind="year", indicator="R2")
    assert (year["numerator"], year["denominator"]) == (5, 200)
    assert (year["status"], year["reason"]) == ("provisional", "partial_records:334/365")
    assert figures.values["period_start"].min() == JAN


def test_counts_of_different_geographies_meet_where_both_lie(inputs) -> None:
    services = [{**hotline("w1", JAN, 50, 5), "geography": "ward"}]
    figures = figures_of(inputs, services, [incidents("n1", JAN, 200)])
    assert set(figures.values["area_id"]) == {"city", "north"}
    assert row(figures, "north", JAN, indicator="R2")["value"] == pytest.approx(25)


def test_under_protection_the_whole_city_alone_is_told_from_rounded_counts(inputs) -> None:
    """33 complaints are shown as 35 (33 to 37), 512 incidents as 510 (508 to 512); five complaints are withheld."""
    services = [hotline("n1", JAN, 90, 30), hotline("n2", JAN, 9, 3), hotline("n1", FEB, 50, 5)]
    basis = [incidents("n1", JAN, 412), incidents("n2", JAN, 100), incidents("n1", FEB, 150)]
    measures = {"msr_service_day": services, "msr_incident_day": basis}
    given = replace(inputs(measures, SPANS, mapped=MAPPED), disclosure=Disclosure("hes"))
    figures = compute([ENTRY], given)
    assert set(figures.values["area_id"]) == {"city"}
    found = row(figures, "city", JAN, indicator="R2")
    assert (found["numerator"], found["denominator"]) == (35, 510)
    assert found["value"] == pytest.approx(1000 * 35 / 510)
    assert found["bound_low"] == pytest.approx(1000 * score_limits(33, 512)[0])
    assert found["bound_high"] == pytest.approx(1000 * score_limits(37, 508)[1])
    small = row(figures, "city", FEB, indicator="R2")
    assert (small["status"], small["value"], small["numerator"], small["denominator"]) == ("withheld", None, None, None)


@pytest.mark.parametrize(
    ("services", "basis", "mapped", "reason"),
    [
        ([], [incidents("n1", JAN, 1)], MAPPED, "nothing_to_count"),
        ([hotline("n1", JAN, 1, 1)], [], MAPPED, "nothing_to_count"),
        ([hotline("n1", JAN, 1, 1)], [incidents("n1", JAN, 1)], MAPPED[1:], "needs_field:service.is_complaint"),
    ],
)
def test_without_one_of_both_there_is_no_figure(inputs, services, basis, mapped, reason: str) -> None:
    (told,) = figures_of(inputs, services, basis, mapped=mapped).availability.rows()
    assert told == ("R2", "not_available", reason, None)


def test_needs_of_a_kind_that_no_source_has_are_told(inputs) -> None:
    figures = figures_of(inputs, [hotline("n1", JAN, 1, 1)], [], spans=SPANS[:1], mapped=MAPPED[:1])
    (told,) = figures.availability["reason"]
    assert told == "needs_kind:incident"
