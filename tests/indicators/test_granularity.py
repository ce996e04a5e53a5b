"""Granularity: what is published by the quarter alone tells no month that others tell."""

from dataclasses import replace
from datetime import date

import pytest

from indicators.atoms import published_counts
from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.granularity import counted_together
from indicators.inputs import Inputs
from tests.indicators.conftest import make_entry
from tests.indicators.small_city import M, incident, reports, row

KINDS = {"period_kinds": ["month", "quarter", "year"]}
SHOT = {"column": "incidents_ppm", "where": [{"category": {"values": ["0101"]}}]}
STOLEN = {"column": "incidents_ppm", "where": [{"category": {"values": ["0502"]}}]}
ALL, SHOOTINGS, THEFTS = (
    make_entry(id=name, **KINDS, **given)
    for name, given in (("all", {}), ("shootings", {"numerator": SHOT}), ("thefts", {"numerator": STOLEN}))
)
HARM = make_entry(id="harm", kind="weighted_rate", interval="gamma", **KINDS)
RARELY = Disclosure("hes", finest_of={"shootings": "quarter"}, hidden_levels={"shootings": frozenset({"beat"})})
JAN = date(2021, 1, 1)


@pytest.fixture
def city(inputs) -> Inputs:
    """Of n1 forty thefts a month, and 30, 7 and 12 shootings; of n2 thefts alone."""
    rows = [
        incident(area, date(2021, month, 2), 40 * M, category="0502") for area in ("n1", "n2") for month in (1, 2, 3)
    ]
    rows += [incident("n1", date(2021, month, 3), n * M, category="0101") for month, n in ((1, 30), (2, 7), (3, 12))]
    made: Inputs = inputs({"msr_incident_day": rows}, reports(), weights={"0101": 900, "0502": 7})
    return replace(made, disclosure=RARELY)


def quarter_of_shootings(entries: list, city: Inputs) -> dict[str, float]:
    values = compute(entries, city).values
    shootings = values.filter(indicator_id="shootings", period_start=JAN)
    assert set(shootings["period_kind"]) <= {"quarter", "year"}
    assert "beat" not in set(shootings["area_level"])
    return dict(shootings.filter(period_kind="quarter").select("area_id", "numerator").iter_rows())


def test_beside_others_of_the_same_records_a_quarter_is_the_sum_of_what_is_shown_of_its_months(city: Inputs) -> None:
    assert quarter_of_shootings([ALL, SHOOTINGS, THEFTS], city)["north"] == 30 + 4 + 10
    # Alone it is what there is, rounded: nothing tells its months.
    assert quarter_of_shootings([SHOOTINGS], city)["north"] == 50
    assert quarter_of_shootings([SHOOTINGS, THEFTS], city)["north"] == 50


def test_months_told_by_others_cannot_be_narrowed_by_the_quarter(city: Inputs) -> None:
    """All incidents of north less its thefts tell what is shown of a month's shootings, in February from 1 to 7."""
    found = compute([ALL, SHOOTINGS, THEFTS], city).values
    told = {
        name: found.filter(indicator_id=name, area_id="north", period_kind="month").sort("period_start")["numerator"]
        for name in ("all", "thefts")
    }
    assert (told["all"] - told["thefts"])[:3].to_list() == [30, 4, 10]
    # By itself the quarter would be from 48 to 52: less 32 and 12 at most, February would be 4 at least.
    assert quarter_of_shootings([ALL, SHOOTINGS, THEFTS], city)["north"] != 50


def test_those_that_share_records_are_counted_by_the_shortest_periods_and_the_smallest_areas(city: Inputs) -> None:
    def counted(*entries):
        return counted_together(published_counts(entries, city), city).counted_by

    everything = ("month", frozenset[str]())
    assert counted(ALL, SHOOTINGS, THEFTS) == dict.fromkeys(("all", "shootings", "thefts"), everything)
    assert counted(SHOOTINGS, THEFTS) == {}
    assert counted(SHOOTINGS, HARM) == {}
    alike = replace(city, disclosure=Disclosure("hes"))
    assert counted_together(published_counts([ALL, SHOOTINGS], alike), alike) is alike.disclosure


def test_a_weighted_sum_may_be_told_by_the_year_alone(city: Inputs) -> None:
    """By the month its few grave records may be 1 or 7; in a year there are more."""
    values = {
        finest: compute([ALL, SHOOTINGS, HARM], replace(city, disclosure=Disclosure("hes", finest_of={"harm": finest})))
        for finest in ("month", "year")
    }
    of_year = {finest: row(each, "city", JAN, "year", "harm")["numerator"] for finest, each in values.items()}
    assert of_year == {"month": 240 * 7 + (30 + 4 + 12) * 900, "year": 240 * 7 + 49 * 900}
