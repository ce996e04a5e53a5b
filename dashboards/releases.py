"""Which release is current, which one an address names, and which stay open, each as seen by whoever asks.

What is inside one is for `data`.

`current` is looked up anew for every page, which is how a new release appears without a restart.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from dashboards.access.scope import WHOLE, Scope
from dashboards.address import RELEASE
from dashboards.data import Release, ReleaseError

KEPT_RELEASES = 3
"""How many releases stay open: readers of the one before finish undisturbed after a new one appears."""
KEPT_SCOPES = 32
"""How many views of releases stay open in all: readers of the same role and areas share one."""


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

    def current(self) -> Release:
        """Open the release that `current` points to now, as the reader who asks may see it.

        Raises
        ------
        ReleaseError
            If there is none yet, or it cannot be read.
        """
        link = self._folder / "current"
        try:
            folder = link.resolve(strict=True)
        except OSError as error:
            raise ReleaseError("none", str(link)) from error
        return self._opened(folder)

    def named(self, release_id: str | None) -> Release:
        """Open the release of that id as long as it is kept; without one, the current one.

        Raises
        ------
        ReleaseError
            As for the current one, or if the release is not kept any more.
        """
        if release_id is None:
            return self.current()
        folder = self._folder.resolve() / release_id
        if not RELEASE.fullmatch(release_id) or folder.is_symlink() or not folder.is_dir():
            raise ReleaseError("gone", release_id)
        return self._opened(folder)

    def _opened(self, folder: Path) -> Release:
        key = folder, self._scope()
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

    def close(self) -> None:
        """Close every open release; DuckDB's threads must be gone before the interpreter ends."""
        with self._lock:
            for release in self._open.values():
                release.close()
            self._open.clear()
