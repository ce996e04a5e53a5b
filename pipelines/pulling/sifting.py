"""Sifting: the plain lines of a text file put aside for the engine, all others read record by record.

A plain line is a whole record: valid UTF-8, quotes closed and where they belong, as many cells as there are columns.
Few lines of a large file are anything else, so that reading it costs little more than the engine does. Lines are told
apart by arithmetic on arrays of positions; what counts as a record is recovery's to say.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from pipelines.pack.origins import CsvFormat
from pipelines.pulling.opening import open_binary
from pipelines.pulling.recovery import Lines, Record, next_record

CHUNK_BYTES = 8 << 20
_FEED, _RETURN = 10, 13

Positions = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PlainLines:
    """A run of plain lines that were put aside: the number of the first, and how many there are."""

    first: int
    count: int


def can_sift(layout: CsvFormat) -> bool:
    """Tell whether delimiter and quote are single bytes, which they must be to be found among bytes."""
    return layout.delimiter.isascii() and layout.quote.isascii()


def sift(
    path: Path, layout: CsvFormat, width: int, longest_line_bytes: int, plain: IO[bytes], errors: str
) -> Iterator[PlainLines | Record]:
    """Write the plain lines below a UTF-8 file's header to `plain`, one after the other, and yield what is where.

    Parameters
    ----------
    width
        Number of columns.
    longest_line_bytes
        Longer lines are not plain.
    plain
        Takes the plain lines, each ended by a line feed.
    errors
        How invalid bytes are made text: `surrogateescape`, or `surrogatepass` where lone surrogates stand for them.
    """
    number, rest, at_end = 1, b"", False
    with open_binary(path) as handle:
        rest = handle.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while not at_end:
            more = handle.read(CHUNK_BYTES)
            at_end = not more
            chunk = rest + more
            if not at_end:
                # A carriage return may be the first half of a line end.
                end = chunk.rfind(b"\n") + 1
                chunk, rest = chunk[:end], chunk[end:]
            lines = _ChunkLines(chunk, layout, width, longest_line_bytes, errors)
            at = 0
            while at < len(lines.starts):
                upto = lines.next_unusual(at, is_header=number == 1)
                if upto > at:
                    plain.write(lines.plain_bytes(at, upto))
                    yield PlainLines(number, upto - at)
                    number, at = number + upto - at, upto
                    continue
                found = lines.record(at, number, is_last=at_end)
                if found is None:
                    rest = chunk[lines.starts[at] :] + rest
                    break
                record, taken = found
                if number > 1:
                    yield record
                number, at = number + taken, at + taken


class _ChunkLines:
    """Lines of a part of the file, and which of them are plain."""

    def __init__(self, chunk: bytes, layout: CsvFormat, width: int, longest_line_bytes: int, errors: str) -> None:
        self._chunk = chunk
        self._layout = layout
        self._width = width
        self._errors = errors
        codes = np.frombuffer(chunk, np.uint8)
        feeds = np.flatnonzero(codes == _FEED)
        self.ends = feeds if not chunk or chunk.endswith(b"\n") else np.append(feeds, len(chunk))
        self.starts = np.concatenate(([0], self.ends[:-1] + 1))[: len(self.ends)]
        self._unusual = np.flatnonzero(self._are_unusual(codes, longest_line_bytes))
        self._has_returns = b"\r" in chunk

    def next_unusual(self, at: int, *, is_header: bool) -> int:
        """Return the first line from `at` on that is not plain, or how many lines there are; a header never is."""
        if is_header:
            return at
        found = np.searchsorted(self._unusual, at)
        return int(self._unusual[found]) if found < len(self._unusual) else len(self.starts)

    def plain_bytes(self, first: int, after: int) -> bytes:
        """Return plain lines, each ended by a line feed."""
        lines = self._chunk[self.starts[first] : self.ends[after - 1]] + b"\n"
        return lines.replace(b"\r\n", b"\n") if self._has_returns else lines

    def record(self, at: int, number: int, *, is_last: bool) -> tuple[Record, int] | None:
        """Read the record that starts with a line; None where it may go on beyond the chunk."""
        reached_end = False
        following = at

        def take() -> str:
            nonlocal following, reached_end
            if following == len(self.starts):
                reached_end = True
                return ""
            line = self._chunk[self.starts[following] : self.ends[following] + 1].decode("utf-8", self._errors)
            following += 1
            return line

        found = next_record(Lines(take), self._layout, self._width, number)
        return None if reached_end and not is_last else found

    def _are_unusual(self, codes: npt.NDArray[np.uint8], longest_line_bytes: int) -> Marks:
        delimiters = np.flatnonzero(codes == ord(self._layout.delimiter))
        quotes = np.flatnonzero(codes == ord(self._layout.quote))
        lengths = self.ends - self.starts
        unusual = lengths > longest_line_bytes
        cells = self._counts(delimiters) + 1
        if len(quotes):
            is_open = self._counts(quotes) % 2 == 1
            lines = self._lines_of(quotes)
            cells -= self._within_quotes(delimiters, quotes[~is_open[lines]])
            unusual |= is_open
            unusual[self._lines_of(self._misplaced(codes, quotes, lines))] = True
        unusual |= cells != self._width
        returns = np.flatnonzero(codes == _RETURN)
        if len(returns):
            followed = np.append(codes, np.uint8(0))[returns + 1]
            stray = returns[followed != _FEED]
            unusual[self._lines_of(stray)] = True
            lengths = lengths - self._counts(returns)
        unusual |= lengths == 0
        unusual[self._lines_of(np.flatnonzero(codes == 0))] = True
        unusual[self._lines_of(np.array(list(_invalid(self._chunk)), np.int64))] = True
        return unusual

    def _counts(self, positions: Positions) -> Positions:
        """Count positions by line."""
        return np.searchsorted(positions, self.ends) - np.searchsorted(positions, self.starts)

    def _lines_of(self, positions: Positions) -> Positions:
        return np.asarray(np.searchsorted(self.ends, positions), np.int64)

    def _within_quotes(self, delimiters: Positions, quotes: Positions) -> Positions:
        """Count by line the delimiters that are between quotes, of which each line has an even number."""
        opening, closing = quotes[::2], quotes[1::2]
        within = np.searchsorted(delimiters, closing) - np.searchsorted(delimiters, opening)
        counted = np.bincount(self._lines_of(opening), weights=within, minlength=len(self.ends))
        return counted.astype(np.int64)

    def _misplaced(self, codes: npt.NDArray[np.uint8], quotes: Positions, lines: Positions) -> Positions:
        """Return the quotes that open a cell elsewhere than at its start, or close it elsewhere than at its end."""
        delimiter, quote = ord(self._layout.delimiter), ord(self._layout.quote)
        rank_in_line = np.arange(len(quotes)) - np.searchsorted(quotes, self.starts)[lines]
        opens = rank_in_line % 2 == 0
        edge = np.array([_FEED], np.uint8)
        padded = np.concatenate((edge, codes, edge))
        beside = np.where(opens, padded[quotes], padded[quotes + 2])
        allowed = (beside == delimiter) | (beside == quote) | (beside == _FEED) | (~opens & (beside == _RETURN))
        return np.asarray(quotes[~allowed], np.int64)


def _invalid(chunk: bytes) -> Iterator[int]:
    """Yield the places of bytes that are no UTF-8."""
    if chunk.isascii():
        return
    view, at = memoryview(chunk), 0
    while True:
        try:
            codecs.utf_8_decode(view[at:], "strict", True)
        except UnicodeDecodeError as error:
            yield at + error.start
            at += error.end
        else:
            return
