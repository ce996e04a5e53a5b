"""A release is whole or not there: made aside, checked, switched to at once, and never changed again."""

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ReleaseError
from pipelines.pack.running import Releases
from pipelines.publishing import release, retention
from tests.pipelines.publishing import columns

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
QUERIES = {
    "indicator_values": "select 'B1' as indicator_id, i as cell, value, run_id from figures order by i",
    "areas": "select 'city' as area_id",
}
FACTS = {"city": "smallville", "as_of": "2016-06-30", "title_zh": "小城"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def publish(home: Path, con: duckdb.DuckDBPyConnection, value: int, run: str = "run", **facts: str) -> release.Release:
    """Publish a hundred figures of one value."""
    con.execute(
        f"create or replace table figures as select i, {value} as value, '{run}' as run_id from range(100) t(i)"
    )
    return release.publish(home, con, QUERIES, {**FACTS, **facts}, allowed=columns.of(con, QUERIES))


def served(home: Path) -> tuple[str, int, int]:
    """Read what is served as a dashboard does: id, number of figures, their value."""
    folder = (home / "releases" / "current").resolve()
    with duckdb.connect(str(folder / "release.duckdb"), read_only=True) as con:
        query = "select release_id, count(*), any_value(value) from release_info, indicator_values group by all"
        [(release_id, rows, value)] = con.execute(query).fetchall()
    assert release_id == folder.name
    return release_id, rows, value


def names(home: Path) -> set[str]:
    return {path.name for path in (home / "releases").iterdir()}


def test_a_release_is_a_folder_with_database_and_manifest(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = publish(tmp_path, con, 1)
    assert made.is_new
    assert names(tmp_path) == {made.release_id, "current"}
    assert sorted(path.name for path in made.folder.iterdir()) == ["manifest.json", "release.duckdb"]
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == made.manifest
    assert {manifest[key] for key in ("city", "as_of", "title_zh")} == set(FACTS.values())
    assert manifest["previous"] is None
    assert set(manifest["tables"]) == set(QUERIES)
    assert served(tmp_path) == (made.release_id, 100, 1)
    with duckdb.connect(str(made.folder / "release.duckdb"), read_only=True) as opened:
        info = opened.execute("select city, as_of::varchar, content_hash from release_info").fetchall()
    assert info == [("smallville", "2016-06-30", manifest["content_hash"])]


def test_long_tables_lie_in_groups_of_which_a_reader_skips_most(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A figure in the middle of the order: of a hundred thousand rows only its group is looked through."""
    queries = {"indicator_values": "select i as value from range(100_000) t(i)"}
    made = release.publish(tmp_path, con, queries, FACTS, allowed=columns.of(con, queries))
    with duckdb.connect(str(made.folder / "release.duckdb"), read_only=True) as opened:
        groups = opened.execute(
            "select row_group_id, max(count) from pragma_storage_info('indicator_values') "
            "where segment_type <> 'VALIDITY' group by row_group_id"
        ).fetchall()
    assert [rows for _, rows in sorted(groups)] == [30_720, 30_720, 30_720, 7_840]


def test_one_content_is_one_release_whoever_ran_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = publish(tmp_path, con, 1)
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    again = publish(tmp_path, con, 1, run="another run")
    assert (again.release_id, again.is_new) == (first.release_id, False)
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before


def test_another_past_is_no_other_content(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    queries = {"indicator_values": "select 1 as value", "expectation_history": "select 1 as past"}
    first = release.publish(tmp_path, con, queries, FACTS, allowed=columns.of(con, queries))
    other_past = {**queries, "expectation_history": "select 2 as past"}
    again = release.publish(tmp_path, con, other_past, FACTS, allowed=columns.of(con, queries))
    assert (again.release_id, again.is_new) == (first.release_id, False)
    elsewhere = release.publish(tmp_path / "b", con, other_past, FACTS, allowed=columns.of(con, queries))
    assert elsewhere.manifest["content_hash"] == first.manifest["content_hash"]
    assert elsewhere.manifest["tables"] != first.manifest["tables"]
    assert names(tmp_path) == {first.release_id, "current"}


def test_another_figure_or_fact_is_another_release(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = [publish(tmp_path, con, 1), publish(tmp_path, con, 2), publish(tmp_path, con, 2, as_of="2016-07-01")]
    assert all(each.is_new for each in made)
    assert [each.manifest["previous"] for each in made] == [None, made[0].release_id, made[1].release_id]
    assert [each.release_id for each in release.listing(tmp_path)] == [each.release_id for each in made]
    assert served(tmp_path) == (made[2].release_id, 100, 2)
    assert made[2].release_id.startswith("2016-07-01-0003-")


def test_rolling_back_serves_the_earlier_release(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first, second = publish(tmp_path, con, 1), publish(tmp_path, con, 2)
    release.switch(tmp_path, first.release_id)
    assert served(tmp_path) == (first.release_id, 100, 1)
    current = release.current(tmp_path)
    assert current is not None
    assert (current.release_id, current.manifest) == (first.release_id, first.manifest)
    third = publish(tmp_path, con, 3)
    assert third.manifest["previous"] == first.release_id
    assert third.manifest["sequence"] == 3
    assert {each.release_id for each in release.listing(tmp_path)} == {
        each.release_id for each in (first, second, third)
    }


@pytest.mark.parametrize("release_id", ["2016-06-30-0009-abcdef12", "current", "", ".", "..", "../releases/current"])
def test_what_is_no_release_cannot_be_switched_to(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, release_id: str
) -> None:
    made = publish(tmp_path, con, 1)
    with pytest.raises(ReleaseError, match="no whole release") as caught:
        release.switch(tmp_path, release_id)
    assert "wardlight release list" in str(caught.value.remedy)
    assert served(tmp_path) == (made.release_id, 100, 1)


def test_before_the_first_release_there_is_none(tmp_path: Path) -> None:
    assert release.current(tmp_path) is None
    assert release.listing(tmp_path) == []


@pytest.mark.parametrize("table", ["indicator_values", "areas"])
def test_a_query_that_fails_leaves_what_is_served(con: duckdb.DuckDBPyConnection, tmp_path: Path, table: str) -> None:
    made = publish(tmp_path, con, 1)
    con.execute("update figures set value = 2")
    with pytest.raises(duckdb.Error):
        release.publish(
            tmp_path, con, {**QUERIES, table: "select error('broken')"}, FACTS, allowed=columns.of(con, QUERIES)
        )
    assert names(tmp_path) == {made.release_id, "current"}
    assert served(tmp_path) == (made.release_id, 100, 1)
    assert publish(tmp_path, con, 2).is_new  # the connection is as good as before


def test_a_release_without_figures_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = publish(tmp_path, con, 1)
    con.execute("delete from figures")
    with pytest.raises(ReleaseError, match="no figure") as caught:
        release.publish(tmp_path, con, QUERIES, FACTS, allowed=columns.of(con, QUERIES))
    assert caught.value.remedy
    assert names(tmp_path) == {made.release_id, "current"}


def overwrite_a_cell(path: Path) -> None:
    with duckdb.connect(str(path)) as opened:
        opened.execute("update indicator_values set value = value + 1 where cell = 50")


def lose_a_table(path: Path) -> None:
    with duckdb.connect(str(path)) as opened:
        opened.execute("drop table areas")


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [overwrite_a_cell, lose_a_table, cut_short])
def test_a_damaged_build_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    made = publish(tmp_path, con, 1)
    describe = release._describe

    def describe_and_damage(path: Path, manifest: dict[str, object]) -> None:
        describe(path, manifest)
        damage(path)

    monkeypatch.setattr(release, "_describe", describe_and_damage)
    with pytest.raises(ReleaseError) as caught:
        publish(tmp_path, con, 2)
    assert caught.value.remedy
    assert names(tmp_path) == {made.release_id, "current"}
    assert served(tmp_path) == (made.release_id, 100, 1)


KILLED = """
import os, signal, sys
from pathlib import Path
import duckdb
from pipelines.publishing import release
from tests.pipelines.publishing.test_release import publish

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(release, sys.argv[2], die)
publish(Path(sys.argv[1]), duckdb.connect(), 2)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "step", ["switch", *(pytest.param(step, marks=pytest.mark.slow) for step in ("_describe", "_check", "_sync"))]
)
def test_a_run_that_is_killed_leaves_what_is_served(con: duckdb.DuckDBPyConnection, tmp_path: Path, step: str) -> None:
    made = publish(tmp_path, con, 1)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), step], cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert served(tmp_path) == (made.release_id, 100, 1)
    whole = {each.release_id for each in release.listing(tmp_path)}
    assert (len(whole) == 2) == (step == "switch")  # complete, checked and durable, but not yet served
    after = publish(tmp_path, con, 2)
    assert after.is_new
    assert served(tmp_path) == (after.release_id, 100, 2)
    assert names(tmp_path) == whole | {after.release_id, "current"}  # what the dead run was building is cleared away


READER = """
import json, struct, sys, time
from pathlib import Path
import duckdb
from dashboards.releases import Releases

home, counter = Path(sys.argv[1]), Path(sys.argv[2])
releases = Releases(home)
seen, reads, memory, ends = {}, 0, [], time.monotonic() + 3600
with duckdb.connect() as con:
    print("ready", flush=True)
    while time.monotonic() < ends:
        published, is_last = struct.unpack("<qq", counter.read_bytes())
        # As the dashboard finds what is served.
        folder = releases._served().resolve(strict=True)
        con.execute(f"attach '{folder}/release.duckdb' as served (read_only)")
        told = con.execute(
            "select release_id, count(*), min(value), max(value) from served.release_info, served.indicator_values "
            "group by all"
        ).fetchall()
        con.execute("detach served")
        [(release_id, rows, least, most)] = told
        assert release_id == folder.name and rows == 100 and least == most, told
        assert seen.setdefault(release_id, most) == most
        # What had been published before it looked is what it sees, or what has come since.
        assert most >= published, (most, published)
        reads += 1
        with open("/proc/self/statm") as file:
            memory.append(int(file.read().split()[1]) * 4096)
        if is_last:
            break
warm = memory[len(memory) // 4]
print(json.dumps([reads, seen, (memory[-1] - warm) / 2**20]))
"""


@pytest.mark.slow
def test_readers_see_whole_releases_only_while_many_are_published(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Two readers query without pause; `make stress` publishes a thousand."""
    number = int(os.environ.get("WARDLIGHT_STRESS_RELEASES", "60"))
    published = {publish(tmp_path, con, 0).release_id: 0}
    counter = tmp_path / "counter"
    counter.write_bytes(struct.pack("<qq", 0, 0))
    with counter.open("r+b") as file:
        written = mmap.mmap(file.fileno(), 16)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(tmp_path), str(counter)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "ready\n"
        for value in range(1, number + 1):
            published[publish(tmp_path, con, value).release_id] = value
            written[:8] = struct.pack("<q", value)
            retention.remove_old(tmp_path, Releases(keep_last=40, keep_month_ends=0))
        written[8:] = struct.pack("<q", 1)
        for reader in readers:
            told, _ = reader.communicate(timeout=60)
            assert reader.returncode == 0
            reads, seen, grown_mebibytes = json.loads(told)
            assert reads >= len(seen) > number / 20
            assert seen.items() <= published.items()
            assert max(seen.values()) == number
            assert grown_mebibytes < 16
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()
    # Nothing that was open was removed, and nothing is left half there.
    assert len(release.listing(tmp_path)) <= 40 + len(readers)
    assert not [path for path in (tmp_path / "releases").iterdir() if path.name.startswith(".")]
