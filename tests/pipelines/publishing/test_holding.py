"""A held release is whole and served from its time on, whoever runs then, and never before."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from dashboards.data import ReleaseError as ReaderError
from dashboards.releases import Releases as Readers
from pipelines.defs.held import held_releases
from pipelines.errors import ReleaseError
from pipelines.pack.running import Releases
from pipelines.publishing import holding, release, retention
from pipelines.status import read_status
from pipelines.warehouse import writing
from tests.pipelines.publishing import columns

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
QUERIES = {"indicator_values": "select value, 'B1' as indicator_id from figures"}
NOW = datetime.now(UTC)
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(days=1)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def publish(
    con: duckdb.DuckDBPyConnection, home: Path, value: int, at: datetime | None = None, as_of: str = "2016-06-30"
) -> release.Release:
    con.execute(f"create or replace table figures as select {value} as value")
    allowed = columns.of(con, QUERIES)
    facts = {"as_of": as_of, "publish_at": at and at.isoformat()}
    return release.publish(home, con, QUERIES, facts, allowed=allowed, publish_at=at)


def served(home: Path, at: datetime = NOW) -> str | None:
    found = release.current(home, at)
    return None if found is None else found.release_id


def shown(home: Path) -> str:
    """Tell which folder the dashboard opens."""
    return Readers(home)._served().resolve().name


def test_a_held_release_is_served_from_its_time_on_and_not_before(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = publish(con, tmp_path, 1)
    second = publish(con, tmp_path, 2, SOON)
    assert second.is_new
    assert second.manifest["previous"] == first.release_id
    assert served(tmp_path) == shown(tmp_path) == first.release_id
    assert served(tmp_path, SOON - timedelta(seconds=2)) == first.release_id
    assert served(tmp_path, SOON) == second.release_id
    assert release.promote(tmp_path) is None
    assert served(tmp_path) == first.release_id


def test_who_asks_for_the_first_release_is_told_until_when_it_is_held(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "releases").mkdir()
    with pytest.raises(ReleaseError, match="there is no release yet"):
        release.served(tmp_path)
    held = publish(con, tmp_path, 1, SOON)
    publish(con, tmp_path, 2, LATER, "2016-07-01")
    with pytest.raises(ReleaseError, match=rf"{held.release_id} is held until {SOON:%Y-%m-%d %H:%M} \(UTC\)"):
        read_status(tmp_path)
    with pytest.raises(ReaderError, match=f"held: {SOON:%Y-%m-%dT%H:%M:%S}"):
        Readers(tmp_path).current()


def test_nobody_need_run_at_that_time_and_who_writes_next_enters_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first, second = publish(con, tmp_path, 1), publish(con, tmp_path, 2, SOON)
    come(tmp_path, SOON)
    assert served(tmp_path) == shown(tmp_path) == second.release_id
    # The link of a run that knows nothing of clocks has not moved yet.
    before = release.linked(tmp_path)
    assert before is not None
    assert before.release_id == first.release_id
    promoted = release.promote(tmp_path)
    assert promoted is not None
    assert promoted.release_id == served(tmp_path) == shown(tmp_path) == second.release_id
    assert holding.held(tmp_path) == {}


def come(home: Path, at: datetime) -> None:
    """Let the time come: what was held until an instant was held until a moment ago."""
    release_id = holding.held(home)[at.replace(microsecond=0)]
    holding.let_go(home, at)
    holding.hold(home, release_id, NOW - timedelta(seconds=1))


def test_a_later_run_takes_the_place_of_what_is_held_for_the_same_time(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = publish(con, tmp_path, 1)
    publish(con, tmp_path, 2, SOON)
    third = publish(con, tmp_path, 3, SOON)
    assert list(holding.held(tmp_path).values()) == [third.release_id]
    assert third.manifest["previous"] == first.release_id
    again = publish(con, tmp_path, 3, SOON)
    assert (again.release_id, again.is_new) == (third.release_id, False)


def test_one_that_is_late_is_served_at_once_and_nothing_older_after_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    publish(con, tmp_path, 1, as_of="2016-06-28")
    publish(con, tmp_path, 2, SOON, as_of="2016-06-29")
    late = publish(con, tmp_path, 3, NOW - timedelta(hours=1), as_of="2016-06-30")
    assert served(tmp_path) == served(tmp_path, LATER) == late.release_id
    assert holding.held(tmp_path) == {}


def test_a_run_of_an_earlier_day_does_not_lose_what_is_held(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    held = publish(con, tmp_path, 1, SOON, as_of="2016-06-30")
    earlier = publish(con, tmp_path, 2, as_of="2016-06-20")
    assert (served(tmp_path), served(tmp_path, SOON)) == (earlier.release_id, held.release_id)


def test_going_back_holds_though_the_time_of_what_was_served_has_come(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first, second = publish(con, tmp_path, 1), publish(con, tmp_path, 2, SOON)
    third = publish(con, tmp_path, 3, LATER, as_of="2016-07-01")
    come(tmp_path, SOON)
    assert served(tmp_path) == second.release_id
    release.switch(tmp_path, first.release_id)
    assert served(tmp_path) == shown(tmp_path) == first.release_id
    assert served(tmp_path, LATER) == third.release_id


def test_what_is_held_is_kept_whatever_the_policy_says(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    served_one, held = publish(con, tmp_path, 1), publish(con, tmp_path, 2, LATER)
    other = publish(con, tmp_path, 3, SOON)
    third = publish(con, tmp_path, 4, SOON)
    removed = retention.remove_old(tmp_path, Releases(keep_last=1, keep_month_ends=0))
    assert removed == [other.release_id]
    assert {each.release_id for each in release.listing(tmp_path)} == {
        each.release_id for each in (served_one, held, third)
    }


def test_the_sensor_enters_what_is_due_and_waits_while_a_run_writes(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARDLIGHT_HOME", str(tmp_path))
    publish(con, tmp_path, 1)
    second = publish(con, tmp_path, 2, SOON)

    def ticked() -> str:
        told = held_releases(dg.build_sensor_context())
        assert isinstance(told, dg.SkipReason)
        return str(told.skip_message)

    assert ticked() == "1 held, none is due"
    come(tmp_path, SOON)
    with writing(tmp_path):
        assert "a run is writing" in ticked()
    assert ticked() == f"published {second.release_id}"
    entered = release.linked(tmp_path)
    assert entered is not None
    assert entered.release_id == second.release_id
    assert ticked() == "0 held, none is due"


KILLED = """
import os, signal, sys
from pathlib import Path
import duckdb
from pipelines.publishing import holding, release
from tests.pipelines.publishing.test_holding import LATER, publish, release

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

home, step = Path(sys.argv[1]), sys.argv[2]
setattr(holding, step, die)
if step == "hold":
    publish(duckdb.connect(), home, 2, LATER)
else:
    release.promote(home)
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", ["hold", "let_go"])
def test_who_is_killed_while_holding_or_entering_leaves_the_old_or_the_new_whole(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, step: str
) -> None:
    expected = publish(con, tmp_path, 1)
    if step == "let_go":
        expected = publish(con, tmp_path, 2, SOON)
        come(tmp_path, SOON)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), step], cwd=ROOT, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert served(tmp_path) == served(tmp_path, LATER) == shown(tmp_path) == expected.release_id
    # The next one finds its way: what was not held is made again, what was not let go of is.
    release.promote(tmp_path)
    third = publish(con, tmp_path, 2 if step == "hold" else 3, LATER)
    assert third.is_new
    assert (served(tmp_path), served(tmp_path, LATER)) == (expected.release_id, third.release_id)
    assert list(holding.held(tmp_path).values()) == [third.release_id]
