"""JSON files: an array of objects anywhere in a document, or one object a line (NDJSON).

Values arrive as they are written: numbers digit by digit, nested values as JSON text. What is not an object with
usable keys is a malformed row. The columns of a file are the keys of its objects, in the order of their first use.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.pack.origins import JsonFormat, NdjsonFormat
from pipelines.pulling import json_text, json_values
from pipelines.pulling.column_names import TAKEN_NAMES
from pipelines.pulling.json_text import Broken, Found, broken
from pipelines.pulling.opening import reading_file
from pipelines.pulling.reading import Reading
from pipelines.pulling.reading_table import ReadingTable
from pipelines.pulling.recovery import is_unicode

_RECORDS_AT_ONCE = 20_000


def read_header(path: Path, layout: JsonFormat | NdjsonFormat) -> list[str]:
    """Return the keys of all objects of a file, for which all of it is read.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, empty, or has no array of records where the format says.
    """
    keys = _Keys()
    with reading_file(path):
        for found in _found(path, layout, None):
            keys.admit(found)
    return list(keys.columns)


def read(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    layout: JsonFormat | NdjsonFormat,
    report: Callable[[int], None] | None = None,
) -> Reading:
    """Read a file's objects; `_line` is the line (NDJSON) or the position in the array, from 1.

    A document that breaks off or goes wrong gives the records before, and one malformed row for the rest. An empty
    line of NDJSON is a row of nothing.

    Parameters
    ----------
    report
        Told how many bytes of the file have been read.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, empty, or has no array of records where the format says.
    """
    table = ReadingTable(con, str(path))
    keys = _Keys()
    with reading_file(path):
        found = _found(path, layout, report)
        while part := [keys.admit(each) for each in islice(found, _RECORDS_AT_ONCE)]:
            columns = list(keys.columns)
            table.widen(columns)
            table.append(_batch(part, columns))
    return table.reading()


def _found(path: Path, layout: JsonFormat | NdjsonFormat, report: Callable[[int], None] | None) -> Iterator[Found]:
    if isinstance(layout, NdjsonFormat):
        return json_text.lines(path, report)
    return json_text.elements(path, layout.records, report)


class _Keys:
    """The keys that objects have had so far, as columns."""

    def __init__(self) -> None:
        self.columns: dict[str, None] = {}
        self._folded: set[str] = {*TAKEN_NAMES}

    def admit(self, found: Found) -> Found:
        """Note the keys of an object and return it; an object that cannot be a row of these columns is broken."""
        if isinstance(found, Broken) or found.keys() <= self.columns.keys():
            return found
        new = [key for key in found if key not in self.columns]
        folded = {key.lower() for key in new}
        if not all(key and is_unicode(key) for key in new):
            return broken("a key is empty or no Unicode", json_values.written(found))
        if folded & self._folded or len(folded) < len(new):
            return broken(
                "a key differs from another in upper and lower case only, or is one that Wardlight needs",
                json_values.written(found),
            )
        self.columns.update(dict.fromkeys(new))
        self._folded |= folded
        return found


def _batch(part: Sequence[Found], columns: Sequence[str]) -> pa.RecordBatch:
    """Return what was found as columns of text; an object with text that is no Unicode is broken."""
    try:
        return _texts(part, columns)
    except UnicodeEncodeError:
        return _texts([_checked(found) for found in part], columns)


def _texts(part: Sequence[Found], columns: Sequence[str]) -> pa.RecordBatch:
    objects = [{} if isinstance(found, Broken) else found for found in part]
    malformed = [found.malformed if isinstance(found, Broken) else None for found in part]
    cells = [[json_values.text(each.get(column)) for each in objects] for column in columns]
    return pa.record_batch(
        [pa.array(column, pa.string()) for column in (*cells, malformed)], names=[*columns, "_malformed"]
    )


def _checked(found: Found) -> Found:
    if isinstance(found, Broken) or is_unicode(written := json_values.written(found)):
        return found
    return broken("invalid encoding", written)
