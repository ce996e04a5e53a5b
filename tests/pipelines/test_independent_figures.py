"""Published figures of New York, recomputed from the raw files by another path, must be the same numbers.

The other path is plain Python over csv (`plain_records`). Whole families of cells are compared, not samples: every
figure that was published, and every one that should have been.
"""

import csv
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from tests.pipelines import plain_records as plain

pytestmark = pytest.mark.slow

AS_OF = dt.date(2016, 12, 31)
YEAR = dt.date(2016, 1, 1)
JUNE = dt.date(2016, 6, 30)
Cells = dict[tuple[str, dt.date], tuple[float, float]]


def release(home: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str((home / "releases" / "current").resolve() / "release.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def published(nyc_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with release(nyc_home) as con:
        yield con


def figures(con: duckdb.DuckDBPyConnection, indicator: str, level: str, period_kind: str) -> Cells:
    """Give numerator and denominator by area (`75` of `precinct-75`) and period, where records cover the period."""
    found = con.execute(
        "select split_part(area_id, '-', 2), period_start, numerator, denominator from indicator_values"
        " join areas using (area_id, area_level)"
        " where indicator_id = ? and area_level = ? and period_kind = ? and not is_unallocated"
        " and numerator is not null",
        [indicator, level, period_kind],
    ).fetchall()
    assert found
    return {(area, start): (numerator, denominator) for area, start, numerator, denominator in found}


def numerators(cells: Cells) -> dict[tuple[str, dt.date], float]:
    return {key: numerator for key, (numerator, _) in cells.items()}


def same(published: Mapping[Hashable, float], counted: Mapping[Hashable, float]) -> None:
    """Compare counts by cell; a cell that was not counted is zero."""
    keys = {*published, *(key for key, count in counted.items() if count)}
    different = {
        key: (published.get(key), counted.get(key, 0)) for key in keys if published.get(key) != counted.get(key, 0)
    }
    assert not different


def month(day: dt.date) -> dt.date:
    return day.replace(day=1)


@pytest.fixture(scope="module")
def shootings() -> list[plain.Shooting]:
    return plain.shootings(AS_OF)


@pytest.fixture(scope="module")
def stops() -> list[plain.Stop]:
    return [*plain.stops(2014), *plain.stops(2016)]


@pytest.fixture(scope="module")
def thefts() -> list[plain.Theft]:
    return plain.thefts(AS_OF)


@pytest.fixture(scope="module")
def cases() -> list[set[plain.Case]]:
    """The readings of each case that has one with a known or no community district."""
    usable = ({case for case in readings if plain.district(case.board) != "?"} for readings in plain.cases().values())
    return [readings for readings in usable if readings]


def test_shooting_incidents_by_precinct_and_month(
    published: duckdb.DuckDBPyConnection, shootings: list[plain.Shooting]
) -> None:
    counted = Counter((shooting.precinct, month(shooting.day)) for shooting in shootings)
    assert counted["75", dt.date(2006, 7, 1)] > 0
    same(numerators(figures(published, "B1_shootings", "precinct", "month")), counted)


def test_shooting_victims_and_murders_by_precinct_and_month(
    published: duckdb.DuckDBPyConnection, shootings: list[plain.Shooting]
) -> None:
    victims, killed = Counter[Hashable](), Counter[Hashable]()
    incidents, murders = Counter[Hashable](), Counter[Hashable]()
    for shooting in shootings:
        cell = (shooting.precinct, month(shooting.day))
        victims[cell] += shooting.victims
        killed[cell] += shooting.killed
        incidents[cell] += 1
        murders[cell] += shooting.killed > 0
    of_victims = figures(published, "murder_share_victims", "precinct", "month")
    of_incidents = figures(published, "murder_share_incidents", "precinct", "month")
    for cells, parts, wholes in ((of_victims, killed, victims), (of_incidents, murders, incidents)):
        same(numerators(cells), parts)
        same({key: denominator for key, (_, denominator) in cells.items()}, wholes)
    # Victims and incidents are different counts: about a fifth more people are hit than there are incidents.
    assert sum(victims.values()) > 1.1 * sum(incidents.values())


def test_murder_shares_of_a_year(published: duckdb.DuckDBPyConnection, shootings: list[plain.Shooting]) -> None:
    ours = [shooting for shooting in shootings if shooting.day.year == 2016]
    shares = dict(
        published.execute(
            "select indicator_id, value from indicator_values where area_id = 'city' and period_kind = 'year'"
            " and period_start = ? and indicator_id like 'murder_share%'",
            [YEAR],
        ).fetchall()
    )
    of_incidents = 100 * sum(s.killed > 0 for s in ours) / len(ours)
    of_victims = 100 * sum(s.killed for s in ours) / sum(s.victims for s in ours)
    assert shares == pytest.approx(
        {"murder_share_incidents": of_incidents, "murder_share_victims": of_victims}, abs=1e-6
    )


def test_stops_by_precinct_and_day(published: duckdb.DuckDBPyConnection, stops: list[plain.Stop]) -> None:
    counted = Counter((stop.precinct, stop.day) for stop in stops)
    assert len(counted) > 20_000
    # Every stop has or has no finding: the denominator of their share counts them all. Days are published for
    # precincts that have ten stops on some day.
    busy = {precinct for (precinct, _), count in counted.items() if count >= 10}
    by_day = figures(published, "finding_share", "precinct", "day")
    same(
        {key: denominator for key, (_, denominator) in by_day.items()},
        {key: count for key, count in counted.items() if key[0] in busy},
    )
    assert {precinct for precinct, _ in by_day} == busy


def test_stops_by_precinct_and_month(published: duckdb.DuckDBPyConnection, stops: list[plain.Stop]) -> None:
    counted = Counter((stop.precinct, month(stop.day)) for stop in stops)
    same(numerators(figures(published, "patrol_stops", "precinct", "month")), counted)


def test_shares_of_self_initiated_stops_and_of_stops_with_a_finding(
    published: duckdb.DuckDBPyConnection, stops: list[plain.Stop]
) -> None:
    own = Counter((stop.precinct, month(stop.day)) for stop in stops if stop.self_initiated)
    known = Counter((stop.precinct, month(stop.day)) for stop in stops if stop.self_initiated is not None)
    finding = Counter((stop.precinct, month(stop.day)) for stop in stops if stop.finding)
    by_initiator = figures(published, "self_initiated_share", "precinct", "month")
    same(numerators(by_initiator), own)
    same({key: denominator for key, (_, denominator) in by_initiator.items()}, known)
    same(numerators(figures(published, "finding_share", "precinct", "month")), finding)


PERIODS = {
    "year": [(YEAR, AS_OF)],
    "month": [(dt.date(2016, 2, 1), dt.date(2016, 2, 29)), (dt.date(2016, 7, 1), dt.date(2016, 7, 31))],
}


@pytest.mark.parametrize("period_kind", PERIODS)
def test_thefts_joined_to_precincts_and_spread_over_their_interval(
    published: duckdb.DuckDBPyConnection, thefts: list[plain.Theft], period_kind: str
) -> None:
    cells = numerators(figures(published, "B2", "precinct", period_kind))
    for first, last in PERIODS[period_kind]:
        certain, possible = defaultdict[str | None, float](float), defaultdict[str | None, float](float)
        for theft in thefts:
            share = theft.share_within(first, last)
            for precinct in theft.precincts:
                possible[precinct] += share
                certain[precinct] += share if len(theft.precincts) == 1 else 0
        found = {precinct: count for (precinct, start), count in cells.items() if start == first}
        assert set(found) >= {precinct for precinct, count in possible.items() if count}
        # Published are whole parts per million of a theft and day.
        for precinct, count in found.items():
            assert certain[precinct] - 1e-3 <= count <= possible[precinct] + 1e-3
        assert sum(found.values()) == pytest.approx(sum(t.share_within(first, last) for t in thefts), abs=1e-2)


def test_few_thefts_lie_on_a_border_and_many_are_spread(thefts: list[plain.Theft]) -> None:
    assert sum(len(theft.precincts) > 1 for theft in thefts) < len(thefts) / 1000
    spread = sum(theft.share_within(YEAR, AS_OF) for theft in thefts)
    assert abs(sum(theft.start.year == 2016 for theft in thefts) - spread) > 1


def test_theft_rate_of_a_year(published: duckdb.DuckDBPyConnection) -> None:
    with (plain.DATA / "precinct_population_2020.csv").open() as file:
        population = {row["precinct"]: int(row["population"]) for row in csv.DictReader(file)}
    rates = published.execute(
        "select split_part(area_id, '-', 2), value, numerator from indicator_values where indicator_id = 'B2'"
        " and area_level = 'precinct' and period_kind = 'year' and period_start = ? and value is not null",
        [YEAR],
    ).fetchall()
    assert {precinct for precinct, *_ in rates} == {p for p, people in population.items() if people >= 1000}
    for precinct, rate, thefts in rates:
        assert rate == pytest.approx(100_000 * thefts / (population[precinct] * 366 / 365.25), rel=1e-8)


def test_cases_closed_within_30_days_of_the_due_cohort(
    published: duckdb.DuckDBPyConnection, cases: list[set[plain.Case]]
) -> None:
    due, in_time = Counter[Hashable](), Counter[Hashable]()
    contested = set[Hashable]()
    city_due, city_in_time = Counter[dt.date](), Counter[dt.date]()
    for readings in cases:
        some = next(iter(readings))
        # Rows of one key differ in where a case belongs, never in when it was opened and closed.
        assert all((case.opened, case.closed) == (some.opened, some.closed) for case in readings)
        deadline = some.opened + dt.timedelta(days=30)
        if deadline > AS_OF:
            continue
        city_due[month(deadline)] += 1
        city_in_time[month(deadline)] += some.closed_within(30)
        districts = {plain.district(case.board) for case in readings}
        if len(districts) > 1:
            contested |= {(district, month(deadline)) for district in districts}
        else:
            cell = (districts.pop(), month(deadline))
            due[cell] += 1
            in_time[cell] += some.closed_within(30)

    city = {start: cell for (_, start), cell in figures(published, "G2", "city", "month").items()}
    same({start: numerator for start, (numerator, _) in city.items()}, city_in_time)
    same({start: denominator for start, (_, denominator) in city.items()}, city_due)
    by_district = figures(published, "G2", "community_district", "month")
    settled = {key: cell for key, cell in by_district.items() if key not in contested}
    assert len(settled) > 0.9 * len(by_district)
    for counts in (due, in_time):
        for key in [key for key in counts if key in contested or key[0] == ""]:  # type: ignore[index]
            del counts[key]
    same({key: numerator for key, (numerator, _) in settled.items()}, in_time)
    same({key: denominator for key, (_, denominator) in settled.items()}, due)


def test_as_seen_in_june_the_open_cases_count(nyc_home_in_june: Path, cases: list[set[plain.Case]]) -> None:
    """Of cases opened in May and June 2016, those closed by 30 June took 0 days by the median; in the end it was 10."""
    with release(nyc_home_in_june) as con:
        medians = dict(
            con.execute(
                "select period_start, value from indicator_values where indicator_id = 'G2_median_days'"
                " and area_id = 'city' and period_kind = 'month' and period_start >= date '2016-05-01'"
            ).fetchall()
        )
    assert sorted(medians) == [dt.date(2016, 5, 1), dt.date(2016, 6, 1)]
    opened = [next(iter(readings)) for readings in cases]
    opened = [case for case in opened if dt.date(2016, 5, 1) <= case.opened <= JUNE]

    for start, published_median in medians.items():
        ours = [case for case in opened if month(case.opened) == start]
        assert published_median == plain.kaplan_meier_median(*plain.lengths_and_ages(ours, JUNE))
    lengths, ages = plain.lengths_and_ages(opened, JUNE)
    assert plain.median(lengths) == 0
    assert 0.40 < len(ages) / len(opened) < 0.42
    assert plain.kaplan_meier_median(lengths, ages) == 10
    in_the_end, still_open = plain.lengths_and_ages(opened, dt.date(2025, 1, 9))
    assert plain.median(in_the_end) == 10
    assert len(still_open) < 0.1 * len(opened)
    assert all(value >= 9 for value in medians.values())
