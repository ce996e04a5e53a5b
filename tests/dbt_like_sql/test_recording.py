"""How soon records were recorded, and whether they contradict themselves: by hand, on both sides of each border."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.slow

DAY = datetime(2016, 3, 1, 9)


@pytest.mark.parametrize(
    ("precision", "recorded", "in_time"),
    [
        ("minute", DAY, True),
        ("minute", DAY + timedelta(hours=24), True),
        ("minute", DAY + timedelta(hours=24, seconds=1), False),
        ("minute", DAY - timedelta(seconds=1), None),
        ("minute", None, None),
        # Known by its day alone, it may have happened at its last second.
        ("day", datetime(2016, 3, 1), True),
        ("day", datetime(2016, 3, 2, 23, 59, 59), True),
        ("day", datetime(2016, 3, 3), False),
        ("day", datetime(2016, 2, 29, 23), None),
        ("day", None, None),
    ],
)
@pytest.mark.parametrize("kind", ["incident", "patrol", "service", "handoff", "participation", "survey", "profile"])
def test_recorded_within_a_day(
    warehouse: Any, kind: str, precision: str, recorded: datetime | None, in_time: bool | None
) -> None:
    values = {"time_precision": precision} | ({"recorded_local": recorded} if recorded else {})
    warehouse.record(kind, datetime(2016, 3, 1) if precision == "day" else DAY, **values)
    warehouse.build("fct_record")
    assert warehouse.rows("select is_recorded_in_time from facts.fct_record") == [(in_time,)]


@pytest.mark.parametrize(
    ("flags", "contradicts"),
    [
        (None, False),
        ([], False),
        (["area_missing", "clock_change", "outside_area"], False),
        (["out_of_range:victims"], False),
        (["times_out_of_order"], True),
        (["area_missing", "future_time"], True),
        (["before:closed_at"], True),
        (["condition:victims", "clock_change"], True),
    ],
)
def test_contradictions_are_times_out_of_order_and_conditions_of_the_city(
    warehouse: Any, flags: list[str] | None, contradicts: bool
) -> None:
    warehouse.record("incident", DAY, flags=flags)
    warehouse.build("msr_record_quality_day")
    assert warehouse.rows("select has_contradiction from facts.fct_record") == [(contradicts,)]
    assert warehouse.rows("select records, contradictory from measures.msr_record_quality_day") == [(1, contradicts)]


def test_points_are_counted_of_every_kind_that_has_them(warehouse: Any) -> None:
    for kind in ("incident", "patrol", "service"):
        warehouse.record(kind, DAY, lat=1, lon=1, coords_in_area=True)
        warehouse.record(kind, DAY, lat=1, lon=1, coords_in_area=False)
        warehouse.record(kind, DAY)
    warehouse.record("handoff", DAY)
    warehouse.build("msr_record_quality_day")
    assert warehouse.rows("""
        select kind, records, located, located_in_area from measures.msr_record_quality_day order by kind
    """) == [("handoff", 1, 0, 0), ("incident", 3, 2, 1), ("patrol", 3, 2, 1), ("service", 3, 2, 1)]
