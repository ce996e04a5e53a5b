"""Measures against small inputs worked out by hand, and laws: they add up to facts and do not depend on order."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

import math
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest

from indicators.durations import survival_counts
from indicators.survival import kaplan_meier_quantiles

pytestmark = pytest.mark.slow

DAY = datetime(2016, 3, 1, 9)
MEASURES = [
    "msr_incident_day",
    "msr_incident_stage_day",
    "msr_incident_duration_month",
    "msr_incident_basis_day",
    "msr_incident_delay_day",
    "msr_handoff_day",
    "msr_handoff_due_day",
    "msr_handoff_duration_month",
    "msr_participation_day",
    "msr_patrol_day",
    "msr_service_day",
    "msr_service_due_day",
    "msr_service_duration_month",
    "msr_receipt_day",
    "msr_completeness_day",
    "msr_record_quality_day",
    "msr_area_day",
    "msr_source_day",
    "msr_source_span",
    "msr_source_month",
    "msr_source_freshness",
]


def test_incidents_by_day(warehouse: Any) -> None:
    shot = {"category": "0101", "local_category": "shooting", "found_by": "call"}
    warehouse.record("incident", DAY, victims=3, victims_killed=1, lat=1, lon=1, coords_in_area=True, **shot)
    warehouse.record("incident", DAY, victims=1, victims_killed=1, lat=1, lon=1, coords_in_area=False, **shot)
    warehouse.record("incident", DAY, **shot)
    warehouse.record("incident", DAY, category="050211", occurred_until_local=DAY + timedelta(days=1))
    warehouse.build("msr_incident_day")
    assert warehouse.rows("""
        select area_id, day, category, found_by, incidents_ppm, victims_ppm, victims_killed_ppm,
            with_coordinates_ppm, valid_coordinates_ppm
        from measures.msr_incident_day order by category, day
    """) == [
        ("precinct:1", DAY.date(), "0101", "call", 3_000_000, 4_000_000, 2_000_000, 2_000_000, 1_000_000),
        ("precinct:1", DAY.date(), "050211", None, 625_000, 0, 0, 0, 0),
        ("precinct:1", date(2016, 3, 2), "050211", None, 375_000, 0, 0, 0, 0),
    ]


def test_patrols_by_day(warehouse: Any) -> None:
    warehouse.record("patrol", DAY, subject="police", initiated_by="self", has_finding=True, duration_seconds=600)
    warehouse.record("patrol", DAY, subject="police", initiated_by="call", has_finding=False, duration_seconds=60)
    warehouse.record("patrol", DAY, subject="police")
    warehouse.record("patrol", DAY, subject="volunteer", initiated_by="self", has_finding=False)
    warehouse.build("msr_patrol_day")
    assert warehouse.rows("""
        select subject, patrols, patrol_seconds, duration_missing, self_initiated, initiation_known,
            initiation_missing, with_finding, finding_known, finding_missing
        from measures.msr_patrol_day order by subject
    """) == [("police", 3, 660, 1, 1, 2, 1, 1, 2, 1), ("volunteer", 1, 0, 1, 1, 1, 0, 0, 1, 0)]


def test_patrols_by_day_as_planned_and_staffed(warehouse: Any) -> None:
    """An hour is planned; of the two legs whose end is known half an hour and nothing of it was patrolled."""
    plan = {"planned_start": DAY, "planned_end": DAY + timedelta(hours=1), "subject": "police"}
    half, late = DAY + timedelta(minutes=30), DAY + timedelta(hours=2)
    warehouse.record("patrol", DAY, **plan, ended_at=half, duration_seconds=1800, personnel=3)
    warehouse.record("patrol", late, **plan, ended_at=late, duration_seconds=60)
    warehouse.record("patrol", DAY, **plan, personnel=2)
    warehouse.record("patrol", DAY, subject="police", ended_at=half)
    warehouse.build("msr_patrol_day")
    assert warehouse.rows("""
        select patrols, planned, planned_seconds, patrolled_as_planned_seconds, plan_unknown, staffed_seconds,
            staffing_missing
        from measures.msr_patrol_day
    """) == [(4, 2, 7200, 1800, 1, 5400, 3)]


def test_services_by_day_due_day_and_duration(warehouse: Any) -> None:
    warehouse.run_window(date(2016, 3, 31))
    opened, due = datetime(2016, 3, 1), datetime(2016, 3, 11)
    for days in (0, 2, 2, 20):
        closed = opened + timedelta(days=days)
        warehouse.record("service", opened, time_precision="day", due_local=due, closed_local=closed)
    warehouse.record("service", opened, time_precision="day", due_local=due)
    warehouse.record("service", opened, time_precision="day", due_local=datetime(2016, 4, 1))
    warehouse.build("msr_service_day", "msr_service_due_day", "msr_service_duration_month")
    assert warehouse.rows("select day, opened, closed, open_now from measures.msr_service_day") == [
        (opened.date(), 6, 4, 2)
    ]
    assert warehouse.rows("select day, due, resolved_in_time from measures.msr_service_due_day") == [(due.date(), 5, 3)]
    two, twenty = (math.floor(math.log(days * 86_400) / math.log(1.01)) for days in (2, 20))
    assert warehouse.rows("""
        select day, bucket, closed, closed_seconds from measures.msr_service_duration_month order by bucket
    """) == [
        (opened.date(), -1, 1, 0),
        (opened.date(), two, 2, 4 * 86_400),
        (opened.date(), twenty, 1, 20 * 86_400),
    ]


def test_incident_stages_and_handoffs_by_day_and_duration(warehouse: Any) -> None:
    reported = {"priority": 1, "found_by": "call", "reported_local": DAY + timedelta(days=1)}
    warehouse.record("incident", DAY, **reported, arrived_local=DAY + timedelta(days=1, minutes=10))
    warehouse.record("incident", DAY, **reported, closed_local=DAY + timedelta(days=2))
    warehouse.record("incident", DAY, **reported)
    warehouse.record("incident", DAY, priority=1, found_by="patrol")
    warehouse.record("handoff", DAY, acknowledged_local=DAY + timedelta(hours=3))
    warehouse.record("handoff", DAY)
    warehouse.build()
    assert warehouse.rows("""
        select day, found_by, priority, stage, opened, closed, open_now from measures.msr_incident_stage_day
        order by stage
    """) == [
        (DAY.date(), "call", 1, "dispatch", 3, 0, 1),
        (DAY.date(), "call", 1, "response", 3, 1, 1),
    ]
    ten_minutes, three_hours = (math.floor(math.log(seconds) / math.log(1.01)) for seconds in (600, 10_800))
    assert warehouse.rows("""
        select day, found_by, priority, stage, bucket, closed, closed_seconds
        from measures.msr_incident_duration_month
    """) == [(DAY.date(), "call", 1, "response", ten_minutes, 1, 600)]
    assert warehouse.rows("select day, opened, closed, open_now from measures.msr_handoff_day") == [
        (DAY.date(), 2, 1, 1)
    ]
    assert warehouse.rows("select day, bucket, closed, closed_seconds from measures.msr_handoff_duration_month") == [
        (DAY.date(), three_hours, 1, 10_800)
    ]


def test_handoffs_by_due_day(warehouse: Any) -> None:
    warehouse.run_window(date(2016, 3, 31))
    due = {"due_local": DAY + timedelta(days=2)}
    for hours in (1, 48, 49):
        warehouse.record("handoff", DAY, acknowledged_local=DAY + timedelta(hours=hours), **due)
    warehouse.record("handoff", DAY, **due)
    warehouse.record("handoff", DAY)
    warehouse.record("handoff", DAY, due_local=datetime(2016, 4, 1))
    warehouse.build("msr_handoff_due_day")
    assert warehouse.rows("select day, due, acknowledged_in_time from measures.msr_handoff_due_day") == [
        (date(2016, 3, 3), 4, 2)
    ]


def test_a_quantile_of_buckets_errs_by_one_percent_at_most(warehouse: Any) -> None:
    """Whatever the durations are: spread over seconds to years, in whole days, or at the ends of buckets."""
    draw, opened = Random(1), datetime(2016, 2, 29)
    durations = {
        "seconds to years": [round(math.exp(draw.uniform(0, 19))) for _ in range(150)],
        "long tail": [max(round(draw.lognormvariate(11, 2)), 1) for _ in range(150)],
        "whole days": [86_400 * draw.randint(1, 1_000) for _ in range(150)],
        "ends of buckets": [math.ceil(1.01**n) - draw.randint(0, 1) for n in range(650, 800)],
        "one": [12_345],
    }
    for name, seconds in durations.items():
        for each in seconds:
            closed = opened + timedelta(seconds=each)
            warehouse.record("service", opened, area_id=name, closed_local=closed)
    warehouse.build("msr_service_duration_month")
    curve = pl.DataFrame(
        warehouse.rows("""
            select area_id, closed_seconds / closed, closed, 0 from measures.msr_service_duration_month
        """),
        schema=["area_id", "time", "events", "censored"],
        orient="row",
    )
    for probability in (0.1, 0.5, 0.9):
        found = kaplan_meier_quantiles(curve, ["area_id"], probability)
        for name, seconds in durations.items():
            exact = sorted(seconds)[math.ceil(probability * len(seconds)) - 1]
            (quantile,) = found.filter(pl.col("area_id") == name)["quantile"]
            assert quantile == pytest.approx(exact, rel=0.01), name


def test_kaplan_meier_of_the_measures_is_that_of_the_records(warehouse: Any) -> None:
    """Of incidents and hand-offs of three months, many of which still wait: within 1 %, or not reached in both."""
    draw, as_of = Random(2), date(2016, 6, 30)
    observed: list[tuple[str, str, float, int, int]] = []
    rows: dict[str, list[dict[str, Any]]] = {"incident": [], "handoff": []}
    begins_and_ends = {"incident": ("reported", "arrived"), "handoff": ("requested", "acknowledged")}
    for kind, (begin, end) in begins_and_ends.items():
        for area, median_days in (("precinct:1", 0.01), ("precinct:2", 8), ("precinct:3", 60)):
            for n in range(1500):
                opened = datetime(2016, 4, 1) + timedelta(seconds=draw.randrange(91 * 86_400))
                seconds = round(draw.lognormvariate(math.log(median_days * 86_400), 1.5))
                closed = opened + timedelta(seconds=seconds)
                record = {f"{kind}_id": f"{area}/{n}", "source": kind, "geography": "precinct", "area_id": area}
                record |= {"day": opened.date(), "time_precision": "second", f"{begin}_at": opened}
                if closed.date() <= as_of:
                    record |= {f"{end}_at": closed} | ({f"{end}_day": closed.date()} if kind == "handoff" else {})
                    observed.append((kind, area, float(seconds), 1, 0))
                else:
                    observed.append((kind, area, float((as_of - opened.date()).days * 86_400), 0, 1))
                rows[kind].append(record)
        warehouse.insert_rows(kind, rows[kind])
    warehouse.build()
    by = ["source", "area_id"]
    response = "where coalesce(stage, 'response') = 'response'"
    opened_by_day = warehouse.con.sql(
        f"""
        select source, area_id, day, open_now from (
            from measures.msr_incident_stage_day union all by name from measures.msr_handoff_day
        ) {response}
        """
    ).pl()
    histogram = warehouse.con.sql(
        f"""
        select source, area_id, bucket, sum(closed)::bigint as closed, sum(closed_seconds)::bigint as closed_seconds
        from (
            from measures.msr_incident_duration_month union all by name from measures.msr_handoff_duration_month
        ) {response} group by all
        """
    ).pl()
    curve = survival_counts(histogram, opened_by_day, by, as_of)
    exact = pl.DataFrame(observed, schema=curve.schema, orient="row")
    assert (
        curve.select(pl.col("events", "censored").sum()).rows()
        == exact.select(pl.col("events", "censored").sum()).rows()
    )
    assert curve.height < exact.height / 2
    reached = 0
    for probability in (0.1, 0.25, 0.5, 0.75, 0.9):
        found, true = (kaplan_meier_quantiles(each, by, probability) for each in (curve, exact))
        for ours, theirs in zip(found["quantile"], true["quantile"], strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                reached += 1
                assert ours == pytest.approx(theirs, rel=0.01)
    assert 20 <= reached < 30


def test_receipts_leave_out_blank_rows_and_keep_undated_ones(warehouse: Any) -> None:
    shared = {"source": "cases", "kind": "service", "geography": "precinct"}
    for status, day, is_blank, row_count in [
        ("accepted", DAY.date(), False, 90),
        ("duplicate", DAY.date(), False, 4),
        ("superseded", DAY.date(), False, 3),
        ("merged", DAY.date(), False, 2),
        ("quarantined", DAY.date(), False, 1),
        ("quarantined", None, False, 5),
        ("quarantined", None, True, 7),
    ]:
        warehouse.insert("receipt", **shared, status=status, day=day, is_blank=is_blank, row_count=row_count)
    warehouse.build("msr_receipt_day")
    assert warehouse.rows("""
        select area_id, day, received, duplicates, unusable from measures.msr_receipt_day order by day
    """) == [
        ("precinct:unallocated", DAY.date(), 100, 7, 1),
        ("precinct:unallocated", None, 5, 0, 5),
    ]


def test_source_days_count_records_when_they_are_complete(warehouse: Any) -> None:
    warehouse.record("incident", DAY, known_day=date(2016, 3, 9))
    warehouse.run_window(date(2016, 12, 31))
    warehouse.build("msr_source_day", "msr_completeness_day")
    assert warehouse.rows("select source, kind, day, records from measures.msr_source_day") == [
        ("incidents", "incident", date(2016, 3, 9), 1)
    ]
    assert warehouse.rows("select day, kind, required_cells, filled_cells from measures.msr_completeness_day") == [
        (DAY.date(), "incident", 10, 9)
    ]


def scattered(warehouse: Any, backwards: bool = False) -> None:
    """Fill a warehouse with some hundreds of records of every kind, spread by arithmetic."""
    warehouse.run_window(date(2016, 12, 31))
    for kind in ("incident", "patrol", "service", "handoff", "participation"):
        warehouse.source(f"{kind}s", kind)
    numbers = range(250)
    for n in reversed(numbers) if backwards else numbers:
        at = datetime(2015, 1, 1) + timedelta(hours=(n * 7919) % 17_000, seconds=(n * 104_729) % 3_600)
        area = {"area_id": None if n % 7 == 0 else f"precinct:{n % 5}"}
        until = {"occurred_until_local": at + timedelta(seconds=n**2 * 31)} if n % 3 else {}
        seen = {"category": f"0{n % 4}", "victims": n % 3, "priority": n % 4 + 1, "reported_local": at} | until
        if n % 5:
            seen |= {"dispatched_local": at + timedelta(seconds=n), "arrived_local": at + timedelta(seconds=n * 9)}
        warehouse.record("incident", at, incident_id=f"i{n}", **area, **seen)
        found = {"has_finding": (True, False, None)[n % 3], "duration_seconds": None if n % 5 == 0 else n * 60}
        found |= {"planned_start": at, "planned_end": at + timedelta(hours=1), "ended_at": at + timedelta(minutes=n)}
        warehouse.record("patrol", at, patrol_id=f"p{n}", **area, **found)
        walked = {"person_key": f"v{n % 9}", "level": n % 5 if n % 4 else None}
        warehouse.record("participation", at, participation_id=f"v{n}", **area, **walked)
        closed = {"closed_local": at + timedelta(hours=n)} if n % 4 else {}
        acknowledged = {"acknowledged_local": at + timedelta(minutes=n)} if n % 4 else {}
        acknowledged |= {"due_local": at + timedelta(hours=2)}
        warehouse.record("handoff", at, handoff_id=f"h{n}", **area, **acknowledged)
        due = {"due_local": at + timedelta(days=5)}
        warehouse.record("service", at, service_id=f"s{n}", **area, **closed, **due)
        warehouse.insert(
            "receipt", source="services", kind="service", geography="precinct", day=at.date(),
            status=("accepted", "duplicate", "quarantined")[n % 3], is_blank=False, row_count=1,
        )  # fmt: skip
    warehouse.build()


def test_measures_add_up_to_facts(warehouse: Any) -> None:
    scattered(warehouse)
    assert warehouse.rows("select sum(incidents_ppm), sum(victims_ppm) from measures.msr_incident_day") == (
        warehouse.rows("select count(*) * 1000000, sum(victims) * 1000000 from facts.fct_incident")
    )
    assert warehouse.rows("select sum(patrols), sum(patrol_seconds) from measures.msr_patrol_day") == (
        warehouse.rows("select count(*), sum(duration_seconds) from facts.fct_patrol")
    )
    assert warehouse.rows("""
        select sum(planned), sum(planned_seconds), sum(patrolled_as_planned_seconds) from measures.msr_patrol_day
    """) == warehouse.rows("""
        select count(planned_seconds), sum(planned_seconds), sum(patrolled_as_planned_seconds) from facts.fct_patrol
    """)
    assert warehouse.rows("select sum(activities), sum(with_level) from measures.msr_participation_day") == (
        warehouse.rows("select count(*), count(level) from staging.participation")
    )
    assert warehouse.rows("select sum(opened), sum(closed), sum(open_now) from measures.msr_service_day") == (
        warehouse.rows("""
            select count(*), count(*) filter (not is_open), count(*) filter (is_open) from facts.fct_service
        """)
    )
    assert warehouse.rows("select sum(closed), sum(closed_seconds) from measures.msr_service_duration_month") == (
        warehouse.rows("select count(seconds_to_close), sum(seconds_to_close) from facts.fct_service")
    )
    counted = "select sum(opened), sum(closed), sum(open_now) from measures."
    timed = "select sum(closed), sum(closed_seconds) from measures."
    for name, kind in (("incident_stage", "incident"), ("handoff", "handoff")):
        assert warehouse.rows(f"{counted}msr_{name}_day") == warehouse.rows(
            f"select count(*), count(seconds_to_close), count(*) filter (is_open) from facts.fct_{name}"
        )
        assert warehouse.rows(f"{timed}msr_{kind}_duration_month") == warehouse.rows(
            f"select count(seconds_to_close), sum(seconds_to_close) from facts.fct_{name}"
        )
    assert warehouse.rows("select sum(due), sum(resolved_in_time) from measures.msr_service_due_day") == (
        warehouse.rows("""
            select count(*), count(*) filter (is_closed_in_time)
            from facts.fct_service join staging.run_window on due_day <= as_of
        """)
    )
    assert warehouse.rows("select sum(due), sum(acknowledged_in_time) from measures.msr_handoff_due_day") == (
        warehouse.rows("""
            select count(*), count(*) filter (is_acknowledged_in_time)
            from facts.fct_handoff join staging.run_window on due_day <= as_of
        """)
    )
    total = warehouse.rows("select count(*) from facts.fct_record")
    assert total == [(1250,)]
    for table in ("msr_record_quality_day", "msr_area_day", "msr_source_day", "msr_source_span", "msr_source_month"):
        assert warehouse.rows(f"select sum(records) from measures.{table}") == total


@pytest.mark.slow
def test_measures_do_not_depend_on_row_order_or_threads(new_warehouse: Any) -> None:
    contents = []
    for threads, backwards in [(1, False), (4, True)]:
        warehouse = new_warehouse()
        warehouse.con.execute(f"set threads = {threads}")
        scattered(warehouse, backwards)
        contents.append({name: warehouse.rows(f"select * from measures.{name} order by all") for name in MEASURES})
        warehouse.con.close()
    assert all(contents[0].values())
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", MEASURES)
def test_measures_hold_no_floating_point_number(project: Any, name: str) -> None:
    types = {column.data_type for column in project.model(name).columns}
    assert types <= {"varchar", "date", "bigint", "integer"}
