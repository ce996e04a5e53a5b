"""The event log with kept connections: the same events as Dagster's own, seen by others, in few open files."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from pipelines.event_log import MOST_OPEN, SECONDS_UNSEEN, KeptConnections
from pipelines.instance import instance_folder

pytestmark = pytest.mark.slow

CHECKS = 30


@dg.asset(check_specs=[dg.AssetCheckSpec(f"check_{number}", asset="counted") for number in range(CHECKS)])
def counted() -> Iterator[dg.Output[None] | dg.AssetCheckResult]:
    """Be judged by many checks, as a table is."""
    yield dg.Output(None)
    for number in range(CHECKS):
        yield dg.AssetCheckResult(passed=number % 2 == 0, check_name=f"check_{number}")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(instance_folder(tmp_path))) as opened:
        yield opened


def events_folder(home: Path) -> Path:
    return home / "dagster" / "history" / "runs"


def passed_checks(instance: dg.DagsterInstance) -> dict[str, bool | None]:
    keys = [dg.AssetCheckKey(dg.AssetKey("counted"), f"check_{number}") for number in range(CHECKS)]
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return {
        key.name: record.event.asset_check_evaluation.passed  # type: ignore[union-attr]
        for key, record in found.items()
        if record.event is not None
    }


def test_an_instance_of_a_home_keeps_its_connections(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    assert isinstance(instance.event_log_storage, KeptConnections)
    assert (events_folder(tmp_path) / "index.db").exists()


def test_dagsters_own_storage_reads_the_same_events(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    result = dg.materialize([counted], instance=instance)
    kept = instance.all_logs(result.run_id)
    assert passed_checks(instance) == {f"check_{number}": number % 2 == 0 for number in range(CHECKS)}
    own = SqliteEventLogStorage(str(events_folder(tmp_path)))
    own.register_instance(instance)
    read = own.get_logs_for_run(result.run_id)
    assert len(read) > 3 * CHECKS
    assert [entry.to_json() for entry in read] == [entry.to_json() for entry in kept]


def test_events_of_an_earlier_instance_are_read_and_added_to(tmp_path: Path) -> None:
    home = str(instance_folder(tmp_path))
    runs = []
    for _ in range(2):
        with dg.DagsterInstance.from_config(home) as opened:
            runs.append(dg.materialize([counted], instance=opened).run_id)
    with dg.DagsterInstance.from_config(home) as opened:
        assert [bool(opened.all_logs(run)) for run in runs] == [True, True]
        records = opened.fetch_materializations(dg.AssetKey("counted"), limit=10).records
    assert {record.run_id for record in records} == set(runs)


def test_what_a_run_writes_reaches_its_file_while_it_runs(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    sizes = []

    @dg.asset
    def slow(context: dg.AssetExecutionContext) -> None:
        file = events_folder(tmp_path) / f"{context.run.run_id}.db"
        for _ in range(3):
            time.sleep(1.5 * SECONDS_UNSEEN)
            context.log.info("x" * 20_000)
            sizes.append(file.stat().st_size)

    dg.materialize([slow], instance=instance)
    assert sizes == sorted(set(sizes)), "the Dagster UI follows a run by its file, which did not grow"


def test_closing_leaves_nothing_beside_the_files(tmp_path: Path) -> None:
    with dg.DagsterInstance.from_config(str(instance_folder(tmp_path))) as opened:
        run = dg.materialize([counted], instance=opened).run_id
        assert (events_folder(tmp_path) / f"{run}.db-wal").exists()
    assert not [*events_folder(tmp_path).glob("*-wal")]


def test_reading_many_runs_keeps_few_files_open(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    runs = [dg.materialize([counted], instance=instance).run_id for _ in range(MOST_OPEN + 4)]
    assert all(instance.all_logs(run) for run in runs)
    opened = {str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    assert len([name for name in opened if name.endswith(".db") and str(tmp_path) in name]) <= MOST_OPEN + 1


def test_wiping_removes_the_files_of_runs(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    run = dg.materialize([counted], instance=instance).run_id
    instance.event_log_storage.wipe()
    assert not (events_folder(tmp_path) / f"{run}.db").exists()
    assert instance.all_logs(run) == []
    assert passed_checks(instance) == {}
