"""When sources speak, fall silent, collapse or surge."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

from datetime import date, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def month_starts(first: date, count: int) -> list[date]:
    return [date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(count)]


def fill(warehouse: Any, monthly: list[int], first: date, as_of: date) -> None:
    """Let source `patrols` send so many records on the first day of each month from `first` on."""
    warehouse.source("patrols", "patrol", silent_after_days=40)
    warehouse.run_window(as_of)
    for month, records in zip(month_starts(first, len(monthly)), monthly, strict=True):
        if records:
            warehouse.record("patrol", datetime(month.year, month.month, 1, 12), copies=records)
    warehouse.build("msr_source_freshness")


def statuses(warehouse: Any) -> dict[date, tuple[int, int | None, str]]:
    rows = warehouse.rows("select month, records, expected, status from measures.msr_source_month order by month")
    return {month: tuple(rest) for month, *rest in rows}


def test_spans_break_where_the_gap_is_longer_than_allowed(warehouse: Any) -> None:
    warehouse.source("patrols", "patrol", silent_after_days=10)
    warehouse.run_window(date(2016, 12, 31))
    start = datetime(2016, 1, 1)
    for offset in (0, 0, 10, 21, 22):
        warehouse.record("patrol", start + timedelta(days=offset))
    warehouse.build("msr_source_span")
    assert warehouse.rows("select source, first_day, last_day, records from measures.msr_source_span order by 2") == [
        ("patrols", date(2016, 1, 1), date(2016, 1, 11), 3),
        ("patrols", date(2016, 1, 22), date(2016, 1, 23), 2),
    ]


def test_missing_year_is_twelve_silent_months(warehouse: Any) -> None:
    fill(warehouse, [40] * 12 + [0] * 12 + [35] * 12, date(2014, 1, 1), date(2016, 12, 31))
    found = statuses(warehouse)
    assert len(found) == 36
    assert [status for _, _, status in found.values()] == ["normal"] * 12 + ["silent"] * 12 + ["normal"] * 12
    assert found[date(2014, 12, 1)][1] is None
    assert found[date(2015, 1, 1)] == (0, 40, "silent")


def test_collapse_and_surge_are_judged_against_the_past_year(warehouse: Any) -> None:
    fill(warehouse, [100] * 12 + [19, 20, 500, 501], date(2015, 1, 1), date(2016, 4, 30))
    assert list(statuses(warehouse).values())[12:] == [
        (19, 100, "collapsed"),
        (20, 100, "normal"),
        (500, 100, "normal"),
        (501, 100, "surge"),
    ]


def test_lasting_collapse_does_not_become_normal_within_the_year(warehouse: Any) -> None:
    fill(warehouse, [100] * 12 + [3] * 12, date(2015, 1, 1), date(2016, 12, 31))
    assert set(list(statuses(warehouse).values())[12:]) == {(3, 100, "collapsed")}
    assert warehouse.rows("select status, days_behind from measures.msr_source_freshness") == [("collapsed", 30)]


def test_too_few_expected_records_are_not_judged(warehouse: Any) -> None:
    fill(warehouse, [29] * 12 + [1, 200], date(2015, 1, 1), date(2016, 2, 29))
    assert list(statuses(warehouse).values())[12:] == [(1, 29, "normal"), (200, 29, "normal")]


@pytest.mark.parametrize(("as_of", "status"), [(date(2016, 1, 30), "normal"), (date(2016, 1, 31), "collapsed")])
def test_month_of_as_of_is_judged_only_when_it_is_over(warehouse: Any, as_of: date, status: str) -> None:
    fill(warehouse, [100] * 12 + [5], date(2015, 1, 1), as_of)
    assert statuses(warehouse)[date(2016, 1, 1)] == (5, 100, status)


def test_silence_after_the_last_record_lasts_until_as_of(warehouse: Any) -> None:
    fill(warehouse, [50, 50], date(2016, 1, 1), date(2016, 6, 15))
    assert [status for _, _, status in statuses(warehouse).values()] == ["normal"] * 2 + ["silent"] * 3 + ["normal"]
    assert warehouse.rows("""
        select first_day, last_day, days_behind, status, silent_after_days from measures.msr_source_freshness
    """) == [(date(2016, 1, 1), date(2016, 2, 1), 135, "silent", 40)]


@pytest.mark.parametrize(("days", "status"), [(40, "alive"), (41, "silent")])
def test_freshness_allows_the_declared_days(warehouse: Any, days: int, status: str) -> None:
    fill(warehouse, [50, 50], date(2016, 1, 1), date(2016, 2, 1) + timedelta(days=days))
    assert warehouse.rows("select status from measures.msr_source_freshness") == [(status,)]


def test_three_thin_months_are_a_collapse_though_the_newest_is_not(warehouse: Any) -> None:
    # 2 + 2 + 25 of 300 expected, while 25 alone passes for normal.
    fill(warehouse, [100] * 12 + [2, 2, 25], date(2015, 1, 1), date(2016, 3, 31))
    assert list(statuses(warehouse).values())[-1][2] == "normal"
    assert warehouse.rows("select status from measures.msr_source_freshness") == [("collapsed",)]


def test_source_without_any_record_is_silent(warehouse: Any) -> None:
    warehouse.source("patrols", "patrol")
    warehouse.run_window(date(2016, 12, 31))
    warehouse.build("msr_source_freshness")
    assert warehouse.rows("select * from measures.msr_source_freshness") == [
        ("patrols", "patrol", "precinct", None, None, None, "silent", 14)
    ]


@pytest.mark.parametrize(("kind", "months", "now"), [("survey", "normal", "alive"), ("handoff", "silent", "silent")])
def test_a_survey_is_not_silent_between_its_waves(warehouse: Any, kind: str, months: str, now: str) -> None:
    warehouse.source("s", kind)
    warehouse.run_window(date(2017, 12, 31))
    for wave in (datetime(2015, 5, 1, 12), datetime(2016, 5, 1, 12)):
        warehouse.record(kind, wave, copies=100, source="s")
    warehouse.build("msr_source_freshness")
    assert warehouse.rows("select first_day, last_day, days_behind, status from measures.msr_source_freshness") == [
        (date(2015, 5, 1), date(2016, 5, 1), 609, now)
    ]
    found = statuses(warehouse)
    assert {found[month][2] for month in found if found[month][0] == 0} == {months}
    # The spans tell when it spoke, whatever its kind.
    assert warehouse.rows("select first_day, last_day from measures.msr_source_span order by all") == [
        (date(2015, 5, 1), date(2015, 5, 1)),
        (date(2016, 5, 1), date(2016, 5, 1)),
    ]


def test_a_shrinking_survey_has_not_collapsed(warehouse: Any) -> None:
    warehouse.source("s", "survey")
    warehouse.run_window(date(2016, 2, 29))
    for month in month_starts(date(2015, 1, 1), 14):
        warehouse.record(
            "survey", datetime(month.year, month.month, 1), copies=100 if month.year == 2015 else 1, source="s"
        )
    warehouse.build("msr_source_freshness")
    assert {(expected, status) for _, expected, status in statuses(warehouse).values()} == {(None, "normal")}
    assert warehouse.rows("select status from measures.msr_source_freshness") == [("alive",)]


def test_a_survey_that_never_came_is_silent(warehouse: Any) -> None:
    warehouse.source("s", "survey")
    warehouse.run_window(date(2016, 12, 31))
    warehouse.build("msr_source_freshness")
    assert warehouse.rows("select status from measures.msr_source_freshness") == [("silent",)]
