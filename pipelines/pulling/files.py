"""Files of a source: which there are, and reading one in the format that the pack says.

A name may hold `*` (any text but a slash), `{month}` (2016-11) and `{day}` (2016-11-30); what the names of records
and columns mean is no concern of this module.
"""

import calendar
import glob
import hashlib
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import duckdb

from pipelines.errors import SourceError
from pipelines.pack.city import CityPack
from pipelines.pack.origins import CsvFormat, ExcelFormat, FileFormat, ParquetFormat
from pipelines.pulling import excel_files, json_files, parquet_files, text_files
from pipelines.pulling.opening import reading_file
from pipelines.pulling.reading import Days, Reading, Unit

_PLACEHOLDERS = {"*": "[^/]*", "{month}": r"(?P<month>\d{4}-\d\d)", "{day}": r"(?P<day>\d{4}-\d\d-\d\d)"}
_GLOBS = {"*": "*", "{month}": "[0-9]" * 4 + "-" + "[0-9]" * 2, "{day}": "[0-9]" * 4 + ("-" + "[0-9]" * 2) * 2}
_PLACEHOLDER = re.compile(r"(\*|\{month\}|\{day\})")


def units(pack: CityPack, name: str) -> list[Unit]:
    """Return a source's files: those listed literally whether they are there or not, and those that match patterns.

    Raises
    ------
    SourceError
        If a file's name holds a day or month that is none.
    """
    found: dict[str, Unit] = {}
    for listed in pack.sources[name].files:
        if not _PLACEHOLDER.search(listed):
            found.setdefault(listed, Unit(listed))
            continue
        pattern = "".join(_GLOBS.get(part, glob.escape(part)) for part in _PLACEHOLDER.split(listed))
        for relative in sorted(glob.glob(pattern, root_dir=pack.folder)):  # noqa: PTH207 - names as listed, `..` too
            matched = _pattern(listed).fullmatch(relative)
            if matched is not None and pack.path(relative).is_file():
                found.setdefault(relative, Unit(relative, _days(pack.path(relative), matched)))
    return list(found.values())


def matches(listed: str, file: str) -> bool:
    """Tell whether a listed name, literal or with placeholders, names a file."""
    return _pattern(listed).fullmatch(file) is not None


def content_hash(path: Path) -> bytes:
    """Return the hash of a file's bytes.

    Raises
    ------
    SourceError
        If the file is missing or unreadable.
    """
    with reading_file(path), path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


def read_header(path: Path, layout: FileFormat) -> list[str]:
    """Return the names of a file's columns; all of a JSON file is read for them.

    Raises
    ------
    SourceError
        If the file is missing, unreadable or empty, or if a name cannot be used.
    """
    if isinstance(layout, CsvFormat):
        return text_files.read_header(path, layout)
    if isinstance(layout, ParquetFormat):
        return parquet_files.read_header(path)
    if isinstance(layout, ExcelFormat):
        return excel_files.read_header(path, layout)
    return json_files.read_header(path, layout)


def read(
    con: duckdb.DuckDBPyConnection, path: Path, layout: FileFormat, report: Callable[[int], None] | None = None
) -> Reading:
    """Read a file's records and what is malformed among them into temporary tables.

    Parameters
    ----------
    report
        Told how many bytes of the file have been read, where the format lets that be known.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, damaged or empty, or if a column's name cannot be used.
    """
    if isinstance(layout, CsvFormat):
        return text_files.read(con, path, layout, report)
    if isinstance(layout, ParquetFormat):
        return parquet_files.read(con, path)
    if isinstance(layout, ExcelFormat):
        return excel_files.read(con, path, layout)
    return json_files.read(con, path, layout, report)


@cache
def _pattern(listed: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = []
    for part in _PLACEHOLDER.split(listed):
        expression = _PLACEHOLDERS.get(part, re.escape(part))
        # A group can have its name only once; further ones say the same.
        parts.append(f"(?P={part[1:-1]})" if part in seen and part != "*" else expression)
        seen.update({part} & _PLACEHOLDERS.keys())
    return re.compile("".join(parts))


def _days(path: Path, matched: re.Match[str]) -> Days | None:
    """Return the first and last day that a dated name stands for."""
    dated = matched.groupdict()
    try:
        if (day := dated.get("day")) is not None:
            return date.fromisoformat(day), date.fromisoformat(day)
        if (month := dated.get("month")) is not None:
            first = date.fromisoformat(f"{month}-01")
            return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
    except ValueError:
        raise SourceError(
            f"the file's name holds {dated.get('day') or dated.get('month')}, which is no day or month",
            file=path,
            remedy="rename the file, or move it out of the folder",
        ) from None
    return None
