"""Which releases stay: the last ones, those of month ends, those that are pinned, and those that a reader has open.

What a release is and how it is served is in `release.py`.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from pipelines.errors import ReleaseError
from pipelines.pack.running import Releases
from pipelines.publishing import holding
from pipelines.publishing.release import DATABASE, Release, current, listing, load

_PINS = "pins.json"
_REMOVING = ".removing-"


def pins(home: Path) -> dict[str, str]:
    """Return the pinned releases, each with the note that says why.

    Raises
    ------
    ReleaseError
        If the list of pins cannot be read: then nothing may be removed either.
    """
    path = home / "releases" / _PINS
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(release_id): str(note) for release_id, note in found.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ReleaseError(
            "the list of pinned releases cannot be read",
            file=path,
            remedy="mend it, or remove it and pin the releases again",
        ) from error


def pin(home: Path, release_id: str, note: str) -> None:
    """Keep a release whatever the policy says; the caller holds the writer's lock."""
    load(home, release_id)
    _write_pins(home, {**pins(home), release_id: note})


def unpin(home: Path, release_id: str) -> None:
    """Leave a release to the policy again.

    Raises
    ------
    ReleaseError
        If it is not pinned.
    """
    pinned = pins(home)
    if release_id not in pinned:
        raise ReleaseError(
            f"release {release_id} is not pinned", file=home / "releases", remedy="`wardlight release list` shows pins"
        )
    _write_pins(home, {each: note for each, note in pinned.items() if each != release_id})


def _write_pins(home: Path, pinned: dict[str, str]) -> None:
    path = home / "releases" / _PINS
    aside = path.with_name(f".{_PINS}-{os.getpid()}")
    with aside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(pinned, indent=2, ensure_ascii=False))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def chosen(
    releases: Sequence[Release], policy: Releases, served: str | None, pinned: set[str], held: Iterable[str] = ()
) -> dict[str, str]:
    """Tell which releases the policy keeps, and why: `served`, `held`, `pinned`, `recent` or `month_end`.

    Parameters
    ----------
    releases
        All, the newest last.
    """
    kept: dict[str, str] = {}
    month_ends: dict[tuple[int, int], str] = {}
    for release in releases:
        day = date.fromisoformat(release.manifest["as_of"])
        month_ends[day.year, day.month] = release.release_id
    for month in sorted(month_ends)[len(month_ends) - min(policy.keep_month_ends, len(month_ends)) :]:
        kept[month_ends[month]] = "month_end"
    kept |= {release.release_id: "recent" for release in releases[-policy.keep_last :]}
    kept |= {release.release_id: "pinned" for release in releases if release.release_id in pinned}
    kept |= dict.fromkeys(held, "held")
    return kept if served is None else kept | {served: "served"}


def remove_old(home: Path, policy: Releases) -> list[str]:
    """Remove the releases that the policy does not keep and nobody reads; return their ids, the oldest first.

    The caller holds the writer's lock. A release that a reader has open stays until the next time.
    """
    folder = home / "releases"
    for abandoned in folder.glob(f"{_REMOVING}*"):
        shutil.rmtree(abandoned)
    releases, served = listing(home), current(home)
    waiting = holding.held(home).values()
    kept = chosen(releases, policy, None if served is None else served.release_id, set(pins(home)), waiting)
    old = [release for release in releases if release.release_id not in kept]
    return [release.release_id for release in old if _remove(release.folder)]


def _remove(folder: Path) -> bool:
    """Remove a release unless a process has its database open: the engine holds a shared lock on it while reading."""
    with (folder / DATABASE).open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        # At once out of sight; who opened it in between reads on, for an open file outlives its name.
        aside = folder.with_name(f"{_REMOVING}{folder.name}")
        folder.rename(aside)
    shutil.rmtree(aside)
    return True
