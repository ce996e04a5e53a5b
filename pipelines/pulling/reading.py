"""What a reader hands over: the records of one unit as text, read and not yet kept."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date

# First and last local day, both meant.
Days = tuple[date, date]
# Told how much is done and how much there is: bytes of files, rows of queries; None where the whole is not known.
Report = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Unit:
    """A part of a source that is delivered, hashed and replaced on its own: a file, or a month of a query.

    `name` is what the ledger calls it: the file's name in the pack, or the month. `days` are the first and last local
    day that it covers; None where it may hold any.
    """

    name: str
    days: Days | None = None


@dataclass(frozen=True)
class Reading:
    """Records of a unit: their columns, and the SQL of a relation that holds them.

    The relation has every column of `header` as text, `_line` (bigint: line, row or position at which a record
    starts, none twice; null in all rows where they stand in the order of the file's lines, the first on line 2) and
    `_malformed` (`<problem>: <text>` of what could not be parsed, then all columns are null; the problem says nothing
    of the text). `rows` counts the records and malformed lines, found out apart from the relation wherever that can
    be.

    Attributes
    ----------
    otherwise
        Reads the unit in a slower and surer way, for where the relation fails or has not as many rows. None where
        there is no other way.
    held
        Closed when the relation is not needed any more.
    """

    header: list[str]
    relation: str
    rows: int
    otherwise: "Callable[[], Reading] | None" = field(default=None, compare=False)
    held: ExitStack = field(default_factory=ExitStack, compare=False)
