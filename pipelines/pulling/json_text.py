"""JSON text taken apart piece by piece: the lines of NDJSON, the objects of an array somewhere in a document.

A document is never whole in memory, so that its size does not matter. Values keep the digits of their numbers. What
becomes of the objects is no concern of this module.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipelines.errors import SourceError
from pipelines.pulling.json_values import Number
from pipelines.pulling.opening import CHUNK_BYTES, open_binary, packed_position
from pipelines.pulling.recovery import readable

_LONGEST_SHOWN = 2_000
_LONGEST_VALUE = 64 << 20
# Errors nearer to the end of what has been read may come of its being cut there.
_CUT_AT_MOST = 16
_BLANK = " \t\r\n"


@dataclass(frozen=True)
class Broken:
    """Text that is no record, after the problem with it."""

    malformed: str


Found = dict[str, Any] | Broken


def broken(problem: str, text: str) -> Broken:
    """Make a malformed row of a problem, which says nothing of the text, and the beginning of the text."""
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return Broken(f"{problem}: {readable(shown)}")


class _Decoder:
    """Decodes values, and tells whether an object of the last one had a key twice."""

    def __init__(self) -> None:
        self.has_repeated_key = False
        self._json = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=Number,
            parse_int=Number,
            parse_constant=Number,
            strict=False,  # a raw tab in a text is no reason to lose it
        )

    def value(self, text: str, at: int) -> tuple[Any, int]:
        """Return the value that starts at a place, and where it ends."""
        self.has_repeated_key = False
        value, end = self._json.raw_decode(text, at)
        return value, end

    def _object(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        self.has_repeated_key |= len(found) < len(pairs)
        return found


def _record(value: Any, text: str, *, has_repeated_key: bool) -> Found:
    if not isinstance(value, dict):
        return broken("not an object", text)
    return broken("a key is given twice", text) if has_repeated_key else value


def _told(error: json.JSONDecodeError) -> str:
    """Return what is wrong without what is there."""
    return error.msg.partition(":")[0]


def lines(path: Path, report: Callable[[int], None] | None) -> Iterator[Found]:
    """Yield what each line of an NDJSON file says; of an empty line, an object without keys.

    Raises
    ------
    SourceError
        If the file is empty.
    """
    decoder = _Decoder()
    is_empty = True
    with open_binary(path) as handle:
        for number, line in enumerate(handle):
            try:
                text = line.decode("utf-8-sig" if number == 0 else "utf-8").strip(_BLANK)
            except UnicodeDecodeError:
                is_empty = False
                yield broken("invalid encoding", line.decode("utf-8", "surrogateescape").strip(_BLANK))
                continue
            is_empty = is_empty and not text
            yield _line(decoder, text) if text else {}
            if report is not None and number % 10_000 == 0:
                report(packed_position(handle))
    if is_empty:
        raise _empty(path)


def _line(decoder: _Decoder, text: str) -> Found:
    try:
        value, end = decoder.value(text, 0)
    except json.JSONDecodeError as error:
        return broken(_told(error), text)
    except RecursionError:
        return broken("nested too deeply", text)
    if end < len(text):
        return broken("more than one value", text)
    return _record(value, text, has_repeated_key=decoder.has_repeated_key)


def elements(path: Path, where: str, report: Callable[[int], None] | None) -> Iterator[Found]:
    """Yield what each element of an array says; where the document breaks off or goes wrong, its rest as one.

    Parameters
    ----------
    where
        Keys that lead to the array, joined by dots; empty where the document is the array.

    Raises
    ------
    SourceError
        If the file is empty, is no JSON up to the array, or has no array there.
    """
    with open_binary(path) as packed:
        text = io.TextIOWrapper(packed, "utf-8-sig", errors="surrogateescape", newline="")
        document = _Document(path, text, lambda: report(packed_position(packed)) if report is not None else None)
        document.descend(where)
        yield from document.elements()


class _Document:
    """A document read from its start to the end of one array."""

    def __init__(self, path: Path, text: IO[str], reported: Callable[[], None]) -> None:
        self._path = path
        self._file = text
        self._reported = reported
        self._decoder = _Decoder()
        self._text = ""
        self._at = 0
        self._is_empty = True

    def descend(self, where: str) -> None:
        """Go to the first element of the array that the keys lead to."""
        for depth, key in enumerate(keys := where.split(".") if where else []):
            place = ".".join(keys[:depth]) or "the top"
            self._open("{", f"at {place}")
            passed: list[str] = []
            while (name := self._key()) != key:
                if name is None:
                    raise self._error(
                        f"at {place} there is no key {key!r}; the keys are {', '.join(passed) or 'none'}",
                        "mend `format.records` in city.yml: the keys that lead to the array, joined by dots",
                    )
                passed.append(name)
                self._skip()
        self._open("[", f"at {where or 'the top'}")

    def elements(self) -> Iterator[Found]:
        """Yield what each element of the array says."""
        if self._next() == "]":
            return
        while True:
            try:
                value, text = self._value()
                found = _record(value, text, has_repeated_key=self._decoder.has_repeated_key)
            except json.JSONDecodeError as error:
                yield broken(f"the document goes wrong or breaks off here ({_told(error)})", self._rest())
                return
            except RecursionError:
                yield broken("nested too deeply, the rest of the document is not read", self._rest())
                return
            yield found
            following = self._next()
            if following == "]":
                return
            if following != ",":
                yield broken("the document goes wrong or breaks off here", self._rest())
                return
            self._at += 1
            self._next()

    def _rest(self) -> str:
        return self._text[self._at : self._at + _LONGEST_SHOWN + 1]

    def _open(self, bracket: str, place: str) -> None:
        character = self._next()
        if character == bracket:
            self._at += 1
            return
        if not character and self._is_empty:
            raise _empty(self._path)
        wanted = {"[": "an array", "{": "an object"}
        there = wanted.get(character, "something else") if character else "the end of the document"
        raise self._error(
            f"{place} there is {there}, not {wanted[bracket]}",
            "mend `format.records` in city.yml, the keys that lead to the array of records, or fetch the file again",
        )

    def _key(self) -> str | None:
        """Return the next key of the object that is open, None after the last."""
        if self._next() == ",":
            self._at += 1
        if self._next() != '"':
            return None
        name = str(self._checked_value())
        if self._next() == ":":
            self._at += 1
        return name

    def _skip(self) -> None:
        self._next()
        self._checked_value()

    def _checked_value(self) -> Any:
        try:
            return self._value()[0]
        except (json.JSONDecodeError, RecursionError) as error:
            raise self._error(f"before the records this is no JSON: {error}", "fetch the file again") from None

    def _value(self) -> tuple[Any, str]:
        """Return the next value and its text."""
        while True:
            try:
                value, end = self._decoder.value(self._text, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _CUT_AT_MOST
                if not is_cut or len(self._text) - self._at > _LONGEST_VALUE or not self._more():
                    raise
                continue
            if end == len(self._text) and isinstance(value, Number) and self._more():
                continue
            start, self._at = self._at, end
            return value, self._text[start : min(end, start + _LONGEST_SHOWN + 1)]

    def _next(self) -> str:
        """Go to the next character that is not blank and return it; nothing at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    self._is_empty = False
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on: as much again as is still needed, so that long values are not parsed too often."""
        more = self._file.read(max(CHUNK_BYTES, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + more, 0
        self._reported()
        return bool(more)

    def _error(self, problem: str, remedy: str) -> SourceError:
        return SourceError(problem, file=self._path, field="format.records", remedy=remedy)


def _empty(path: Path) -> SourceError:
    return SourceError("the file is empty", file=path, line=1, remedy="fetch the file again")
