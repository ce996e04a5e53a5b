"""A small city for tests: three square areas in a row, one source of calls, written into a folder.

Here: the pack's text, its files and the few steps of a load. Not here: anything that a test claims.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from pipelines.loading import areas, context
from pipelines.loading.records import Load, load_kind
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.pulling.pull import pull_source
from pipelines.pulling.raw_layer import Batch
from pipelines.warehouse import SCHEMAS, keep_raw_in

AS_OF = date(2016, 6, 30)
SALT = bytes(range(32))
COLUMNS = ("id", "area", "start", "end", "closed", "updated", "what", "prio", "x", "y")

CITY_YML = """\
name: smallville
title: {en: Smallville, zh: 小城}
attribution: {en: "Source: made up", zh: 虚构}
time_zone: America/New_York
as_of: 2016-06-30
first_month: 2016-01
disclosure: open
groups:
  west: {level: side, title: {en: West, zh: 西}}
geographies:
  ward:
    title: {en: Ward, zh: 区}
    file: wards.geojson
    key: ward
    title_en: "'Ward ' || ward"
    title_zh: "ward || ' 区'"
    parent: "case when ward = '1' then 'west' else 'city' end"
    population: {file: people.csv, key: ward, value: people, valid_from: 2016-01-01}
sources:
  calls:
    kind: incident
    title: {en: Calls, zh: 报警}
    geography: ward
    public_record: true
    files: [calls.csv]
    area: area
    coordinates: {x: x, y: y}
    expected: [area_id, occurred_at, category]
    fields:
      incident_id: id
      occurred_at: "strptime(start, '%Y-%m-%d %H:%M')"
      occurred_until: "strptime(\\"end\\", '%Y-%m-%d %H:%M')"
      closed_at: "strptime(closed, '%Y-%m-%d %H:%M')"
      updated_at: "strptime(updated, '%Y-%m-%d %H:%M')"
      category: what
      priority: prio
"""


def square(west: float, **properties: object) -> dict[str, object]:
    """Make a feature of one degree by one, north of the equator."""
    ring = [[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def geojson(features: Sequence[Mapping[str, object]]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


WARDS = geojson([square(0, ward="1"), square(1, ward="2"), square(2, ward="3")])
PEOPLE = "ward,people\n1,1000\n2,2000\n3,3000\n"


def call(identity: str | None, start: str | None = "2016-03-01 10:00", **cells: object) -> dict[str, str]:
    """Make a row of the calls; `until` stands for the column `end`."""
    given = {"id": identity, "start": start, "area": "1", **cells}
    given["end"] = given.pop("until", None)
    return {column: "" if given.get(column) is None else str(given[column]) for column in COLUMNS}


def text_of(rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> str:
    """Write rows as a CSV file with its header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_pack(folder: Path, files: Mapping[str, str | bytes] | None = None, city_yml: str = CITY_YML) -> CityPack:
    """Write the pack's files anew, those given in place of the usual ones, and read the pack."""
    folder.mkdir(parents=True, exist_ok=True)
    usual = {"city.yml": city_yml, "wards.geojson": WARDS, "people.csv": PEOPLE, "calls.csv": text_of([call("1")])}
    for name, content in {**usual, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return load_city_pack(folder)


def line_of(text: str, part: str) -> int:
    """Find the line, from 1, on which a part of a text first stands."""
    assert part in text
    return text[: text.index(part)].count("\n") + 1


def changed(part: str, new: str) -> str:
    """Give the city's text with one part of it changed."""
    assert CITY_YML.count(part) == 1
    return CITY_YML.replace(part, new)


@contextmanager
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Make a warehouse in memory, with the tables that loading writes to, and a folder for its raw layer."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'; set threads = 1")
        keep_raw_in(con, Path(folder))
        for schema in SCHEMAS:
            con.execute(f"create schema {schema}")
        context.ensure_tables(con)
        yield con


def pull_all(con: duckdb.DuckDBPyConnection, pack: CityPack) -> list[Batch]:
    return [batch for name in pack.sources for batch in pull_source(con, pack, name, salt=SALT)]


def load(con: duckdb.DuckDBPyConnection, pack: CityPack, as_of: date = AS_OF) -> Load:
    """Do what a nightly run does up to staging, for the pack's first kind; return that kind's load."""
    areas.load_areas(con, pack)
    context.write_context(con, pack, as_of)
    pull_all(con, pack)
    first, *_ = [load_kind(con, pack, kind, as_of) for kind in pack.kinds]
    return first


def staged(con: duckdb.DuckDBPyConnection, columns: str, kind: str = "incident") -> list[tuple[object, ...]]:
    return con.execute(f"select {columns} from staging.{kind} order by all").fetchall()


def quarantined(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Give reasons, fields, file and line of every quarantined row, in the order of the lines."""
    return con.execute("select reasons, fields, file, line from quarantine.record order by file, line").fetchall()


def counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Sum the ledger's lines of the current batches by column, those that are not zero."""
    names = ("read", "accepted", "quarantined", "duplicate", "superseded", "merged", "deferred", "replaced", "deleted")
    sums = ", ".join(f'sum("{name}")::bigint' for name in names)
    row = con.execute(
        f"select {sums} from ledger.batch where batch_id in (select batch_id from ledger.delivery where is_current)"
    ).fetchone()
    assert row is not None
    return {name: count for name, count in zip(names, row, strict=True) if count}
