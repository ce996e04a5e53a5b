"""How unevenly incidents fall on staffed hours, as figures of areas and periods."""

import dataclasses
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from indicators.bounds import unevenness_bounds
from indicators.catalogue.entries import Entry
from indicators.catalogue.parts import Selection
from indicators.compute import compute
from indicators.concentration import gini, gini_beyond_chance, gini_limits
from indicators.inputs import Figures
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import DEC, JAN, row

BEATS = [f"b{n}" for n in range(8)]


def workload(**changed: Any) -> Entry:
    return make_entry(
        kind="concentration", interval="bootstrap", measure="msr_incident_basis_day",
        numerator=Selection(column="incidents"), scale=1.0, per=1.0, period_kinds=["year"],
        needs=["incident.occurred_at", "patrol.personnel"], **{"min_denominator": 20, **changed},
    )  # fmt: skip


def figures(
    counts: list[int],
    hours: list[float],
    last: date = DEC,
    mapped: bool = True,
    stray: tuple[int, float] = (7, 9.0),
    unstaffed: int = 0,
    doubtful: Iterable[dict[str, Any]] = (),
) -> Figures:
    """Of a city with a district of all but two beats; `stray` incidents and hours are of no known beat."""
    at = ["beat:unallocated", *BEATS]
    incidents = [
        {"area_id": area, "day": date(2021, 3, 1), "source": "reports", "incidents": n, "with_point": 0}
        for area, n in zip(at, [stray[0], *counts], strict=True)
    ]
    patrols = [
        {"area_id": area, "day": date(2021, 5, 1), "source": "legs", "patrols": 1, "staffed_seconds": round(h * 3600)}
        for area, h in zip(at, [stray[1], *hours], strict=True)
        if h
    ]
    nobody = {"area_id": BEATS[0], "day": date(2021, 5, 2), "source": "legs", "patrols": 1, "staffing_missing": 1}
    patrols += [nobody] * unstaffed
    where = [("incident", "occurred_at", "reports")]
    person = [("patrol", "personnel", "legs")]
    inputs = make_inputs(
        {"msr_incident_basis_day": incidents, "msr_patrol_day": patrols},
        [("reports", "incident", JAN, DEC), ("legs", "patrol", JAN, last)],
        mapped=where + person * mapped, unmapped=[] if mapped else person, doubtful=doubtful,
    )  # fmt: skip
    areas = pl.DataFrame(
        [("city", None, None, "city", False), ("north", "city", None, "district", False),
         ("south", "city", None, "district", False), ("beat:unallocated", "city", "beat", "beat", True)]
        + [(beat, "north" if n < 6 else "south", "beat", "beat", False) for n, beat in enumerate(BEATS)],
        schema=["area_id", "parent_id", "geography", "area_level", "is_unallocated"], orient="row",
    )  # fmt: skip
    return compute([workload()], dataclasses.replace(inputs, areas=areas))


COUNTS, HOURS = [40, 10, 10, 5, 30, 2, 60, 8], [10.0, 10, 20, 5, 10, 4, 12, 8]


def test_the_figure_is_the_coefficient_less_what_chance_makes_of_it() -> None:
    found = figures(COUNTS, HOURS)
    assert set(found.values["area_id"]) == {"city", "north"}
    for area, places in (("city", 8), ("north", 6)):
        figure, beyond = row(found, area, JAN, "year"), gini_beyond_chance(COUNTS[:places], HOURS[:places])
        limits = gini_limits(COUNTS[:places], HOURS[:places], expanded=True)
        assert beyond is not None
        assert limits is not None
        assert beyond.observed == pytest.approx(gini(COUNTS[:places], HOURS[:places]))
        assert (figure["numerator"], figure["denominator"]) == (sum(HOURS[:places]), sum(COUNTS[:places]))
        assert figure["value"] == pytest.approx(beyond.excess)
        assert figure["lower"] == pytest.approx(min(limits[0], beyond.observed) - beyond.expected)
        assert figure["upper"] == pytest.approx(max(limits[1], beyond.observed) - beyond.expected)


@pytest.mark.slow
def test_incidents_in_doubt_bound_the_figure_and_hours_in_doubt_open_the_bounds() -> None:
    sure = row(figures(COUNTS, HOURS, stray=(0, 0)), "north", JAN, "year")
    assert (sure["bound_low"], sure["bound_high"]) == (sure["lower"], sure["upper"])
    refused = {"source": "reports", "kind": "incident", "area_id": BEATS[1], "day": date(2021, 4, 1), "refused": 3}
    contested = {**refused, "refused": 0, "contested": 2}
    for area, places in (("north", 6), ("city", 8)):
        found = row(figures(COUNTS, HOURS, stray=(7, 0), doubtful=[refused, contested]), area, JAN, "year")
        beyond = gini_beyond_chance(COUNTS[:places], HOURS[:places])
        limits = gini_limits(COUNTS[:places], HOURS[:places], expanded=True)
        assert beyond is not None
        assert limits is not None
        low, high = unevenness_bounds(limits, beyond.expected, sum(COUNTS[:places]), 7 + 3, 2)
        assert (found["bound_low"], found["bound_high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
        assert found["bound_low"] < found["lower"] < found["upper"] < found["bound_high"] < 1
    patrol = {"source": "legs", "kind": "patrol", "area_id": BEATS[1], "day": date(2021, 4, 1), "contested": 1}
    for changed in ({"stray": (0, 9.0)}, {"unstaffed": 1}, {"doubtful": [patrol]}):
        found = row(figures(COUNTS, HOURS, **{"stray": (0, 0.0), **changed}), "north", JAN, "year")
        assert (found["value"], found["bound_low"], found["bound_high"]) == (sure["value"], -1, 1)


def test_places_of_one_rate_are_more_even_than_chance() -> None:
    """All places alike but for their hours: the coefficient is none, and chance would have made it more."""
    figure = row(figures([n * 10 for n in range(1, 9)], [float(n) for n in range(1, 9)]), "city", JAN, "year")
    assert -0.1 < figure["value"] < 0


def test_an_area_that_is_never_staffed_is_left_out_with_its_incidents() -> None:
    hours = [*HOURS[:7], 0.0]
    figure = row(figures(COUNTS, hours), "city", JAN, "year")
    beyond = gini_beyond_chance(COUNTS[:7], HOURS[:7])
    assert beyond is not None
    assert (figure["denominator"], figure["value"]) == (sum(COUNTS[:7]), pytest.approx(beyond.excess))
    # With four places left there is no figure.
    few = row(figures(COUNTS, [10.0, 10, 20, 5, 0, 0, 0, 0]), "city", JAN, "year")
    assert (few["status"], few["reason"]) == ("not_available", "nothing_to_count")


def test_days_without_one_of_the_two_do_not_count() -> None:
    figure = row(figures(COUNTS, HOURS, last=date(2021, 6, 30)), "city", JAN, "year")
    assert figure["status"] == "provisional"
    assert figure["reason"] == "partial_records:181/365"
    assert row(figures(COUNTS, HOURS, last=date(2021, 2, 1)), "city", JAN, "year")["status"] == "not_available"


def test_without_the_people_on_patrol_there_are_no_staffed_hours() -> None:
    found = figures(COUNTS, HOURS, mapped=False)
    assert found.availability["reason"].to_list() == ["needs_field:patrol.personnel"]


def test_where_all_have_one_rate_the_figure_is_none_on_average() -> None:
    random = np.random.default_rng(4)
    hours = random.uniform(5, 20, (60, 8))
    counts = random.poisson(4 * hours)
    excess = [
        beyond.excess for x, h in zip(counts, hours, strict=True) if (beyond := gini_beyond_chance(x, h, draws=199))
    ]
    assert np.mean(excess) == pytest.approx(0, abs=4 * np.std(excess) / np.sqrt(60))
