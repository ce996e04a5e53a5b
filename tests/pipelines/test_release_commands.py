"""`wardlight release`: what it prints, what it changes, and how it refuses."""

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from pipelines import cli
from pipelines.publishing import release
from tests.pipelines.publishing import columns

pytestmark = pytest.mark.slow

LOG = (
    "select 2 as sequence, date '2016-07-01' as as_of, 'B2' as indicator_id, 'a' as area_id, 'month' as period_kind, "
    "date '2016-03-01' as period_start, 'corrected_records' as reason where {revised}"
)
FIGURES = (
    "select 'B2' as indicator_id, 'a' as area_id, 'month' as period_kind, "
    "unnest([date '2016-03-01', date '2016-07-01']) as period_start, "
    "unnest([{march}, {july}])::double as value, value as numerator, 'final' as status"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two releases: March was corrected, July goes on."""
    with duckdb.connect() as con:
        for as_of, march, july in (("2016-07-01", 4, 1), ("2016-07-02", 5, 3)):
            queries = {
                "indicator_values": FIGURES.format(march=march, july=july),
                "revisions": LOG.format(revised=str(march == 5)),
            }
            about = {"trigger": "command:nightly"}
            release.publish(tmp_path, con, queries, {"as_of": as_of}, about, allowed=columns.of(con, queries))
    return tmp_path


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["release", arguments[0], "--home", str(home), *arguments[1:]])


def ids(home: Path) -> list[str]:
    return [each.release_id for each in release.listing(home)]


def test_list_marks_what_is_served_and_what_is_pinned(home: Path) -> None:
    first, second = ids(home)
    assert run(home, "pin", first, "--note", "quarterly report").exit_code == 0
    lines = run(home, "list").output.splitlines()
    assert [line[:2] for line in lines] == [" p", "* "]
    assert first in lines[0]
    assert lines[0].endswith("quarterly report")
    told = json.loads(run(home, "list", "--json").output)
    assert [(each["release_id"], each["is_served"], each["is_pinned"], each["previous"]) for each in told] == [
        (first, False, True, None),
        (second, True, False, first),
    ]
    assert "No longer pinned" in run(home, "pin", first, "--remove").output
    assert [line[:2] for line in run(home, "list").output.splitlines()] == ["  ", "* "]
    refused = run(home, "pin", first, "--remove")
    assert refused.exit_code == 1
    assert "is not pinned" in refused.output


def test_show_prints_the_manifest(home: Path) -> None:
    first, second = ids(home)
    shown = json.loads(run(home, "show").output)
    assert (shown["release_id"], shown["previous"], shown["trigger"]) == (second, first, "command:nightly")
    assert json.loads(run(home, "show", first).output)["release_id"] == first


def test_diff_says_what_changed_by_how_much_and_why(home: Path) -> None:
    first, second = ids(home)
    told = run(home, "diff").output
    assert f"From {first} to {second}" in told
    assert "Changed figures: 1 of periods that were over, 1 of open ones. New: 0, gone: 0" in told
    assert "B2 a month 2016-03-01: 4 -> 5  (corrected_records)" in told
    assert "2016-07-01:" not in told
    found = json.loads(run(home, "diff", first, second, "--json").output)["figures"]
    assert [(each["value_before"], each["value_now"], each["reason"]) for each in found] == [
        (4.0, 5.0, "corrected_records"),
        (1.0, 3.0, "period_open"),
    ]
    assert "Changed figures: 0 of" in run(home, "diff", "--indicator", "B1").output
    refused = run(home, "diff", "2016-01-01-0001-abc", second)
    assert refused.exit_code == 1
    assert "no whole release" in refused.output


def test_rollback_moves_the_pointer_at_once_and_nothing_else(home: Path) -> None:
    first, second = ids(home)
    link = home / "releases" / "current"
    before = {path.name: path.stat().st_mtime_ns for path in (home / "releases").glob("2016*/*")}
    assert f"Now serving {first}" in run(home, "rollback").output
    assert link.readlink().name == first
    assert {path.name: path.stat().st_mtime_ns for path in (home / "releases").glob("2016*/*")} == before
    refused = run(home, "rollback")
    assert refused.exit_code == 1
    assert "there is no earlier release" in refused.output
    assert f"Now serving {second}" in run(home, "rollback", second).output


def test_without_a_release_each_command_says_what_to_do(tmp_path: Path) -> None:
    for name in ("show", "diff", "pin"):
        done = run(tmp_path, name)
        assert done.exit_code == 1
        assert "there is no release yet" in done.output
        assert "`wardlight nightly`" in done.output


@pytest.fixture
def held(home: Path) -> str:
    """A third release, held until a day in the future; return its id."""
    publish_at = datetime(2099, 7, 4, 1, tzinfo=UTC)
    with duckdb.connect() as con:
        queries = {"indicator_values": FIGURES.format(march=6, july=4), "revisions": LOG.format(revised="true")}
        facts = {"as_of": "2099-07-03", "time_zone": "Asia/Shanghai", "publish_at": publish_at.isoformat()}
        allowed = columns.of(con, queries)
        made = release.publish(home, con, queries, facts, allowed=allowed, publish_at=publish_at)
    return made.release_id


def test_list_shows_what_is_held_and_until_when(home: Path, held: str) -> None:
    lines = run(home, "list").output.splitlines()
    assert [line[:2] for line in lines] == ["  ", "* ", "h "]
    assert "held until 2099-07-04 09:00" in lines[2]
    listed = json.loads(run(home, "list", "--json").output)
    assert [each["held_until"] for each in listed] == [None, None, "2099-07-04T01:00:00+00:00"]
    assert [each["is_served"] for each in listed] == [False, True, False]


def test_a_held_release_can_be_looked_at_pinned_and_compared_and_is_not_served(home: Path, held: str) -> None:
    _, second = ids(home)[:2]
    assert json.loads(run(home, "show").output)["release_id"] == second
    assert json.loads(run(home, "show", held).output)["previous"] == second
    assert f"From {second} to {held}" in run(home, "diff", second, held).output
    assert run(home, "pin", held).exit_code == 0
    assert "hp" in run(home, "list").output


def test_publish_serves_what_is_held_before_its_time(home: Path, held: str) -> None:
    second = ids(home)[1]
    assert f"release {second} is not held" in run(home, "publish", second).output
    assert run(home, "publish").output == f"Now serving {held}\n"
    assert "*" in run(home, "list").output.splitlines()[2]
    assert "no release is held" in run(home, "publish").output
    assert run(home, "rollback").output == f"Now serving {second}\n"
