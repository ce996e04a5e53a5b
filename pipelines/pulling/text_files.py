"""Text files of lines and cells (CSV): the engine reads them, recovery what the engine cannot take.

The engine reads a file whole where every line is a record of its own. Else the lines are sifted: plain ones are left
to the engine, the others read record by record. That a record is a line is found out by counting lines apart from
the engine. What the columns mean is no concern of this module.
"""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.errors import SourceError
from pipelines.pack.origins import CsvFormat
from pipelines.pulling.column_names import checked_header
from pipelines.pulling.opening import decode_to_utf8, reading_file
from pipelines.pulling.reading import Reading
from pipelines.pulling.reading_table import ReadingTable
from pipelines.pulling.recovery import LineEnds, Record, line_ends, open_text, read_records
from pipelines.pulling.sifting import PlainLines, can_sift, sift
from pipelines.warehouse import literal, one_row, quoted

_RECORDS_AT_ONCE = 50_000
_LINES_AT_ONCE = 1_000_000
# Fields longer than this are malformed to Python's csv reader; the engine must not think otherwise.
_LONGEST_LINE_BYTES = csv.field_size_limit()


def read_header(path: Path, layout: CsvFormat) -> list[str]:
    """Return the column names in a file's first line; a column without a name is called after its position.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, empty, or names a column twice (upper and lower case are one).
    """
    return _read_header(path, layout)[0]


def _read_header(path: Path, layout: CsvFormat) -> tuple[list[str], bool]:
    """Return the column names, and whether a carriage return alone ends their line."""
    line = ""

    def lines(text: IO[str]) -> Iterator[str]:
        nonlocal line
        while line := text.readline():
            yield line

    with reading_file(path, csv.Error), open_text(path, layout, newline="") as text:
        names = next(csv.reader(lines(text), delimiter=layout.delimiter, quotechar=layout.quote), [])
        "".join(names).encode("utf-8")  # raises where bytes are not of the declared encoding
    names = [name.removeprefix("\ufeff").strip() for name in names]
    if not any(names):
        raise SourceError(
            "the file is empty, or its first line is", file=path, line=1, remedy="the first line must name the columns"
        )
    return checked_header(names, path, line=1), line.endswith("\r")


def read(
    con: duckdb.DuckDBPyConnection, path: Path, layout: CsvFormat, report: Callable[[int], None] | None = None
) -> Reading:
    """Read a file's records and malformed lines; `_line` is the line on which each starts.

    Parameters
    ----------
    report
        Told how many bytes of the file have been read.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, damaged or empty.
    """
    header, ends_in_return = _read_header(path, layout)
    with ExitStack() as held:
        with reading_file(path, csv.Error):
            text = held.enter_context(_as_utf8(con, path, layout))
            ends = line_ends(text.path, layout, report)
        if ends_in_return and ends.end != "\r":
            # The rest of that line would be neither header nor record.
            raise SourceError(
                "the first line ends in a carriage return, others in a line feed: where it ends is not certain",
                file=path,
                line=1,
                remedy="save the file with one way of ending lines",
            )
        file = _TextFile(con, path, layout, header, text, ends, held.pop_all())
    return file.read()


@dataclass(frozen=True)
class _Utf8Text:
    """A file of UTF-8, unless it has bytes that are none, which decode in the way `errors` says.

    `is_sound` is False where it is known to have such.
    """

    path: Path
    errors: str
    is_sound: bool


@contextmanager
def _as_utf8(con: duckdb.DuckDBPyConnection, path: Path, layout: CsvFormat) -> Iterator[_Utf8Text]:
    """Give a file as UTF-8: itself, or a temporary file where it is in another encoding."""
    if layout.encoding == "utf-8":
        yield _Utf8Text(path, "surrogateescape", is_sound=True)
        return
    with _temporary_file(con) as made:
        is_sound = decode_to_utf8(path, layout.encoding, made)
        made.flush()
        yield _Utf8Text(Path(made.name), "surrogatepass", is_sound)


@contextmanager
def _temporary_file(con: duckdb.DuckDBPyConnection) -> Iterator[IO[bytes]]:
    """Make a file that is gone afterwards, beside the engine's spill files where the database is a file."""
    folder = Path(str(one_row(con, "select current_setting('temp_directory')")[0]))
    if folder.is_absolute():
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder if folder.is_absolute() else None, suffix=".csv") as made:
        yield made


@dataclass(frozen=True)
class _TextFile:
    """A file whose lines have been counted, and the ways to read it, from the quickest to the surest."""

    con: duckdb.DuckDBPyConnection
    path: Path
    layout: CsvFormat
    header: list[str]
    text: _Utf8Text
    ends: LineEnds
    held: ExitStack

    def read(self) -> Reading:
        """Read in the quickest way that what is known of the lines allows."""
        if self.ends.end is not None and not self.ends.has_nul and self.text.is_sound and self._may_be_plain():
            scan = f"(select *, null::bigint as _line, null::varchar as _malformed from {self._scan(self.text.path)})"
            return self._reading(scan, self.ends.lines - 1, self._sifted)
        return self._sifted()

    def _may_be_plain(self) -> bool:
        """Tell whether the delimiters are as many as they are if every line is a record of all columns."""
        if not can_sift(self.layout):
            return True
        least = self.ends.lines * (len(self.header) - 1)
        if self.ends.quotes:
            return self.ends.quotes % 2 == 0 and self.ends.delimiters >= least
        return self.ends.delimiters == least

    def _sifted(self) -> Reading:
        """Let the engine read the plain lines, and read the others by record."""
        if not can_sift(self.layout) or self.ends.end == "\r":
            return self._by_record()
        others = _empty_table(self.con, self.path, self.header)
        self.con.execute("create or replace temp table plain_line (_line bigint)")
        plain_lines = 0
        with reading_file(self.path, csv.Error):
            plain = self.held.enter_context(_temporary_file(self.con))
            sifted = sift(self.text.path, self.layout, len(self.header), _LONGEST_LINE_BYTES, plain, self.text.errors)
            for runs, records in _grouped(sifted):
                if records:
                    others.append(_batch(records, self.header))
                plain_lines += _append_lines(self.con, runs)
            plain.flush()
        if not plain_lines:
            return others.reading()
        names = ", ".join(map(quoted, self.header))
        relation = (
            f"(select {names}, _line, null::varchar as _malformed "
            f"from {self._scan(Path(plain.name), has_header=False)} positional join temp.plain_line "
            f"union all select {names}, _line, _malformed from temp.reading)"
        )
        return self._reading(relation, plain_lines + others.rows, self._by_record)

    def _by_record(self) -> Reading:
        """Read record by record."""
        table = _empty_table(self.con, self.path, self.header)
        with reading_file(self.path, csv.Error):
            records = read_records(self.path, self.layout, len(self.header), self.ends)
            while part := list(islice(records, _RECORDS_AT_ONCE)):
                table.append(_batch(part, self.header))
        return table.reading()

    def _scan(self, path: Path, *, has_header: bool = True) -> str:
        """Compose the engine's reading of a file, every column text."""
        types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.header)
        quote = literal(self.layout.quote)
        return (
            f"read_csv({literal(str(path))}, auto_detect = false, header = {has_header}, columns = {{{types}}}, "
            f"delim = {literal(self.layout.delimiter)}, quote = {quote}, escape = {quote}, "
            f"max_line_size = {_LONGEST_LINE_BYTES}, strict_mode = true)"
        )

    def _reading(self, relation: str, rows: int, otherwise: Callable[[], Reading]) -> Reading:
        return Reading(self.header, relation, rows, otherwise, self.held)


def _grouped(sifted: Iterable[PlainLines | Record]) -> Iterator[tuple[list[PlainLines], list[Record]]]:
    """Put what was sifted together in groups large enough for the engine."""
    runs: list[PlainLines] = []
    records: list[Record] = []
    lines = 0
    for found in sifted:
        if isinstance(found, Record):
            records.append(found)
        else:
            runs.append(found)
            lines += found.count
        if len(records) == _RECORDS_AT_ONCE or lines > _LINES_AT_ONCE:
            yield runs, records
            runs, records, lines = [], [], 0
    yield runs, records


def _append_lines(con: duckdb.DuckDBPyConnection, runs: list[PlainLines]) -> int:
    """Append the line numbers of plain lines to the table of them; return how many there are."""
    if not runs:
        return 0
    numbers = np.concatenate([np.arange(run.first, run.first + run.count, dtype=np.int64) for run in runs])
    con.register("more_lines", pa.table({"_line": numbers}))
    con.execute("insert into temp.plain_line select _line from more_lines")
    con.unregister("more_lines")
    return len(numbers)


def _empty_table(con: duckdb.DuckDBPyConnection, path: Path, header: list[str]) -> ReadingTable:
    table = ReadingTable(con, str(path))
    table.widen(header)
    return table


def _batch(records: list[Record], header: list[str]) -> pa.RecordBatch:
    """Return records as columns of text, empty cells as null."""
    cells = [[record.cells[at] or None for record in records] for at in range(len(header))]
    texts = [pa.array(column, pa.string()) for column in (*cells, [record.malformed for record in records])]
    lines = pa.array([record.line for record in records], pa.int64())
    return pa.record_batch([*texts, lines], names=[*header, "_malformed", "_line"])
