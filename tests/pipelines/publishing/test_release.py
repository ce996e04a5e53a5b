"""A release is whole or not there: made aside, checked, switched to at once, and never changed again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ReleaseError
from pipelines.publishing import release
from tests.pipelines.publishing import columns

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
import json, sys, time
from pathlib import Path
from tests.pipelines.publishing.test_release import served

home, stop = Path(sys.argv[1]), Path(sys.argv[2])
seen, reads, ends = {}, 0, time.monotonic() + 60
print("ready", flush=True)
while time.monotonic() < ends:
    last = stop.exists()
    release_id, rows, value = served(home)
    assert rows == 100
    assert seen.setdefault(release_id, value) == value
    reads += 1
    if last:
        break
print(json.dumps([reads, seen]))
"""


@pytest.mark.slow
def test_readers_see_whole_releases_only_while_twenty_are_published(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    published = {publish(tmp_path, con, 0).release_id: 0}
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(tmp_path), str(stop)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "ready\n"
        for value in range(1, 21):
            published[publish(tmp_path, con, value).release_id] = value
            time.sleep(0.01)
        stop.touch()
        for reader in readers:
            told, _ = reader.communicate(timeout=60)
            assert reader.returncode == 0
            reads, seen = json.loads(told)
            assert reads >= len(seen) > 1
            assert seen.items() <= published.items()
            assert max(seen.values()) == 20
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()
