"""The nightly job run from the command line: in this process, recorded in the home folder's Dagster instance."""

import resource
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from pipelines import fingerprint
from pipelines.definitions import defs
from pipelines.errors import WardlightError
from pipelines.instance import instance_folder
from pipelines.loading.records import Again
from pipelines.pack.city import CityPack
from pipelines.publishing import holding, release
from pipelines.runs import AGAIN_TAG, AS_OF_TAG, NIGHTLY, TRIGGER_TAG, run_tags
from pipelines.status import Status, read_status
from pipelines.validating.preflight import check_pack

_KIBIBYTES = 1024


@dataclass(frozen=True)
class Account:
    """What a run came to, for a person at a terminal."""

    status: Status
    is_new: bool
    seconds: float
    peak_mebibytes: float
    held_until: datetime | None = None


def run_nightly(
    pack: CityPack, home: Path, as_of: date, first: date | None, last: date | None, again: Again | None = None
) -> Account:
    """Run the job and wait for it.

    Parameters
    ----------
    as_of
        The date that rules the run.
    first, last
        First and last day to rewrite even where nothing changed; by default the pack's look-back, or all
        months where the home folder is new.
    again
        Judge the rows in quarantine again, or every row, though nothing about them has changed.

    Raises
    ------
    WardlightError
        The one that stopped the run; the release before stays served.
    """
    started = time.perf_counter()
    before = release.next_sequence(home)
    if first is None and not release.listing(home):
        first = pack.first_day
    command = "requarantine" if again else "nightly"
    tags = run_tags(pack, as_of, first, last) | {TRIGGER_TAG: f"command:{command}"}
    tags |= {AGAIN_TAG: again} if again else {}
    check_pack(pack)
    print(f"Nightly run of {pack.title.en}, as of {tags[AS_OF_TAG]}", file=sys.stderr)
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as instance:
        result = defs.resolve_job_def(NIGHTLY).execute_in_process(
            run_config={"loggers": {"console": {}}}, instance=instance, tags=tags, raise_on_error=False
        )
        if not result.success:
            raise _first_error(result)
    fingerprint.remember(home, pack, as_of)
    is_new = release.next_sequence(home) > before
    after = release.listing(home)[-1] if is_new else release.newest(home)
    if after is None:
        raise WardlightError("the run succeeded and left no release", file=home)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIBIBYTES
    publish_at = after.manifest.get("publish_at")
    held_until = datetime.fromisoformat(publish_at).astimezone(ZoneInfo(pack.time_zone)) if publish_at else None
    is_held = after.release_id in holding.held(home).values()
    status = read_status(home, after)
    return Account(status, is_new, time.perf_counter() - started, peak, held_until if is_held else None)


def _first_error(result: dg.ExecuteInProcessResult) -> WardlightError:
    """Return the error of the first thing that failed; our own says itself where and what to do."""
    failed = next((event for event in result.all_events if _error_of(event) is not None), None)
    if failed is None:
        return WardlightError("the run failed without saying why", remedy="the Dagster UI shows the run's full log")
    innermost, error = "no reason given", _error_of(failed)
    while error is not None:
        innermost = error.message.strip()
        qualified, _, message = innermost.partition(": ")
        if qualified.startswith("pipelines."):
            return WardlightError(message)
        error = error.cause
    return WardlightError(
        f"step {failed.step_key} failed: {innermost}" if failed.step_key else f"the run failed to start: {innermost}",
        remedy="the Dagster UI shows the run's full log; please report it",
    )


def _error_of(event: dg.DagsterEvent) -> SerializableErrorInfo | None:
    """Return what a failure of a step, or of the resources before the first one, says."""
    error: SerializableErrorInfo | None = getattr(event.event_specific_data, "error", None)
    return error if event.is_failure else None
