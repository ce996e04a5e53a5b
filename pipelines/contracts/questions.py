"""Questions: what a contract asks of a delivery, each as a query over the delivered rows.

A property that is declared required, unique, of a type or with words to choose from asks that by itself, as an error;
a rule of the property's own on that dimension of quality takes its place. Asking is done in `checking`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from open_data_contract_standard.model import DataQuality, SchemaObject, SchemaProperty

from pipelines.contracts.formats import engine_format
from pipelines.contracts.reading import OPERATORS, kind_of
from pipelines.loading.mapping import columns_read
from pipelines.warehouse import literal, quoted

Severity = Literal["error", "warning"]
_MILD = ("info", "information", "notice", "low", "minor", "warn", "warning")
_OPEN = ("open", "public", "internal", "unclassified")
_PLACEHOLDER = re.compile(r"\$?\{(object|table|model|schema|property|column|field)\}")
_MOST_SHOWN = 3
_COUNT = "select count(*) from"


@dataclass(frozen=True)
class Question:
    """One thing asked of a delivery.

    `query` answers with one value, held against the bound of `operator`; it counts rows wherever `condition_rows`
    is not None: the query of their `_file` and `_line`. `is_share` asks for the count as percent of the rows.
    A question without a query is not for this machine: `why_not` says why. `columns` are what it is about, `needs`
    those without which it cannot be answered.
    """

    name: str
    columns: tuple[str, ...]
    severity: Severity
    description: str
    query: str | None
    rows: str | None = None
    operator: str = "mustBe"
    bound: Any = 0
    is_share: bool = False
    why_not: str | None = None
    # Found while the delivery is read, not by a query.
    found: str | None = None
    needs: tuple[str, ...] = ()


def questions(schema: SchemaObject) -> Iterator[Question]:
    """Yield what an object of a contract asks, those of single properties after those of whole rows."""
    table = table_name(schema)
    named = {column.name or "": column for column in schema.properties or []}
    for rule in schema.quality or []:
        yield _of_rule(rule, table, named, None)
    for column in named.values():
        own = {rule.dimension for rule in column.quality or []}
        yield from _declared(column, table, own)
        for rule in column.quality or []:
            yield _of_rule(rule, table, named, column)


def table_name(schema: SchemaObject) -> str:
    """Return the name under which queries know the delivered rows."""
    return schema.physicalName or schema.name or ""


def is_withheld(column: SchemaProperty) -> bool:
    """Tell whether what a column holds must not be shown."""
    return column.classification is not None and column.classification.lower() not in _OPEN


def _declared(column: SchemaProperty, table: str, own: set[str | None]) -> Iterator[Question]:
    """Yield what a property asks by being declared as it is."""
    name = quoted(column.name or "")
    about = (column.name or "",)
    if column.required and "completeness" not in own:
        yield _rows("required", about, f"{column.name} is filled", table, f"{name} is null")
    if (column.unique or column.primaryKey) and "uniqueness" not in own:
        yield _rows("unique", about, f"No two rows have one {column.name}", table, _repeated(name, table))
    if "conformity" in own:
        return
    yield from _typed(column, table, name)
    if column.enum:
        words = ", ".join(literal(_as_text(each.value)) for each in column.enum)
        yield _rows("enum", about, f"{column.name} is one of the words listed", table, f"{name} not in ({words})")
    options = column.logicalTypeOptions or {}
    for key, condition in (
        ("minLength", "length({0}) < {1}"),
        ("maxLength", "length({0}) > {1}"),
    ):
        if key in options and column.logicalType in (None, "string"):
            yield _rows(
                key,
                about,
                f"{key} of {column.name} is {options[key]}",
                table,
                condition.format(name, int(options[key])),
            )
    if "pattern" in options:
        wrong = f"not regexp_matches({name}, {literal(str(options['pattern']))})"
        yield _rows("pattern", about, f"{column.name} is written as agreed", table, wrong)


def _typed(column: SchemaProperty, table: str, name: str) -> Iterator[Question]:
    """Yield what the logical type of a property and the bounds of its values ask."""
    about = (column.name or "",)
    logical, options = column.logicalType, column.logicalTypeOptions or {}
    value = _value(logical, options, name)
    if logical in ("array", "object", "map", "vector"):
        value = f"case when json_valid({name}) then {name} end"
    if value is None:
        if logical in ("date", "timestamp", "time"):
            told = f"the format {options.get('format')!r} is not known here"
            yield Question("type", about, "error", f"{column.name} is a {logical}", None, why_not=told)
        return
    yield _rows("type", about, f"{column.name} is a {logical}", table, f"{name} is not null and ({value}) is null")
    for key, sign in (
        ("minimum", "<"),
        ("exclusiveMinimum", "<="),
        ("maximum", ">"),
        ("exclusiveMaximum", ">="),
    ):
        if key in options:
            end = _end(logical, options[key])
            told = f"{key} of {column.name} is {options[key]}"
            if end is None:
                yield Question(key, about, "error", told, None, why_not=f"{options[key]!r} cannot be compared with")
            else:
                yield _rows(key, about, told, table, f"({value}) {sign} {end}")


def _value(logical: str | None, options: dict[str, Any], name: str) -> str | None:
    """Compose the value of a text in a logical type, null where it is none; None where any text will do."""
    if logical == "integer":
        return f"case when regexp_full_match({name}, '[+-]?[0-9]+') then try_cast({name} as decimal(38, 0)) end"
    if logical == "number":
        return f"case when isfinite(try_cast({name} as double)) then try_cast({name} as double) end"
    if logical == "boolean":
        return f"try_cast({name} as boolean)"
    if logical not in ("date", "timestamp", "time"):
        return None
    written = options.get("format")
    if written is None:
        return f"try_cast({name} as {logical})"
    pattern = engine_format(str(written))
    return None if pattern is None else f"try_strptime({name}, {literal(pattern)})::{logical}"


def _end(logical: str | None, given: Any) -> str | None:
    text = str(given)
    if logical in ("integer", "number"):
        return text if re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text) else None
    return f"{logical} {literal(text)}" if logical in ("date", "timestamp", "time") else None


def _rows(name: str, about: tuple[str, ...], told: str, table: str, wrong: str) -> Question:
    return Question(name, about, "error", told, *_both(table, wrong))


def _both(table: str, wrong: str) -> tuple[str, str]:
    """Compose the count of the rows that fulfil a condition, and where they are."""
    return f"{_COUNT} {quoted(table)} where {wrong}", f"select _file, _line from {quoted(table)} where {wrong}"


def _repeated(columns: str, table: str) -> str:
    first = columns.split(",", 1)[0]
    same = f"select ({columns}) from {quoted(table)} where {first} is not null group by {columns} having count(*) > 1"
    return f"({columns}) in ({same})"


def _of_rule(
    rule: DataQuality, table: str, named: dict[str, SchemaProperty], column: SchemaProperty | None
) -> Question:
    """Make the question that a rule of the contract asks."""
    kind = kind_of(rule)
    about: tuple[str, ...] = (column.name or "",) if column is not None else ()
    name = rule.name or rule.id or rule.metric or rule.rule or kind
    told = rule.description or name
    severity: Severity = "warning" if (rule.severity or "error").lower() in _MILD else "error"
    if kind == "text":
        return Question(name, about, severity, told, None, why_not="it is written for people")
    if kind == "custom":
        check = rule.implementation.get("check") if isinstance(rule.implementation, dict) else None
        if rule.engine == "wardlight" and check in ("malformed_line", "blank_row"):
            return Question(name, about, severity, told, None, found=check)
        return Question(name, about, severity, told, None, why_not=f"it is for the engine {rule.engine}")
    operator = next(each for each in OPERATORS if getattr(rule, each) is not None)
    bound = getattr(rule, operator)
    is_share = (rule.unit or "").lower() in ("percent", "%")
    if kind == "sql":
        query = _filled(rule.query or "", table, column)
        needs = _columns_in(query, list(named))
        # What does not go together is shown together, if it is little.
        if rule.dimension == "consistency" and len(needs) <= _MOST_SHOWN:
            about = needs
        return Question(
            name, about or needs, severity, told, query, rows_of(query, table), operator, bound, needs=needs
        )
    about, query, rows = _of_metric(rule, table, about)
    return Question(name, about, severity, told, query, rows, operator, bound, is_share)


def _of_metric(rule: DataQuality, table: str, about: tuple[str, ...]) -> tuple[tuple[str, ...], str, str | None]:
    metric, arguments = rule.metric or rule.rule, rule.arguments or {}
    if metric == "rowCount":
        return about, f"{_COUNT} {quoted(table)}", None
    if metric == "duplicateValues":
        columns = tuple(map(str, arguments.get("properties") or about))
        return columns, *_both(table, _repeated(", ".join(map(quoted, columns)), table))
    name = quoted(about[0]) if about else "null"
    if metric == "nullValues":
        return about, *_both(table, f"{name} is null")
    if metric == "missingValues":
        texts = ", ".join(literal(_as_text(each)) for each in arguments.get("missingValues") or [] if each is not None)
        return about, *_both(table, f"{name} is null" + (f" or {name} in ({texts})" if texts else ""))
    wrong = []
    if arguments.get("validValues"):
        wrong.append(f"{name} not in ({', '.join(literal(_as_text(each)) for each in arguments['validValues'])})")
    if arguments.get("pattern"):
        wrong.append(f"not regexp_matches({name}, {literal(str(arguments['pattern']))})")
    return about, *_both(table, " or ".join(wrong) or "false")


def _filled(query: str, table: str, column: SchemaProperty | None) -> str:
    """Fill in the names that the standard leaves open in a query."""

    def name(found: re.Match[str]) -> str:
        is_table = found[1] in ("object", "table", "model", "schema")
        return quoted(table if is_table or column is None else column.physicalName or column.name or "")

    return _PLACEHOLDER.sub(name, query).strip().rstrip(";")


def rows_of(query: str, table: str) -> str | None:
    """Compose the query of the rows that another one counts; None where it does not count rows in a form known here.

    Known are `select count(*) from TABLE where …`, and the same after steps that each take one row of the one before,
    as contracts written here have. Whoever asks must see that both give the same number.
    """
    begun = re.match(rf'\s*select\s+count\(\*\)\s+from\s+"?{re.escape(table)}"?\s+where\s', query, re.IGNORECASE)
    if begun:
        return f"select _file, _line from {quoted(table)} where {query[begun.end() :]}"
    counted = query.rfind(f"{_COUNT} _record")
    if not query.startswith("with ") or counted < 0:
        return None
    steps = query[:counted].replace(" as (\n  select ", " as (\n  select _file, _line, ")
    return f"{steps}select _file, _line from{query[counted + len(_COUNT) :]}"


def _columns_in(query: str, names: Sequence[str]) -> tuple[str, ...]:
    read = {column.lower() for column in columns_read(query)}
    return tuple(name for name in names if name.lower() in read)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
