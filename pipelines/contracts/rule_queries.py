"""Rules as queries over a delivery alone: each counts the rows that break one rule, from the columns as delivered.

The rules are those of loading, and so are the expressions; what a delivery by itself cannot show (the shapes of the
areas, the clock changes, what was delivered before) is not composed but named, with the reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.loading import areas
from pipelines.loading.kinds import KindFields, day_column, kind_fields, local_column
from pipelines.loading.mapping import (
    Mapped,
    Wanted,
    but_for_nothing,
    check_names,
    columns_of,
    columns_read,
    tried,
    wanted_columns,
)
from pipelines.loading.resolving import domain_breaches, out_of_order
from pipelines.loading.rules import PRESENT, STANDING, Rule, rules_of
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Severity, Source
from pipelines.warehouse import literal, quoted

# Judged by whoever reads the rows, before any query can.
UNREADABLE = ("malformed_line", "blank_row")
_TIMES_BY_CLOCK = "it compares instants, which the city's clock changes decide"
_NOT_SHOWN = {
    "time_flag": "the clock changes of the city's time zone decide",
    "coords_in_area": "the shapes of the areas decide",
    "area_id": "where no area is named the point decides, by the shapes of the areas",
    "lat": "the point is first brought to WGS 84",
    "lon": "the point is first brought to WGS 84",
    "_is_off_earth": "the point is first brought to WGS 84",
}
# Under which name the mapping computes what rules know as a field.
_PLACES = {"area_id": "_area_key", "lon": "_x", "lat": "_y"}
_OF_EARLIER = (
    ("conflicting_id", "rows of one id that differ are told apart by what was delivered before"),
    ("drift", "columns, words and formats are compared with what was delivered before"),
)


@dataclass(frozen=True)
class RuleQuery:
    """A rule that a delivery shows by itself.

    `query` counts the rows that break it; `reads` are the columns that it looks at, `about` those of its field alone.
    """

    reason: str
    field: str
    severity: Severity
    query: str
    reads: tuple[str, ...]
    about: tuple[str, ...]


@dataclass(frozen=True)
class NotCarried:
    """A rule that a delivery does not show by itself, and why."""

    reason: str
    field: str
    severity: Severity
    why: str


@dataclass(frozen=True)
class _Part:
    """A column made on the way to a rule: from the file's columns (level 1), or from parts of lower levels."""

    level: int
    sql: str
    uses: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


def rule_queries(pack: CityPack, name: str, columns: Sequence[str]) -> tuple[list[RuleQuery], list[NotCarried]]:
    """Compose the queries of all rules of a source that can be; name the others.

    Parameters
    ----------
    columns
        The source's columns; where none are known, those that its expressions name.

    Raises
    ------
    PackError
        If a field or a rule is not of the kind, or an expression does not parse.
    """
    source = pack.sources[name]
    fields = kind_fields(source.kind)
    check_names(pack, name, fields)
    wanted, reads = wanted_and_read(pack, name, columns)
    parts = _parts(pack, name, wanted, reads)
    unusable = tuple(part.removeprefix("_u_") for part in parts if part.startswith("_u_"))
    carried: list[RuleQuery] = []
    left: list[NotCarried] = [NotCarried(reason, "", "flag", why) for reason, why in _OF_EARLIER]
    personal = {column.lower() for column in source.personal}
    reads[fields.id_field] = reads["_key"]
    for rule in rules_of(pack, name, fields, Mapped("", unusable)):
        if rule.reason in UNREADABLE:
            continue
        breaks = _of_readable_rows(rule, source)
        names = [each.lower() for each in columns_read(breaks)]
        why = next((_why_not(each, rule, fields) for each in names if each not in parts), None)
        if why is None and any(each in fields.times for each in names) and not _only_asks_for_null(rule):
            why = _TIMES_BY_CLOCK
        if why is None:
            closure = _closure(parts, names)
            read = tuple(dict.fromkeys(column for each in closure for column in parts[each].reads))
            if not read or _is_vacuous(rule, wanted, read):
                continue
            if personal & {column.lower() for column in read} and not rule.reason.startswith("missing"):
                why = "it looks into a personal column, of which only a hash is known"
            else:
                query = _query(name, parts, closure, names, breaks)
                about = reads.get(_PLACES.get(rule.field, rule.field), ())
                carried.append(RuleQuery(rule.reason, rule.field, rule.severity, query, read, about))
                continue
        left.append(NotCarried(rule.reason, rule.field, rule.severity, why))
    repeated = _repeated(name, source, fields, parts)
    return [*carried, *([repeated] if repeated else [])], left


def columns_named(source: Source) -> list[str]:
    """Return the columns that a source's expressions name, each once."""
    wanted = wanted_columns(source, kind_fields(source.kind)).values()
    named = [column for want in wanted for column in columns_read(want.expression)]
    return list({column.lower(): column for column in [*named, *source.personal]}.values())


def wanted_and_read(
    pack: CityPack, name: str, columns: Sequence[str]
) -> tuple[dict[str, Wanted], dict[str, tuple[str, ...]]]:
    """Return what a source's mapping computes, by the name of the result, and the columns that each reads."""
    source = pack.sources[name]
    wanted = wanted_columns(source, kind_fields(source.kind))
    known = list(columns) or columns_named(source)
    return wanted, {column: tuple(columns_of(pack, name, want, known)) for column, want in wanted.items()}


def first_time_query(pack: CityPack, name: str, columns: Sequence[str]) -> str:
    """Compose the query of the time that dates each record, null where there is none: one column, a row each."""
    source = pack.sources[name]
    fields = kind_fields(source.kind)
    wanted, reads = wanted_and_read(pack, name, columns)
    parts = _parts(pack, name, wanted, reads)
    first = local_column(fields.first_time)
    return f"{_steps(name, parts, _closure(parts, [first]), [first])}\nselect {first} from _record"


def _of_readable_rows(rule: Rule, source: Source) -> str:
    """Return a rule's condition for rows that hold something, as all rows are that a query sees."""
    breaks = rule.breaks.removeprefix(f"{PRESENT} and ")
    return breaks if source.deleted is not None else breaks.removeprefix(f"{STANDING} and ")


def _is_vacuous(rule: Rule, wanted: dict[str, Wanted], read: Sequence[str]) -> bool:
    """Tell whether no text can break a rule: any is usable where a field takes a column's text as it is."""
    want = wanted.get(rule.field)
    is_text = want is not None and want.type_name == "varchar" and is_column(want.expression, read)
    return is_text and rule.reason.startswith("unusable")


def is_column(expression: str, columns: Sequence[str]) -> bool:
    """Tell whether an expression is nothing but the one column that it reads."""
    return len(columns) == 1 and expression.strip().strip('"').lower() == columns[0].lower()


def _only_asks_for_null(rule: Rule) -> bool:
    return rule.reason in ("missing_time", "unparseable_time") or rule.reason.startswith("missing:")


def _why_not(part: str, rule: Rule, fields: KindFields) -> str:
    if part in _NOT_SHOWN:
        return _NOT_SHOWN[part]
    if part in fields.types:
        return f"it asks for {part}, which the source does not give or a delivery does not show"
    return f"it asks for {part}, which a delivery does not show ({rule.reason})"


def _parts(pack: CityPack, name: str, wanted: dict[str, Wanted], reads: dict[str, tuple[str, ...]]) -> dict[str, _Part]:
    """Compose every column that rules may ask for, as mapping and resolving do."""
    source = pack.sources[name]
    fields = kind_fields(source.kind)
    parts: dict[str, _Part] = {}
    for column, want in wanted.items():
        is_plain = column in ("_key", "_area_key", "_is_deleted")
        value = _compact(tried(want.expression, want.type_name), want)
        parts[column if is_plain else f"read_{column}"] = _Part(1, value, reads=reads[column])
        if reads[column] and not is_plain:
            listed = ", ".join(map(quoted, reads[column]))
            text = f"coalesce({listed}) is not null{but_for_nothing(source.fields.get(column))}"
            parts[f"text_{column}"] = _Part(1, text, reads=reads[column])
    breaches = domain_breaches(fields, "read_{}".format)
    for column in wanted:
        if column in parts or column in ("_x", "_y"):
            continue
        read = f"read_{column}"
        if column in fields.times:
            parts |= _time_parts(column, source, fields)
        elif column in breaches:
            parts[f"_d_{column}"] = _Part(2, breaches[column], (read,))
            parts[column] = _Part(2, f"case when {breaches[column]} then null else {read} end", (read,))
        else:
            parts[column] = _Part(2, read, (read,))
        if reads[column]:
            value = _in_calendar(read) if column in fields.times else read
            parts[f"_u_{column}"] = _Part(2, f"({value}) is null and text_{column}", (read, f"text_{column}"))
    first = fields.first_time
    listed = f"concat_ws(' ', {', '.join(map(quoted, reads[first]))})" if reads[first] else "''"
    parts["_time_text"] = _Part(1, f"nullif({listed}, '')", reads=reads[first])
    parts["day"] = _Part(2, f"({_in_calendar(f'read_{first}')})::date", (f"read_{first}",))
    parts |= _order_parts(source, fields)
    return parts | _place_parts(pack, source, wanted)


def _time_parts(time: str, source: Source, fields: KindFields) -> dict[str, _Part]:
    read = f"read_{time}"
    given = _in_calendar(read)
    orders = [pair for pair in _orders(source, fields) if pair[1] == time]
    parts = {f"given_{time}": _Part(2, given, (read,))}
    if not orders:
        return (
            parts
            | {each: _Part(2, given, (read,)) for each in (time, local_column(time))}
            | {day_column(time): _Part(2, f"({given})::date", (read,))}
        )
    broken = " or ".join(out_of_order(source, earlier, later, "given_{}".format) for earlier, later in orders)
    uses = (f"given_{time}", *(f"given_{earlier}" for earlier, _ in orders))
    value = f"case when {broken} then null else given_{time} end"
    return (
        parts
        | {each: _Part(3, value, uses) for each in (time, local_column(time))}
        | {day_column(time): _Part(3, f"({value})::date", uses)}
    )


def _orders(source: Source, fields: KindFields) -> list[tuple[str, str]]:
    return [pair for pair in fields.order if all(time in source.fields for time in pair)]


def _order_parts(source: Source, fields: KindFields) -> dict[str, _Part]:
    """Compose what rules ask about the order of times, by the times as they were given."""
    asked = {
        f"_before_{rule.field}_{rule.not_before}": [(rule.not_before, rule.field)]
        for rule in source.rules
        if rule.not_before is not None and rule.not_before in source.fields and rule.field in source.fields
    }
    parts = {}
    for part, pairs in {**asked, "_out_of_order": _orders(source, fields)}.items():
        broken = " or ".join(out_of_order(source, earlier, later, "given_{}".format) for earlier, later in pairs)
        uses = tuple(dict.fromkeys(f"given_{time}" for pair in pairs for time in pair))
        parts[part] = _Part(3, f"({broken or 'false'}) is true", uses)
    return parts


def _place_parts(pack: CityPack, source: Source, wanted: dict[str, Wanted]) -> dict[str, _Part]:
    parts: dict[str, _Part] = {}
    if "_area_key" in wanted:
        prefix = areas.area_id(source.geography, "")
        keys = [identity.removeprefix(prefix) for identity in areas.shapes(pack, source.geography).ids]
        is_known = f"coalesce(_area_key in ({', '.join(map(literal, keys))}), false)"
        parts["_is_known_area"] = _Part(2, is_known, ("_area_key",))
        if source.coordinates is None:
            parts["area_id"] = _Part(2, f"case when {is_known} then _area_key end", ("_area_key",))
    elif source.coordinates is None:
        parts["area_id"] = _Part(1, "null::varchar")
    if source.coordinates is not None and source.coordinates.crs == areas.WGS84:
        for axis, column in (("_x", "lon"), ("_y", "lat")):
            unusable = f"read_{axis} is null and text_{axis}"
            parts[f"_u_{column}"] = _Part(2, unusable, (f"read_{axis}", f"text_{axis}"))
        off = "coalesce(not (abs(read__x) <= 180 and abs(read__y) <= 90), false)"
        parts["_is_off_earth"] = _Part(2, off, ("read__x", "read__y"))
    elif source.coordinates is not None:
        parts["_u_lon"] = _Part(2, "read__x is null and text__x", ("read__x", "text__x"))
        parts["_u_lat"] = _Part(2, "read__y is null and text__y", ("read__y", "text__y"))
    return parts


def _in_calendar(time: str) -> str:
    """Compose a time, null outside the calendar that every reader knows."""
    return f"case when {time} >= timestamp '0001-01-01' and {time} < timestamp '9999-12-31' then {time} end"


def _compact(sql: str, want: Wanted) -> str:
    return sql if "--" in want.expression else sql.replace(f"{want.expression}\n)", f"{want.expression.strip()})")


def _closure(parts: dict[str, _Part], names: Iterable[str]) -> list[str]:
    """Return the parts that some rest on, themselves among them."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += parts[name].uses
    return [name for name in parts if name in found]


def _query(name: str, parts: dict[str, _Part], closure: Sequence[str], names: Sequence[str], breaks: str) -> str:
    counted = "select count(*) from"
    if not closure:
        return f"{counted} {quoted(name)}\nwhere {breaks}"
    return f"{_steps(name, parts, closure, names)}\n{counted} _record\nwhere {breaks}"


def _steps(name: str, parts: dict[str, _Part], closure: Sequence[str], names: Sequence[str]) -> str:
    """Compose the steps from the file's columns to the parts that are asked for; the last is called `_record`."""
    levels = sorted({parts[each].level for each in closure})
    steps, below = [], quoted(name)
    for level in levels:
        is_last = level == levels[-1]
        later = {use for each in closure if parts[each].level > level for use in parts[each].uses} | set(names)
        made = [f"{parts[each].sql} as {each}" for each in closure if parts[each].level == level]
        passed = [each for each in closure if parts[each].level < level and each in later]
        title = "_record" if is_last else f"_step_{level}"
        steps.append(f"{title} as (\n  select {(',' + chr(10) + '    ').join([*passed, *made])}\n  from {below}\n)")
        below = title
    return f"with {', '.join(steps)}"


def _repeated(name: str, source: Source, fields: KindFields, parts: dict[str, _Part]) -> RuleQuery | None:
    """Compose the rule that an id stands for one row, or for one a time of update; rows to merge share theirs."""
    if source.merge is not None:
        return None
    keys = ["_key", *(["updated_at"] if "updated_at" in source.fields and "updated_at" in fields.times else [])]
    counted = f"count(*) over (partition by {', '.join(keys)})"
    top = max(parts[key].level for key in keys) + 1
    known = parts | {"_rows": _Part(top, counted, tuple(keys))}
    names = ["_key", "_rows"]
    closure = _closure(known, names)
    read = tuple(dict.fromkeys(column for each in closure for column in known[each].reads))
    query = _query(name, known, closure, names, "_key is not null and _rows > 1")
    return RuleQuery("repeated_id", fields.id_field, "flag", query, read, parts["_key"].reads)
