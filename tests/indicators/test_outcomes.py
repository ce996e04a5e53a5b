"""What comes of records, by the catalogue's own entries: counted by hand, and what unusable records leave open."""

from datetime import date
from typing import Any

import pytest

from indicators.catalogue.entries import Entry
from indicators.catalogue.reading import load_catalogue
from indicators.compute import compute
from indicators.intervals import wilson_limits
from tests.indicators.small_city import DEC, JAN, row

FEB = date(2021, 2, 1)
CATALOGUE = {entry.id: entry for entry in load_catalogue()}
# Of each: counts of January in two beats; successes and trials there by hand, in the first beat and in the city.
COUNTED: dict[str, tuple[dict[str, int], dict[str, int], tuple[int, int], tuple[int, int]]] = {
    "G1": ({"due": 40, "answered_in_time": 30}, {"due": 10, "answered_in_time": 9}, (30, 40), (39, 50)),
    "G3": (
        {"closed": 60, "satisfaction_known": 20, "satisfaction_unknown": 40, "satisfied": 15},
        {"closed": 10, "satisfaction_known": 10, "satisfied": 3},
        (15, 20),
        (18, 30),
    ),
    "G3_follow_up": ({"closed": 60, "followed_up": 24}, {"closed": 10, "followed_up": 10}, (24, 60), (34, 70)),
    "R1": (
        {"incidents": 21, "clearance_known": 20, "clearance_unknown": 1, "cleared_in_time": 5},
        {"incidents": 30, "clearance_known": 30, "cleared_in_time": 6},
        (5, 20),
        (11, 50),
    ),
    "R3": ({"review_known": 16, "overturned": 4}, {"review_known": 4, "overturned": 2}, (4, 16), (6, 20)),
    "R4": ({"closed": 50, "closed_with_basis": 45}, {"closed": 10, "closed_with_basis": 1}, (45, 50), (46, 60)),
    "M5": ({"settlement_known": 12, "settled": 9}, {"settlement_known": 8, "settled": 1}, (9, 12), (10, 20)),
    "L1": ({"joint_duty": 30, "joint_duty_met": 12}, {"joint_duty": 10, "joint_duty_met": 9}, (12, 30), (21, 40)),
    "E1": ({"due": 20, "confirmed_solved": 8}, {"due": 10, "confirmed_solved": 7}, (8, 20), (15, 30)),
}


def _given(entry: Entry, *rows: dict[str, Any]) -> dict[str, Any]:
    """Inputs of a source `s` that maps all that the entry needs, with these rows of January."""
    where = {"channel": "enterprise platform"} if entry.id == "E1" else {}
    kind = "incident" if entry.measure == "msr_incident_basis_day" else "service"
    return {
        "measures": {entry.measure: [{"source": "s", "day": JAN, **where, **each} for each in rows]},
        "spans": [("s", kind, JAN, DEC)],
        "mapped": [(*need.split("."), "s") for need in entry.needs],
    }


def _in_percent(part: float, whole: float) -> tuple[float, float]:
    return tuple(100 * float(limit) for limit in wilson_limits(part, whole))  # type: ignore[return-value]


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTED)
def test_shares_counted_by_hand(inputs, name: str) -> None:
    first, second, beat, city = COUNTED[name]
    entry = CATALOGUE[name]
    figures = compute([entry], inputs(**_given(entry, {"area_id": "n1", **first}, {"area_id": "n2", **second})))
    for area, (part, whole) in (("n1", beat), ("city", city)):
        found = row(figures, area, JAN, indicator=name)
        assert (found["numerator"], found["denominator"]) == (part, whole)
        assert found["value"] == pytest.approx(100 * part / whole)
        assert (found["lower"], found["upper"]) == pytest.approx(_in_percent(part, whole))
        assert found["status"] == ("provisional" if entry.maturity_days > 333 else "final")
    # Nothing of February: there is no share of nothing.
    assert row(figures, "n1", FEB, indicator=name)["reason"] == "nothing_to_count"


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("at", range(4))
def test_each_field_that_is_needed_is_named_where_it_is_missing(inputs, name: str, at: int) -> None:
    entry = CATALOGUE[name]
    if at >= len(entry.needs):
        return
    given = _given(entry, {"area_id": "n1", **COUNTED[name][0]})
    given["mapped"].pop(at)
    (told,) = compute([entry], inputs(**given)).availability.rows()
    assert told == (name, "not_available", f"needs_field:{entry.needs[at]}", None)


def test_those_not_reached_bound_the_satisfied_on_both_sides(inputs) -> None:
    """Of 60 closed 20 answered, 15 of them satisfied: the other 40 may all be satisfied, or none."""
    entry = CATALOGUE["G3"]
    found = row(
        compute([entry], inputs(**_given(entry, {"area_id": "n1", **COUNTED["G3"][0]}))), "n1", JAN, indicator="G3"
    )
    assert found["bound_low"] == pytest.approx(_in_percent(15, 60)[0])
    assert found["bound_high"] == pytest.approx(_in_percent(55, 60)[1])
    assert found["unusable"] == 40
    assert (found["quality_grade"], found["grade_reason"]) == ("D", "value_missing:66.7")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "field", "day"),
    [
        *(("G1", "first_response_at", "due_day"), ("E1", "solved", "due_day"), ("E1", "channel", "due_day")),
        *(("R1", "closed_at", "day"), ("R4", "legal_basis", "day"), ("G3", "closed_at", "day")),
        *(("M5", "category", "day"), ("M5", "reopened_at", "day"), ("L1", "agencies", "day")),
    ],
)
def test_a_field_that_could_not_be_read_widens_the_bounds(inputs, name: str, field: str, day: str) -> None:
    """Of January's counts one record's outcome may be either; where it is chosen by the field, it may come to them."""
    entry = CATALOGUE[name]
    given = _given(entry, {"area_id": "n1", **COUNTED[name][0]})
    source = {"source": "s", "kind": given["spans"][0][1], "area_id": "n1", "refused": 1, "contested": 1}
    days = {"day": JAN, "last_day": JAN, day: JAN}
    whole = row(compute([entry], inputs(**given)), "n1", JAN, indicator=name)
    found = row(
        compute([entry], inputs(**given, doubtful=[{**source, **days, "field": field}])), "n1", JAN, indicator=name
    )
    part, trials = COUNTED[name][2]
    failures, missing = trials - part, COUNTED[name][0].get(entry.unusable.missing or "", 0)
    # Not known to be of the channel, it is not counted; else it is, and may be one success or failure fewer.
    away = 0 if field == "channel" else 1
    assert found["bound_low"] == pytest.approx(_in_percent(part - away, part - away + failures + 1 + missing)[0])
    best = part + 1 + missing
    assert found["bound_high"] == pytest.approx(_in_percent(best, best + failures - away)[1])
    assert (found["value"], found["lower"], found["upper"]) == (whole["value"], whole["lower"], whole["upper"])


def test_other_channels_are_no_enterprise_platform(inputs) -> None:
    entry = CATALOGUE["E1"]
    platform = {"area_id": "n1", **COUNTED["E1"][0]}
    others = [{"area_id": "n1", "channel": channel, "due": 70, "confirmed_solved": 70} for channel in ("phone", None)]
    found = row(compute([entry], inputs(**_given(entry, platform, *others))), "n1", JAN, indicator="E1")
    assert (found["numerator"], found["denominator"]) == (8, 20)


def test_a_cohort_is_provisional_until_it_is_mature(inputs) -> None:
    """Cleared within 180 days, and a month for the recording: on 31 December 2021 May is 214 days old, June 184."""
    entry = CATALOGUE["R1"]
    months = [{"area_id": "n1", "day": date(2021, month, 1), **COUNTED["R1"][0]} for month in (5, 6)]
    figures = compute([entry], inputs(**_given(entry, *months)))
    assert row(figures, "n1", date(2021, 5, 1), indicator="R1")["status"] == "final"
    june = row(figures, "n1", date(2021, 6, 1), indicator="R1")
    assert (june["status"], june["reason"]) == ("provisional", "maturing:26")
