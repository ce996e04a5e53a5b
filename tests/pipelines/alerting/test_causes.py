"""Causes: what is wrong, by what a release, the runs and the calendar say."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.alerting.causes import Run, SourceState, of_lateness, of_runs, of_sources
from pipelines.pack.city import CityPack
from tests.pipelines.small_pack import changed, write_pack

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
GRACE = timedelta(hours=6)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> CityPack:
    """A city of today in New York: its nights run at 3:30, which is 8:30 UTC in winter and 7:30 in summer."""
    return write_pack(tmp_path_factory.mktemp("pack"), city_yml=changed("as_of: 2016-06-30\n", ""))


@pytest.mark.parametrize(
    ("now", "done", "late"),
    [
        ("2026-01-10T14:29", "2026-01-08", None),  # a minute before 3:30 and six hours
        ("2026-01-10T14:30", "2026-01-08", "2026-01-09"),
        ("2026-01-10T14:30", "2026-01-09", None),
        ("2026-07-10T13:29", "2026-07-08", None),
        ("2026-07-10T13:30", "2026-07-08", "2026-07-09"),
        # The night on which the clock goes forward, whose hours are 23.
        ("2026-03-08T13:29", "2026-03-06", None),
        ("2026-03-08T13:31", "2026-03-06", "2026-03-07"),
        ("2026-01-10T14:30", None, "2026-01-09"),
    ],
)
def test_a_night_is_late_when_its_day_has_not_succeeded_in_time(
    pack: CityPack, now: str, done: str | None, late: str | None
) -> None:
    last = None if done is None else date.fromisoformat(done)
    found = of_lateness(pack, at(now), GRACE, LONG_AGO, [None, last])
    assert [cause.facts["expected"] for cause in found] == ([] if late is None else [late])
    assert [cause.key for cause in found] == ([] if late is None else ["late:nightly"])


def test_nights_before_anybody_watched_are_not_late(pack: CityPack) -> None:
    now = at("2026-01-10T20:00")
    assert of_lateness(pack, now, GRACE, at("2026-01-10T08:31"), []) == []
    assert of_lateness(pack, now, GRACE, at("2026-01-10T08:29"), []) != []


def test_a_pack_of_history_is_never_late(tmp_path: Path) -> None:
    assert of_lateness(write_pack(tmp_path), at("2026-01-10T20:00"), GRACE, LONG_AGO, []) == []


def run(job: str, day: int, *, succeeded: bool) -> Run:
    return Run(f"{job}-{day}-0123456789", job, succeeded, at(f"2026-01-{day:02}T09:00"), None)


def test_failures_in_a_row_are_one_cause_until_a_run_succeeds() -> None:
    runs = [run("nightly", day, succeeded=day == 3) for day in (6, 5, 4, 3, 2)]
    (cause,) = of_runs(runs, "nightly")
    assert cause.key == "run:nightly"
    assert (cause.facts["times"], cause.facts["since"]) == (3, "2026-01-04T09:00+00:00")
    assert of_runs([run("nightly", 7, succeeded=True), *runs], "nightly") == []


def test_a_night_that_succeeds_settles_earlier_failures_of_other_jobs() -> None:
    other = run("one_asset", 4, succeeded=False)
    assert [cause.key for cause in of_runs([other, run("nightly", 3, succeeded=True)], "nightly")] == ["run:one_asset"]
    assert of_runs([other, run("nightly", 5, succeeded=True)], "nightly") == []
    # Another job's success settles its own failures alone.
    assert len(of_runs([run("nightly", 3, succeeded=False), run("one_asset", 4, succeeded=True)], "nightly")) == 1


def test_silent_areas_are_a_mild_cause_of_a_source_that_goes_on() -> None:
    def state(status: str, areas: int) -> SourceState:
        return SourceState("calls", "Calls", "报警", status, date(2016, 6, 30), 0, areas)

    assert of_sources([state("alive", 2)], with_warnings=False) == []
    assert [cause.key for cause in of_sources([state("alive", 2)], with_warnings=True)] == ["silence:calls.areas"]
    for status in ("silent", "collapsed"):
        assert [cause.key for cause in of_sources([state(status, 2)], with_warnings=True)] == ["silence:calls"]
