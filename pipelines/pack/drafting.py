"""Drafting a pack for a table that there is already: what is guessed of its columns, written as a commented city.yml.

Every guess that a person must look at is marked CHECK. The draft runs: where the shapes of the areas are not known,
it has made-up ones.
"""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from pipelines.loading.kinds import RANGES, VOCABULARIES, KindFields, kind_fields
from pipelines.pack.guessing import SAMPLE_ROWS, Column, Table, guess_area, guess_id, guess_kind, guess_point, parses
from pipelines.pack.guessing import read_table as read
from pipelines.pack.scaffold import write_files
from pipelines.pack.written_yaml import as_expression, as_json, in_comment
from pipelines.warehouse import quoted

# Names under which sources have the canonical fields, the most telling first.
_TIME_WORDS = {
    "occurred_until": r"(occur|offen[cs]e|incident|date|time).*(end|until|to$)|^(end|to)_(date|time)",
    "updated_at": r"updat|modif|chang",
    "closed_at": r"clos|resol|clear|complet|finish|结",
    "due_at": r"due|deadline|target|截止",
    "dispatched_at": r"dispatch|派",
    "arrived_at": r"arriv|on_?scene|到",
    "acknowledged_at": r"ack",
    "recorded_at": r"record|entered|entry|filed",
    "reported_at": r"report|received|call_?(date|time)",
    "ended_at": r"end|until|stop_?time_?to|finish",
    "first_response_at": r"respon",
    "reopened_at": r"reopen",
}
_FIRST_WORDS = {
    "occurred_at": r"occur|offen[cs]e|incident|start|from|begin|date|time|发",
    "started_at": r"start|begin|begun|from|stop|date|time|开始",
    "opened_at": r"open|creat|request|receiv|submit|start|date|time|受理",
    "requested_at": r"request|sent|creat|date|time",
    "answered_at": r"answer|interview|date|time",
    "valid_from": r"valid|from|year|date",
}
_WORDS = {
    "category": r"categor|offen[cs]e|crime|type|topic|nature|class|description|类",
    "priority": r"priorit|urgen|severity|level",
    "outcome": r"status|outcome|disposition|resolution|结果",
    "channel": r"channel|source|via|method|origin|渠道",
    "lead_agency": r"agency|department|account|unit|部门",
    "found_by": r"found|source|initiat",
    "place_kind": r"location|place|premise|场所",
    "subject": r"subject|team",
    "mode": r"mode|vehicle|foot",
    "victims": r"victims?($|_count)",
    "population": r"population|residents|人口",
}
# Fields of few words: a column of many texts is none of them.
_CODED = frozenset(["priority", "outcome", "channel", "found_by", "place_kind", "subject", "mode"])


def write(folder: Path, path: Path) -> None:
    """Write a draft for a CSV file into a folder: city.yml, a copy of the file, its areas and the schema.

    Raises
    ------
    SourceError
        If the file is no table that can be read.
    PackError
        If something is in the folder that would be overwritten.
    """
    table = read(path)
    geojson, city = _draft(table, path.name)
    write_files(
        folder, {"city.yml": city.encode(), "data/areas.geojson": geojson.encode()}, {f"data/{path.name}": path}
    )


def _draft(table: Table, file: str) -> tuple[str, str]:
    """Return the areas and the text of city.yml for a table."""
    kind = guess_kind(table.columns, file)
    fields = kind_fields(kind)
    area, point = guess_area(table.columns), guess_point(table.columns)
    keys = list(area.codes) if area is not None else ["all"]
    in_degrees = point is not None and _is_lon_lat(*point)
    box = _box(*point) if point is not None and in_degrees and area is None else None
    first, days = _first_time(table, fields)
    lines = [*_head(file, days), *_area_lines(area)]
    lines += [f"  {_name(file)}:", f"    kind: {kind}  # CHECK: guessed from the names of the columns"]
    title = as_json(Path(file).name.split(".")[0])
    lines += [f"    title: {{en: {title}, zh: {title}}}", "    geography: area"]
    lines += [f"    files: [{as_json(f'data/{file}')}]", *_format_lines(table)]
    if table.null_texts:
        lines.append(f"    null_texts: {as_json(list(table.null_texts))}  # CHECK")
    personal = [column.name for column in table.columns if column.is_personal]
    if personal:
        listed = as_json(personal)
        lines.append(f"    personal: {listed}  # CHECK: replaced by salted hashes, since they may identify a person")
    if area is not None:
        lines.append(f"    area: {as_expression(quoted(area.name))}  # CHECK")
    lines += _point_lines(point, in_degrees=in_degrees, is_alone=area is None)
    lines += ["    fields:", *(f"      {line}" for line in _fields(table, fields, first, (area, *(point or ()))))]
    return _areas(keys, box), "\n".join(lines) + "\n"


def _head(file: str, days: Sequence[str]) -> list[str]:
    seen = f"in the first {SAMPLE_ROWS:,} rows" if len(days) > 2 else "in the file"
    return [
        "# yaml-language-server: $schema=city.schema.json",
        "#",
        f"# A draft for {in_comment(file)}, guessed from its columns and texts. Look at every CHECK, then delete it;",
        "# after each change ask `wardlight validate --city .` what a run would make of the file.",
        "name: my_city  # CHECK: a-z, 0-9 and _",
        "title: {en: My City, zh: 我的城市}  # CHECK",
        'attribution: {en: "Source: …", zh: 数据来源：…}  # CHECK: whose data these are',
        "time_zone: UTC  # CHECK: the city's, such as Asia/Shanghai; times without an offset are in it",
        f"first_month: {days[0][:7]}  # CHECK: the earliest time {seen}",
        f"as_of: {days[1]}  # CHECK: the latest day {seen}; delete it once fresh data arrive every day",
        "disclosure: hes  # counts of 1 to 7 withheld, others rounded; docs/disclosure.md has the other profiles",
        "",
    ]


def _area_lines(area: Column | None) -> list[str]:
    about = (
        "one made-up square for all records"
        if area is None
        else f"a made-up square for each text of column {in_comment(area.name)}"
    )
    return [
        "geographies:",
        "  area:",
        "    title: {en: Area, zh: 区域}  # CHECK: what one is called, such as District",
        f"    file: data/areas.geojson  # CHECK: {about}; put the true shapes there",
        "    key: key",
        "    title_en: key",
        "    title_zh: key",
        "    # population: {file: data/residents.csv, key: area, value: residents, valid_from: 2024-01-01}",
        "",
        "sources:",
    ]


def _format_lines(table: Table) -> list[str]:
    given = {}
    if table.delimiter != ",":
        given["delimiter"] = table.delimiter
    if table.encoding != "utf-8":
        given["encoding"] = table.encoding
    listed = ", ".join(f"{key}: {as_json(value)}" for key, value in given.items())
    return [f"    format: {{{listed}}}"] if given else []


def _point_lines(point: tuple[Column, Column] | None, *, in_degrees: bool, is_alone: bool) -> list[str]:
    if point is None:
        return []
    x, y = (as_json(column.name) for column in point)
    if not in_degrees:
        return [f"    # coordinates: {{x: {x}, y: {y}, crs: EPSG:0000}}  # CHECK: name their reference system"]
    if is_alone:
        return [f"    coordinates: {{x: {x}, y: {y}}}  # CHECK: longitude and latitude, WGS 84"]
    return [f"    # coordinates: {{x: {x}, y: {y}}}  # CHECK: use them once the areas have their true shapes"]


def _first_time(table: Table, fields: KindFields) -> tuple[Column | None, list[str]]:
    """Return the column that dates the records, and the first and last day in it (a third where there is more)."""
    first = _best(
        _FIRST_WORDS[fields.first_time], [c for c in table.columns if c.time_format is not None], _TIME_WORDS.values()
    )
    if first is None or first.time_format is None:
        return None, ["2024-01-01", "2024-12-31"]
    form = first.time_format
    days = sorted(datetime.strptime(t, form).date().isoformat() for t in table.texts(first) if parses(t, form))  # noqa: DTZ007 - local wall time
    return first, [days[0], days[-1]] + ([] if table.is_whole else ["…"])


def _best(words: str, columns: Sequence[Column], others: Iterable[str] = (), *, or_first: bool = True) -> Column | None:
    """Return the column whose name matches words and no others; else one that matches; else, perhaps, the first.

    One that is mostly filled goes before one that is not.
    """
    most = max((column.filled for column in columns), default=0)
    columns = sorted(columns, key=lambda column: column.filled < most / 2)
    named = [column for column in columns if column.says(words)]
    alone = [column for column in named if column.filled >= most / 2 and not any(map(column.says, others))]
    return next(iter([*alone, *named, *(columns if or_first else [])]), None)


def _fields(table: Table, fields: KindFields, first: Column | None, used: Iterable[Column | None]) -> Iterator[str]:
    """Write the mapping, one line a field, and what is left of the columns."""
    identity = guess_id(table)
    taken = {column.name for column in (*used, first, identity) if column is not None}
    if identity is not None:
        again = identity.filled - identity.distinct
        check = (
            f"  # CHECK: {again:,} rows have the id of another; `merge` them, or leave them superseded" if again else ""
        )
        yield f"{fields.id_field}: {as_expression(quoted(identity.name))}{check}"
    else:
        whole = ", ".join(quoted(column.name) for column in table.columns)
        expression = as_expression(f"md5(concat_ws('|', {whole}))")
        yield f"{fields.id_field}: {expression}  # CHECK: no column tells rows apart"
    if first is None:
        yield f'{fields.first_time}: {{sql: "null"}}  # CHECK: no column of times is recognised'
    else:
        clock = _clock(table, first)
        taken |= {clock.name} if clock is not None else set()
        yield f"{fields.first_time}: {_time(first, clock)}"
    for field, words in _TIME_WORDS.items():
        left = [c for c in table.columns if c.time_format is not None and c.name not in taken]
        found = _best(words, left, or_first=False)
        if field in fields.times and found is not None:
            taken.add(found.name)
            yield f"{field}: {_time(found, None)}"
    for field in fields.others:
        left = [c for c in table.columns if c.name not in taken and c.time_format is None and not c.is_personal]
        if field in _CODED:
            left = [column for column in left if column.codes]
        others = [_WORDS["place_kind"]] if field == "category" else []
        found = _best(_WORDS.get(field, f"^{field}$"), left, others, or_first=False)
        if found is not None and found.filled:
            taken.add(found.name)
            yield f"{field}: {_value(found, fields, field)}"
    left_over = [column.name for column in table.columns if column.name not in taken]
    if left_over:
        yield from textwrap.wrap(
            f"not used: {in_comment(', '.join(left_over))}", 100, initial_indent="# ", subsequent_indent="#   "
        )


def _clock(table: Table, first: Column) -> Column | None:
    """Return the column of times of day beside a column of days alone."""
    if first.time_format is None or "%H" in first.time_format or "%I" in first.time_format:
        return None
    clocks = [column for column in table.columns if column.clock is not None]
    return _best(re.escape(first.name.split("_")[0]), clocks)


def _time(column: Column, clock: Column | None) -> str:
    form, text = column.time_format or "", quoted(column.name)
    if clock is not None:
        form, text = f"{form} {clock.clock}", f"{text} || ' ' || {quoted(clock.name)}"
    precision = "second" if "%S" in form else "minute" if "%M" in form else "day"
    check = "  # CHECK: day and month may have to change places" if column.is_ambiguous else ""
    expression = as_expression(f"strptime({text}, '{form}')")
    return f"{{sql: {expression}, precision: {precision}}}{check}"


def _value(column: Column, fields: KindFields, field: str) -> str:
    """Write where a field comes from: a value table where the texts are few and the field has words of its own."""
    words = VOCABULARIES.get(fields.kind, {}).get(field)
    bounds = RANGES.get(fields.kind, {}).get(field)
    is_number = fields.types[field] in ("integer", "bigint", "double")
    name = as_json(column.name)
    if column.codes and fields.types[field] == "varchar" and not (bounds or column.span):
        table = {code: _suggested(code, words) for code in column.codes}
        meant = (
            f"one of {', '.join(words)}"
            if words
            else "ICCS codes for offences"
            if field == "category"
            else "your words"
        )
        return f"{{column: {name}, values: {as_json(table)}}}  # CHECK the right sides: {meant}"
    if column.codes and is_number and column.span is None:
        numbers = {code: at for at, code in enumerate(column.codes, start=1)}
        about = f"{bounds[0]} to {bounds[1]}" if bounds else "numbers"
        return f"{{column: {name}, values: {as_json(numbers)}}}  # CHECK the right sides: {about}"
    return as_expression(quoted(column.name)) + "  # CHECK"


def _suggested(code: str, words: Sequence[str] | None) -> str:
    plain = re.sub(r"[^\w]+", "_", code.lower()).strip("_") or code
    return next((word for word in words or () if word in plain or plain in word), plain)


def _name(file: str) -> str:
    """Turn a file's name into a source's."""
    plain = re.sub(r"[^a-z0-9]+", "_", file.split(".", maxsplit=1)[0].lower()).strip("_")
    return plain if re.match(r"[a-z]", plain) else f"source_{plain}".rstrip("_")


def _is_lon_lat(x: Column, y: Column) -> bool:
    return _within(x, 180) and _within(y, 90)


def _within(column: Column, most: float) -> bool:
    return column.span is not None and -most <= column.span[0] and column.span[1] <= most


def _box(x: Column, y: Column) -> tuple[float, float, float, float] | None:
    """Return the rectangle around all points, a little wider."""
    if x.span is None or y.span is None:
        return None
    return x.span[0] - 0.01, y.span[0] - 0.01, x.span[1] + 0.01, y.span[1] + 0.01


def _areas(keys: Sequence[str], box: tuple[float, float, float, float] | None) -> str:
    """Write a made-up area for each key: the box where there is one, else squares in a row."""
    features = []
    for at, key in enumerate(keys):
        west, south, east, north = box or (at * 0.1, 0.0, at * 0.1 + 0.1, 0.1)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        features.append(
            {
                "type": "Feature",
                "properties": {"key": key},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"
