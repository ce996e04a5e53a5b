"""From files to verdicts: faults planted in a source's days are told by day and field, and a quiet source is quiet."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import duckdb
import pytest

from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.publishing import tables
from pipelines.quality import anomalies
from tests.conftest import NYC
from tests.pipelines import small_pack
from tests.pipelines.small_pack import call, changed, load, text_of, write_pack

pytestmark = pytest.mark.slow

FIRST, AS_OF = date(2015, 1, 1), date(2016, 6, 30)
OUTAGE, EMPTY, RENAMED, LATE = date(2016, 5, 10), date(2016, 5, 24), date(2016, 6, 7), date(2016, 6, 21)
CITY = changed("first_month: 2016-01", "first_month: 2015-01\ncalendar: {country: US}").replace(
    "      priority: prio\n", "      priority: prio\n      reported_at: \"strptime(updated, '%Y-%m-%d %H:%M')\"\n"
)


def rows(faulty: bool) -> Iterator[dict[str, str]]:
    draw = random.Random(3)
    day = FIRST
    while day <= AS_OF:
        for n in range(draw.randint(26, 34) + (6 if day.weekday() < 5 else 0)):
            start = datetime(day.year, day.month, day.day, draw.randrange(24), draw.randrange(60))
            minutes = round(draw.lognormvariate(3, 0.5))
            what, priority = draw.choices(("theft", "burglary"), (3, 1))[0], draw.choice("1234")
            if faulty and day == OUTAGE and n >= 4:
                continue
            if faulty and day == EMPTY:
                priority = ""
            if faulty and day == RENAMED:
                what = "burglary"
            if faulty and day == LATE:
                minutes *= 16
            yield call(
                f"{day:%y%m%d}-{n}",
                f"{start:%Y-%m-%d %H:%M}",
                updated=f"{start + timedelta(minutes=minutes):%Y-%m-%d %H:%M}",
                what=what,
                prio=priority,
            )
        day += timedelta(days=1)


@pytest.fixture(scope="module", params=[True, False], ids=["faulty", "quiet"])
def judged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[bool, duckdb.DuckDBPyConnection, CityPack]]:
    pack = write_pack(tmp_path_factory.mktemp("pack"), {"calls.csv": text_of(rows(request.param))}, CITY)
    project = load_project()
    with small_pack.warehouse() as con:
        load(con, pack)
        for model in project.models:
            run_model(con, model)
        anomalies.judge_sources(con, pack, AS_OF)
        yield request.param, con, pack


def test_planted_faults_are_told_and_nothing_else(judged: tuple[bool, duckdb.DuckDBPyConnection, CityPack]) -> None:
    faulty, con, _ = judged
    found = con.execute("select day, metric, field, direction from quality.anomaly order by all").fetchall()
    planted = [
        (OUTAGE, "volume", None, "below"),
        (EMPTY, "missing", "priority", "above"),
        (RENAMED, "mix", "category", "above"),
        (LATE, "delay", "reported_at", "above"),
    ]
    assert [row for row in found if row in planted] == (planted if faulty else [])
    # Local category is a column of the same source: renamed, too.
    assert len([row for row in found if row not in planted and row[0] != RENAMED]) <= 2


def test_a_month_like_the_others_is_stable(judged: tuple[bool, duckdb.DuckDBPyConnection, CityPack]) -> None:
    _, con, _ = judged
    # A day of faults moves its month, but not by much.
    before = con.execute("select distinct status from quality.stability where month < '2016-05-01'").fetchall()
    assert before == [("stable",)]
    assert con.execute("select count(*) from quality.stability where status = 'large'").fetchall() == [(0,)]
    assert con.execute("select min(month), max(month) from quality.stability").fetchall() == [
        (date(2015, 7, 1), date(2016, 6, 1))
    ]


def test_the_same_records_give_the_same_verdicts(judged: tuple[bool, duckdb.DuckDBPyConnection, CityPack]) -> None:
    _, con, pack = judged
    before = con.execute("from quality.anomaly").fetchall()
    found = anomalies.judge_sources(con, pack, AS_OF)
    assert con.execute("from quality.anomaly").fetchall() == before
    assert found.anomalies.rows() == before


def test_checks_are_about_the_last_week(judged: tuple[bool, duckdb.DuckDBPyConnection, CityPack]) -> None:
    faulty, con, pack = judged
    assert anomalies.streams(pack) == ["calls"]
    found = anomalies.judge_sources(con, pack, LATE + timedelta(days=6))
    told = found.recent("calls", LATE + timedelta(days=6))
    assert (LATE in told["day"].to_list()) == faulty
    assert LATE not in found.recent("calls", LATE + timedelta(days=7))["day"].to_list()
    assert found.drifted("calls").is_empty()
    anomalies.judge_sources(con, pack, AS_OF)


def test_no_category_of_few_records_is_named_in_a_release() -> None:
    columns = (
        "'s' as source, date '2016-05-01' as day, 1 as days, 'channel' as field, 0.1 as expected, 0.0 as low, "
        "0.2 as high"
    )
    cases = [("mix", "rare", 40, 7 / 40), ("mix", "gone", 40, 0.0), ("mix", "common", 40, 0.2), ("mix", None, 40, 0.5)]
    cases += [("mix", "0" * 32, 40, 0.5), ("delay", "64", 40, 2 / 40), ("volume", None, 3, 3.0)]
    with small_pack.warehouse() as con:
        con.execute(
            f"create table quality.anomaly as select {columns}, * from (values "
            + ", ".join(
                f"('{m}', {'null' if v is None else repr(v)}, {n}, {o}, 0.001, 'above')" for m, v, n, o in cases
            )
            + ") as t(metric, value, records, observed, p_value, direction)"
        )
        queries = tables.release_queries(load_city_pack(NYC))
        found = con.sql(f"select metric, value from ({queries['source_anomaly']})").fetchall()
    named = sorted(value for _, value in found if value is not None)
    assert named == ["64", "common", "gone"]
