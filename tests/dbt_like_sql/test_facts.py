"""Facts against records worked out by hand, and the spreading of incidents over days as a law."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

NOON = datetime(2016, 3, 1, 12)


def test_exact_incident_is_one_whole_day(warehouse: Any) -> None:
    warehouse.record("incident", NOON, incident_id="a", victims=2, lat=40.7, lon=-73.9, coords_in_area=True)
    warehouse.build("fct_incident_day")
    assert warehouse.rows("select day, weight_ppm, victims, has_valid_coordinates from facts.fct_incident_day") == [
        (date(2016, 3, 1), 1_000_000, 2, True)
    ]


def test_interval_is_spread_by_seconds(warehouse: Any) -> None:
    # 8 h of the 12 fall on the first day, 4 h on the second.
    warehouse.record("incident", NOON + timedelta(hours=4), occurred_until_local=NOON + timedelta(hours=16))
    warehouse.build("fct_incident_day")
    assert warehouse.rows("select day, weight_ppm from facts.fct_incident_day order by day") == [
        (date(2016, 3, 1), 666_667),
        (date(2016, 3, 2), 333_333),
    ]


def test_interval_that_ends_at_midnight_leaves_the_next_day_alone(warehouse: Any) -> None:
    warehouse.record("incident", NOON, occurred_until_local=datetime(2016, 3, 2))
    warehouse.build("fct_incident_day")
    assert warehouse.rows("select day, weight_ppm from facts.fct_incident_day") == [(date(2016, 3, 1), 1_000_000)]


def test_bare_days_count_whole_the_last_one_too(warehouse: Any) -> None:
    warehouse.record("incident", datetime(2016, 3, 1), occurred_until_local=datetime(2016, 3, 4), time_precision="day")
    warehouse.build("fct_incident_day")
    assert warehouse.rows("select day, weight_ppm from facts.fct_incident_day order by day") == [
        (date(2016, 3, day), 250_000) for day in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("days", [0, -3])
def test_interval_of_no_length_or_the_wrong_way_round_counts_on_its_start(warehouse: Any, days: int) -> None:
    warehouse.record("incident", NOON, occurred_until_local=NOON + timedelta(days=days))
    warehouse.build("fct_incident_day")
    assert warehouse.rows("select day, weight_ppm from facts.fct_incident_day") == [(date(2016, 3, 1), 1_000_000)]


def test_day_of_less_than_a_millionth_is_left_out(warehouse: Any) -> None:
    # One second of the first day, then a thousand days.
    start = datetime(2016, 3, 1, 23, 59, 59)
    warehouse.record("incident", start, occurred_until_local=start + timedelta(days=1_000, seconds=1))
    warehouse.build("fct_incident_day")
    assert warehouse.rows("select min(day), count(*), sum(weight_ppm) from facts.fct_incident_day") == [
        (date(2016, 3, 2), 1_000, 1_000_000)
    ]


MOMENTS = st.datetimes(datetime(2006, 1, 1), datetime(2016, 12, 31)).map(lambda at: at.replace(microsecond=0))
LENGTHS = st.one_of(
    st.none(), st.integers(-10, 200_000), st.integers(0, 12 * 365 * 86_400), st.sampled_from([0, 1, 86_399, 86_400])
)


def in_whole_days(at: datetime, seconds: int | None, precision: str) -> tuple[datetime, int | None, str]:
    midnight = datetime.combine(at.date(), datetime.min.time())
    return midnight, None if seconds is None else seconds // 86_400 * 86_400, precision


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(intervals=st.lists(st.tuples(MOMENTS, LENGTHS, st.sampled_from(["second", "day"])), min_size=1, max_size=4))
def test_weights_of_an_incident_are_positive_and_add_up_to_one_record(
    warehouse: Any, intervals: list[tuple[datetime, int | None, str]]
) -> None:
    warehouse.con.execute("delete from staging.incident")
    intervals = [in_whole_days(*interval) if interval[2] == "day" else interval for interval in intervals]
    for at, seconds, precision in intervals:
        until = {} if seconds is None else {"occurred_until_local": at + timedelta(seconds=seconds)}
        warehouse.record("incident", at, time_precision=precision, **until)
    warehouse.build("fct_incident_day")
    found = warehouse.rows("""
        select sum(weight_ppm), min(weight_ppm) > 0, count(*) = count(distinct day), min(day), max(day)
        from facts.fct_incident_day group by incident_id
    """)
    assert len(found) == len(intervals)
    assert all(row[:3] == (1_000_000, True, True) for row in found)
    first = min(at for at, _, _ in intervals).date()
    last = max(at + timedelta(seconds=max(seconds or 0, 0)) for at, seconds, _ in intervals).date()
    assert first <= min(row[3] for row in found)
    assert max(row[4] for row in found) <= last


def test_unknown_area_is_counted_under_its_geography(warehouse: Any) -> None:
    warehouse.record("incident", NOON, area_id=None)
    warehouse.record("service", NOON, geography="community_district", area_id=None)
    warehouse.run_window(date(2016, 12, 31))
    warehouse.build("fct_record")
    assert warehouse.rows("select kind, area_id from facts.fct_record order by kind") == [
        ("incident", "precinct:unallocated"),
        ("service", "community_district:unallocated"),
    ]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        # closed_day, is_open, is_closed_in_time, seconds_to_close
        ({}, (None, True, False, None)),
        ({"due_local": datetime(2016, 3, 31)}, (None, True, False, None)),
        (
            {"due_local": datetime(2016, 3, 31), "closed_local": datetime(2016, 3, 31)},
            (date(2016, 3, 31), False, True, 30 * 86_400),
        ),
        (
            {"due_local": datetime(2016, 3, 31), "closed_local": datetime(2016, 4, 1)},
            (date(2016, 4, 1), False, False, 31 * 86_400),
        ),
        ({"closed_local": datetime(2016, 2, 1)}, (date(2016, 2, 1), False, False, 0)),
    ],
)
def test_service_known_by_days(warehouse: Any, case: dict[str, Any], expected: tuple[Any, ...]) -> None:
    warehouse.record("service", datetime(2016, 3, 1), time_precision="day", **case)
    warehouse.build("fct_service")
    assert warehouse.rows("""
        select closed_day, is_open, is_closed_in_time, seconds_to_close from facts.fct_service
    """) == [expected]


def test_service_known_by_seconds_is_judged_by_the_second(warehouse: Any) -> None:
    due = NOON + timedelta(hours=2)
    warehouse.record("service", NOON, service_id="in time", due_local=due, closed_local=due)
    warehouse.record("service", NOON, service_id="late", due_local=due, closed_local=due + timedelta(seconds=1))
    warehouse.build("fct_service")
    assert warehouse.rows(
        "select service_id, is_closed_in_time, seconds_to_close from facts.fct_service order by 1"
    ) == [("in time", True, 7_200), ("late", False, 7_201)]


@pytest.mark.parametrize("kind", ["incident", "patrol", "service", "handoff", "participation", "survey", "profile"])
def test_a_record_of_any_kind_is_a_record(warehouse: Any, kind: str) -> None:
    warehouse.run_window(date(2016, 12, 31))
    warehouse.record(kind, NOON, known_day=date(2016, 3, 3), source="s")
    warehouse.build("fct_record")
    assert warehouse.rows("from facts.fct_record") == [
        ("s", kind, "precinct", "precinct:1", date(2016, 3, 1), date(2016, 3, 3), None, False, None, 10, 9)
    ]


def test_residents_of_the_pack_and_profiles_are_one_table(warehouse: Any) -> None:
    census, later = date(2020, 4, 1), datetime(2021, 1, 1)
    for area, people in (("precinct:1", 100), ("precinct:2", 200), ("precinct:3", 300)):
        warehouse.insert("population", area_id=area, valid_from=census, population=people)
    on_census = datetime(2020, 4, 1)
    # Of the same area and day the record wins; where it leaves the residents out, the pack's table still says them.
    warehouse.record("profile", on_census, population=101, officers=7)
    warehouse.record("profile", on_census, area_id="precinct:2", officers=8)
    # Two sources that say different things of one area and day are one row.
    warehouse.record("profile", later, source="police", officers=9)
    warehouse.record("profile", later, source="streets", population=150, area_km2=2.5)
    # Nobody knows of which area this holds.
    warehouse.record("profile", later, area_id=None, population=999)
    warehouse.build("fct_profile")
    rows = "select area_id, valid_from, population, officers, area_km2 from facts.fct_profile order by all"
    assert warehouse.rows(rows) == [
        ("precinct:1", census, 101, 7, None),
        ("precinct:1", later.date(), 150, 9, 2.5),
        ("precinct:2", census, 200, 8, None),
        ("precinct:3", census, 300, None, None),
    ]


def test_a_profile_has_every_column_of_its_records(project: Any) -> None:
    common = set(project.source_columns("profile")) & set(project.source_columns("survey"))
    own = [
        column
        for column in project.source_columns("profile")
        if column not in common and not column.startswith(("profile_id", "valid_from"))
    ]
    assert [column.name for column in project.model("fct_profile").columns] == ["area_id", "valid_from", *own]
