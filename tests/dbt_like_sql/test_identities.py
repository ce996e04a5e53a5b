"""Each layer accounts for the one before: what is lost or counted twice is named with both sides."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from dbt_like_sql.project import Project
from dbt_like_sql.run import breaches
from tests.dbt_like_sql.conftest import Warehouse

pytestmark = pytest.mark.slow

KINDS = ("incident", "patrol", "service", "handoff", "participation", "survey", "profile")


@pytest.fixture(scope="module")
def built(project: Project) -> Iterator[Warehouse]:
    warehouse = Warehouse(project)
    for number, kind in enumerate(KINDS, start=1):
        warehouse.source(f"{kind}s", kind)
        warehouse.record(kind, datetime(2016, 3, 1, 10), copies=number)
    until = datetime(2016, 3, 4, 9)
    warehouse.record("incident", datetime(2016, 3, 1, 10), occurred_until_local=until)
    warehouse.record("service", datetime(2016, 3, 1, 10), closed_local=datetime(2016, 3, 2, 10))
    reported = datetime(2016, 3, 1, 11)
    warehouse.record("incident", reported, reported_local=reported, arrived_local=datetime(2016, 3, 1, 11, 10))
    at = {"address_key": "1f", "lat": 0, "lon": 0, "coords_in_area": True, "agencies": ["police", "fire"]}
    warehouse.record("incident", reported, copies=2, **at)
    warehouse.record("participation", reported, person_key="1f")
    warehouse.record(
        "handoff", reported, from_agency="police", to_agency="fire", acknowledged_local=datetime(2016, 3, 2, 11)
    )
    warehouse.record("service", reported, requester_group="new_citizen", category="noise")
    warehouse.record("patrol", reported, lat=0, lon=0, coords_in_area=True, duration_seconds=60)
    warehouse.insert("receipt", source="incidents", kind="incident", status="accepted", is_blank=False, row_count=2)
    warehouse.run_window(date(2016, 6, 30))
    warehouse.build()
    yield warehouse
    warehouse.con.close()


@pytest.fixture
def full(built: Warehouse) -> Iterator[Warehouse]:
    """Every kind of record, built; what a test does to it is taken back."""
    built.con.execute("begin")
    yield built
    built.con.execute("rollback")


def found(warehouse: Warehouse, project: Project) -> dict[str, tuple[int, int]]:
    rows = [row for identity in project.identities for row in breaches(warehouse.con, identity)]
    return {account: (expected, got) for account, expected, got in rows}


def test_every_layer_balances(full: Warehouse, project: Project) -> None:
    assert project.identities
    assert found(full, project) == {}


@pytest.mark.parametrize(
    ("tampering", "account", "difference"),
    [
        ("delete from facts.fct_service where source = 'services'", "fct_service", -5),
        ("insert into facts.fct_patrol from facts.fct_patrol", "fct_patrol", 3),
        ("update measures.msr_incident_day set incidents_ppm = 1", "msr_incident_day, parts per million", None),
        ("delete from measures.msr_area_day", "msr_area_day", None),
        ("delete from measures.msr_source_day", "msr_source_day", None),
        ("update measures.msr_record_quality_day set recording_unknown = 9", "msr_record_quality_day", None),
        ("delete from measures.msr_receipt_day", "msr_receipt_day", -2),
        ("delete from facts.fct_handoff", "fct_handoff", -5),
        ("delete from facts.fct_incident_stage where stage = 'dispatch'", "fct_incident_stage", -1),
        ("update measures.msr_incident_stage_day set opened = 2", "msr_incident_stage_day", 2),
        ("delete from measures.msr_incident_duration_month", "msr_incident_duration_month", -1),
        ("delete from measures.msr_handoff_day", "msr_handoff_day", -5),
        ("update measures.msr_handoff_duration_month set closed = 3", "msr_handoff_duration_month", 2),
        ("delete from measures.msr_participation_day", "msr_participation_day", None),
        ("update measures.msr_incident_basis_day set with_agency = 9", "msr_incident_basis_day, agencies", None),
        ("delete from measures.msr_incident_delay_day", "msr_incident_delay_day, parts per million", None),
        ("delete from measures.msr_incident_basis_day", "msr_incident_basis_day", None),
        (
            "update extracts.ext_agency_edge_month set cases = 3 where kind = 'incident'",
            "ext_agency_edge_month, pairs of agencies",
            1,
        ),
        ("delete from extracts.ext_agency_edge_month", "ext_agency_edge_month, hand-offs", -1),
        ("delete from extracts.ext_agency_case_month where agency = 'fire'", "ext_agency_case_month", -2),
        ("update extracts.ext_handoff_wait_day set handoffs = 3", "ext_handoff_wait_day", 2),
        ("delete from extracts.ext_repeat_place_month", "ext_repeat_place_month", -2),
        ("delete from extracts.ext_near_repeat_point", "ext_near_repeat_point", -2),
        ("update extracts.ext_volunteer_level_month set activities = 3", "ext_volunteer_level_month", 2),
        ("delete from extracts.ext_patrol_point", "ext_patrol_point", -1),
        ("delete from extracts.ext_service_wait_day", "ext_service_wait_day", -1),
        (
            "create or replace view extracts.ext_survey_answer as from staging.stg_survey limit 2",
            "ext_survey_answer",
            -4,
        ),
        ("delete from profiles.prf_field_day where kind = 'patrol' and field = 'area_id'", "prf_field_day", -3),
        ("delete from profiles.prf_category_day where kind = 'service'", "prf_category_day", None),
        ("update profiles.prf_number_day set records = 99", "prf_number_day", None),
    ],
)
def test_what_is_lost_or_counted_twice_is_named(
    full: Warehouse, project: Project, tampering: str, account: str, difference: int | None
) -> None:
    full.con.execute(tampering)
    broken = found(full, project)
    expected, got = broken[account]
    assert expected != got
    assert difference is None or got - expected == difference
