"""Held releases: whole, and not served before their time.

Each has a link `releases/held/<instant>`, named by the instant (UTC) from which it is served. Who reads takes the
newest whose instant has come, else `releases/current`: nobody need be running at that time. Who writes next moves
`current` there. What a release is, and how `current` moves, is for `release`.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "held"
_STAMP = "%Y-%m-%dT%H-%M-%SZ"


def hold(home: Path, release_id: str, publish_at: datetime) -> None:
    """Serve a release from an instant on, in place of one that was held for the same.

    The caller holds the writer's lock.
    """
    folder = home / "releases" / FOLDER
    folder.mkdir(exist_ok=True)
    link = folder / f".{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..") / release_id)
    link.replace(folder / publish_at.astimezone(UTC).strftime(_STAMP))
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def held(home: Path) -> dict[datetime, str]:
    """Return the ids of the held releases by the instants from which they are served, in the order of these."""
    found = {}
    for link in sorted((home / "releases" / FOLDER).glob("[!.]*")):
        if link.is_symlink():
            found[datetime.strptime(link.name, _STAMP).replace(tzinfo=UTC)] = link.readlink().name
    return found


def come(home: Path, now: datetime) -> str | None:
    """Return the id of the newest held release whose time has come; None where there is none."""
    return next((release_id for publish_at, release_id in reversed(held(home).items()) if publish_at <= now), None)


def let_go(home: Path, publish_at: datetime) -> None:
    """Hold a release no longer: it is served by now, or is not to be."""
    (home / "releases" / FOLDER / publish_at.astimezone(UTC).strftime(_STAMP)).unlink(missing_ok=True)
