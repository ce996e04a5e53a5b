"""A small city of all eight record kinds, with personal data in every column of every source, mapped or not.

Every text that is somebody's holds `MARK`, every number and coordinate is one of `numbers`: what of them is found
anywhere but in the warehouse and the raw layer has leaked. Here: the pack and its files. Not here: any claim.
"""

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import xlsxwriter
import yaml

from pipelines.loading.kinds import FIRST_TIME, RANGES, VOCABULARIES, kind_fields
from tests.pipelines.small_pack import geojson, square

MARK = "ZQX"
AS_OF = "2016-06-30"
# Enough rows for drift to be told of them, and for waves, categories and types to be known.
PLAIN_ROWS = 60
MANY = 25
COORDINATES = ("0.50318204417", "0.50729316652")
WORDS = {"category": "0502", "answer": "4", "wave": "2016", "person_group": "resident", "response_status": "complete"}
NUMBERS = {"priority": "2", "level": "2", "weight": "1.0"}
PERSONAL = {"incident": ["address_key"], "participation": ["person_key"], "survey": ["respondent_key"]}
# Columns that the pack does not map, as sources have them.
UNMAPPED = ("name", "phone", "id_card", "home_address", "note", "lon_exact", "lat_exact")
# Kinds whose files are no CSV, by their reader.
FORMATS = {"patrol": "parquet", "service": "ndjson", "handoff": "excel", "participation": "json"}
ENDINGS = {"excel": "xlsx"}
START = datetime.fromisoformat("2016-01-04 08:00")


def numbers(kind: str) -> dict[str, str]:
    """Give the numbers of a person that stand in a kind's unmapped columns: telephone and identity card."""
    at = sorted(FIRST_TIME).index(kind)
    return {"phone": f"1380013{8000 + at}", "id_card": f"11010519491231{7200 + at}"}


def sentinel(kind: str, field: str, at: int = 0) -> str:
    return f"{MARK}{at} 张三 {kind} {field} 13900139000"


def secrets() -> set[str]:
    """All that may be found nowhere: the mark in two spellings, numbers, and coordinates without their last digit."""
    found = {MARK, MARK.lower(), "13900139000", "张三", *(each[:-1] for each in COORDINATES)}
    return found | {number for kind in FIRST_TIME for number in numbers(kind).values()}


def write(folder: Path, origins: Mapping[str, Mapping[str, object]]) -> Path:
    """Write the pack; return its folder.

    `origins` are those of kinds that have no files: what says in the pack where a source comes from.
    """
    folder.mkdir(parents=True)
    wards = [square(at, ward=str(at + 1), warden=sentinel("area", "warden")) for at in range(3)]
    (folder / "wards.geojson").write_text(geojson(wards), encoding="utf-8")
    people = "ward,people,note\n" + "".join(f"{at},{20_000 * at},{sentinel('area', 'note')}\n" for at in (1, 2, 3))
    (folder / "people.csv").write_text(people, encoding="utf-8")
    for kind in FIRST_TIME.keys() - origins.keys():
        for part, name in enumerate(_files(kind)):
            (folder / name).write_bytes(_file(kind, part, many=part == 1))
    (folder / "city.yml").write_text(
        yaml.safe_dump(_city(origins), allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return folder


def columns(kind: str) -> list[str]:
    """Give the columns of a kind's file: its fields by their names, a point, and what the pack does not map."""
    fields = kind_fields(kind)
    return [f"{kind}_id", "ward", *fields.times, *fields.others, "x", "y", *UNMAPPED]


def _city(origins: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    return {
        "name": "seeded",
        "title": {"en": "Seeded", "zh": "播种城"},
        "attribution": {"en": "Made up", "zh": "虚构"},
        "time_zone": "Asia/Shanghai",
        "as_of": AS_OF,
        "first_month": "2016-01",
        "disclosure": "hes",
        "geographies": {
            "ward": {
                "title": {"en": "Ward", "zh": "区"},
                "file": "wards.geojson",
                "key": "ward",
                "title_en": "'Ward ' || ward",
                "title_zh": "ward || ' 区'",
                "parent": "'city'",
                "population": {"file": "people.csv", "key": "ward", "value": "people", "valid_from": "2016-01-01"},
            }
        },
        "questionnaire": {"source": "survey", "questions": {"feels_safe": {"item": "safe"}}, "foundations": {}},
        "sources": {kind: _source(kind, origins.get(kind)) for kind in FIRST_TIME},
    }


def _source(kind: str, origin: Mapping[str, object] | None) -> dict[str, object]:
    fields = kind_fields(kind)
    mapped: dict[str, object] = {f"{kind}_id": {"column": f"{kind}_id"}}
    for time in fields.times:
        mapped[time] = f"strptime(\"{time}\", '%Y-%m-%d %H:%M')"
    for name in fields.others:
        if fields.types[name].endswith("[]"):
            mapped[name] = f"string_split(\"{name}\", '|')"
        elif name == "category":
            mapped[name] = {"column": name, "values": {"0502": "0502"}}
        else:
            mapped[name] = {"column": name}
    return {
        "kind": kind,
        "title": {"en": kind.title(), "zh": f"来源 {kind}"},
        "geography": "ward",
        **(origin or {"files": _files(kind)}),
        **({"format": {"reader": FORMATS[kind]}} if kind in FORMATS else {}),
        "area": "ward",
        **({"coordinates": {"x": "x", "y": "y"}} if fields.has_place else {}),
        **({"personal": PERSONAL[kind]} if kind in PERSONAL else {}),
        "expected": ["area_id", FIRST_TIME[kind]],
        "fields": mapped,
        # A condition that cannot be worked out of some texts: what it says then is the engine's.
        "rules": [
            {"field": fields.others[-1], "severity": "flag", "condition": f"{fields.others[-1]}::varchar::int < 9"}
        ],
        "drift": dict.fromkeys(("new_column", "retyped_column", "unknown_category", "date_format"), "adapt"),
    }


def _plain(kind: str, at: int) -> dict[str, str]:
    """Make a row of which every mapped field can be used, but for the names, keys and free texts in it."""
    fields = kind_fields(kind)
    row = {f"{kind}_id": f"{kind}{at}", "ward": str(at % 3 + 1), "x": COORDINATES[0], "y": COORDINATES[1]}
    row["x"] = f"{at % 3}{COORDINATES[0][1:]}"
    row |= {
        time: (START + timedelta(days=2 * at, hours=n)).strftime("%Y-%m-%d %H:%M")
        for n, time in enumerate(fields.times)
    }
    ranges, words = RANGES.get(kind, {}), VOCABULARIES.get(kind, {})
    for name in fields.others:
        kept = fields.types[name]
        row[name] = (
            words[name][0]
            if name in words
            else NUMBERS.get(name, str(at + 1))
            if name in ranges or kept in ("integer", "bigint") or kept.startswith("decimal")
            else "true"
            if kept == "boolean"
            else WORDS.get(name, "safe" if name == "item" else f"{name}{at % 2}")
        )
        if name.endswith(("_key", "_id", "_ids")):
            row[name] = sentinel(kind, name, at)
    unmapped = {name: sentinel(kind, name, at) for name in UNMAPPED}
    return row | unmapped | numbers(kind) | {"lon_exact": COORDINATES[0], "lat_exact": COORDINATES[1]}


def _files(kind: str) -> list[str]:
    ending = ENDINGS.get(FORMATS.get(kind, "csv"), FORMATS.get(kind, "csv"))
    return [f"{kind}.{ending}", f"{kind}_later.{ending}"]


def _file(kind: str, part: int, many: bool) -> bytes:
    return _WRITTEN[FORMATS.get(kind, "csv")](delivery(kind, part, many), kind)


def delivery(kind: str, part: int, many: bool) -> list[dict[str, str]]:
    """Make the rows of a delivery: plain ones, then for each column some in which it holds what it cannot."""
    first = 1_000 * part
    rows = [_plain(kind, at) | {f"{kind}_id": f"{kind}{first + at}"} for at in range(PLAIN_ROWS)]
    for number, column in enumerate(columns(kind)):
        for again in range(MANY if many else 2):
            at = 10 * number + again
            identity = {f"{kind}_id": f"{kind}-{column}-{first + at}"}
            rows.append({**_plain(kind, again), **identity, column: sentinel(kind, column, at)})
    # One id, two contents.
    rows.append(_plain(kind, 0) | {"ward": "2", "note": sentinel(kind, "conflict")})
    return rows


def _csv(rows: list[dict[str, str]], kind: str) -> bytes:
    """With a line that breaks off, and one of too many cells."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns(kind), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    many = ",".join([sentinel(kind, "many")] * (len(columns(kind)) + 3))
    return f"{out.getvalue()}{sentinel(kind, 'too')},few\n{many}\n".encode()


def _ndjson(rows: list[dict[str, str]], kind: str) -> bytes:
    """With a line that breaks off."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    return "\n".join([*lines, f'{{"note": "{sentinel(kind, "broken")}']).encode()


def _json(rows: list[dict[str, str]], kind: str) -> bytes:
    """A document that breaks off in its last record."""
    whole = json.dumps(rows, ensure_ascii=False)
    return f'{whole[:-1]}, {{"note": "{sentinel(kind, "broken")}'.encode()


def _parquet(rows: list[dict[str, str]], _: str) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(rows).write_parquet(out)
    return out.getvalue()


def _excel(rows: list[dict[str, str]], kind: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet(sentinel(kind, "sheet")[:31])
        for at, row in enumerate([dict(zip(columns(kind), columns(kind), strict=True)), *rows]):
            for column, name in enumerate(columns(kind)):
                sheet.write_string(at, column, row[name])
    return out.getvalue()


_WRITTEN = {"csv": _csv, "ndjson": _ndjson, "json": _json, "parquet": _parquet, "excel": _excel}
