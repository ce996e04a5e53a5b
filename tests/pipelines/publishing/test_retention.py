"""Which releases stay: by policy, by pin, and as long as somebody reads them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ReleaseError
from pipelines.pack.running import Releases
from pipelines.publishing import release, retention
from tests.pipelines.publishing.test_release import publish

LAST_ONE = Releases(keep_last=1, keep_month_ends=0)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def ids(home: Path) -> list[str]:
    return [each.release_id for each in release.listing(home)]


def made(sequence: int, as_of: str) -> release.Release:
    return release.Release(f"{as_of}-{sequence:04d}", Path(), {"sequence": sequence, "as_of": as_of}, is_new=False)


def test_the_last_ones_and_those_of_month_ends_are_kept() -> None:
    days = ("2016-04-29", "2016-04-30", "2016-05-31", "2016-05-31", "2016-06-01", "2016-06-02")
    releases = [made(n, day) for n, day in enumerate(days, start=1)]
    kept = retention.chosen(releases, Releases(keep_last=2, keep_month_ends=2), None, set())
    # Of May the later one of its last day; June has not ended, and its newest release is the month's last so far.
    assert kept == {"2016-05-31-0004": "month_end", "2016-06-01-0005": "recent", "2016-06-02-0006": "recent"}
    more = retention.chosen(releases, Releases(keep_last=1, keep_month_ends=0), "2016-04-29-0001", {"2016-05-31-0003"})
    assert more == {"2016-04-29-0001": "served", "2016-05-31-0003": "pinned", "2016-06-02-0006": "recent"}


@settings(max_examples=30)
@given(st.lists(st.dates(), min_size=1, max_size=12).map(sorted), st.integers(1, 5), st.integers(0, 4))
def test_the_newest_is_always_kept_and_no_more_than_the_policy_says(days: list, last: int, months: int) -> None:
    releases = [made(n, day.isoformat()) for n, day in enumerate(days, start=1)]
    kept = retention.chosen(releases, Releases(keep_last=last, keep_month_ends=months), None, set())
    assert {each.release_id for each in releases[-last:]} <= set(kept)
    assert len(kept) <= last + months
    assert len({day.strftime("%Y-%m") for day in days[-1:]}) == 1


@pytest.mark.slow
def test_what_is_served_or_pinned_survives(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first, second, third, fourth = (publish(tmp_path, con, value) for value in range(4))
    retention.pin(tmp_path, second.release_id, "quoted in a report")
    release.switch(tmp_path, first.release_id)
    assert retention.remove_old(tmp_path, LAST_ONE) == [third.release_id]
    assert ids(tmp_path) == [first.release_id, second.release_id, fourth.release_id]
    retention.unpin(tmp_path, second.release_id)
    assert retention.remove_old(tmp_path, LAST_ONE) == [second.release_id]
    assert retention.remove_old(tmp_path, LAST_ONE) == []
    # Numbers go on, and what is served can be read.
    assert publish(tmp_path, con, 9).manifest["sequence"] == 5


def test_pins_are_of_releases_that_there_are(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    one = publish(tmp_path, con, 1)
    with pytest.raises(ReleaseError, match="no whole release"):
        retention.pin(tmp_path, "2016-06-30-0009-abcdef12", "")
    with pytest.raises(ReleaseError, match="not pinned"):
        retention.unpin(tmp_path, one.release_id)
    retention.pin(tmp_path, one.release_id, "因报告引用")
    assert retention.pins(tmp_path) == {one.release_id: "因报告引用"}
    (tmp_path / "releases" / "pins.json").write_text("{")
    with pytest.raises(ReleaseError, match="cannot be read"):
        retention.remove_old(tmp_path, LAST_ONE)


READER = """
import sys
import duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
print(con.execute("select count(*) from indicator_values").fetchone()[0], flush=True)
sys.stdin.readline()
print(con.execute("select sum(value) from indicator_values").fetchone()[0], flush=True)
"""


def test_a_release_that_a_reader_has_open_is_not_removed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    old = publish(tmp_path, con, 7)
    publish(tmp_path, con, 8)
    command = [sys.executable, "-c", READER, str(old.folder / release.DATABASE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "100\n"
        assert retention.remove_old(tmp_path, LAST_ONE) == []
        assert old.release_id in ids(tmp_path)
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert float(reader.stdout.readline()) == 700
    assert retention.remove_old(tmp_path, LAST_ONE) == [old.release_id]
    assert not any(path.name.startswith(".removing") for path in (tmp_path / "releases").iterdir())


def test_a_removal_that_was_cut_short_is_finished(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    one = publish(tmp_path, con, 1)
    (tmp_path / "releases" / ".removing-2016-06-01-0001-abc").mkdir()
    assert retention.remove_old(tmp_path, LAST_ONE) == []
    assert {path.name for path in (tmp_path / "releases").iterdir()} == {one.release_id, "current"}
