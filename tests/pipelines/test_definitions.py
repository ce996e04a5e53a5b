"""The code location: what Dagster shows, the schedule's ticks, and that nothing declared is left out."""

import datetime as dt
from typing import get_args

import dagster as dg
import pytest

from dbt_like_sql.project import load_project
from pipelines import location
from pipelines.definitions import defs
from pipelines.defs.anomalies import KEYS
from pipelines.defs.checks import all_expectations
from pipelines.pack.sources import Kind
from pipelines.runs import AS_OF_TAG, NIGHTLY, as_of_tick

GROUPS = {"raw", "staging", "facts", "measures", "extracts", "profiles", "indicators", "quality", "publishing"}


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return defs.get_repository_def()


def test_every_asset_is_grouped_owned_and_described(repository: dg.RepositoryDefinition) -> None:
    graph = repository.asset_graph
    keys = graph.get_all_asset_keys()
    assert {graph.get(key).group_name for key in keys} == GROUPS
    for key in keys:
        node = graph.get(key)
        assert node.owners, key
        assert node.description, key
        assert node.kinds, key


def test_only_record_kinds_are_partitioned_by_month(repository: dg.RepositoryDefinition) -> None:
    graph = repository.asset_graph
    partitioned = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).partitions_def}
    assert partitioned == {"staging/incident", "staging/patrol", "staging/service"}
    for name in partitioned:
        node = graph.get(dg.AssetKey(name.split("/")))
        assert isinstance(node.partitions_def, dg.MonthlyPartitionsDefinition)
        assert node.partitions_def.timezone == "America/New_York"
        assert node.partitions_def.get_first_partition_key() == "2006-01-01"
        assert node.partitions_def.get_last_partition_key() == "2025-01-01"
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_every_declared_expectation_is_an_asset_check_that_does_not_block(
    repository: dg.RepositoryDefinition,
) -> None:
    graph = repository.asset_graph
    absent = {*get_args(Kind)} - {*location.city_pack().kinds}
    filled = [each for each in all_expectations() if each.layer != "staging" or each.table not in absent]
    declared = {dg.AssetCheckKey(dg.AssetKey([each.layer, each.table]), each.name) for each in filled}
    assert absent
    assert len(declared) == len(filled)
    # Beside them each source is judged by its own past.
    of_sources = {
        dg.AssetCheckKey(KEYS[table], f"{source}_{verdict}")
        for source in location.city_pack().sources
        for table, verdict in (("anomaly", "as_usual"), ("stability", "stable"))
    }
    assert set(graph.asset_check_keys) == declared | of_sources
    assert not any(graph.get(key).blocking for key in graph.asset_check_keys)


def _lineage(repository: dg.RepositoryDefinition, *path: str) -> dict[str, set[str]]:
    lineage = repository.asset_graph.get(dg.AssetKey(path)).metadata["dagster/column_lineage"]
    return {
        column: {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps}
        for column, deps in lineage.deps_by_column.items()
    }


def test_models_tell_what_their_columns_are_made_from(repository: dg.RepositoryDefinition) -> None:
    assert _lineage(repository, "measures", "msr_service_due_day") == {
        "geography": {"facts/fct_service.geography"},
        "area_id": {"facts/fct_service.area_id"},
        "day": {"facts/fct_service.due_day"},
        "source": {"facts/fct_service.source"},
        "channel": {"facts/fct_service.channel"},
        "due": set(),
        "resolved_in_time": {"facts/fct_service.is_closed_in_time"},
        "answered_in_time": {"facts/fct_service.is_answered_in_time"},
        "confirmed_solved": {"facts/fct_service.is_confirmed_solved"},
    }
    assert _lineage(repository, "staging", "stg_incident")["area_id"] == {
        "staging/incident.area_id",
        "staging/incident.geography",
    }


def test_columns_are_made_from_columns_of_assets_before_theirs(repository: dg.RepositoryDefinition) -> None:
    graph = repository.asset_graph
    traced = [key for key in graph.get_all_asset_keys() if "dagster/column_lineage" in graph.get(key).metadata]
    assert len(traced) == len(load_project().models)
    for key in traced:
        lineage = _lineage(repository, *key.path)
        assert list(lineage) == [column.name for column in graph.get(key).metadata["dagster/column_schema"].columns]
        before = {each.to_user_string() for each in graph.get(key).parent_keys}
        assert {name.rpartition(".")[0] for names in lineage.values() for name in names} <= before
    # The bundled city has no handoffs: their staging table is there, empty, and no asset.
    assert set().union(*_lineage(repository, "staging", "stg_handoff").values()) == set()


def test_runs_execute_in_one_process() -> None:
    assert defs.resolve_job_def(NIGHTLY).executor_def.name == "in_process"


def _tick(moment: dt.datetime) -> dg.RunRequest:
    schedule = defs.resolve_schedule_def("every_night")
    context = dg.build_schedule_context(scheduled_execution_time=moment, repository_def=defs.get_repository_def())
    evaluated = schedule.evaluate_tick(context)
    assert evaluated.run_requests is not None
    (request,) = evaluated.run_requests
    return request


def test_schedule_of_a_pinned_pack_asks_for_the_months_of_its_look_back() -> None:
    schedule = defs.resolve_schedule_def("every_night")
    assert schedule.cron_schedule == "30 3 * * *"
    assert schedule.execution_timezone == "America/New_York"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    request = _tick(dt.datetime(2026, 11, 21, 8, 30, tzinfo=dt.UTC))
    # as_of 2016-12-31, 35 days back is 26 November
    assert request.tags[AS_OF_TAG] == "2016-12-31"
    assert request.tags["dagster/asset_partition_range_start"] == "2016-11-01"
    assert request.tags["dagster/asset_partition_range_end"] == "2016-12-01"


@pytest.mark.parametrize(
    ("tick", "expected"),
    [
        # 03:30 in New York on 1 March: the last day of February
        (dt.datetime(2024, 3, 1, 8, 30, tzinfo=dt.UTC), dt.date(2024, 2, 29)),
        # 23:30 in New York the evening before the UTC date
        (dt.datetime(2024, 3, 2, 4, 30, tzinfo=dt.UTC), dt.date(2024, 2, 29)),
    ],
)
def test_without_a_pinned_date_the_day_before_the_tick_in_the_city_rules(tick: dt.datetime, expected: dt.date) -> None:
    pack = location.city_pack().model_copy(update={"as_of": None})
    assert as_of_tick(pack, tick) == expected
