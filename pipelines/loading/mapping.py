"""Mapping: from a source's texts to the canonical fields of its kind, as SQL.

Composes expressions and checks that they work on the source's columns; it judges no row. A text that an expression
cannot use becomes null, and `_u_<field>` remembers that there was one, so that a rule can speak about it.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import sqlglot
import sqlglot.errors
import sqlglot.expressions as exp

from pipelines.errors import PackError, SourceError
from pipelines.loading.kinds import KindFields, kind_fields
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Mapping as FieldMapping
from pipelines.pack.sources import Source, Value
from pipelines.warehouse import literal, quoted

# Names under which a point's parts are known once it is located.
_PLACE = {"_x": "lon", "_y": "lat"}
# Tab and line breaks; and the spaces that may stand beside them: plain, not breaking, as wide as a Chinese character.
_BLANK_CONTROLS = (9, 10, 13)
_SPACES = (32, 0xA0, 0x3000)
# Columns that every mapped row has, whatever its kind.
OWN = ("_batch_id", "_file", "_line", "_malformed", "_is_blank")


@dataclass(frozen=True)
class Mapped:
    """The query of a source's mapped rows, and the fields of which a text may have been unusable."""

    query: str
    unusable: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """One column to compute: its expression, its type, and where the pack says so."""

    expression: str
    type_name: str
    keys: tuple[str, ...]


def mapped_fields(source: Source) -> set[str]:
    """Return the canonical fields that a source gives, those found by loading among them."""
    given = set(source.fields)
    if source.area is not None or source.coordinates is not None:
        given.add("area_id")
    if source.coordinates is not None:
        given |= {"lat", "lon", "coords_in_area"}
    return given


def expression_of(mapping: FieldMapping) -> str:
    """Compose the SQL expression of a mapping."""
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


def _constant(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else literal(value)


def columns_read(expression: str) -> list[str]:
    """Return the columns that an expression names, in the order in which they stand there; none if it is not SQL."""
    try:
        parsed = sqlglot.parse_one(expression, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return []
    return list(dict.fromkeys(found.name for found in parsed.find_all(exp.Column, bfs=False)))


def inputs(expression: str, columns: Sequence[str]) -> list[str]:
    """Return the source's columns that an expression reads.

    Raises
    ------
    sqlglot.errors.SqlglotError
        If it is no expression.
    """
    known = {column.lower(): column for column in columns}
    named = {found.name.lower() for found in sqlglot.parse_one(expression, dialect="duckdb").find_all(exp.Column)}
    return [known[name] for name in sorted(named) if name in known]


def mapped_query(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    name: str,
    rows: str,
    headers: Mapping[str, Sequence[str]],
) -> Mapped:
    """Compose the query that maps a source's raw rows, one row each.

    The result has `_batch_id, _file, _line, _malformed, _is_blank, _key` (the id), `_area_key`, `_x`, `_y`,
    `_is_deleted`, `_time_text`, for each time field its local wall time under the field's name, every other field of
    the kind in its type, and `_u_<field>` where a text was there that could not be used.

    Parameters
    ----------
    rows
        SQL of the raw rows: a relation with the columns of `headers` as text.
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
    check_names(pack, name, fields)
    _check_columns(name, columns)
    wanted = wanted_columns(source, fields)
    if not columns:
        # JSON arrays without records have no columns to tell; what is malformed in them is judged all the same.
        named = (column for want in wanted.values() for column in columns_read(want.expression))
        columns = list({column.lower(): column for column in named}.values())
        rows = f"(select *{''.join(f', null::varchar as {quoted(column)}' for column in columns)} from {rows} as bare)"
    cleaned = _cleaned(rows, columns, source.null_texts)
    reads = {}
    for column, want in wanted.items():
        reads[column] = columns_of(pack, name, want, columns)
        _check_files(pack, name, want.keys, reads[column], headers)
    _check_binding(con, pack, name, list(wanted.values()), cleaned, columns)

    absent = {"_area_key": "varchar", "_x": "double", "_y": "double", "_is_deleted": "boolean"} | {
        field: fields.type_of(field) for field in (*fields.times, *fields.others)
    }
    # Results carry a prefix until the end, so that a field named like a column of the source does not hide it.
    attempts = [f"{tried(want.expression, want.type_name)} as _m_{column}" for column, want in wanted.items()]
    unusable = {
        _PLACE.get(column, column): f"({_usable(column, wanted[column])}) is null "
        f"and coalesce({_listed(read)}) is not null{but_for_nothing(source.fields.get(column))}"
        for column, read in reads.items()
        if read and column not in ("_key", "_area_key", "_is_deleted")
    }
    results = [f"{_usable(column, want)} as {column}" for column, want in wanted.items()]
    results += [f"null::{kind} as {column}" for column, kind in absent.items() if column not in wanted]
    results += [f"{condition} as _u_{field}" for field, condition in unusable.items()]
    time_inputs = reads[fields.first_time]
    time_text = f"nullif(concat_ws(' ', {_listed(time_inputs)}), '')" if time_inputs else "null::varchar"
    # Only a row without a first time asks what its text was.
    first = _usable(fields.first_time, wanted[fields.first_time])
    results.append(f"case when ({first}) is null then {time_text} end as _time_text")
    return Mapped(
        f"select {', '.join([*OWN, *results])} from (select *, {', '.join(attempts)} from ({cleaned}) as cleaned)",
        tuple(unusable),
    )


def key_query(source: Source, fields: KindFields, rows: str, columns: Sequence[str]) -> str:
    """Compose the query of the `_key` alone of a source's raw rows, for sources whose mapping is known to work."""
    want = wanted_columns(source, fields)["_key"]
    read = inputs(want.expression, columns)
    return f"select {tried(want.expression, want.type_name)} as _key from ({_cleaned(rows, read, source.null_texts)})"


def wanted_columns(source: Source, fields: KindFields) -> dict[str, Wanted]:
    """Say what is to be computed, by the name of its column."""
    key = source.fields[fields.id_field]
    wanted = {"_key": Wanted(expression_of(key), "varchar", ("fields", fields.id_field))}
    if source.area is not None:
        wanted["_area_key"] = Wanted(source.area, "varchar", ("area",))
    if source.coordinates is not None:
        wanted["_x"] = Wanted(quoted(source.coordinates.x), "double", ("coordinates", "x"))
        wanted["_y"] = Wanted(quoted(source.coordinates.y), "double", ("coordinates", "y"))
    if source.deleted is not None:
        wanted["_is_deleted"] = Wanted(source.deleted, "boolean", ("deleted",))
    for field, mapping in source.fields.items():
        if field != fields.id_field:
            wanted[field] = Wanted(expression_of(mapping), fields.type_of(field), ("fields", field))
    return wanted


def check_names(pack: CityPack, name: str, fields: KindFields) -> None:
    """Refuse fields that the kind has not, and the want of those that it must have."""
    source = pack.sources[name]
    mappable = (fields.id_field, *fields.times, *fields.others)
    judged = tuple(column for column in fields.types if column not in ("source", "batch_id", "line", "flags"))
    named: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
        (field, mappable, ("fields", field)) for field in source.fields
    ]
    named += [(field, tuple(fields.types), ("expected", str(at))) for at, field in enumerate(source.expected)]
    named += [(field, fields.others, ("merge", field)) for field in source.merge or {}]
    for at, rule in enumerate(source.rules):
        named.append((rule.field, judged, ("rules", str(at), "field")))
        if rule.not_before is not None:
            named.append((rule.not_before, fields.times, ("rules", str(at), "not_before")))
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


def _check_columns(name: str, columns: Sequence[str]) -> None:
    """Refuse columns whose names would hide those made here."""
    for column in columns:
        if column.lower() in OWN or column.lower().startswith("_m_"):
            raise SourceError(
                f"source {name} has a column named {column!r}, which is a name that Wardlight needs",
                field=column,
                remedy="rename the column at the source",
            )


def _check_files(
    pack: CityPack, name: str, place: Sequence[str], reads: Sequence[str], headers: Mapping[str, Sequence[str]]
) -> None:
    """Refuse a file that has none of the columns that an expression reads: its every row would be null.

    Unless the pack says to go on without a column, or has all such rows set aside. One that is only called otherwise
    is for the mapping to adapt to.
    """
    drift = pack.sources[name].drift
    if drift.missing_column != "stop" or drift.renamed_column == "quarantine":
        return
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


def tried(expression: str, kind: str) -> str:
    """Compose an expression's value in a type, null where it fails; the line break ends a comment in it."""
    return f"try(cast(({expression}\n) as {kind}))"


def but_for_nothing(mapping: FieldMapping | None) -> str:
    """Compose the exception of the texts that a value table says to mean nothing."""
    if mapping is None or mapping.values is None:
        return ""
    nothing = [literal(text) for text, value in mapping.values.items() if value is None]
    return f" and {quoted(mapping.column or '')} not in ({', '.join(nothing)})" if nothing else ""


def _usable(column: str, want: Wanted) -> str:
    """Compose a computed value; of times, those of the calendar that Python, and so every reader, knows."""
    if want.type_name != "timestamp":
        return f"_m_{column}"
    return (
        f"case when _m_{column} >= timestamp '0001-01-01' and _m_{column} < timestamp '9999-12-31' then _m_{column} end"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


def _cleaned(rows: str, columns: Sequence[str], null_texts: Sequence[str]) -> str:
    """Clean every text; a row of which nothing is left is blank."""
    listed = "".join(f", {cell(column, null_texts)} as {quoted(column)}" for column in columns)
    return (
        f"select *, coalesce({_listed(columns) or 'null'}) is null and _malformed is null as _is_blank from ("
        f"select _batch_id, _file, _line, _malformed{listed} from {rows} as source_rows)"
    )


def cell(column: str, null_texts: Sequence[str]) -> str:
    """Compose a column's text as mappings see it: trimmed; blank and the source's own words for nothing are null."""
    name = quoted(column)
    # The engine trims spaces of all sorts; the rest is rare, and asked for first because trimming it takes long.
    has_more = " or ".join(f"contains({name}, chr({code}))" for code in _BLANK_CONTROLS)
    blanks = " || ".join(f"chr({code})" for code in (*_BLANK_CONTROLS, *_SPACES))
    # Most cells are of ASCII and have nothing to trim, which is told in a third of the time.
    ends = " and ".join(f"not suffix({name}, chr({code}))" for code in (32, *_BLANK_CONTROLS))
    is_trim = f"{name} between '!' and '~' and strlen({name}) = length({name}) and {ends}"
    trimmed = (
        f"case when {is_trim} then {name} else "
        f"nullif(case when {has_more} then trim({name}, {blanks}) else trim({name}) end, '') end"
    )
    if null_texts:
        return f"case when {trimmed} not in ({', '.join(map(literal, null_texts))}) then {trimmed} end"
    return trimmed


def columns_of(pack: CityPack, name: str, want: Wanted, columns: Sequence[str]) -> list[str]:
    """Return the columns that an expression reads; refuse what does not parse."""
    try:
        return inputs(want.expression, columns)
    except sqlglot.errors.SqlglotError as error:
        raise pack.error(
            f"this is not an SQL expression: {want.expression.strip()!r}",
            *("sources", name, *want.keys),
            remedy="mend the expression",
        ) from error


def _check_binding(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    name: str,
    wanted: Sequence[Wanted],
    cleaned: str,
    columns: Sequence[str],
) -> None:
    """Refuse expressions that do not bind: all are tried at once, which is quick, and where that fails one by one."""
    attempts = [tried(want.expression, want.type_name) for want in wanted]
    try:
        con.execute(f"describe select {', '.join(attempts)} from ({cleaned})")
    except duckdb.Error as several:
        for want, one in zip(wanted, attempts, strict=True):
            try:
                con.execute(f"describe select {one} from ({cleaned})")
            except duckdb.Error as error:
                raise _unbound(pack, ("sources", name, *want.keys), error, columns) from error
        raise _unbound(pack, ("sources", name, "fields"), several, columns) from several


def _unbound(pack: CityPack, keys: tuple[str, ...], error: duckdb.Error, columns: Sequence[str]) -> PackError:
    first = str(error).splitlines()[0].partition(" Error: ")[2] or str(error)
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    return pack.error(first, *keys, remedy=f"the columns of the source are {shown}")
