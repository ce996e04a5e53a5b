"""Mapping: from a source's texts to the canonical fields of its kind, as SQL.

Composes expressions and checks that they work on the source's columns; it judges no row. A text that an expression
cannot use becomes null, and `unusable` remembers that there was one, so that a rule can speak about it.
"""

import difflib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import sqlglot
import sqlglot.errors
import sqlglot.expressions as exp

from dbt_like_sql.project import Project, load_project
from pipelines.city_pack import CityPack, Source
from pipelines.city_pack import Mapping as FieldMapping
from pipelines.errors import PackError, SourceError
from pipelines.warehouse import literal, quoted

FIRST_TIME = {"incident": "occurred_at", "patrol": "started_at", "service": "opened_at"}
# Known before they happen; every other time after as_of has not happened yet.
FORESEEN = frozenset({"due_at", "planned_start", "planned_end"})
# Columns of a staging table that are not mapped but found by loading.
_FOUND = frozenset(
    [
        "source",
        "batch_id",
        "geography",
        "area_id",
        "day",
        "known_day",
        "time_precision",
        "time_flag",
        "flags",
        "required_cells",
        "filled_cells",
        "row_hash",
        "coords_in_area",
        "lat",
        "lon",
    ]
)
# Names under which a point's parts are known once it is located.
_PLACE = {"_x": "lon", "_y": "lat"}


@dataclass(frozen=True)
class KindFields:
    """Columns of a kind's staging table: its times, its other mapped fields, and the order of all."""

    kind: str
    types: dict[str, str]
    times: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def id_field(self) -> str:
        """Name of the id column."""
        return f"{self.kind}_id"

    @property
    def first_time(self) -> str:
        """Name of the time field that dates the record."""
        return FIRST_TIME[self.kind]


def local_column(time: str) -> str:
    """Return the column of a time field that holds local wall time."""
    return f"{time.removesuffix('_at')}_local"


def day_column(time: str) -> str:
    """Return the column of a time field that holds the local day."""
    return f"{time.removesuffix('_at')}_day"


@functools.cache
def models() -> Project:
    """Return the SQL models, read once a process: they declare the tables that loading writes."""
    return load_project()


@functools.cache
def kind_fields(kind: str) -> KindFields:
    """Return the fields of a record kind, as the SQL models' sources declare them."""
    types = models().source_columns(kind)
    times = tuple(name for name in types if local_column(name) in types)
    derived = {column for time in times for column in (local_column(time), day_column(time))}
    others = tuple(name for name in types if name not in _FOUND | derived | {f"{kind}_id"} and name not in times)
    return KindFields(kind, types, times, others)


def mapped_fields(source: Source) -> set[str]:
    """Return the canonical fields that a source gives, those found by loading among them."""
    given = set(source.fields)
    if source.area is not None or source.coordinates is not None:
        given.add("area_id")
    if source.coordinates is not None:
        given |= {"lat", "lon", "coords_in_area"}
    return given


def _expression(mapping: FieldMapping) -> str:
    if mapping.sql is not None:
        return mapping.sql
    if mapping.column is not None:
        if mapping.values is None:
            return quoted(mapping.column)
        cases = " ".join(f"when {literal(key)} then {_constant(value)}" for key, value in mapping.values.items())
        if mapping.otherwise is not None:
            cases += f" when {quoted(mapping.column)} then {_constant(mapping.otherwise)}"
        return f"case {quoted(mapping.column)} {cases} end"
    return _constant(mapping.constant)


def _constant(value: str | int | bool | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else literal(value)


def _inputs(expression: str, columns: Sequence[str]) -> list[str]:
    """Return the source's columns that an expression reads."""
    known = {column.lower(): column for column in columns}
    named = {found.name.lower() for found in sqlglot.parse_one(expression, dialect="duckdb").find_all(exp.Column)}
    return [known[name] for name in sorted(named) if name in known]


def mapped_query(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    name: str,
    rows: str,
    headers: Mapping[str, Sequence[str]],
) -> str:
    """Compose the query that maps a source's raw rows, one row each.

    The result has `_batch_id, _file, _line, _malformed, _is_blank, _raw_hash, _key` (the id), `_area_key`, `_x`, `_y`,
    `_time_text`, for each time field its local wall time under the field's name, every other field of the kind in its
    type, and `_unusable`, the list of fields whose text could not be used.

    Parameters
    ----------
    headers
        Columns of each of the source's files.

    Raises
    ------
    PackError
        If a field is not of the kind, or an expression does not parse or bind on the source's columns.
    SourceError
        If a file has none of the columns that an expression reads.
    """
    columns = list({column.lower(): column for names in headers.values() for column in names}.values())
    source = pack.sources[name]
    fields = kind_fields(source.kind)
    _check_names(pack, name, fields)
    wanted: dict[str, tuple[str, str, tuple[str, ...]]] = {
        "_key": (_expression(source.fields[fields.id_field]), "varchar", ("fields", fields.id_field))
    }
    if source.area is not None:
        wanted["_area_key"] = (source.area, "varchar", ("area",))
    if source.coordinates is not None:
        wanted["_x"] = (quoted(source.coordinates.x), "double", ("coordinates", "x"))
        wanted["_y"] = (quoted(source.coordinates.y), "double", ("coordinates", "y"))
    for field, mapping in source.fields.items():
        if field != fields.id_field:
            kind_of_type = "timestamp" if field in fields.times else fields.types[field]
            wanted[field] = (_expression(mapping), kind_of_type, ("fields", field))

    cleaned = _cleaned(rows, columns, source.null_texts)
    reads = {
        column: _check(con, pack, ("sources", name, *place), expression, kind, cleaned, columns)
        for column, (expression, kind, place) in wanted.items()
    }
    for column, (_, _, place) in wanted.items():
        _check_files(pack, name, place, reads[column], headers)
    absent = {"_area_key": "varchar", "_x": "double", "_y": "double"} | {
        field: "timestamp" if field in fields.times else fields.types[field]
        for field in (*fields.times, *fields.others)
    }
    # Results carry a prefix until the end, so that a field named like a column of the source does not hide it.
    tried = [f"{_tried(expression, kind)} as _m_{column}" for column, (expression, kind, _) in wanted.items()]
    results = [f"_m_{column} as {column}" for column in wanted]
    results += [f"null::{kind} as {column}" for column, kind in absent.items() if column not in wanted]
    unusable = [
        f"case when _m_{column} is null and coalesce({_listed(inputs)}) is not null "
        f"then {literal(_PLACE.get(column, column))} end"
        for column, inputs in reads.items()
        if inputs and column not in ("_key", "_area_key")
    ]
    time_inputs = reads[fields.first_time]
    time_text = f"nullif(concat_ws(' ', {_listed(time_inputs)}), '')" if time_inputs else "null::varchar"
    own = "_batch_id, _file, _line, _malformed, _is_blank, _raw_hash"
    return (
        f"with tried as (select *, {', '.join(tried)} from ({cleaned}) as cleaned) "
        f"select {own}, {', '.join(results)}, {time_text} as _time_text, "
        f"list_filter([{', '.join(unusable)}]::varchar[], lambda field: field is not null) as _unusable from tried"
    )


def _check_names(pack: CityPack, name: str, fields: KindFields) -> None:
    """Refuse fields that the kind has not, and the want of those that it must have."""
    source = pack.sources[name]
    mappable = (fields.id_field, *fields.times, *fields.others)
    named = [(field, mappable, ("fields", field)) for field in source.fields]
    named += [(field, tuple(fields.types), ("expected", str(at))) for at, field in enumerate(source.expected)]
    named += [(field, fields.others, ("merge", field)) for field in source.merge or {}]
    for field, known, place in named:
        if field not in known:
            close = difflib.get_close_matches(field, known, 1)
            raise pack.error(
                f"{field!r} is not a field of kind {source.kind}" + (" to merge" if place[0] == "merge" else ""),
                "sources",
                name,
                *place,
                remedy=f"did you mean {close[0]}?" if close else "docs/tables.md lists the fields",
            )
    for required in (fields.id_field, fields.first_time):
        if required not in source.fields:
            raise pack.error(
                f"source {name} does not map {required}", "sources", name, "fields", remedy=f"map {required}"
            )
    for field, how in (source.merge or {}).items():
        if how == "sum" and fields.types[field] not in ("integer", "bigint"):
            raise pack.error(
                f"{field} is no number to sum", "sources", name, "merge", field, remedy="write min or max instead"
            )


def _check_files(
    pack: CityPack, name: str, place: Sequence[str], reads: Sequence[str], headers: Mapping[str, Sequence[str]]
) -> None:
    """Refuse a file that has none of the columns that an expression reads: its every row would be null."""
    for file, header in headers.items():
        if reads and not {column.lower() for column in reads} & {column.lower() for column in header}:
            raise SourceError(
                f"the file has no column {' or '.join(reads)}, which source {name} maps",
                file=pack.path(file),
                line=1,
                field=place[-1],
                remedy="fetch the file again, or mend the mapping in city.yml: files written otherwise are a source "
                "of their own",
            )


def _tried(expression: str, kind: str) -> str:
    """Compose an expression's value in a type, null where it fails; the line break ends a comment in it."""
    tried = f"try(cast(({expression}\n) as {kind}))"
    # Beyond the calendar that Python, and so every reader of the warehouse, knows.
    return f"case when year({tried}) between 1 and 9999 then {tried} end" if kind == "timestamp" else tried


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


def _cleaned(rows: str, columns: Sequence[str], null_texts: Sequence[str]) -> str:
    """Trim every text; blank and the source's own words for nothing are null."""

    def clean(column: str) -> str:
        trimmed = f"nullif(trim({quoted(column)}), '')"
        if null_texts:
            trimmed = f"case when {trimmed} in ({', '.join(map(literal, null_texts))}) then null else {trimmed} end"
        return trimmed

    listed = ", ".join(f"{clean(column)} as {quoted(column)}" for column in columns)
    return (
        f"select *, coalesce({_listed(columns)}) is null and _malformed is null as _is_blank from ("
        f"select _batch_id, _file, _line, _malformed, md5(row({_listed(columns)})::varchar) as _raw_hash, {listed} "
        f"from {rows} as source_rows)"
    )


def _check(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    keys: tuple[str, ...],
    expression: str,
    kind: str,
    cleaned: str,
    columns: Sequence[str],
) -> list[str]:
    """Refuse an expression that does not parse or bind; return the columns that it reads."""
    try:
        inputs = _inputs(expression, columns)
    except sqlglot.errors.SqlglotError as error:
        raise pack.error(
            f"this is not an SQL expression: {expression.strip()!r}", *keys, remedy="mend the expression"
        ) from error
    try:
        con.execute(f"describe select {_tried(expression, kind)} from ({cleaned})")
    except duckdb.Error as error:
        raise _unbound(pack, keys, error, columns) from error
    return inputs


def _unbound(pack: CityPack, keys: tuple[str, ...], error: duckdb.Error, columns: Sequence[str]) -> PackError:
    first = str(error).splitlines()[0].partition(" Error: ")[2] or str(error)
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    return pack.error(first, *keys, remedy=f"the columns of the source are {shown}")
