from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.compute import compute
from tests.indicators.small_city import DEC, JAN, row

pytestmark = pytest.mark.slow


def service_measures(day: date, durations_days: list[int], still_open: int, area: str = "w1") -> dict:
    base = {"geography": "ward", "area_id": area, "source": "cases"}
    opened = {**base, "day": day, "opened": len(durations_days) + still_open, "closed": len(durations_days)}
    buckets = sorted(set(durations_days))
    return {
        "msr_service_day": [{**opened, "open_now": still_open}],
        "msr_service_duration_month": [
            {
                **base, "day": day.replace(day=1), "bucket": n, "closed": durations_days.count(d),
                "closed_seconds": durations_days.count(d) * d * 86_400,
            }
            for n, d in enumerate(buckets)
        ],
    }  # fmt: skip


def median_entry(entry):
    return entry(
        kind="survival_quantile", interval="kaplan_meier", numerator=None, measure="msr_service_duration_month",
        opened_measure="msr_service_day", scale=86_400.0, per=1.0, min_denominator=10,
    )  # fmt: skip


def test_open_cases_count_in_the_median(inputs, entry) -> None:
    measures = service_measures(date(2021, 12, 1), [0] * 55 + [10] * 5, still_open=40)
    figures = compute([median_entry(entry)], inputs(measures, [("cases", "service", JAN, DEC)]))
    found = row(figures, "w1", date(2021, 12, 1))
    # Among the closed alone the median would be 0.
    assert (found["value"], found["numerator"], found["denominator"]) == (0.0, 60, 100)
    measures = service_measures(date(2021, 12, 1), [0] * 45 + [10] * 10, still_open=45)
    figures = compute([median_entry(entry)], inputs(measures, [("cases", "service", JAN, DEC)]))
    assert row(figures, "w1", date(2021, 12, 1))["value"] == 10.0
    assert row(figures, "city", date(2021, 12, 1))["value"] == 10.0


def test_the_age_of_an_open_case_runs_to_as_of(inputs, entry) -> None:
    measures = service_measures(date(2021, 12, 1), [0] * 30 + [5] * 10 + [20] * 10, still_open=0)
    later = service_measures(date(2021, 12, 21), [], still_open=50)
    measures["msr_service_day"] += later["msr_service_day"]
    figures = compute([median_entry(entry)], inputs(measures, [("cases", "service", JAN, DEC)]))
    # Ten days old, the fifty are at risk at 0 and 5 days: S(5) = .7 · 60/70 = .6. At 20 days ten are left.
    assert row(figures, "w1", date(2021, 12, 1))["value"] == 20.0


def test_median_that_is_not_reached(inputs, entry) -> None:
    measures = service_measures(date(2021, 12, 1), [0] * 20, still_open=80)
    figures = compute([median_entry(entry)], inputs(measures, [("cases", "service", JAN, DEC)]))
    found = row(figures, "w1", date(2021, 12, 1))
    assert (found["status"], found["reason"], found["value"]) == ("not_available", "not_reached", None)


def test_cases_without_duration_move_the_bounds_of_the_median(inputs, entry) -> None:
    measures = service_measures(date(2021, 11, 1), list(range(1, 41)), still_open=0)
    clean = compute([median_entry(entry)], inputs(measures, [("cases", "service", JAN, DEC)]))
    measures["msr_service_day"][0]["opened"] += 10
    unclear = compute([median_entry(entry)], inputs(measures, [("cases", "service", JAN, DEC)]))
    before, after = (row(f, "w1", date(2021, 11, 1)) for f in (clean, unclear))
    assert before["value"] == after["value"] == 20.0
    assert (before["bound_low"], before["bound_high"]) == (before["lower"], before["upper"])
    assert after["unusable"] == 10
    assert after["bound_low"] < before["bound_low"]
    assert after["bound_high"] > before["bound_high"]


def test_only_the_records_that_the_entry_names_are_timed(inputs, entry) -> None:
    def rows(priority: int, found_by: str, minutes: list[int], still_open: int) -> dict:
        base = {
            "geography": "ward", "area_id": "w1", "source": "calls", "found_by": found_by, "priority": priority,
            "stage": "response", "day": date(2021, 12, 1),
        }  # fmt: skip
        opened = {**base, "opened": len(minutes) + still_open, "closed": len(minutes), "open_now": still_open}
        closed = [{**base, "bucket": n, "closed": 1, "closed_seconds": 60 * m} for n, m in enumerate(minutes)]
        return {"msr_incident_stage_day": [opened], "msr_incident_duration_month": closed}

    parts = (
        rows(1, "public", [*range(1, 41)], 0),
        rows(2, "public", [500] * 200, 0),
        rows(1, "patrol", [0] * 200, 50),
    )
    measures = {name: [each for part in parts for each in part[name]] for name in parts[0]}
    urgent = entry(
        kind="survival_quantile", interval="kaplan_meier", numerator=None, measure="msr_incident_duration_month",
        opened_measure="msr_incident_stage_day", scale=60.0, per=1.0, min_denominator=36, quantile=0.9,
        where={"priority": ["1"], "stage": ["response"], "found_by": {"except": ["patrol"]}},
    )  # fmt: skip
    found = row(compute([urgent], inputs(measures, [("calls", "incident", JAN, DEC)])), "w1", date(2021, 12, 1))
    assert (found["value"], found["numerator"], found["denominator"], found["unusable"]) == (36.0, 40, 40, 0)


counts = st.integers(0, 8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 60), min_size=10, max_size=40), st.integers(0, 20), counts, counts, counts, counts)
def test_more_records_in_doubt_never_narrow_the_bounds_of_a_median(
    inputs, entry, durations, still_open, refused, contested, more_refused, more_contested
) -> None:
    day = date(2021, 11, 1)
    measures = service_measures(day, durations, still_open)
    place = {"source": "cases", "kind": "service", "geography": "ward", "area_id": "w1", "day": day}

    def found(*doubt: int) -> dict:
        rows = [{**place, "refused": doubt[0], "contested": doubt[1]}]
        world = inputs(measures, [("cases", "service", JAN, DEC)], doubtful=rows)
        return row(compute([median_entry(entry)], world), "w1", day)

    none, some, more = found(0, 0), found(refused, contested), found(refused + more_refused, contested + more_contested)
    assert none["value"] == some["value"] == more["value"]
    if none["value"] is None:
        return
    assert (none["bound_low"], none["bound_high"]) == (none["lower"], none["upper"])
    assert more["bound_low"] <= some["bound_low"] <= none["lower"]
    ends = [each["bound_high"] for each in (none, some, more)]
    assert ends == sorted(ends, key=lambda end: (end is None, end))
