"""The log of revisions, on small releases: which figures it holds, and what it gives as their reason."""

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.footprints import Reach
from pipelines.loading import record_changes
from pipelines.publishing import differences, release, revisions
from pipelines.publishing.release import Release
from pipelines.publishing.revisions import Making
from pipelines.warehouse import SCHEMAS
from tests.pipelines.publishing import columns

pytestmark = pytest.mark.slow

CODE = "c0de"
QUERIES = {
    "indicator_values": "select * from indicators.indicator_values",
    "indicator_catalogue": "select * from indicators.definitions",
    "revisions": "select * from indicators.revisions",
}
MARCH, OPEN = date(2016, 3, 1), date(2016, 6, 1)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse of two wards in a city, and of one indicator that rests on the source `calls`."""
    with duckdb.connect() as opened:
        for schema in SCHEMAS:
            opened.execute(f"create schema {schema}")
        record_changes.ensure(opened)
        opened.execute("create table ledger.load (load_id bigint); insert into ledger.load values (1)")
        opened.execute("create table staging.area (area_id varchar, parent_id varchar)")
        opened.execute("insert into staging.area values ('city', null), ('a', 'city'), ('b', 'city')")
        opened.execute("create table indicators.computed_sources as select 'B2' as indicator_id, 'calls' as source")
        define(opened, "one", "pack")
        opened.execute(
            "create table indicators.indicator_values (indicator_id varchar, area_id varchar, period_kind varchar, "
            "period_start date, value double, numerator double, status varchar)"
        )
        yield opened


def define(con: duckdb.DuckDBPyConnection, definition: str, settings_: str) -> None:
    con.execute(
        f"create or replace table indicators.definitions as select 'B2' as indicator_id, "
        f"'{definition}' as definition_hash, '{settings_}' as settings_hash"
    )


def show(con: duckdb.DuckDBPyConnection, *figures: tuple[str, date, float | None], status: str = "final") -> None:
    """Replace the figures to publish: of areas and months."""
    con.execute("delete from indicators.indicator_values")
    for area, month, value in figures:
        con.execute(
            "insert into indicators.indicator_values values ('B2', ?, 'month', ?, ?, ?, ?)",
            (area, month, value, value, status),
        )


def change(con: duckdb.DuckDBPyConnection, what: str, area: str = "a", day: date = MARCH) -> None:
    con.execute("insert into ledger.load select max(load_id) + 1 from ledger.load")
    con.execute(
        "insert into ledger.record_change select max(load_id), 'calls', 'incident', ?, ?, ?, ? from ledger.load",
        (area, day, day, what),
    )


def publish(
    con: duckdb.DuckDBPyConnection,
    home: Path,
    as_of: str,
    code: str = CODE,
    log_days: int = 400,
    profile: str = "open",
    reach: Reach = "period",
) -> Release:
    """Write the log and make a release, as a run does."""
    making = Making(release.next_sequence(home), date.fromisoformat(as_of), code, profile, {"B2": reach})
    revisions.write(con, release.current(home), making, log_days)
    facts = {"as_of": as_of, "disclosure": profile}
    made = release.publish(home, con, QUERIES, facts, {"code_hash": code}, allowed=columns.of(con, QUERIES))
    record_changes.note_release(con, made.release_id)
    return made


def log(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return con.execute(
        "select sequence, area_id, period_start, value_before, value_now, reason from indicators.revisions order by all"
    ).fetchall()


def test_the_first_release_has_no_revision_and_an_open_period_none_either(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    show(con, ("a", MARCH, 3), ("a", OPEN, 1))
    publish(con, tmp_path, "2016-06-10")
    assert log(con) == []
    show(con, ("a", MARCH, 3), ("a", OPEN, 2), ("b", MARCH, 1))
    publish(con, tmp_path, "2016-06-11")
    # What was not there at all of a period that was over is new of it.
    assert log(con) == [(2, "b", MARCH, None, 1, "time_passed")]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("new", "new_records"),
        ("completed", "completed_records"),
        ("corrected", "corrected_records"),
        ("withdrawn", "withdrawn_records"),
        ("reread", "definition:reading"),
    ],
)
def test_the_reason_is_told_from_what_became_of_records(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, what: str, reason: str
) -> None:
    show(con, ("a", MARCH, 3), ("b", MARCH, 3), ("city", MARCH, 6))
    publish(con, tmp_path, "2016-06-10")
    change(con, what)
    show(con, ("a", MARCH, 4), ("b", MARCH, 2), ("city", MARCH, 7))
    publish(con, tmp_path, "2016-06-11")
    assert log(con) == [
        (2, "a", MARCH, 3, 4, reason),
        (2, "b", MARCH, 3, 2, "records_elsewhere"),
        (2, "city", MARCH, 6, 7, reason),
    ]


@pytest.mark.parametrize(
    ("reach", "day", "reason"),
    [
        ("period", date(2016, 3, 31), "corrected_records"),
        ("period", date(2016, 4, 1), "unknown"),
        ("calendar_year", date(2016, 12, 31), "corrected_records"),
        ("calendar_year", date(2015, 12, 31), "unknown"),
        ("everything", date(2015, 12, 31), "corrected_records"),
    ],
)
def test_records_are_a_reason_as_far_as_their_days_reach(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, reach: Reach, day: date, reason: str
) -> None:
    show(con, ("a", MARCH, 3), ("b", MARCH, 3))
    publish(con, tmp_path, "2016-06-10", reach=reach)
    change(con, "corrected", day=day)
    show(con, ("a", MARCH, 4), ("b", MARCH, 2))
    publish(con, tmp_path, "2016-06-10", reach=reach)
    elsewhere = "unknown" if reason == "unknown" else "records_elsewhere"
    assert log(con) == [(2, "a", MARCH, 3, 4, reason), (2, "b", MARCH, 3, 2, elsewhere)]


def test_definitions_code_gates_and_a_new_warehouse_are_reasons(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    show(con, ("a", MARCH, 1))
    publish(con, tmp_path, "2016-06-10")
    steps: list[tuple[str, str]] = []

    def step(name: str, value: float, code: str = CODE, status: str = "final") -> None:
        show(con, ("a", MARCH, value), status=status)
        publish(con, tmp_path, "2016-06-10", code)
        steps.append((name, str(log(con)[-1][-1])))

    define(con, "two", "pack")
    step("catalogue", 2)
    define(con, "two", "other")
    step("pack", 3)
    step("code", 4, "c0de2")
    step("stale", 5, "c0de2", "stale")
    define(con, "three", "other")
    change(con, "new")
    step("both", 6, "c0de2")
    step("nothing", 7, "c0de2")
    con.execute("delete from ledger.released")
    step("rebuilt", 8, "c0de2")
    assert steps == [
        ("catalogue", "definition:catalogue"),
        ("pack", "definition:pack"),
        ("code", "definition:code"),
        ("stale", "gate"),
        ("both", "definition:catalogue;new_records;gate"),
        ("nothing", "unknown"),
        ("rebuilt", "rebuilt"),
    ]


def test_changes_before_a_rollback_are_told_again(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    show(con, ("a", MARCH, 1))
    first = publish(con, tmp_path, "2016-06-10")
    change(con, "corrected")
    show(con, ("a", MARCH, 2))
    publish(con, tmp_path, "2016-06-11")
    release.switch(tmp_path, first.release_id)
    change(con, "new")
    show(con, ("a", MARCH, 3))
    third = publish(con, tmp_path, "2016-06-12")
    assert third.manifest["previous"] == first.release_id
    assert log(con) == [(3, "a", MARCH, 1, 3, "new_records;corrected_records")]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from("ab"), st.integers(0, 3), min_size=1), min_size=2, max_size=5))
def test_every_value_that_a_figure_has_had_comes_out_of_the_newest_log(
    con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, nights: list[dict[str, int]]
) -> None:
    """Each revision begins where the one before ended: first value and all differences make the last."""
    home = tmp_path_factory.mktemp("nights")
    con.execute("delete from ledger.released; delete from ledger.record_change")
    for number, figures in enumerate(nights):
        show(con, ("city", MARCH, 0), *((area, MARCH, value) for area, value in figures.items()))
        publish(con, home, f"2016-06-{number + 10}")
    for area in "ab":
        had = [figures.get(area) for figures in nights]
        steps = [(before, now) for _, where, _, before, now, _ in log(con) if where == area]
        assert steps == [(a, b) for a, b in itertools.pairwise(had) if a != b]


def test_old_revisions_are_dropped_and_differences_say_why(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    show(con, ("a", MARCH, 1), ("a", OPEN, 1), ("b", MARCH, 4))
    first = publish(con, tmp_path, "2016-06-10")
    change(con, "new")
    show(con, ("a", MARCH, 2), ("a", OPEN, 9), ("b", MARCH, 4))
    publish(con, tmp_path, "2016-06-11")
    change(con, "corrected")
    show(con, ("a", MARCH, 4), ("a", OPEN, 9), ("city", MARCH, 4))
    third = publish(con, tmp_path, "2016-06-12")
    found = differences.compare(first, third)
    told = found.figures.select("area_id", "period_start", "value_before", "value_now", "is_open", "reason").rows()
    assert told == [
        ("a", MARCH, 1.0, 4.0, False, "new_records;corrected_records"),
        ("a", OPEN, 1.0, 9.0, True, "period_open"),
    ]
    assert (found.added, found.gone, found.status_only) == (1, 1, 0)
    assert found.summary().filter(reason="period_open")["figures"].to_list() == [1]
    show(con, ("a", MARCH, 5))
    publish(con, tmp_path, "2016-06-13", log_days=1)
    assert {row[0] for row in log(con)} == {4}


def test_nothing_exact_is_carried_into_another_profile(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    show(con, ("a", MARCH, 1))
    publish(con, tmp_path, "2016-06-10")
    show(con, ("a", MARCH, 2))
    publish(con, tmp_path, "2016-06-11")
    assert len(log(con)) == 1
    show(con, ("a", MARCH, None), status="withheld")
    publish(con, tmp_path, "2016-06-12", profile="hes")
    assert log(con) == []
    show(con, ("a", MARCH, 10))
    publish(con, tmp_path, "2016-06-13", profile="hes")
    assert log(con) == [(4, "a", MARCH, None, 10, "time_passed")]
