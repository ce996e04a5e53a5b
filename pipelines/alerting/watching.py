"""Watching: one look at how things stand, and the messages that follow from it.

Puts the parts together: looking, remembering, telling, sending. The sensor and the command do no more than call it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import filelock

from pipelines.alerting import causes, looking, memory, telling, wording
from pipelines.alerting.causes import Observation, Run
from pipelines.alerting.channels import Sent, Settings, send
from pipelines.errors import ReleaseError
from pipelines.pack.city import CityPack
from pipelines.runs import NIGHTLY


@dataclass(frozen=True)
class Watch:
    """What one look came to: causes that stand, those of them that are muted, and what each channel was sent."""

    standing: int
    muted: int
    sent: dict[str, Sent] = field(default_factory=dict)
    # Why the release could not be looked at: what it said last stands.
    unread: str | None = None

    def __str__(self) -> str:
        """One line, without a secret."""
        reached = [name for name, sent in self.sent.items() if sent.succeeded]
        missed = [f"{name} ({sent.problem})" for name, sent in self.sent.items() if not sent.succeeded]
        parts = [f"{self.standing} stand" + (f", {self.muted} of them muted" if self.muted else "")]
        parts += [f"told {', '.join(reached)}"] if reached else []
        parts += [f"could not reach {', '.join(missed)}: tried again at the next look"] if missed else []
        parts += [self.unread] if self.unread else []
        return "; ".join(parts)


def watch(home: Path, pack: CityPack, settings: Settings, runs: Sequence[Run], now: datetime) -> Watch | None:
    """Look once, and tell every channel what it is still to be told; None while somebody else looks.

    Memory is written after each channel, so that a process that ends in between tells nobody twice but the one that
    it was just telling.

    Raises
    ------
    WardlightError
        If what is remembered is damaged.
    """
    lock = filelock.FileLock(memory.lock_path(home), timeout=0)
    try:
        with lock:
            return _watch(home, pack, settings, runs, now.astimezone(UTC))
    except filelock.Timeout:
        return None


def _watch(home: Path, pack: CityPack, settings: Settings, runs: Sequence[Run], now: datetime) -> Watch:
    remembered = memory.recall(home, now)
    seen, unread = observe(home, pack, settings, runs, now, remembered.watched_since)
    telling.take_in(remembered, seen, now)
    today = now.astimezone(ZoneInfo(pack.time_zone)).date()
    mutes = memory.mutes(home)

    def is_muted(key: str) -> bool:
        return any(mute.covers(key, today) for mute in mutes)

    language = settings.language or pack.language
    city = getattr(pack.title, language)
    sent = {}
    for name, channel in settings.channels.items():
        told = telling.digest(remembered, name, channel.kinds, is_muted, settings.again_after, now)
        if told:
            memory.remember(home, remembered)
            title, body = wording.message(told, city, language, pack.time_zone)
            grave = any(known.severity == "error" for known in (*told.new, *told.again))
            sent[name] = send(channel, title, body, _tone(told, grave=grave))
            telling.note(told, name, now, succeeded=sent[name].succeeded)
    telling.settle(remembered, settings.channels, is_muted)
    memory.remember(home, remembered)
    standing = [known for known in remembered.known.values() if known.over_at is None]
    return Watch(len(standing), sum(is_muted(known.key) for known in standing), sent, unread)


def observe(
    home: Path, pack: CityPack, settings: Settings, runs: Sequence[Run], now: datetime, watched_since: datetime
) -> tuple[Observation, str | None]:
    """Return what is wrong, and why the release could not be looked at where it could not."""
    found = causes.of_runs(runs, NIGHTLY)
    kinds: set[causes.Kind] = {"run", "late"}
    done: list[date | None] = [run.as_of for run in runs if run.succeeded and run.job == NIGHTLY]
    unread = None
    try:
        served = looking.served(home)
    except ReleaseError as error:
        unread = error.problem
    else:
        kinds |= {"check", "silence"}
        if served is not None:
            failed, sources, as_of = served
            done.append(as_of)
            found += causes.of_checks(failed, with_warnings=settings.warnings)
            found += causes.of_sources(sources, with_warnings=settings.warnings)
    found += causes.of_lateness(pack, now, settings.grace, watched_since, done)
    return Observation(tuple(found), frozenset(kinds)), unread


def _tone(told: telling.Digest, *, grave: bool) -> wording.Tone:
    if told.new or told.again:
        return "failure" if grave else "warning"
    return "success"
