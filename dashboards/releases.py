"""Which release is current, which one an address names, and which stay open; what is inside one is for `data`.

`current` is looked up anew for every page, which is how a new release appears without a restart.
"""

import threading
from collections import OrderedDict
from pathlib import Path

from dashboards.address import RELEASE
from dashboards.data import Release, ReleaseError

KEPT_RELEASES = 3
"""How many releases stay open: readers of the one before finish undisturbed after a new one appears."""


class Releases:
    """The releases of a home folder, of which the current one is shown.

    Parameters
    ----------
    home
        State folder that holds `releases/`.
    on_this_machine
        Whether only this machine can ask: without sign-in, exact counts for internal use are shown nowhere else.
    """

    def __init__(self, home: Path, on_this_machine: bool = True) -> None:
        self._on_this_machine = on_this_machine
        self._folder = home / "releases"
        self._open: OrderedDict[Path, Release] = OrderedDict()
        self._lock = threading.Lock()

    def current(self) -> Release:
        """Open the release that `current` points to now.

        Raises
        ------
        ReleaseError
            If there is none yet, it cannot be read, or may not be shown to other machines.
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
        with self._lock:
            release = self._open.get(folder) or Release(folder)
            self._open[folder] = release
            self._open.move_to_end(folder)
            # Dropped, not closed: a request that still reads it keeps it open until it is done.
            while len(self._open) > KEPT_RELEASES:
                self._open.popitem(last=False)
        if release.info.disclosure == "internal" and not self._on_this_machine:
            raise ReleaseError("internal", folder.name)
        return release

    def close(self) -> None:
        """Close every open release; DuckDB's threads must be gone before the interpreter ends."""
        with self._lock:
            for release in self._open.values():
                release.close()
            self._open.clear()
