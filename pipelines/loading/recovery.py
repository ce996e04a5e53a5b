"""Recovery: a text file read line by line, for files that the engine's reader cannot take whole.

Slower than the engine and right where it is not: line numbers past quoted line breaks, empty lines, mixed line ends,
invalid bytes, and malformed lines one by one. What the columns mean is no concern of this module.
"""

import csv
import gzip
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from pipelines.city_pack import CsvFormat

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class LineEnds:
    """Lines of a file, the header among them, and the one way in which they all end: None where they end in several."""

    lines: int
    end: str | None


@dataclass(frozen=True)
class Record:
    """A record and the line on which it starts, or a malformed line: its text after the problem, and no cells."""

    line: int
    cells: list[str]
    malformed: str | None = None


def open_binary(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, gzipped or not."""
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def open_text(path: Path, layout: CsvFormat, newline: str) -> io.TextIOWrapper:
    """Open a file for reading text; bytes that are not of its encoding become lone surrogates."""
    encoding = "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding
    return io.TextIOWrapper(open_binary(path), encoding, errors="surrogateescape", newline=newline)


def line_ends(path: Path) -> LineEnds:
    """Read a file to its end and count its lines; a gzipped file that is cut short or damaged raises on the way."""
    feeds = returns = pairs = 0
    last = b""
    with open_binary(path) as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
            last = chunk[-1:]
    if feeds == 0 and returns > 0:
        return LineEnds(returns + (last != b"\r"), "\r")
    lines = feeds + (last not in (b"\n", b""))
    if returns == pairs and pairs in (0, feeds):
        return LineEnds(lines, "\r\n" if pairs else "\n")
    return LineEnds(lines, None)


def read_records(path: Path, layout: CsvFormat, width: int, ends: LineEnds) -> Iterator[Record]:
    """Yield the records below a file's header, in order, every line of the file in one of them.

    A record that does not parse (RFC 4180) or has not `width` cells costs its first line alone, which is given as
    malformed; reading goes on with the next line, so that a stray quote does not swallow the lines after it. Further
    cells that are all empty are no fault. An empty line is a record of empty cells.
    """
    with open_text(path, layout, "\r" if ends.end == "\r" else "\n") as text:
        records = _records(text, layout, width)
        next(records, None)
        yield from records


def _records(text: IO[str], layout: CsvFormat, width: int) -> Iterator[Record]:
    waiting: deque[str] = deque()
    taken: list[str] = []

    def take() -> str:
        line = waiting.popleft() if waiting else text.readline()
        if line:
            taken.append(line)
        return line

    def parser() -> Iterator[list[str]]:
        return csv.reader(
            iter(take, ""), delimiter=layout.delimiter, quotechar=layout.quote, strict=True, skipinitialspace=True
        )

    rows = parser()
    line = 1
    while True:
        taken.clear()
        try:
            cells = next(rows)
            problem = _width_problem(cells, width)
        except StopIteration:
            return
        except csv.Error as error:
            problem = str(error)
        if problem is not None:
            waiting.extendleft(reversed(taken[1:]))
            del taken[1:]
            rows = parser()
        as_read = "".join(taken)
        if problem is None and _has_lone_surrogate(as_read):
            problem = "invalid encoding"
        if problem is None:
            yield Record(line, (cells + [""] * width)[:width])
        else:
            shown = as_read.rstrip("\r\n").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            yield Record(line, [""] * width, f"{problem}: {shown}")
        line += len(taken)


def _width_problem(cells: list[str], width: int) -> str | None:
    if len(cells) > width and any(cells[width:]):
        return f"{len(cells)} columns instead of {width}"
    if 0 < len(cells) < width:
        return f"{len(cells)} columns instead of {width}"
    return None


def _has_lone_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
