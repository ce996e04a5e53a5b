"""Recovery: a text file read record by record, for what the engine's reader cannot take.

Slower than the engine and right where it is not: line numbers past quoted line breaks, empty lines, mixed line ends,
invalid bytes, and malformed lines one by one. What the columns mean is no concern of this module.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.pack.origins import CsvFormat
from pipelines.pulling.opening import CHUNK_BYTES, open_binary, packed_position

LINE_ENDS = "\r\n"
# A record that fails after more lines has a quote that is not closed.
_MOST_LINES_READ_TWICE = 20


@dataclass(frozen=True)
class LineEnds:
    """Lines of a file, the header among them, and the one way in which they all end: None where they end in several.

    `has_nul` tells that a zero byte is somewhere, which the engine takes for the end of a cell. `delimiters` and
    `quotes` count those characters where each is a single byte.
    """

    lines: int
    end: str | None
    has_nul: bool = False
    delimiters: int = 0
    quotes: int = 0


@dataclass(frozen=True)
class Record:
    """A record and the line on which it starts, or a malformed line: its text after the problem, and no cells."""

    line: int
    cells: list[str]
    malformed: str | None = None


def open_text(path: Path, layout: CsvFormat, newline: str) -> io.TextIOWrapper:
    """Open a file for reading text; bytes that are not of its encoding become lone surrogates."""
    encoding = "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding
    return io.TextIOWrapper(open_binary(path), encoding, errors="surrogateescape", newline=newline)


def line_ends(path: Path, layout: CsvFormat, report: Callable[[int], None] | None = None) -> LineEnds:
    """Read a file of UTF-8 or the like to its end and count its lines; one that is damaged raises on the way.

    Parameters
    ----------
    report
        Told how many bytes of the file, packed as it is, have been read.
    """
    feeds = returns = pairs = delimiters = quotes = 0
    delimiter, quote = (mark.encode() for mark in (layout.delimiter, layout.quote))
    has_nul = False
    last = b""
    with open_binary(path) as handle:
        while chunk := handle.read(CHUNK_BYTES):
            feeds += chunk.count(b"\n")
            if b"\r" in chunk or last == b"\r":
                returns += chunk.count(b"\r")
                pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
            has_nul = has_nul or b"\0" in chunk
            delimiters += chunk.count(delimiter)
            quotes += chunk.count(quote)
            last = chunk[-1:]
            if report is not None:
                report(packed_position(handle))
    if feeds == 0 and returns > 0:
        return LineEnds(returns + (last != b"\r"), "\r", has_nul, delimiters, quotes)
    lines = feeds + (last not in (b"\n", b""))
    end = None
    if returns == pairs and pairs in (0, feeds):
        end = "\r\n" if pairs else "\n"
    return LineEnds(lines, end, has_nul, delimiters, quotes)


def read_records(path: Path, layout: CsvFormat, width: int, ends: LineEnds) -> Iterator[Record]:
    """Yield the records below a file's header, in order, every line of the file in one of them.

    A record that does not parse (RFC 4180) or has not `width` cells costs its first line alone, which is given as
    malformed; reading goes on with the next line, so that a stray quote does not swallow the lines after it. Further
    cells that are all empty are no fault. An empty line is a record of empty cells.
    """
    with open_text(path, layout, "\r" if ends.end == "\r" else "\n") as text:
        lines = Lines(text.readline)
        line = 1
        while (found := next_record(lines, layout, width, line)) is not None:
            record, taken = found
            if line > 1:
                yield record
            line += taken


class Lines:
    """Lines of a text one after the other, some of which can be put back."""

    def __init__(self, following: Callable[[], str]) -> None:
        self._following = following
        self._waiting: deque[str] = deque()

    def take(self) -> str:
        """Return the next line with its end; nothing at the end of the text."""
        return self._waiting.popleft() if self._waiting else self._following()

    def put_back(self, lines: list[str]) -> None:
        """Let lines be taken again, in their order."""
        self._waiting.extendleft(reversed(lines))


def next_record(lines: Lines, layout: CsvFormat, width: int, line: int) -> tuple[Record, int] | None:
    """Return the record or malformed line that comes next, and how many lines it takes; its first is numbered `line`.

    Blanks are part of a cell, except that those around quotes are not.
    """
    attempt = _attempt(lines, layout, width, is_lenient=False)
    if not attempt.taken:
        return None
    if _may_be_lenient(attempt, layout):
        lines.put_back(attempt.taken)
        lenient = _attempt(lines, layout, width, is_lenient=True)
        if lenient.problem is None:
            attempt = lenient
        else:
            lines.put_back(lenient.taken)
            for _ in attempt.taken:
                lines.take()
    problem, taken = attempt.problem, attempt.taken
    if problem is not None:
        lines.put_back(taken[1:])
        taken = taken[:1]
    as_read = "".join(taken)
    if problem is None and not is_unicode(as_read):
        problem = "invalid encoding"
    if problem is None:
        return Record(line, (attempt.cells + [""] * width)[:width]), len(taken)
    return Record(line, [""] * width, f"{problem}: {readable(as_read.rstrip(LINE_ENDS))}"), len(taken)


@dataclass(frozen=True)
class _Attempt:
    """What the next lines say, read in one of two ways, and the lines that were taken for it."""

    cells: list[str]
    problem: str | None
    taken: list[str]


def _attempt(lines: Lines, layout: CsvFormat, width: int, *, is_lenient: bool) -> _Attempt:
    taken: list[str] = []

    def take() -> str:
        line = lines.take()
        if line:
            taken.append(line)
        return _blanks_around_quotes(layout).sub("", line) if is_lenient else line

    parser = csv.reader(iter(take, ""), delimiter=layout.delimiter, quotechar=layout.quote, strict=True)
    try:
        cells = next(parser)
    except StopIteration:
        return _Attempt([], None, taken)
    except csv.Error as error:
        return _Attempt([], str(error), taken)
    return _Attempt(cells, _width_problem(cells, width), taken)


def _may_be_lenient(attempt: _Attempt, layout: CsvFormat) -> bool:
    """Tell whether blanks around quotes may be why a record does not parse, or parses oddly."""
    if attempt.problem is not None:
        return len(attempt.taken) < _MOST_LINES_READ_TWICE
    as_read = layout.delimiter + "".join(attempt.taken)
    return f" {layout.quote}" in as_read and any(
        # In a quoted cell the quote would be doubled.
        cell.startswith(" ") and cell.lstrip(" ").startswith(layout.quote) and layout.delimiter + cell in as_read
        for cell in attempt.cells
    )


@cache
def _blanks_around_quotes(layout: CsvFormat) -> re.Pattern[str]:
    quote, delimiter = re.escape(layout.quote), re.escape(layout.delimiter)
    before = f"(?:(?<={delimiter})|^) +(?={quote})"
    return re.compile(f"{before}|(?<={quote}) +(?={delimiter}|\\r?\\n?$)")


def _width_problem(cells: list[str], width: int) -> str | None:
    if any(cell.strip(" ") for cell in cells[width:]):
        return f"{len(cells)} columns instead of {width}"
    if 0 < len(cells) < width:
        return f"{len(cells)} columns instead of {width}"
    return None


def is_unicode(text: str) -> bool:
    """Tell whether a text is without lone surrogates, so that it can be written in UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def readable(text: str) -> str:
    """Write out bytes that were not of the encoding, or halves of surrogate pairs, as escapes."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
