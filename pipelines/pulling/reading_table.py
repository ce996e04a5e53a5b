"""The temporary table `reading`, filled batch by batch from what arrives over a network.

Knows columns, positions and batches; where they come from and what they mean is no concern of this module.
"""

from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.errors import SourceError
from pipelines.pulling.column_names import TAKEN_NAMES
from pipelines.pulling.reading import Reading
from pipelines.pulling.recovery import is_unicode
from pipelines.warehouse import quoted


class ReadingTable:
    """Records of one unit as text; `_line` is the position, from 1, in which they arrived.

    Parameters
    ----------
    con
        Connection whose temporary table `reading` is made anew.
    origin
        What the records come from, for messages.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, origin: str) -> None:
        self._con = con
        self._origin = origin
        self._folded: set[str] = set()
        self.header: list[str] = []
        self.rows = 0
        self._create()

    def _create(self) -> None:
        declared = "".join(f", {quoted(column)} varchar" for column in self.header)
        self._con.execute(f"create or replace temp table reading (_line bigint, _malformed varchar{declared})")

    def widen(self, columns: Iterable[str]) -> None:
        """Add the columns that the table does not have yet.

        Raises
        ------
        SourceError
            If a name is empty or no Unicode, is one that Wardlight needs, or differs from another in upper and lower
            case only.
        """
        new = [column for column in dict.fromkeys(columns) if column not in self.header]
        for column in new:
            named = bool(column) and is_unicode(column) and "\0" not in column
            if not named or column.lower() in self._folded or column.lower() in TAKEN_NAMES:
                raise SourceError(
                    f"there is a column named {column!r}: the name is empty or no Unicode, is given to two columns "
                    "(upper and lower case are one), or is one that Wardlight needs",
                    file=self._origin,
                    remedy="give each column a name of its own, in the query or at the source",
                )
            self.header.append(column)
            self._folded.add(column.lower())
        if new and not self.rows:
            # Before the first rows one statement does for all columns, which counts where files are many.
            self._create()
        elif new:
            for column in new:
                self._con.execute(f"alter table temp.reading add column {quoted(column)} varchar")

    def append(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch: texts in columns of the table, and `_line` where it is not the position."""
        part = pa.table(batch.columns, names=batch.schema.names)
        if "_line" not in batch.schema.names:
            part = part.append_column("_line", [np.arange(self.rows + 1, self.rows + batch.num_rows + 1)])
        self._con.register("reading_part", part)
        try:
            self._con.execute("insert into temp.reading by name select * from reading_part")
        finally:
            self._con.unregister("reading_part")
        self.rows += batch.num_rows

    def reading(self) -> Reading:
        """Return what has been read; `rows` counts what was handed in, apart from the table."""
        return Reading(self.header, "temp.reading", self.rows)
