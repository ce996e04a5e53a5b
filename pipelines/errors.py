"""Errors that a person can act on: what is wrong, where, and what to do.

Every refusal of a pack, a file or a release is one of these, so that the command line and Dagster can show the
message without a traceback. Programming errors stay ordinary exceptions.
"""

import re
from pathlib import Path

_ABOUT_VALUES = (
    "Conversion Error",
    "Invalid Input Error",
    "Out of Range Error",
    "invalid input syntax",
    "out of range",
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class WardlightError(Exception):
    """An error with its place and its remedy.

    Parameters
    ----------
    problem
        What is wrong, in a sentence.
    file, line, field
        Where: the file as given by the user, the line in it (from 1), the field of the pack or record.
    remedy
        What to do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.line = line
        self.field = field
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        """One or two lines: place, problem, remedy."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        where = ", ".join(part for part in (place, f"field {self.field}" if self.field else "") if part)
        text = f"{where}: {self.problem}" if where else self.problem
        return f"{text}\n  What to do: {self.remedy}" if self.remedy else text


class PackError(WardlightError):
    """A city pack that cannot be used as it is."""


class SourceError(WardlightError):
    """A source file that cannot be read, or does not fit its mapping."""


class LedgerError(WardlightError):
    """Records that were read are not all accounted for; nothing may be published."""


class ReleaseError(WardlightError):
    """A release that is not whole or cannot be switched to."""


class ContractError(WardlightError):
    """A data contract that cannot be used as it is."""


def without_values(message: str) -> str:
    """Return what an engine says without the texts that it quotes, where it speaks of a value that may be a record's.

    Messages of other sorts quote names of tables and columns, which are worth knowing.
    """
    return _QUOTED.sub("…", message) if any(said in message for said in _ABOUT_VALUES) else message
