"""Local users: who they are, what they may, and the hashes of their passwords, in one file of the home folder.

Here: the file and what is asked of a password. Not here: the command that changes it (`__main__`), nor sign-in.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock
from werkzeug.security import check_password_hash, generate_password_hash

from dashboards.access.configuration import AccessError, Grant, Role

FILE = Path("access") / "users.json"
"""Where they are in a home folder; nobody but its owner may read it."""
METHOD = "scrypt:32768:8:3"
"""N = 2^15, r = 8, p = 3: one of the settings that OWASP's Password Storage Cheat Sheet holds equal; 32 MiB a hash."""
LEAST_CHARACTERS, MOST_CHARACTERS = 12, 256
NAME = re.compile(r"[\w.@+-]{1,80}")


@dataclass(frozen=True)
class Account:
    """One local user; the hash tells algorithm, settings and salt with it."""

    name: str
    title: str
    role: Role
    areas: tuple[str, ...] | None
    password: str

    @property
    def grant(self) -> Grant:
        """What he may."""
        return Grant(role=self.role, areas=self.areas)

    @property
    def mark(self) -> str:
        """Changes with the password and with what he may: sessions begun before are over."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]


@cache
def _nobody() -> str:
    """What a try for an unknown name is held against, so that it takes as long as one for a known name."""
    return generate_password_hash("nobody has this password", METHOD)


class Accounts:
    """The local users of a home folder; a change by the command is seen at the next request."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._read_at: tuple[int, int] | None = None
        self._known: dict[str, Account] = {}

    def all(self) -> dict[str, Account]:
        """Every user by name."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return {}
        # Each change replaces the file by another.
        version = found.st_mtime_ns, found.st_ino
        if version != self._read_at:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            self._known = {
                row["name"]: Account(**(row | {"areas": None if row["areas"] is None else tuple(row["areas"])}))
                for row in rows
            }
            self._read_at = version
        return self._known

    def verified(self, name: str, password: str) -> Account | None:
        """Give the user whose password this is, None if name or password are wrong; either takes as long."""
        account = self.all().get(name)
        is_right = check_password_hash(account.password if account else _nobody(), password[:MOST_CHARACTERS])
        return account if is_right and len(password) <= MOST_CHARACTERS else None

    def put(self, name: str, title: str, grant: Grant, password: str) -> None:
        """Add a user, or give him another password, role or areas.

        Raises
        ------
        AccessError
            If the name cannot be one, or the password is too easy to guess.
        """
        if not NAME.fullmatch(name):
            raise AccessError(f"{name!r} is no name: use letters, digits, and . @ + - _")
        if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
            raise AccessError(
                f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters, this one {len(password)}\n"
                "  What to do: take a few words, or let a password manager make one"
            )
        if len(set(password)) < 5 or name.lower() in password.lower():
            raise AccessError("this password is easy to guess: it repeats itself, or holds the name")
        account = Account(name, title, grant.role, grant.areas, generate_password_hash(password, METHOD))
        self._change(lambda known: known | {name: account})

    def remove(self, name: str) -> None:
        """Forget a user; his sessions end with his next request.

        Raises
        ------
        AccessError
            If there is none of this name.
        """
        if name not in self.all():
            raise AccessError(f"there is no user {name!r}\n  What to do: `wardlight user list` shows them")
        self._change(lambda known: {key: value for key, value in known.items() if key != name})

    def _change(self, change: Callable[[dict[str, Account]], dict[str, Account]]) -> None:
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / "users.lock", mode=0o600):
            rows = [asdict(account) for _, account in sorted(change(self.all()).items())]
            # Readable by nobody else from the start, and whole at any moment.
            handle, path = tempfile.mkstemp(dir=folder, prefix="users-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(rows, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(handle)
            Path(path).replace(self._path)
