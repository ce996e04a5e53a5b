"""Which release is current, which one an address names, and which stay open, each as seen by whoever asks.

What is inside one is for `data`.

Both `current` and what is held until some instant are looked up anew for every page, which is how a new release appears
without a restart, and a held one on time whether anything else runs then or not, and never before.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dashboards.access.scope import WHOLE, Scope
from dashboards.address import RELEASE
from dashboards.data import Release, ReleaseError

KEPT_RELEASES = 3
"""How many releases stay open: readers of the one before finish undisturbed after a new one appears."""
KEPT_SCOPES = 32
"""How many views of releases stay open in all: readers of the same role and areas share one."""

HELD_UNTIL = "%Y-%m-%dT%H-%M-%SZ"
"""How links in `releases/held` are named: by the instant from which what they lead to is served."""


class Releases:
    """The releases of a home folder, of which the current one is shown.

    Parameters
    ----------
    home
        State folder that holds `releases/`.
    scope
        Tells what the reader who asks now may see.
    """

    def __init__(self, home: Path, scope: Callable[[], Scope] = lambda: WHOLE) -> None:
        self._scope = scope
        self._folder = home / "releases"
        self._open: OrderedDict[tuple[Path, Scope], Release] = OrderedDict()
        self._lock = threading.Lock()
        self._is_closing = threading.Event()
        self._ahead: threading.Thread | None = None

    def current(self) -> Release:
        """Open the release that is served now, as the reader who asks may see it.

        It is the newest held one whose time has come, else the current one.

        Raises
        ------
        ReleaseError
            If there is none yet, or it cannot be read.
        """
        try:
            folder = self._served().resolve(strict=True)
        except OSError as error:
            waiting = self._held()
            if not waiting:
                raise ReleaseError("none", str(self._folder / "current")) from error
            until = datetime.strptime(min(waiting), HELD_UNTIL).replace(tzinfo=UTC)
            raise ReleaseError("held", until.isoformat()) from error
        return self._opened(folder, self._scope())

    def keep_ready(self, every: float = 5.0) -> None:
        """Look through each release once it is current, before its first reader has to wait for that.

        It is done for those who may see everything; others see another release, which is looked through as they ask.

        Parameters
        ----------
        every
            Seconds between two looks at which one is current.
        """

        def look() -> None:
            known = None
            while not self._is_closing.wait(0 if known is None else every):
                try:
                    folder = self._served().resolve(strict=True)
                    if folder != known:
                        self._opened(folder, WHOLE).look_through()
                except (OSError, ReleaseError):
                    # There is none yet, or none that can be read: readers are told so.
                    folder = self._folder
                known = folder

        self._ahead = threading.Thread(target=look, name="wardlight-ahead", daemon=True)
        self._ahead.start()

    def named(self, release_id: str | None) -> Release:
        """Open the release of that id as long as it is kept; without one, the current one.

        Raises
        ------
        ReleaseError
            As for the current one, or if the release is not kept any more, or is not to be shown yet.
        """
        if release_id is None:
            return self.current()
        folder = self._folder.resolve() / release_id
        is_there = RELEASE.fullmatch(release_id) and not folder.is_symlink() and folder.is_dir()
        if not is_there or (_is_embargoed(folder) and folder != self._served().resolve()):
            raise ReleaseError("gone", release_id)
        return self._opened(folder, self._scope())

    def _opened(self, folder: Path, scope: Scope) -> Release:
        key = folder, scope
        with self._lock:
            release = self._open.get(key) or Release(*key)
            self._open[key] = release
            self._open.move_to_end(key)
            newest = list(dict.fromkeys(each for each, _ in reversed(self._open)))[:KEPT_RELEASES]
            # Dropped, not closed: a request that still reads it keeps it open until it is done.
            for old in [each for each in self._open if each[0] not in newest]:
                del self._open[old]
            while len(self._open) > KEPT_SCOPES:
                self._open.popitem(last=False)
        return release

    def _served(self) -> Path:
        """Return the link that is to be followed; those of held releases are named by their instants, in UTC."""
        now = datetime.now(UTC).strftime(HELD_UNTIL)
        come = [name for name in self._held() if name <= now]
        return self._folder / "held" / max(come) if come else self._folder / "current"

    def _held(self) -> list[str]:
        """Name the links to held releases."""
        held = self._folder / "held"
        return [link.name for link in held.iterdir() if not link.name.startswith(".")] if held.is_dir() else []

    def close(self) -> None:
        """Close every open release; DuckDB's threads must be gone before the interpreter ends."""
        self._is_closing.set()
        if self._ahead:
            self._ahead.join()
        with self._lock:
            for release in self._open.values():
                release.close()
            self._open.clear()


def _is_embargoed(folder: Path) -> bool:
    """Tell whether the time of a release has not come: who knows its id is not shown it either."""
    try:
        publish_at = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("publish_at")
    except (OSError, ValueError):
        return True
    return publish_at is not None and datetime.fromisoformat(publish_at) > datetime.now(UTC)
