"""Looking: what the served release and Dagster's runs say, read without writing anything.

Cheap enough for every minute: a few small tables of the release, and the newest runs.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import duckdb

from pipelines.alerting.causes import FailedCheck, Run, SourceState
from pipelines.errors import ReleaseError
from pipelines.publishing import release
from pipelines.runs import AS_OF_TAG
from pipelines.warehouse import has_table

# Failures in a row further back than this are counted as if the first of these were the first.
_MOST_RUNS = 60
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def failed_checks(con: duckdb.DuckDBPyConnection) -> list[FailedCheck]:
    """Return the expectations that the newest run found broken, or could not judge."""
    rows = con.execute(
        "select layer, table_name, expectation, severity, exception is null, failed_count, failing_since "
        "from expectation_results where not success order by all"
    ).fetchall()
    return [FailedCheck(*row) for row in rows]


def source_states(con: duckdb.DuckDBPyConnection) -> list[SourceState]:
    """Return how far behind each source is."""
    areas = "select null::varchar as source, 0 as silent where false"
    if has_table(con, "main", "area_freshness"):
        areas = "select source, count(*) as silent from area_freshness where status = 'silent' group by source"
    rows = con.execute(
        "select source, title_en, title_zh, status, last_day, days_behind, coalesce(silent, 0) "
        f"from source_freshness left join ({areas}) using (source) order by source"
    ).fetchall()
    return [SourceState(*row) for row in rows]


def served(home: Path) -> tuple[list[FailedCheck], list[SourceState], date] | None:
    """Return what the served release says, with its `as_of`; None where there is none yet.

    Raises
    ------
    ReleaseError
        If the release is damaged, or another version made it.
    """
    found = release.current(home)
    if found is None:
        return None
    try:
        with duckdb.connect(str(found.folder / release.DATABASE), read_only=True) as con:
            return failed_checks(con), source_states(con), date.fromisoformat(str(found.manifest["as_of"]))
    except duckdb.Error as error:
        raise ReleaseError(
            f"release {found.release_id} cannot be read, or was made by another version of Wardlight",
            file=found.folder,
            remedy="run `wardlight nightly` with this version",
        ) from error


def finished_runs(instance: dg.DagsterInstance) -> list[Run]:
    """Return the newest finished runs of all jobs."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_FINISHED), limit=_MOST_RUNS)
    return [
        Run(
            run_id=record.dagster_run.run_id,
            job=record.dagster_run.job_name,
            succeeded=record.dagster_run.status == dg.DagsterRunStatus.SUCCESS,
            ended_at=_ended(record),
            as_of=_as_of(record.dagster_run.tags.get(AS_OF_TAG)),
        )
        for record in records
    ]


def _ended(record: dg.RunRecord) -> datetime:
    if record.end_time is not None:
        return datetime.fromtimestamp(record.end_time, UTC)
    return record.update_timestamp.astimezone(UTC)


def _as_of(tag: str | None) -> date | None:
    try:
        return None if tag is None else date.fromisoformat(tag)
    except ValueError:
        return None
