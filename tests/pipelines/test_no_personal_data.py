"""No personal data leaves the warehouse: what stands in any column of any source is in no release, log or message."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dashboards import data_docs
from dashboards.app import create_app
from dashboards.releases import Releases
from tests.conftest import wardlight
from tests.dashboards import browsing
from tests.pipelines import seeded_pack

pytestmark = pytest.mark.slow
# Where records belong, and what hashes them.
KEPT = ("warehouse.duckdb", "warehouse.duckdb.wal", "raw", "spill", "salt")
PAGES = ("", "trend", "compare", "cooperation", "public", "interventions", "game", "quality", "catalogue")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded_pack.write(tmp_path_factory.mktemp("seeded") / "city")


@pytest.fixture(scope="module")
def home(city: Path) -> Path:
    """Run the nightly job, and keep what it and the commands after it say beside what it writes."""
    folder = city.parent / "home"
    told = [wardlight("nightly", "--city", city, "--home", folder)]
    told += [wardlight("status", "--home", folder), wardlight("status", "--home", folder, "--json")]
    told += [wardlight("release", "show", "--home", folder), wardlight("alerts", "list", "--home", folder)]
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


def test_nothing_of_them_is_in_any_row_of_a_database_there(home: Path) -> None:
    leaked = {}
    with duckdb.connect(str((home / "releases" / "current").resolve() / "release.duckdb"), read_only=True) as con:
        for (table,) in con.execute("select table_name from duckdb_tables()").fetchall():
            rows = con.execute(f'select cast(t as varchar) from "{table}" as t').fetchall()
            if seeds := found_in("\n".join(row[0] for row in rows).encode()):
                leaked[table] = seeds
    assert leaked == {}


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


def test_nothing_of_them_is_served(home: Path) -> None:
    releases = Releases(home)
    client = create_app(releases, home / data_docs.FOLDER).server.test_client()
    try:
        for page in PAGES:
            answer = client.post(
                "/_dash-update-component", data=browsing.question(f"/{page}"), content_type="application/json"
            )
            assert answer.status_code == 200
            assert not found_in(answer.data), page
    finally:
        releases.close()
