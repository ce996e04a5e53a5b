"""Judging what has changed comes to the verdicts on the whole, after any history of loads, builds and faults."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbt_like_sql import built
from pipelines.loading import affected
from pipelines.quality import windows
from pipelines.quality.changes import in_days
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import Verdict, examined, judge
from pipelines.quality.windows import judge_changes

FIRST = date(2016, 1, 1)
DAYS = 6
RECORDS, FACTS = ("staging", "incident"), ("facts", "fct_incident")


def expectations(least: int) -> list[Expectation]:
    """Return some of every sort: by row, by row and what another table holds, and of the whole."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("ExpectColumnValuesToNotBeNull", {"column": "area_id"}),
        ("ExpectColumnValuesToNotBeNull", {"column": "batch_id"}),
        ("ExpectColumnValuesToBeBetween", {"column": "victims", "min_value": least}),
        ("ExpectColumnValuesToBeBetween", {"column": "victims", "min_value": 0, "mostly": 0.8}),
        ("ExpectCompoundColumnsToBeUnique", {"column_list": ["incident_id", "area_id"]}),
        (
            "UnexpectedRowsExpectation",
            {"unexpected_rows_query": "select * from {batch} where area_id not in (select area_id from staging.area)"},
        ),
        (
            "UnexpectedRowsExpectation",
            {"unexpected_rows_query": "select r.* from {batch} as r cross join staging.run_window where day > as_of"},
        ),
    ]
    return [
        Expectation(f"{kind}_{at}", *table, None, kind, kwargs)
        for table in (RECORDS, FACTS)
        for at, (kind, kwargs) in enumerate(kinds)
    ]


@dataclass(frozen=True)
class Row:
    """A record, with or without a fault."""

    incident_id: int
    area: str | None
    victims: int


@dataclass(frozen=True)
class Night:
    """What happens between two looks at the tables."""

    days: tuple[tuple[int | None, tuple[Row, ...]], ...] = ()
    new_batch: str | None = "b"
    is_whole: bool = False
    is_forgotten: bool = False
    is_built: bool = True
    is_judged: bool = True
    areas: tuple[str, ...] = ("1", "2")
    as_of: int = DAYS
    least: int = 0


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        prepare(opened)
        yield opened


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    for schema in ("staging", "facts", "ledger", "quality"):
        con.execute(f"create schema {schema}")
    for table in ("staging.incident", "facts.fct_incident"):
        con.execute(f"create table {table} (incident_id int, area_id varchar, day date, victims int, batch_id varchar)")
    con.execute("create table staging.area (area_id varchar); create table staging.run_window (as_of date)")
    con.execute("create table staging.affected_day (load_id bigint, kind varchar, day_of varchar, day date)")
    affected.ensure(con)
    built.ensure(con)


def happen(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Replace days of the records, as a load does, and of the facts, as a build does."""
    con.execute("delete from staging.area; delete from staging.run_window")
    con.executemany("insert into staging.area values (?)", [[area] for area in night.areas])
    con.execute("insert into staging.run_window values (?)", [FIRST + timedelta(days=night.as_of)])
    # A delivery that comes anew changes where its records come from, and no day is listed for that.
    con.execute("update staging.incident set batch_id = ?", [night.new_batch])
    days = frozenset(None if day is None else FIRST + timedelta(days=day) for day, _ in night.days)
    dated = days - {None}
    tables = {"staging.incident": dated, "facts.fct_incident": days if night.is_built else frozenset()}
    for table, replaced in tables.items():
        con.execute(f"delete from {table} where {in_days(replaced)}")
        for day, rows in night.days:
            at = None if day is None else FIRST + timedelta(days=day)
            if at in replaced:
                for row in rows:
                    values = [row.incident_id, row.area, at, row.victims, "b"]
                    con.execute(f"insert into {table} values (?, ?, ?, ?, ?)", values)
    load = affected.newest(con) + 1
    con.execute("insert into ledger.load values (?, 'incident', null, null, null, 0, ?)", [load, len(dated)])
    for day in dated:
        con.execute("insert into staging.affected_day values (?, 'incident', 'day', ?)", [load, day])
    if night.is_forgotten:
        affected.forget(con, load)
    if night.is_built:
        build = built.newest_build(con, "fct_incident") + 1
        listed = None if night.is_whole else list(days)
        con.execute("insert into models.build values ('fct_incident', ?, ?)", [build, listed])


def found(verdicts: list[Verdict]) -> list[tuple[object, ...]]:
    return [(v.table_name, v.expectation, v.success, v.failed_count, v.exception) for v in verdicts]


def follow(nights: list[Night]) -> list[Verdict]:
    """Judge after each night what has changed and the whole; return all verdicts on what has changed."""
    every = []
    with duckdb.connect() as con:
        prepare(con)
        for night in nights:
            happen(con, night)
            if night.is_judged:
                verdicts = judge_changes(con, expectations(night.least), "run", least_rows=0)
                assert found(verdicts) == found(judge(con, expectations(night.least), "run"))
                every += verdicts
    return every


SOUND = Row(1, "1", 3)
ROWS = st.lists(
    st.builds(
        Row,
        incident_id=st.integers(0, 5),
        area=st.sampled_from(["1", "1", "2", "2", "3", None]),
        victims=st.sampled_from([0, 1, 1, 1, -1]),
    ),
    max_size=2,
).map(tuple)
OTHER_DAYS = st.dictionaries(st.none() | st.integers(0, DAYS - 1), ROWS, max_size=2)
NIGHTS = st.builds(
    Night,
    days=OTHER_DAYS.map(lambda days: tuple(days.items())),
    new_batch=st.sampled_from(["b", "b", "b", None]),
    is_whole=st.sampled_from([False, False, False, True]),
    is_forgotten=st.booleans(),
    is_built=st.sampled_from([True, True, False]),
    is_judged=st.sampled_from([True, True, True, False]),
    areas=st.sampled_from([("1", "2"), ("1", "2"), ("1", "2", "3"), ("1",)]),
    as_of=st.sampled_from([DAYS, DAYS, 2]),
    least=st.sampled_from([0, 0, 0, -1, 1]),
)


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(NIGHTS, min_size=2, max_size=6))
def test_the_verdicts_are_those_of_judging_the_whole(nights: list[Night]) -> None:
    follow(nights)


@pytest.mark.slow
def test_a_failure_stands_until_the_whole_table_is_without_one() -> None:
    fault, sound = Row(1, None, -5), Row(1, "1", 5)
    nights = [
        Night(((0, (sound,)), (1, (Row(2, "1", 1),)))),
        Night(((0, (fault,)),)),
        Night(((1, (Row(2, "2", 2),)),)),  # elsewhere: the fault of the day before is still there
        Night(((0, (sound,)),)),
        Night(((2, (Row(3, "1", 1),)),)),
    ]
    verdicts = [v for v in follow(nights) if v.table_name == "incident" and v.expectation.endswith("NotBeNull_0")]
    assert [(v.success, v.failed_count, v.examined) for v in verdicts] == [
        (True, 0, "whole"),
        (False, 1, "2016-01-01/2016-01-01"),
        (False, 1, "whole"),
        (True, 0, "whole"),
        (True, 0, "2016-01-03/2016-01-03"),
    ]


@pytest.mark.slow
def test_what_is_looked_at(con: duckdb.DuckDBPyConnection) -> None:
    declared = [each for each in expectations(0) if each.table == "fct_incident"]

    def looked(least_rows: int = 0) -> list[str]:
        return [verdict.examined for verdict in judge_changes(con, declared, "run", least_rows)]

    happen(con, Night(((0, (SOUND,)), (4, (Row(2, "1", 1),)))))
    whole = ["whole"] * 2
    assert set(looked()) == {"whole"}
    assert looked() == ["unchanged", "unchanged", "unchanged", *whole, "unchanged", "unchanged"]
    happen(con, Night(((1, (Row(3, "1", 1),)), (3, (Row(4, "1", 1),)), (None, (Row(5, "1", 1),)))))
    days = "2016-01-02/2016-01-04 (2 days), undated"
    assert looked() == [days, days, days, *whole, days, days]
    happen(con, Night(((1, (Row(3, "2", 1),)),)))
    assert set(looked(least_rows=1_000)) == {"whole"}, "a small table is read faster than a second batch is made"
    assert "unchanged" in looked(least_rows=1_000)
    windows.forget(con)
    assert set(looked()) == {"whole"}
    for _ in range(built.BUILDS_KEPT + 1):
        con.execute("delete from models.build where build = 1")
    happen(con, Night(((1, (Row(3, "1", 1),)),), areas=("1", "2", "3")))
    changed = "2016-01-02/2016-01-02"
    assert looked() == [changed, changed, changed, *whole, "whole", changed]


def test_days_are_told_as_first_last_and_how_many_between() -> None:
    day = timedelta(days=1)
    assert examined(None) == "whole"
    assert examined(frozenset()) == "unchanged"
    assert examined(frozenset({None})) == "undated"
    assert examined(frozenset({FIRST, FIRST + day})) == "2016-01-01/2016-01-02"
    assert examined(frozenset({FIRST, FIRST + 2 * day, None})) == "2016-01-01/2016-01-03 (2 days), undated"


@given(st.frozensets(st.none() | st.integers(0, 40).map(lambda n: FIRST + timedelta(days=n))))
def test_days_as_a_condition_choose_just_their_rows(days: frozenset[date | None]) -> None:
    with duckdb.connect() as con:
        con.execute(f"create table t as select date '{FIRST}' + range::int as day from range(41) union all select null")
        chosen = con.execute(f"select day from t where {in_days(days)}").fetchall()
    assert {day for (day,) in chosen} == days
    assert len(chosen) == len(days)
