"""Preflight: whether a pack fits its files, found out in seconds, before a run reads or writes anything.

Headers, mappings and areas are tried on an empty database in memory; what is in the rows is for a trial or for
loading to judge.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from pipelines import engines
from pipelines.errors import PackError, SourceError, WardlightError
from pipelines.loading import areas, context
from pipelines.loading.calendar import read_calendar
from pipelines.loading.judging import Judge
from pipelines.loading.kinds import kind_fields
from pipelines.pack import sources
from pipelines.pack.city import CityPack
from pipelines.pack.mistakes import nearest, refuse
from pipelines.pulling import files
from pipelines.pulling.column_names import OWN_COLUMNS
from pipelines.warehouse import SCHEMAS, quoted

# A source of which so many parts are wrong is wrong as a whole.
_MOST_MISFITS = 20
_NO_COLUMN = re.compile(r'Referenced column "(.+?)" not found')


@dataclass(frozen=True)
class Fit:
    """What a pack that fits its files declares."""

    files: int
    sources: int
    mapped_fields: int
    areas: int


def check_pack(pack: CityPack) -> Fit:
    """Try a pack on its files.

    A database or a service has no header before it is asked: the mapping of such a source is tried by a trial and
    by the run itself.

    Raises
    ------
    PackError, SourceError
        What does not fit, or what this machine lacks for the pack's engine, with file, line, field and remedy; all of
        it where it is more than one thing.
    """
    found: list[WardlightError] = [*engines.unmet(pack)]
    files = known = 0
    with duckdb.connect() as con:
        for schema in SCHEMAS:
            con.execute(f"create schema {schema}")
        context.ensure_tables(con)
        con.execute("create temp table drifted (_batch_id varchar, _line bigint, reason varchar, field varchar)")
        for name, geography in pack.geographies.items():
            try:
                known += areas.load_areas(con, pack.model_copy(update={"geographies": {name: geography}}))
            except (PackError, SourceError) as error:
                found.append(error)
        try:
            read_calendar(pack, pack.first_day, pack.first_day)
        except (PackError, SourceError) as error:
            found.append(error)
        for name in pack.sources:
            headers, wrong = _headers(pack, name)
            found += wrong
            files += len(headers)
            if headers:
                found += [*misfits(con, pack, name, headers), *_wrong_columns(pack, name, headers)]
    told = {str(error): error for error in found}.values()
    refuse(sorted(told, key=lambda error: (error.file or "", error.line or 0)))
    return Fit(
        files=files,
        sources=len(pack.sources),
        mapped_fields=sum(len(source.fields) for source in pack.sources.values()),
        # The city and the groups come with every geography.
        areas=known - (len(pack.geographies) - 1) * (1 + len(pack.groups)),
    )


def _headers(pack: CityPack, name: str) -> tuple[dict[str, list[str]], list[WardlightError]]:
    """Return the columns of each file of a source, and what is wrong with the files that have none to tell."""
    headers: dict[str, list[str]] = {}
    wrong: list[WardlightError] = []
    try:
        units = files.units(pack, name)
    except SourceError as error:
        return {}, [error]
    for at, listed in enumerate(pack.sources[name].files):
        if not any(files.matches(listed, unit.name) for unit in units):
            wrong.append(
                pack.error(
                    f"no file matches {listed!r}",
                    *("sources", name, "files", str(at)),
                    remedy="put the files there, or mend the name: * is any text, {month} 2016-11, {day} 2016-11-30",
                )
            )
    for unit in units:
        try:
            headers[unit.name] = files.read_header(pack.path(unit.name), pack.sources[name].format)
        except SourceError as error:
            wrong.append(error)
    return headers, wrong


def misfits(
    con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, headers: Mapping[str, Sequence[str]]
) -> Iterator[WardlightError]:
    """Find every part of a source's mapping and rules that does not work on its columns.

    Judging stops at the first part that does not; that part is left out and the others tried again.
    """
    columns = {column.lower(): column for header in headers.values() for column in header}
    nothing = ", ".join(f"null::varchar as {quoted(column)}" for column in (*columns.values(), *OWN_COLUMNS))
    for _ in range(_MOST_MISFITS):
        try:
            Judge(con, pack, name, headers, pack.first_day).judge(f"(select {nothing} limit 0)")
        except (PackError, SourceError) as error:
            yield _plainer(error, columns)
            without = _without(pack.sources[name], _key_in_source(error, name))
            if without is None:
                return
            pack = pack.model_copy(update={"sources": {**pack.sources, name: without}})
        else:
            return


def _plainer(error: WardlightError, columns: Mapping[str, str]) -> WardlightError:
    """Say of a column that there is not what it may have been meant for, in place of the engine's words."""
    named = _NO_COLUMN.search(error.problem)
    if named is None or not isinstance(error, PackError):
        return error
    close = nearest(named[1], columns)
    return PackError(
        f"there is no column {named[1]!r}",
        file=error.file,
        line=error.line,
        field=error.field,
        remedy=(f"did you mean {columns[close]}? " if close else "") + (error.remedy or ""),
    )


def _key_in_source(error: WardlightError, name: str) -> list[str]:
    """Return the keys, below a source, that an error points at; a file's error names the field alone."""
    field = error.field or ""
    below = field.removeprefix(f"sources.{name}.")
    if below == field:
        return {"area": ["area"], "x": ["coordinates"], "y": ["coordinates"]}.get(field, ["fields", field])
    part, _, key = below.partition(".")
    # The key of a field or a rule may hold dots itself; below the position in a list nothing matters.
    return [part, key.partition(".")[0] if part in ("expected", "rules") else key]


def _without(source: sources.Source, keys: Sequence[str]) -> sources.Source | None:
    """Return a source without a part of it, positions in lists kept; None where there is no such part."""
    part, key = keys[0], keys[-1]
    fields = kind_fields(source.kind)
    if part == "fields" and key in source.fields:
        mapped = {field: mapping for field, mapping in source.fields.items() if field != key}
        if key in (fields.id_field, fields.first_time):
            mapped[key] = sources.Mapping(sql="null")
        return source.model_copy(update={"fields": mapped})
    if part in ("area", "coordinates", "deleted"):
        return source.model_copy(update={part: None})
    if part in ("merge", "severities"):
        named = getattr(source, part)
        return source.model_copy(update={part: {field: each for field, each in named.items() if field != key}})
    if part in ("expected", "rules"):
        harmless = {"expected": fields.first_time, "rules": sources.Rule(field=fields.first_time, required=True)}
        parts = list(getattr(source, part))
        parts[int(key)] = harmless[part]
        return source.model_copy(update={part: parts})
    return None


def _wrong_columns(pack: CityPack, name: str, headers: Mapping[str, Sequence[str]]) -> Iterator[PackError]:
    """Find columns named as personal that a file does not have: under another name they would not be hidden."""
    for at, column in enumerate(pack.sources[name].personal):
        for file, header in headers.items():
            if header and column.lower() not in {each.lower() for each in header}:
                close = nearest(column, [each.lower() for each in header])
                yield pack.error(
                    f"{file} has no column {column!r} to hide",
                    *("sources", name, "personal", str(at)),
                    remedy=(f"did you mean {close}? " if close else "") + f"the columns are {', '.join(header)}",
                )
