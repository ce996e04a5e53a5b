"""Memory: which causes are known, who has been told of each, and what is muted; two small files in the home folder.

`told.json` is written by whoever sends, `mutes.json` by whoever mutes, so that neither waits for the other. Both live
in the home folder and not in the sensor's cursor: that is lost with Dagster's own storage, or at a click on "reset",
and everything would be told again; and commands read and mute without Dagster. They hold no address of a channel.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

import pydantic

from pipelines.alerting.causes import Cause, Facts, Kind, Severity
from pipelines.errors import WardlightError

_FOLDER = "alerts"


@dataclass
class Told:
    """What one channel knows of a cause: when it was told last, or that telling it has failed so far."""

    at: datetime | None = None
    failed: bool = False


@dataclass
class Known:
    """A cause that was seen, when it first was, when it was found to be over, and what each channel knows of it."""

    key: str
    kind: Kind
    severity: Severity
    facts: Facts
    first_seen: datetime
    over_at: datetime | None = None
    channels: dict[str, Told] = field(default_factory=dict)

    def update(self, cause: Cause) -> None:
        """Take over what is newly known of the cause, which stands."""
        self.severity, self.facts, self.over_at = cause.severity, cause.facts, None


@dataclass
class Memory:
    """Everything that has been seen and not been settled, and since when anybody looks."""

    watched_since: datetime
    known: dict[str, Known] = field(default_factory=dict)


@dataclass(frozen=True)
class Mute:
    """A pattern of keys of causes, as of file names, that are not told up to a day, that one meant."""

    pattern: str
    until: date
    reason: str = ""

    def covers(self, key: str, today: date) -> bool:
        """Tell whether a cause is muted."""
        return today <= self.until and self.names(key)

    def names(self, key: str) -> bool:
        """Tell whether the pattern is a key or fits it."""
        return key == self.pattern or fnmatchcase(key, self.pattern)


_MEMORY = pydantic.TypeAdapter(Memory)
_MUTES = pydantic.TypeAdapter(list[Mute])
_Read = TypeVar("_Read")


def lock_path(home: Path) -> Path:
    """Return the file that is locked while somebody looks and sends."""
    path = home / _FOLDER / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def recall(home: Path, now: datetime) -> Memory:
    """Read what is remembered; nothing where nobody has looked before.

    Raises
    ------
    WardlightError
        If the file is damaged.
    """
    return _read(home / _FOLDER / "told.json", _MEMORY, Memory(now.astimezone(UTC)))


def remember(home: Path, memory: Memory) -> None:
    """Write what is remembered, whole or not at all."""
    _write(home / _FOLDER / "told.json", _MEMORY.dump_json(memory, indent=1))


def mutes(home: Path) -> list[Mute]:
    """Read what is muted, what has run out among it.

    Raises
    ------
    WardlightError
        If the file is damaged.
    """
    return _read(home / _FOLDER / "mutes.json", _MUTES, [])


def write_mutes(home: Path, kept: Iterable[Mute]) -> None:
    """Write what is muted, whole or not at all."""
    _write(home / _FOLDER / "mutes.json", _MUTES.dump_json(list(kept), indent=1))


def _read(path: Path, shape: pydantic.TypeAdapter[_Read], otherwise: _Read) -> _Read:
    try:
        return shape.validate_python(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return otherwise
    except (ValueError, OSError) as error:
        raise WardlightError(
            "the file is damaged",
            file=path,
            remedy="restore it from a backup, or remove it: what stands is then told once more, and nothing is muted",
        ) from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as handle:
        handle.write(content + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
    unfinished.replace(path)
