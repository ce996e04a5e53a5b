"""Networks of agencies as figures of areas and periods."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from indicators.catalogue.parts import Network
from indicators.compute import compute
from indicators.inputs import Figures, Inputs
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import row

YEAR, AS_OF = date(2021, 1, 1), date(2021, 12, 31)
EDGE_SCHEMA = {
    "geography": pl.String, "area_id": pl.String, "day": pl.Date, "source": pl.String, "kind": pl.String,
    "from_agency": pl.String, "to_agency": pl.String, "cases": pl.Int64,
}  # fmt: skip
MEASURE = {"incident": "msr_incident_basis_day", "handoff": "msr_handoff_day"}
Edge = tuple[str, str, str, int]


def network(kind: str, statistic: str = "density", fewest: int = 2, **changed: Any) -> Any:
    given = {
        "kind": "network", "interval": "bootstrap", "measure": MEASURE[kind], "numerator": None, "scale": 1.0,
        "per": 1.0, "min_denominator": 20, "period_kinds": ["quarter", "year"],
        "network": Network.model_validate({"statistic": statistic, "fewest_cases": fewest}),
    }  # fmt: skip
    return make_entry(**{**given, **changed})


def city(kind: str, edges: list[Edge], month: date = date(2021, 5, 1), more: int = 0) -> Inputs:
    """Inputs with these edges of a month, and so many records of n1 more whose agencies are not known."""
    frame = pl.DataFrame(
        [("beat", area, month, "s", kind, one, other, cases) for area, one, other, cases in edges],
        schema=EDGE_SCHEMA, orient="row",
    )  # fmt: skip
    base = {"day": month, "source": "s"}
    rows = [
        {**base, "area_id": area, "incidents": n, "with_agency": n, "joint": n}
        if kind == "incident"
        else {**base, "area_id": area, "opened": n}
        for area, _, _, n in edges
    ]
    rows.append({**base, "area_id": "n1", "incidents" if kind == "incident" else "opened": more})
    inputs = make_inputs({MEASURE[kind]: rows}, [("s", kind, YEAR, AS_OF)], as_of=AS_OF)
    return Inputs(**{**vars(inputs), "extracts": {"ext_agency_edge_month": frame}})


def figures(entry: Any, *given: Any, **changed: Any) -> Figures:
    return compute([entry], city(*given, **changed))


STAR: list[Edge] = [("n1", "hub", other, 30) for other in ("a", "b", "c")]


def test_all_cases_of_clear_links_give_the_plain_figures() -> None:
    for statistic, value in (("density", 3 / 6), ("degree_centralisation", 1.0)):
        found = figures(network("incident", statistic, min_denominator=90), "incident", STAR)
        for area in ("n1", "north", "city"):
            figure = row(found, area, YEAR, "year")
            assert (figure["value"], figure["denominator"]) == (pytest.approx(value), 90)
            assert figure["lower"] <= figure["value"] <= figure["upper"]
        assert row(found, "n1", date(2021, 4, 1), "quarter")["value"] == pytest.approx(value)
        empty = row(found, "n1", YEAR, "quarter")
        assert (empty["status"], empty["reason"]) == ("withheld", "small_denominator:90")
        assert row(found, "s1", YEAR, "year")["status"] == "withheld"


def test_handoffs_have_a_direction_and_none_leads_back_to_its_agency() -> None:
    edges = [*STAR, ("n1", "a", "hub", 30), ("n1", "a", "a", 500)]
    density = row(figures(network("handoff", min_denominator=120), "handoff", edges), "n1", YEAR, "year")
    assert (density["value"], density["denominator"], density["numerator"]) == (pytest.approx(4 / 12), 120, 4)
    central = figures(network("handoff", "degree_centralisation", min_denominator=120), "handoff", edges)
    assert row(central, "n1", YEAR, "year")["value"] == pytest.approx(1.0)


def test_agencies_of_the_whole_city_are_possible_everywhere() -> None:
    other: list[Edge] = [("s1", "d", "e", 40)]
    found = figures(network("incident", min_denominator=40), "incident", [*STAR, *other])
    assert row(found, "s1", YEAR, "year")["value"] == pytest.approx(1 / 15)
    assert row(found, "city", YEAR, "year")["denominator"] == 130


def test_one_case_alone_is_no_link_and_more_cases_do_not_make_one_likelier() -> None:
    entry = network("incident", min_denominator=91)
    assert row(figures(entry, "incident", [*STAR, ("n1", "a", "b", 1)]), "n1", YEAR, "year")["value"] == pytest.approx(
        3 / 6
    )
    entry = network("incident", min_denominator=20)
    values = [
        row(figures(entry, "incident", [(*e[:3], e[3] * times) for e in [*STAR, ("n1", "a", "b", 2)]]), "n1", YEAR,
            "year")["value"]
        for times in (1, 10)
    ]  # fmt: skip
    assert values[0] == pytest.approx(values[1], abs=0.02)


@pytest.mark.parametrize("kind", ["incident", "handoff"])
def test_records_whose_agencies_are_not_known_are_unusable(kind: str) -> None:
    found = figures(network(kind), kind, STAR, more=10)
    figure = row(found, "n1", YEAR, "year")
    assert (figure["unusable"], figure["quality_grade"]) == (10, "C")
    sure = row(figures(network(kind), kind, STAR), "n1", YEAR, "year")
    assert sure["quality_grade"] == "A"
    assert (sure["bound_low"], sure["bound_high"]) == (sure["lower"], sure["upper"])
    assert (figure["bound_low"], figure["bound_high"]) == (0, 1)
    # Wherever they happened, they may name agencies that are possible everywhere.
    elsewhere = row(figures(network(kind), kind, [*STAR, ("s1", "a", "b", 30)], more=10), "s1", YEAR, "year")
    assert (elsewhere["unusable"], elsewhere["bound_low"], elsewhere["bound_high"]) == (0, 0, 1)


def test_two_agencies_are_no_network() -> None:
    figure = row(figures(network("incident"), "incident", [("n1", "a", "b", 50)]), "n1", YEAR, "year")
    assert (figure["value"], figure["reason"]) == (None, "nothing_to_count")


def test_the_same_figures_again() -> None:
    entry = network("incident", "degree_centralisation")
    one, other = (figures(entry, "incident", [*edges, ("n1", "a", "b", 7)]) for edges in (STAR, STAR[::-1]))
    assert one.values.equals(other.values)
