"""The audit log: who signed in or was refused, and who took what along, one JSON line each, a file a month.

Appended to `<home>/audit/<year>-<month>.jsonl`, which only its owner may read. Nothing typed into a password field ever
comes here; nor does a name that no user has, since people mistake one field for the other.
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

FOLDER = "audit"
MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
Event = Literal[
    "sign_in", "sign_in_refused", "sign_in_limited", "sign_out", "session_ended", "no_permission", "download"
]


class AuditLog:
    """The log of a home folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def write(self, event: Event, user: str | None, address: str | None, **detail: Any) -> None:
        """Append a line: time (UTC), event, user, address of the client, and what else is given."""
        now = datetime.now(UTC)
        row = {
            "time": now.isoformat(timespec="milliseconds"),
            "event": event,
            "user": user,
            "address": address,
            **detail,
        }
        line = json.dumps(row, ensure_ascii=False, default=str) + "\n"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # One write in append mode: lines of several workers never mix.
        handle = os.open(self._folder / f"{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def months(self) -> list[str]:
        """Months that have a file, the newest first."""
        found = (path.stem for path in self._folder.glob("*.jsonl"))
        return sorted((name for name in found if MONTH.fullmatch(name)), reverse=True)

    def read(self, month: str) -> Iterator[dict[str, Any]]:
        """The lines of a month, the newest first; what is no line of ours is passed over."""
        if month not in self.months():
            return
        for line in reversed((self._folder / f"{month}.jsonl").read_text(encoding="utf-8").splitlines()):
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row
