"""The city's calendar: the type of each day, from the pack's country and the days that the pack knows better.

What a model makes of the types is no concern of this module.
"""

from collections.abc import Iterator
from datetime import date

import polars as pl

from indicators.day_types import DAY_TYPES, OVERRIDE_SCHEMA, day_types, weekday_types
from pipelines.errors import SourceError
from pipelines.pack.city import CityPack
from pipelines.pack.origins import CsvFormat
from pipelines.pulling.opening import reading_file
from pipelines.pulling.recovery import line_ends, read_records
from pipelines.pulling.text_files import read_header


def read_calendar(pack: CityPack, first: date, last: date) -> pl.DataFrame:
    """Read the types of the days from `first` to `last`, as `indicators.day_types` gives them.

    Raises
    ------
    PackError, SourceError
        If the file of overrides lacks a column, or a line of it is no day with a type, with file and line.
    """
    if pack.calendar is None:
        return weekday_types(first, last)
    overrides = pl.DataFrame(list(_overrides(pack, pack.calendar.overrides)), schema=OVERRIDE_SCHEMA, orient="row")
    return day_types(first, last, pack.calendar.country, overrides)


def _overrides(pack: CityPack, file: str | None) -> Iterator[tuple[date, str]]:
    if file is None:
        return
    path = pack.path(file)
    layout = CsvFormat()
    header = read_header(path, layout)
    missing = [column for column in OVERRIDE_SCHEMA if column not in header]
    if missing:
        raise pack.error(
            f"{file} has no column {missing[0]!r}",
            "calendar",
            "overrides",
            remedy=f"its columns are {', '.join(header)}",
        )
    with reading_file(path):
        records = list(read_records(path, layout, len(header), line_ends(path, layout)))
    seen: set[date] = set()
    for record in records:
        if record.malformed is None and not any(record.cells):
            continue
        try:
            if record.malformed is not None:
                raise ValueError(f"the line is malformed ({record.malformed})")
            day_text, day_type = (record.cells[header.index(column)].strip() for column in OVERRIDE_SCHEMA)
            day = date.fromisoformat(day_text)
            if day_type not in DAY_TYPES:
                raise ValueError(f"{day_type!r} is no type of day")
            if day in seen:
                raise ValueError(f"{day} is here twice")
        except ValueError as error:
            remedy = f"give a day such as 2026-02-17 once, and one of {', '.join(DAY_TYPES)}"
            raise SourceError(str(error), file=path, line=record.line, remedy=remedy) from error
        seen.add(day)
        yield day, day_type
