"""Causes: what an alert can be about, found in what a release, the runs and the calendar say.

Pure: what is looked at is handed in. Whom a cause is told, and when, is for `telling`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from pipelines.pack.city import CityPack

Kind = Literal["check", "silence", "late", "run"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Severity = Literal["error", "warning"]
Facts = dict[str, str | int | None]


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong, by a key that stays the same for as long as it is.

    `facts` are the names, counts and days that the words about it need: never a value of a record.
    """

    key: str
    kind: Kind
    severity: Severity
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """What is wrong now, and the kinds of causes that could be looked for: the others stand as they did."""

    causes: tuple[Cause, ...]
    kinds: frozenset[Kind]


@dataclass(frozen=True)
class FailedCheck:
    """An expectation that the newest run found broken; `failed_count` is None where it could not be judged."""

    layer: str
    table_name: str
    expectation: str
    severity: str
    was_judged: bool
    failed_count: int | None
    failing_since: date | None


@dataclass(frozen=True)
class SourceState:
    """How far behind a source is: alive, silent or collapsed; and how many of its areas fell silent by themselves."""

    source: str
    title_en: str
    title_zh: str
    status: str
    last_day: date | None
    days_behind: int | None
    silent_areas: int = 0


@dataclass(frozen=True)
class Run:
    """A finished run of a job: `as_of` is the date that ruled it, where it had one."""

    run_id: str
    job: str
    succeeded: bool
    ended_at: datetime
    as_of: date | None


def of_checks(failed: Iterable[FailedCheck], *, with_warnings: bool) -> list[Cause]:
    """Return a cause for each failed check: those of severity error, and the milder ones where asked for."""
    return [
        Cause(
            key=f"check:{each.layer}.{each.table_name}.{each.expectation}",
            kind="check",
            severity="error" if each.severity == "error" else "warning",
            facts={
                "table": f"{each.layer}.{each.table_name}",
                "expectation": each.expectation,
                "rows": each.failed_count if each.was_judged else None,
                "judged": int(each.was_judged),
                "since": None if each.failing_since is None else each.failing_since.isoformat(),
            },
        )
        for each in failed
        if with_warnings or each.severity == "error"
    ]


def of_sources(sources: Iterable[SourceState], *, with_warnings: bool) -> list[Cause]:
    """Return a cause for each source that is silent or has collapsed; for silent areas of others, a mild one."""
    found = []
    for each in sources:
        facts: Facts = {
            "source": each.source,
            "title_en": each.title_en,
            "title_zh": each.title_zh,
            "last_day": None if each.last_day is None else each.last_day.isoformat(),
            "days": each.days_behind,
        }
        if each.status in ("silent", "collapsed"):
            found.append(Cause(f"silence:{each.source}", "silence", "error", {**facts, "status": each.status}))
        elif each.silent_areas and with_warnings:
            facts |= {"status": "areas", "areas": each.silent_areas}
            found.append(Cause(f"silence:{each.source}.areas", "silence", "warning", facts))
    return found


def of_runs(runs: Sequence[Run], nightly: str) -> list[Cause]:
    """Return a cause for each job whose newest finished run failed, since the first failure in a row.

    A nightly run that succeeds does all that there is to do: of earlier runs of any job nothing is wrong any more.
    """
    newest_first = sorted(runs, key=lambda run: run.ended_at, reverse=True)
    settled = max((run.ended_at for run in runs if run.succeeded and run.job == nightly), default=None)
    newest_first = [run for run in newest_first if settled is None or run.ended_at > settled]
    found = []
    for job in dict.fromkeys(run.job for run in newest_first):
        failed: list[Run] = []
        for run in (each for each in newest_first if each.job == job):
            if run.succeeded:
                break
            failed.append(run)
        if failed:
            facts: Facts = {
                "job": job,
                "run": failed[0].run_id[:8],
                "times": len(failed),
                "since": failed[-1].ended_at.isoformat(timespec="minutes"),
            }
            found.append(Cause(f"run:{job}", "run", "error", facts))
    return found


def of_lateness(
    pack: CityPack, now: datetime, grace: timedelta, watched_since: datetime, done: Iterable[date | None]
) -> list[Cause]:
    """Return the cause that a nightly run is late, if one is.

    Parameters
    ----------
    grace
        How long after its hour a run may take to succeed.
    watched_since
        Of ticks before, nobody knows whether a run was meant to be: they are not late.
    done
        The `as_of` of what has succeeded: of runs, and of the release.
    """
    if pack.as_of is not None:
        return []
    tick = _due_tick(pack, now - grace)
    if tick < watched_since:
        return []
    expected = tick.astimezone(ZoneInfo(pack.time_zone)).date() - timedelta(days=1)
    last = max((day for day in done if day is not None), default=None)
    if last is not None and last >= expected:
        return []
    facts: Facts = {
        "expected": expected.isoformat(),
        "last": None if last is None else last.isoformat(),
        "due": tick.astimezone(ZoneInfo(pack.time_zone)).strftime("%Y-%m-%d %H:%M"),
    }
    return [Cause("late:nightly", "late", "error", facts)]


def _due_tick(pack: CityPack, by: datetime) -> datetime:
    """Return the last tick of the schedule that is not after an instant."""
    zone = ZoneInfo(pack.time_zone)
    day = by.astimezone(zone).date()
    hour = time(pack.schedule.hour, pack.schedule.minute)
    tick = datetime.combine(day, hour, zone)
    return tick if tick <= by else datetime.combine(day - timedelta(days=1), hour, zone)
