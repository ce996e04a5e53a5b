"""Personal data: columns that could identify someone become salted hashes before anything is kept.

The salt is random and stays in the home folder, so that equal values hash alike there and nowhere else. What could
not be parsed may hold anything: of it only the problem is kept.
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import WardlightError
from pipelines.pack.city import CityPack
from pipelines.warehouse import literal, quoted

SALT_BYTES = 32
_HASH_DIGITS = 32
WITHHELD = "(the text is withheld: the source has personal columns)"


def home_salt(home: Path) -> bytes:
    """Return the salt of a home folder, made once, readable by its owner alone.

    Raises
    ------
    WardlightError
        If the salt is damaged.
    """
    path = home / "salt"
    home.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        salt = path.read_bytes()
    else:
        salt = secrets.token_bytes(SALT_BYTES)
        with os.fdopen(handle, "wb") as file:
            file.write(salt)
            file.flush()
            os.fsync(file.fileno())
    if len(salt) != SALT_BYTES:
        raise WardlightError(
            f"the salt has {len(salt)} bytes instead of {SALT_BYTES}",
            file=path,
            remedy="restore it from a backup, or begin with a new home folder: hashes of other salts do not match",
        )
    return salt


def check_columns(pack: CityPack, name: str, header: Sequence[str]) -> None:
    """Refuse to read a unit that lacks a column declared as personal: under another name it would not be hidden.

    Raises
    ------
    PackError
        At the line of the pack that names the column.
    """
    folded = {column.lower() for column in header}
    for at, column in enumerate(pack.sources[name].personal):
        if header and column.lower() not in folded:
            raise pack.error(
                f"there is no column {column!r} to hide; the columns are {', '.join(header)}",
                *("sources", name, "personal", str(at)),
                remedy="name the column as the source does",
            )


def hidden(column: str) -> str:
    """Return the SQL of a column's hash, salted with the session's variable `salt`; null stays null."""
    return f"left(sha256(getvariable('salt') || encode({quoted(column)})), {_HASH_DIGITS})"


def hidden_malformed() -> str:
    """Return the SQL of what is kept of a malformed text: the problem with it."""
    return f"split_part(_malformed, ': ', 1) || {literal(': ' + WITHHELD)}"
