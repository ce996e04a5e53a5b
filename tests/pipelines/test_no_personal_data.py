"""No personal data leaves the warehouse: what stands in any column of any source is in no release, log or message."""

import gzip
import io
import json
import re
import sqlite3
import struct
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from dash import html

from dashboards import data_docs, write_briefings
from dashboards.address import FORMATS, LANGUAGES, PAGES, REACHED, View, download_href, href
from dashboards.app import create_app
from dashboards.components.grid import GRID
from dashboards.components.layout import TABLE
from dashboards.releases import Releases
from dashboards.rendering import draw_page
from pipelines.warehouse import literal, quoted
from tests.conftest import wardlight
from tests.dashboards import browsing, reading
from tests.pipelines import seeded_pack
from tests.pipelines.pulling.postgres_server import postgres_server
from tests.pipelines.pulling.record_service import record_service

pytestmark = pytest.mark.slow
# Not all that was recorded had happened by then.
EARLIER = "2016-03-31"
# Where records belong, and what hashes them.
KEPT = ("warehouse.duckdb", "warehouse.duckdb.wal", "raw", "spill", "salt")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The pack: files of five formats, a table of a database, and a web service, which run as long as it does."""
    folder = tmp_path_factory.mktemp("seeded")
    with (
        postgres_server(folder / "postgres") as database,
        record_service() as service,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("NO_PROXY", "127.0.0.1,localhost")
        origins = {
            "profile": {"database": {"connection": database.address, "query": "select * from profile"}},
            "survey": {"api": {"style": "socrata", "url": service.url("socrata"), "key": "id"}},
        }
        rows = {kind: [*seeded_pack.delivery(kind, 0, False), *seeded_pack.delivery(kind, 1, True)] for kind in origins}
        names = seeded_pack.columns("profile")
        cells = (", ".join(literal(row[name]) for name in names) for row in rows["profile"])
        database.execute(
            f"create table profile ({', '.join(f'{quoted(name)} text' for name in names)})",
            f"insert into profile values {', '.join(f'({each})' for each in cells)}",
        )
        for number, row in enumerate(rows["survey"]):
            service.put(number, **row)
        yield seeded_pack.write(folder / "city", origins)


@pytest.fixture(scope="module")
def home(city: Path) -> Path:
    """Run two nights, and keep what they and the commands after them say beside what they write."""
    folder = city.parent / "home"
    told = [wardlight("nightly", "--city", city, "--home", folder, "--as-of", EARLIER)]
    told.append(wardlight("nightly", "--city", city, "--home", folder))
    told += [wardlight("release", *what, "--home", folder) for what in (("list",), ("diff",))]
    assert re.search("Changed figures: [1-9]", told[-1].stdout), told[-1].stdout
    told += [wardlight("status", "--home", folder), wardlight("status", "--home", folder, "--json")]
    told += [wardlight("release", "show", "--home", folder), wardlight("alerts", "list", "--home", folder)]
    told.append(wardlight("explain", "B2", "city", "2016-02", "--home", folder))
    for source in ("incident", "survey"):
        told.append(wardlight("contract", "export", "--city", city, "--source", source))
    for done in told:
        assert done.returncode == 0, done.stdout + done.stderr
    (folder / "told.txt").write_text("\n".join(done.stdout + done.stderr for done in told), encoding="utf-8")
    return folder


def found_in(content: bytes) -> set[str]:
    """Give what of the seeds stands in bytes: texts in UTF-8, in JSON's escapes, and coordinates as they are stored."""
    spelt = {seed: {seed.encode(), json.dumps(seed).strip('"').encode()} for seed in seeded_pack.secrets()}
    for each in seeded_pack.COORDINATES:
        spelt[each] = {struct.pack(form, float(each) + at) for form in ("<d", ">d") for at in range(3)}
    return {seed for seed, spellings in spelt.items() if any(each in content for each in spellings)}


def files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.relative_to(home).parts[0] not in KEPT:
            yield path


def test_the_seeds_came_into_the_warehouse_by_every_way_there_is(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        outcomes = con.execute("select kind, status, count(*) from staging.receipt group by all").fetchall()
        texts = con.execute("select count(*) from quarantine.record where contains(raw_text, 'ZQX')").fetchone()
        drift = {row[0] for row in con.execute("select distinct what from ledger.drift").fetchall()}
        accepted = con.execute("select count(*) from staging.incident where contains(outcome, 'ZQX')").fetchone()
        flags = con.execute("select count(*) from ledger.finding where finding = 'unusable'").fetchone()
    kinds = {kind for kind, status, _ in outcomes if status == "accepted"}
    assert kinds == {"incident", "patrol", "service", "handoff", "participation", "survey", "profile"}
    assert texts is not None
    assert texts[0] > 100
    assert accepted is not None
    assert accepted[0] > 10
    assert flags is not None
    assert flags[0] > 20
    assert drift == {"unknown_category"}
    # What the other tests look with finds them where they are.
    rows = duckdb.execute(f"select t::varchar from read_parquet('{home}/raw/incident/*.parquet') as t").fetchall()
    there = {*seeded_pack.numbers("incident").values(), *(each[:-1] for each in seeded_pack.COORDINATES)}
    assert found_in("\n".join(row[0] for row in rows).encode()) == there | {seeded_pack.MARK, "13900139000", "张三"}
    stored = struct.pack("<d", float(seeded_pack.COORDINATES[1]))
    assert found_in(b"a page of a database" + stored) == {seeded_pack.COORDINATES[1]}


def test_nothing_of_them_is_in_any_file_of_the_home_folder_but_those(home: Path) -> None:
    looked_at = list(files(home))
    assert {"release.duckdb", "manifest.json", "index.html", "told.txt"} <= {path.name for path in looked_at}
    assert any("dagster" in path.parts for path in looked_at)
    assert {str(path.relative_to(home)): seeds for path in looked_at if (seeds := found_in(path.read_bytes()))} == {}


def unpacked(path: Path) -> bytes:
    """Give what a file holds that its bytes may hide: rows of databases, and what is compressed."""
    content = path.read_bytes()
    if content.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as sqlite:
            tables = sqlite.execute("select name from sqlite_master where type = 'table'").fetchall()
            rows = [row for (table,) in tables for row in sqlite.execute(f'select * from "{table}"')]
        return b"\n".join(each if isinstance(each, bytes) else str(each).encode() for row in rows for each in row)
    if content[8:12] == b"DUCK":
        with duckdb.connect(str(path), read_only=True) as con:
            named = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            asked = [f'select t::varchar from "{schema}"."{table}" as t' for schema, table in named]
            rows = [row for query in asked for row in con.execute(query).fetchall()]
        return "\n".join(row[0] for row in rows).encode()
    if content.startswith(b"PAR1"):
        rows = duckdb.execute("select t::varchar from read_parquet(?) as t", (str(path),)).fetchall()
        return "\n".join(row[0] for row in rows).encode()
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    return unzipped(content) if content.startswith(b"PK\x03\x04") else b""


def unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def test_nothing_of_them_is_in_any_row_or_archive_there(home: Path) -> None:
    inside = {path: unpacked(path) for path in files(home)}
    opened = {path.suffix for path, content in inside.items() if content}
    assert {".duckdb", ".db"} <= opened
    # Where records belong the same eyes see them.
    assert seeded_pack.MARK in found_in(unpacked(home / "warehouse.duckdb"))
    assert {
        str(path.relative_to(home)): seeds for path, content in inside.items() if (seeds := found_in(content))
    } == {}


def test_no_coordinate_of_a_record_is_published(home: Path) -> None:
    """No table has a place for a point: of an area there is its outline, as the pack's own file gives it."""
    with duckdb.connect(str((home / "releases" / "current").resolve() / "release.duckdb"), read_only=True) as con:
        named = con.execute(
            "select table_name, column_name from duckdb_columns() where not internal and regexp_matches("
            "column_name, '^(lat|lon|lng|x|y|latitude|longitude|geometry)$|address|coords|point_')"
        ).fetchall()
        shapes = con.execute("select geometry from areas where geometry is not null").fetchall()
    assert named == [("areas", "geometry")]
    assert {json.loads(shape)["type"] for (shape,) in shapes} <= {"Polygon", "MultiPolygon"}


def views(home: Path) -> list[View]:
    """Every page in every language, of the city and of an area, and the trend of every indicator."""
    with duckdb.connect(str((home / "releases" / "current").resolve() / "release.duckdb"), read_only=True) as con:
        indicators = [row[0] for row in con.execute("select distinct indicator_id from indicator_values").fetchall()]
        ward = con.execute("select min(area_id) from areas where geography = 'ward'").fetchone()
    assert ward is not None
    pages = [
        View(page, indicator="B2", areas=areas, period_kind="month", language=language)
        for page in (*PAGES, *REACHED)
        for areas in ((), (ward[0],))
        for language in LANGUAGES
    ]
    return pages + [
        View("trend", indicator=each, areas=("city", ward[0]), language="en") for each in sorted(indicators)
    ]


def test_nothing_of_them_is_served(home: Path) -> None:
    releases, files_served = Releases(home), 0
    client = create_app(releases, home / data_docs.FOLDER).server.test_client()
    try:
        for view in views(home):
            address = href(view)
            path, _, query = address.partition("?")
            answer = client.post(
                "/_dash-update-component",
                data=browsing.question(path, f"?{query}"),
                content_type="application/json",
            )
            assert answer.status_code == 200, address
            assert not found_in(answer.data), address
            content = html.Div(draw_page(releases.named(None), view, "light").content)
            ids = [part.id for part in reading.parts(content) if isinstance(getattr(part, "id", None), dict)]
            for name in [each[key] for each in ids for key in (GRID, TABLE) if set(each) == {key}]:
                for file_format in FORMATS:
                    given = client.get(download_href(view, name, file_format))
                    assert given.status_code == 200, (address, name)
                    text = unzipped(given.data) if file_format == "xlsx" else given.data
                    assert not found_in(text), (address, name, file_format)
                    files_served += 1
        assert files_served > 20
    finally:
        releases.close()


def test_nothing_of_them_is_in_a_briefing(home: Path, tmp_path: Path) -> None:
    releases = Releases(home)
    try:
        written = write_briefings.write(releases, tmp_path, [], None, list(LANGUAGES))
    finally:
        releases.close()
    assert len(written) >= len(LANGUAGES)
    assert {
        each["file"]: seeds for each in written if (seeds := found_in((tmp_path / each["file"]).read_bytes()))
    } == {}
