"""The figures published of the simulated district are those that truth.json says are planted, within their limits."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indicators.near_pairs import near_pairs
from indicators.near_repeat import events_of
from tests.pipelines.released import in_warehouse, query

pytestmark = pytest.mark.slow

Truth = dict[str, Any]


def test_survey_figures(home: Path, truth: Truth) -> None:
    """What enough people answered lies near what is planted; what too few did is not told."""
    items = truth["survey"]["items"]
    shares = {"S1": ("safe_night", (4, 5)), "S2": ("satisfied", (4, 5)), "S3": ("knows_line", (4, 5))}
    rows = query(
        home,
        "select indicator_id, period_start, value, lower, upper, denominator, status, reason from indicator_values "
        "where area_id = 'city' and indicator_id in ('S1', 'S2', 'S3')",
    )
    assert {start.year for _, start, *_ in rows} == {2023, 2024, 2025}
    for indicator, _, value, lower, upper, effective, *_ in (row for row in rows if row[2] is not None):
        item, counts = shares[indicator]
        true = 100 * sum(items[item]["population_shares"][answer - 1] for answer in counts)
        assert abs(value - true) < upper - lower
        assert effective >= 30
    for *_, effective, status, reason in (row for row in rows if row[2] is None):
        assert (status, reason.split(";")[0]) == ("withheld", "small_denominator:30")
        assert effective < 30
    asked = in_warehouse(
        home,
        "select sum(people)::bigint as people from (select count(distinct respondent_key) as people "
        "from extracts.ext_survey_answer group by wave) where people >= 30",
    )
    assert query(home, "select sum(asked)::bigint from survey_waves") == asked.rows()


def test_published_times_are_the_planted_ones(home: Path, truth: Truth) -> None:
    """Medians to dispatch by district and year: planted is a share of the response between 64 and 127 of 320."""
    told = {area: each["p50"] / 60 * 95.5 / 320 for area, each in truth["response_times"]["incident_seconds"].items()}
    rows = query(
        home,
        "select area_id, value, lower, upper from indicator_values where indicator_id = 'M2' and period_kind = 'year' "
        f"and list_contains({[*told]}, area_id)",
    )
    assert len(rows) == 3 * len(told)
    assert sum(lower <= told[area] <= upper for area, _, lower, upper in rows) >= 0.9 * len(rows)
    assert all(value == pytest.approx(told[area], rel=0.15) for area, value, _, _ in rows)
    # Urgent ones are too few in any district of a small simulation, and so are told of the city alone.
    p90 = [each["p90"] / 60 for each in truth["response_times"]["incident_seconds"].values()]
    urgent = query(
        home,
        "select area_level, value from indicator_values where indicator_id = 'M1' and period_kind = 'year' "
        "and area_level <> 'beat'",
    )
    city = [value for level, value in urgent if level == "city"]
    assert len(city) == 3
    assert all(min(p90) < value < max(p90) for value in city)
    assert {value for level, value in urgent if level == "district"} == {None}


# Of each indicator of what comes of records: kind, day that it goes by, what is counted, and among what.
OUTCOMES = {
    "G1": ("service", "due_day", "first_response_at <= due_at", "true"),
    "G3": ("service", "day", "satisfied", "closed_at is not null and followed_up and satisfied is not null"),
    "G3_follow_up": ("service", "day", "followed_up", "closed_at is not null"),
    "R3": ("service", "day", "overturned", "reviewed"),
    "R4": ("service", "day", "legal_basis is not null", "closed_at is not null"),
    "E1": ("service", "due_day", "solved and closed_at is not null", "channel = 'enterprise platform'"),
    "R1": ("incident", "day", "outcome = 'cleared' and closed_day - recorded_day <= 180", "true"),
    "M5": (
        "incident",
        "day",
        "outcome = 'mediated' and closed_day is not null and coalesce(reopened_day - closed_day > 90, true)",
        "local_category = 'dispute'",
    ),
    "L1": (
        "incident",
        "day",
        "len(agencies) >= 2 and arrived_at is not null",
        "local_category in ('dispute', 'disturbance')",
    ),
}


def test_every_planted_outcome_has_its_indicator(truth: Truth) -> None:
    assert OUTCOMES.keys() == truth["outcomes"]["shares"].keys()


@pytest.mark.parametrize("indicator", OUTCOMES)
def test_published_outcomes_are_the_planted_ones(indicator: str, home: Path, truth: Truth) -> None:
    """By year those of the records in staging; in mature years near the planted share, all of them together."""
    kind, day, counted, among = OUTCOMES[indicator]
    staged = in_warehouse(
        home,
        f"""
        select year({day}) as year, count(*) filter ({counted}) as part, count(*) as whole from staging.{kind}
        where {day} <= (select as_of from staging.run_window) and {among} group by all order by all
        """,
    )
    rows = query(
        home,
        "select year(period_start), numerator::bigint, denominator::bigint, status from indicator_values "
        f"where indicator_id = '{indicator}' and period_kind = 'year' and area_level = 'city' order by 1",
    )
    assert [row[:3] for row in rows] == staged.rows()
    mature = [(part, whole) for _, part, whole, status in rows if status == "final"]
    part, whole = (sum(each) for each in zip(*mature, strict=True))
    planted = truth["outcomes"]["shares"][indicator]
    # Three standard errors, and what the few records with a defect may add.
    assert abs(part / whole - planted) < 3 * (planted * (1 - planted) / whole) ** 0.5 + 0.005


def test_published_complaints_are_the_planted_ones(home: Path, truth: Truth) -> None:
    """By year as many as are staged, per thousand incidents; of all requests near the planted share."""
    years = in_warehouse(
        home,
        """
        select year(day) as year, count(*) filter (is_complaint) as complaints, count(*) as requests
        from staging.service group by all order by all
        """,
    )
    rows = query(
        home,
        "select year(period_start), numerator::bigint, value, denominator, lower, upper from indicator_values "
        "where indicator_id = 'R2' and period_kind = 'year' and area_level = 'city' order by 1",
    )
    assert [row[:2] for row in rows] == years.select("year", "complaints").rows()
    (incidents,) = in_warehouse(home, "select count(*) from staging.incident").row(0)
    # Those that may have happened in two years count in both, as far as they may.
    assert sum(row[3] for row in rows) == pytest.approx(incidents, abs=1)
    for _, complaints, value, denominator, lower, upper in rows:
        assert value == pytest.approx(1000 * complaints / denominator)
        assert lower < value < upper
    requests = years["requests"].sum()
    share = truth["outcomes"]["complaints_per_request"]
    assert abs(years["complaints"].sum() / requests - share) < 3 * (share / requests) ** 0.5


def test_published_near_repeats_are_those_of_the_planted_category(home: Path, truth: Truth) -> None:
    """Far more pairs of burglaries are near than by chance, and of what nothing is planted in not."""
    rows = query(
        home,
        "select sum(numerator), sum(denominator), min(status), max(reason) from indicator_values "
        "where indicator_id = 'B4' and period_kind = 'year' and area_level = 'city'",
    )
    ((observed, expected, status, reason),) = rows
    assert observed / expected > 1.5
    # In so small a simulation a year has too few of them for a figure.
    assert (status, reason.partition(";")[0]) == ("withheld", "small_denominator:10")
    for category, is_planted in ((truth["near_repeat"]["category"], True), ("0504", False)):
        points = in_warehouse(
            home,
            f"select * from extracts.ext_near_repeat_point where category = '{category}' order by all",
        )
        found = near_pairs(events_of(points), metres=200, days=truth["near_repeat"]["days"], permutations=999)
        assert (found.p_value == 0.001) == is_planted
        assert (found.lower <= 1 <= found.upper) != is_planted


def test_published_handoffs_in_time_are_those_in_staging(home: Path) -> None:
    """By the day that they are due; those not acknowledged count as late."""
    staged = in_warehouse(
        home,
        """
        select year(due_day) as year, count(*) as due, count(*) filter (acknowledged_at <= due_at) as in_time
        from staging.handoff where due_day <= (select as_of from staging.run_window) group by all order by all
        """,
    )
    published = query(
        home,
        "select year(period_start), denominator::bigint, numerator::bigint from indicator_values "
        "where indicator_id = 'L5' and period_kind = 'year' and area_level = 'city' order by 1",
    )
    assert published == staged.rows()
    assert all(0 < in_time < due for _, due, in_time in published)


def test_published_plan_completion_is_the_planted_one(home: Path, truth: Truth) -> None:
    """Hours of beats and years are those told, to the second; the share falls with the legs never walked."""
    told = {
        (area, int(year)): seconds
        for area, years in truth["patrol_plans"]["seconds"].items()
        for year, seconds in years.items()
    }
    rows = query(
        home,
        "select area_id, area_level, year(period_start), numerator, denominator, value, lower, upper, bound_low, "
        "bound_high from indicator_values where indicator_id = 'M3' and period_kind = 'year'",
    )
    beats = {(area, year): (done, planned) for area, level, year, done, planned, *_ in rows if level == "beat"}
    assert len(beats) >= 72
    for key, (done, planned) in beats.items():
        # Legs of no known beat are told as one.
        seconds = told.get(key if not key[0].endswith("unallocated") else ("unknown", key[1]), [0, 0])
        assert [round(done * 3600), round(planned * 3600)] == seconds
    by_district = {
        (area, year): (value, low, high)
        for area, level, year, _, _, value, low, high, *_ in rows
        if level == "district"
    }
    missed = truth["patrol_plans"]["missed"]
    for year in (2023, 2024, 2025):
        shares = {area: by_district[area, year][0] for area in missed}
        assert shares["luzhu"] == min(shares.values())
        assert by_district["luzhu", year][2] < by_district["heting", year][0]
    assert all(
        low <= lower <= value <= upper <= high for *_, value, lower, upper, low, high in rows if lower is not None
    )


def test_published_gap_in_waiting_is_the_planted_one(home: Path, truth: Truth) -> None:
    """Among like requests: what new citizens ask for takes longer anyway, so that medians of all are farther off."""
    rows = query(
        home,
        "select area_level, value, lower, upper from indicator_values where indicator_id = 'N4' "
        "and period_kind = 'year' and value is not null",
    )
    told = truth["waiting"]["log_ratio"]
    assert sum(lower <= told <= upper for *_, lower, upper in rows) >= 0.85 * len(rows)
    city = [value for level, value, *_ in rows if level == "city"]
    assert [value == pytest.approx(told, abs=0.12) for value in city] == [True] * 3
    levels = query(
        home,
        "select n.value / r.value from indicator_values as n join indicator_values as r using (area_id, period_kind, "
        "period_start) where n.indicator_id = 'N4_new_citizens' and r.indicator_id = 'N4_residents' "
        "and period_kind = 'year' and n.area_level = 'city'",
    )
    assert sorted(np.log([ratio for (ratio,) in levels])) == pytest.approx(sorted(city))
    medians = in_warehouse(
        home,
        "select requester_group, median(seconds_to_close) as m from facts.fct_service where not is_open "
        "and requester_group <> 'enterprise' group by all",
    )
    crude = dict(medians.rows())
    assert np.log(crude["new_citizen"] / crude["resident"]) > told + 0.15
    # Of few people nothing is told, not even how many.
    counts = query(
        home,
        "select count(*), count(numerator), count(denominator) from indicator_values where indicator_id like 'N4%' "
        "and status = 'withheld'",
    )
    assert counts[0][0] > 100
    assert counts[0][1:] == (0, 0)


def test_published_participation_is_the_planted_one(home: Path, truth: Truth) -> None:
    """Of the twelve months up to `as_of`; nothing is told of areas where fewer than ten people took part."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    above = dict(query(home, "select area_id, parent_id from areas"))
    for beat, counts in truth["participation"]["new_citizens"].items():
        for area in (beat, above[beat], "city"):
            told[area].update(counts)
    rows = query(
        home,
        "select area_id, status, value, numerator, denominator, lower, upper, bound_low, bound_high "
        "from indicator_values where indicator_id = 'N1' and period_start = '2024-12-01' and area_level <> 'beat' "
        "or indicator_id = 'N1' and period_start = '2024-12-01' and area_id like 'beat-%'",
    )
    assert {area for area, *_ in rows} == {*told}
    for area, status, *figures in rows:
        if told[area]["people"] < 10:
            assert (status, figures) == ("withheld", [None] * 7)
            continue
        value, numerator, denominator, lower, upper, low, high = figures
        assert (numerator, denominator) == (told[area]["levels"] / 4, told[area]["registered"])
        assert value == pytest.approx(numerator / denominator)
        assert low <= lower <= value <= upper <= high
    assert sum(status == "final" for _, status, *_ in rows) >= 3
    volunteers = query(
        home,
        "select numerator from indicator_values where indicator_id = 'N1_volunteers' and area_id = 'city' "
        "and period_kind = 'quarter' order by period_start desc limit 1",
    )
    assert volunteers == [(told["city"]["registered"],)]


def test_published_patrol_in_hot_cells_is_what_is_sent_there(home: Path, truth: Truth) -> None:
    """The planted share goes to the blocks where most is reported; of the others a tenth or so is there, too."""
    rows = query(
        home,
        "select area_id, sum(numerator) / sum(denominator) from indicator_values where indicator_id = 'B6' "
        "and period_kind = 'year' and area_level = 'district' and value is not null group by 1",
    )
    found = dict(rows)
    sent = truth["patrol_plans"]["to_hottest_block"]
    # Only where much is reported is the most visited block hot; in the second district of them half of its beats are.
    assert found["heting"] == pytest.approx(sent["heting"], abs=0.12)
    assert found["liupu"] == pytest.approx(sent["liupu"], abs=0.12)
    assert all(found[area] < 0.2 for area in sent if sent[area] <= 0.125)
    first_year = query(
        home,
        "select distinct status, reason from indicator_values where indicator_id in ('B6', 'B6_accuracy') "
        "and period_start = '2023-01-01' and period_kind = 'year'",
    )
    assert first_year == [("not_available", "partial_records:0/365")]
    # Half of what is reported comes from 50 of 1024 addresses of each beat: five times what its area would have.
    accuracy = query(
        home,
        "select area_id, value, lower from indicator_values where indicator_id = 'B6_accuracy' "
        "and period_kind = 'year' and value is not null",
    )
    assert [area for area, *_ in accuracy] == ["city", "city"]
    assert all(4 < lower < value < 9 for _, value, lower in accuracy)


def test_published_workload_is_as_uneven_as_planted(home: Path, truth: Truth) -> None:
    rows = query(
        home,
        "select year(period_start), area_id, value, lower, upper from indicator_values where "
        "indicator_id = 'T4' and value is not null order by 1",
    )
    assert [(year, area) for year, area, *_ in rows] == [(2023, "city"), (2024, "city"), (2025, "city")]
    for _, _, value, lower, upper in rows[:2]:
        assert value == pytest.approx(truth["workload"]["gini"], abs=0.04)
        assert 0 < lower < truth["workload"]["gini"] < upper


def test_what_cannot_be_told_says_what_it_lacks(home: Path) -> None:
    """No kind of record tells which links between records are right."""
    ((status, reason),) = query(home, "select status, reason from indicator_catalogue where indicator_id = 'F2'")
    assert status == "not_available"
    assert "needs_kind:check" in reason.split(";")
