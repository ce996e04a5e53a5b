"""The nightly run on the simulated district reports what truth.json says is planted, to the record."""

import json
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy.spatial import cKDTree

from indicators.durations import survival_counts
from indicators.near_pairs import near_pairs
from indicators.near_repeat import events_of
from indicators.network import Links, density
from indicators.survival import kaplan_meier_quantiles
from pipelines.publishing import release
from pipelines.warehouse import keep_raw_in
from tests.conftest import wardlight
from tests.pipelines.conftest import ROWS

pytestmark = pytest.mark.slow

Truth = dict[str, Any]
LEDGER = ("read", "accepted", "quarantined", "duplicate", "superseded", "merged", "deferred", "deleted")
SOURCES = ("incidents", "requests", "patrols", "handoffs", "activities", "survey", "profiles")


def _query(district: Path, sql: str) -> list[tuple[Any, ...]]:
    served = release.current(district / "home")
    assert served is not None
    with duckdb.connect(str(served.folder / release.DATABASE), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_ledger(district: Path, truth: Truth) -> None:
    sums = ", ".join(f'sum("{column}")::bigint' for column in LEDGER)
    rows = _query(district, f"select source, {sums} from ledger group by source")
    found = {source: dict(zip(LEDGER, counts, strict=True)) for source, *counts in rows}
    assert found == {
        source: {column: told[column] for column in LEDGER} for source, told in truth["ledger"]["sources"].items()
    }
    assert sum(each["read"] for each in found.values()) == ROWS
    assert set(found) == set(SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_quarantine_by_reason(source: str, district: Path, truth: Truth) -> None:
    told = truth["ledger"]["sources"][source]["quarantined_by_reason"]
    with duckdb.connect(str(district / "home" / "warehouse.duckdb"), read_only=True) as con:
        reasons = "select unnest(reasons) as reason from quarantine.record where source = ?"
        kept = con.execute(f"select reason, count(*) from ({reasons}) group by reason", (source,)).fetchall()
    assert dict(kept) == told
    summed: Counter[str] = Counter()
    for reason, count in _query(
        district, f"select reason, row_count from quarantine_summary where source = '{source}'"
    ):
        # What a reason says of its field stands beside it there.
        summed[reason.partition(":")[0]] += count
    expected: Counter[str] = Counter()
    for reason, count in told.items():
        expected[reason.partition(":")[0]] += count
    assert summed == expected


@pytest.mark.parametrize("source", SOURCES)
def test_findings(source: str, district: Path, truth: Truth) -> None:
    told = truth["ledger"]["sources"][source]
    found = {
        (finding, field): count
        for finding, field, count in _query(
            district, f"select finding, field, count from source_finding where source = '{source}'"
        )
    }
    # Conflicts are also counted by the column in which they are.
    conflicts = {field: found.pop((finding, field)) for finding, field in list(found) if finding == "conflicting_id"}
    assert found.pop(("repeated_id", None)) == told["repeated_ids"]
    flags = {finding if field is None else f"{finding}:{field}": count for (finding, field), count in found.items()}
    assert flags == {flag: count for flag, count in told["flags"].items() if flag != "conflicting_id"}
    assert conflicts.get(None, 0) == told["conflicting_ids"] == told["flags"].get("conflicting_id", 0)


@pytest.mark.parametrize("source", SOURCES)
def test_scores_rest_on_what_is_planted(source: str, district: Path, truth: Truth) -> None:
    """What is unsound in each dimension, over all time and the whole city, is what was planted of it."""
    told = truth["ledger"]["sources"][source]
    flags = told["flags"]
    unsound = dict(
        _query(
            district,
            "select dimension, denominator - numerator from quality_score where area_id = 'city' and "
            f"period_kind = 'all' and source = '{source}' and status = 'final' and dimension <> 'overall'",
        )
    )
    assert unsound.pop("validity") == told["quarantined"] - told["quarantined_by_reason"].get("blank_row", 0)
    assert unsound.pop("uniqueness") == told["duplicate"] + told["superseded"]
    contradictions = ("times_out_of_order", "future_time", "before", "condition")
    assert unsound.pop("consistency") == sum(
        count for flag, count in flags.items() if flag.partition(":")[0] in contradictions
    )
    assert unsound.pop("accuracy", 0) == flags.get("outside_area", 0)
    assert unsound.keys() <= {"completeness", "timeliness"}


# Flag of accepted records, and reason of quarantined ones → the expectation that is meant to find them.
FOUND_BY_FLAG = {
    "area_missing": "area_mostly_known",
    "clock_change": "hour_certain",
    "conflicting_id": "one_account_of_each_record",
    "future_time": "recorded_after_it_happened",
    "implausible_duration": "leg_of_believable_length",
    "out_of_range": "usable_as_delivered",
    "outside_area": "coordinates_in_the_area_named",
    "times_out_of_order": "times_in_order_as_delivered",
    "unusable": "usable_as_delivered",
}
FOUND_BY_REASON = {
    "before_first_month": "not_before_the_first_month",
    "blank_row": "no_blank_row",
    "condition": "values_possible",
    "malformed_line": "lines_whole",
    "missing_id": "id_given",
    "missing_time": "first_time_given",
    "not_allowed": "values_possible",
    "out_of_range": "values_possible",
    "pattern": "values_possible",
    "times_out_of_order": "times_in_order",
    "unknown_area": "area_known_to_the_city",
    "unparseable_time": "first_time_readable",
}


def test_each_planted_defect_is_found_by_the_expectation_meant_for_it(district: Path, truth: Truth) -> None:
    """With the planted count; nothing else is found by any expectation that tolerates a share of rows."""
    expected: Counter[tuple[str, str]] = Counter()
    for source, told in truth["ledger"]["sources"].items():
        kind = told["kind"]
        for flag, count in told["flags"].items():
            expected[kind, FOUND_BY_FLAG[flag.partition(":")[0]]] += count
        for reason, count in told["quarantined_by_reason"].items():
            expected["record", FOUND_BY_REASON[reason.partition(":")[0]]] += count
        late = truth["defects"]["sources"][source].get("late", {"records": 0})
        expected[kind, "known_within_30_days"] += late["records"]
        expected["receipt", "no_row_delivered_twice"] += told["duplicate"]
    found = _query(
        district,
        "select table_name, expectation, failed_count from expectation_results where threshold like 'mostly%'",
    )
    assert {(table, name): count for table, name, count in found if count} == +expected
    assert all(exception is None for (exception,) in _query(district, "select exception from expectation_results"))


def test_the_same_warehouse_when_run_again(district: Path) -> None:
    done = wardlight("nightly", "--city", district, "--home", district / "home")
    assert done.returncode == 0, done.stderr
    assert "unchanged: nothing new to publish" in done.stdout


def test_residents_of_the_last_profile(district: Path, truth: Truth) -> None:
    rows = dict(_query(district, "select area_id, population from areas where population is not null"))
    told = truth["people"]["population"]
    assert {area: rows.get(area) for area in told} == {area: people["last"] for area, people in told.items()}


def test_no_personal_key_is_kept_in_the_clear(district: Path) -> None:
    """The warehouse holds hashes in place of addresses and of the survey's and volunteers' numbers."""
    with duckdb.connect(str(district / "home" / "warehouse.duckdb"), read_only=True) as con:
        keep_raw_in(con, district / "home" / "raw")
        kept: defaultdict[str, set[str]] = defaultdict(set)
        for source, column in (("incidents", "address"), ("activities", "person"), ("survey", "respondent")):
            values = con.execute(
                f'select distinct "{column}" from raw.{source} where "{column}" is not null'
            ).fetchall()
            kept[source] = {value for (value,) in values}
    for source, hashes in kept.items():
        assert hashes, source
        assert all(len(value) == 32 and set(value) <= set("0123456789abcdef") for value in hashes), source


def _warehouse(district: Path, sql: str) -> pl.DataFrame:
    with duckdb.connect(str(district / "home" / "warehouse.duckdb"), read_only=True) as con:
        return con.sql(sql).pl()


def test_handoffs_between_agencies(district: Path, truth: Truth) -> None:
    edges = _warehouse(
        district,
        """
        select area.parent_id as district, from_agency || '>' || to_agency as way, sum(cases)::bigint as cases
        from extracts.ext_agency_edge_month join staging.area as area using (area_id)
        where kind = 'handoff' group by all
        """,
    )
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for each, way, cases in edges.rows():
        found[each][way] = cases
    assert found == truth["cooperation"]["by_district_and_pair"]


def test_highest_level_of_volunteers(district: Path, truth: Truth) -> None:
    people = _warehouse(
        district,
        "select subject, person_key, max(level) as level from extracts.ext_volunteer_level_month group by all",
    )
    found = {
        subject: {
            "none" if level is None else str(level): count for level, count in levels.group_by("level").len().rows()
        }
        for (subject,), levels in people.group_by("subject")
    }
    told = truth["participation"]["by_highest_level"]
    assert found == {subject: told[subject] for subject in ("resident", "new_citizen")}


def test_survey_answers(district: Path, truth: Truth) -> None:
    answers = _warehouse(
        district,
        """
        select item, person_group as "group", count(answer) as answers, sum(answer::bigint)::bigint as sum,
            sum(answer::bigint ** 2)::bigint as sum_of_squares
        from extracts.ext_survey_answer where answer is not null group by all order by item, "group"
        """,
    )
    assert answers.to_dicts() == truth["survey"]["staged"]


def test_survey_figures(district: Path, truth: Truth) -> None:
    """What enough people answered lies near what is planted; what too few did is not told."""
    items = truth["survey"]["items"]
    shares = {"S1": ("safe_night", (4, 5)), "S2": ("satisfied", (4, 5)), "S3": ("knows_line", (4, 5))}
    rows = _query(
        district,
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
    asked = _warehouse(
        district,
        "select sum(people)::bigint as people from (select count(distinct respondent_key) as people "
        "from extracts.ext_survey_answer group by wave) where people >= 30",
    )
    assert _query(district, "select sum(asked)::bigint from survey_waves") == asked.rows()


def test_response_times(district: Path, truth: Truth) -> None:
    """Quantiles from the histogram are near those planted, as far as a sample of a thousand tells them."""
    places = "join staging.area as area using (area_id) where stage = 'response' group by all"
    closed, opened = (
        _warehouse(district, f"select area.parent_id as district, {columns} from measures.{measure} {places}")
        for columns, measure in (
            ("bucket, sum(closed) as closed, sum(closed_seconds) as closed_seconds", "msr_incident_duration_month"),
            ("day, sum(open_now)::bigint as open_now", "msr_incident_stage_day"),
        )
    )
    closed = closed.with_columns(pl.col("closed", "closed_seconds").cast(pl.Int64))
    curve = survival_counts(closed, opened, ["district"], date.fromisoformat(truth["as_of"]))
    told = truth["response_times"]["incident_seconds"]
    for name, probability in (("p50", 0.5), ("p90", 0.9)):
        found = dict(kaplan_meier_quantiles(curve, ["district"], probability).select("district", "quantile").rows())
        planted = {each: pytest.approx(quantiles[name], rel=0.1) for each, quantiles in told.items()}
        assert {each: found[each] for each in told} == planted


def test_published_times_are_the_planted_ones(district: Path, truth: Truth) -> None:
    """Medians to dispatch by district and year: planted is a share of the response between 64 and 127 of 320."""
    told = {area: each["p50"] / 60 * 95.5 / 320 for area, each in truth["response_times"]["incident_seconds"].items()}
    rows = _query(
        district,
        "select area_id, value, lower, upper from indicator_values where indicator_id = 'M2' and period_kind = 'year' "
        f"and list_contains({[*told]}, area_id)",
    )
    assert len(rows) == 3 * len(told)
    assert sum(lower <= told[area] <= upper for area, _, lower, upper in rows) >= 0.9 * len(rows)
    assert all(value == pytest.approx(told[area], rel=0.15) for area, value, _, _ in rows)
    # Urgent ones are too few in any district of a small simulation, and so are told of the city alone.
    p90 = [each["p90"] / 60 for each in truth["response_times"]["incident_seconds"].values()]
    urgent = _query(
        district,
        "select area_level, value from indicator_values where indicator_id = 'M1' and period_kind = 'year' "
        "and area_level <> 'beat'",
    )
    city = [value for level, value in urgent if level == "city"]
    assert len(city) == 3
    assert all(min(p90) < value < max(p90) for value in city)
    assert {value for level, value in urgent if level == "district"} == {None}


def test_planted_differences_between_districts_come_back_as_scores(district: Path, truth: Truth) -> None:
    """The mechanism's score by what is planted alone, and a district's place by it, lie within what is published."""
    settled = truth["outcomes"]["shares"]["M5"]  # the same everywhere
    plans = truth["patrol_plans"]["seconds"]
    beats = dict(_query(district, "select area_id, parent_id from areas where area_level = 'beat'"))
    told = {
        area: {"M1": each["p90"] / 60, "M2": each["p50"] / 60 * 95.5 / 320}
        for area, each in truth["response_times"]["incident_seconds"].items()
    }
    rows = _query(
        district,
        "select score.area_id, period_kind, period_start, lower, upper, rank_low, rank_high, "
        "list({'indicator': indicator_id, 'weight': dimension_weight, 'worst': goalpost_high}) "
        "from index_scores as score join index_contributions as part using (area_id, period_kind, period_start) "
        "where scope = 'mechanism' and dimension = 'mechanism' and dimension_weight > 0 "
        "and score.area_level = 'district' and period_kind in ('quarter', 'year') group by all",
    )

    def score(area: str, each: dict[str, Any]) -> float:
        if each["indicator"] == "M5":
            return settled
        if each["indicator"] == "M3":
            years = [year for beat, parent in beats.items() if parent == area for year in plans[beat].values()]
            return sum(done for done, _ in years) / sum(planned for _, planned in years)
        return 1 - told[area][each["indicator"]] / each["worst"]

    planted = {row[:3]: sum(100 * each["weight"] * score(row[0], each) for each in row[7]) for row in rows}
    assert len(rows) >= 3 * len(told)
    assert sum(row[3] <= planted[row[:3]] <= row[4] for row in rows) >= 0.9 * len(rows)
    ranked = [row for row in rows if row[5] is not None and "M1" not in {each["indicator"] for each in row[7]}]
    places = [
        1 + sum(other[1:3] == row[1:3] and planted[other[:3]] > planted[row[:3]] for other in ranked) for row in ranked
    ]
    assert len(ranked) >= 3 * len(told)
    within = sum(row[5] <= place <= row[6] for row, place in zip(ranked, places, strict=True))
    assert within >= 0.9 * len(ranked)


def test_contributions_and_coordination_are_those_of_the_scores(district: Path) -> None:
    apart = _query(
        district,
        "select max(abs(score - points)), max(abs(change - moved)), count(change) from index_scores join "
        "(select area_id, period_kind, period_start, sum(weight * score) as points, sum(change) as moved "
        "from index_contributions group by all) using (area_id, period_kind, period_start) where scope = 'overall'",
    )
    assert apart[0][0] < 1e-6
    assert apart[0][1] < 1e-6
    assert apart[0][2] > 100
    levels = _query(
        district,
        "select max(abs(level - mean)), count(*) from coordination join (select area_id, period_kind, period_start, "
        "avg(score) / 100 as mean, count(score) as members from index_scores where scope in ('mechanism', "
        "'social_linkage', 'information_sharing', 'prevention_foundation') group by all having members = 4) "
        "using (area_id, period_kind, period_start) where parts = 'foundations' and coordination is not null",
    )
    assert levels[0][0] < 1e-9
    assert levels[0][1] > 20


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
def test_published_outcomes_are_the_planted_ones(indicator: str, district: Path, truth: Truth) -> None:
    """By year those of the records in staging; in mature years near the planted share, all of them together."""
    kind, day, counted, among = OUTCOMES[indicator]
    staged = _warehouse(
        district,
        f"""
        select year({day}) as year, count(*) filter ({counted}) as part, count(*) as whole from staging.{kind}
        where {day} <= (select as_of from staging.run_window) and {among} group by all order by all
        """,
    )
    rows = _query(
        district,
        "select year(period_start), numerator::bigint, denominator::bigint, status from indicator_values "
        f"where indicator_id = '{indicator}' and period_kind = 'year' and area_level = 'city' order by 1",
    )
    assert [row[:3] for row in rows] == staged.rows()
    mature = [(part, whole) for _, part, whole, status in rows if status == "final"]
    part, whole = (sum(each) for each in zip(*mature, strict=True))
    planted = truth["outcomes"]["shares"][indicator]
    # Three standard errors, and what the few records with a defect may add.
    assert abs(part / whole - planted) < 3 * (planted * (1 - planted) / whole) ** 0.5 + 0.005


def test_published_complaints_are_the_planted_ones(district: Path, truth: Truth) -> None:
    """By year as many as are staged, per thousand incidents; of all requests near the planted share."""
    years = _warehouse(
        district,
        """
        select year(day) as year, count(*) filter (is_complaint) as complaints, count(*) as requests
        from staging.service group by all order by all
        """,
    )
    rows = _query(
        district,
        "select year(period_start), numerator::bigint, value, denominator, lower, upper from indicator_values "
        "where indicator_id = 'R2' and period_kind = 'year' and area_level = 'city' order by 1",
    )
    assert [row[:2] for row in rows] == years.select("year", "complaints").rows()
    (incidents,) = _warehouse(district, "select count(*) from staging.incident").row(0)
    # Those that may have happened in two years count in both, as far as they may.
    assert sum(row[3] for row in rows) == pytest.approx(incidents, abs=1)
    for _, complaints, value, denominator, lower, upper in rows:
        assert value == pytest.approx(1000 * complaints / denominator)
        assert lower < value < upper
    requests = years["requests"].sum()
    share = truth["outcomes"]["complaints_per_request"]
    assert abs(years["complaints"].sum() / requests - share) < 3 * (share / requests) ** 0.5


def test_near_repeats_are_in_the_points(district: Path, truth: Truth) -> None:
    """Burglaries that follow another within the planted days and 100 metres, none at the same address: far more often
    than when the days are dealt out among the points anew."""
    told = truth["near_repeat"]
    points = _warehouse(
        district,
        f"""
        select day, address_key, x_metres, y_metres, z_metres from extracts.ext_near_repeat_point
        where category = '{told["category"]}' order by all
        """,
    )
    place = points.select("x_metres", "y_metres", "z_metres").to_numpy()
    near = cKDTree(place).query_pairs(100, output_type="ndarray")
    address = points["address_key"].to_numpy()
    near = near[address[near[:, 0]] != address[near[:, 1]]]
    day = points["day"].to_physical().to_numpy()

    def close_pairs(days: Any) -> int:
        return int((np.abs(days[near[:, 0]] - days[near[:, 1]]) <= told["days"]).sum())

    draw = np.random.default_rng(1)
    by_chance = [close_pairs(draw.permutation(day)) for _ in range(99)]
    assert close_pairs(day) > max(by_chance)


def test_published_near_repeats_are_those_of_the_planted_category(district: Path, truth: Truth) -> None:
    """Far more pairs of burglaries are near than by chance, and of what nothing is planted in not."""
    rows = _query(
        district,
        "select sum(numerator), sum(denominator), min(status), max(reason) from indicator_values "
        "where indicator_id = 'B4' and period_kind = 'year' and area_level = 'city'",
    )
    ((observed, expected, status, reason),) = rows
    assert observed / expected > 1.5
    # In so small a simulation a year has too few of them for a figure.
    assert (status, reason.partition(";")[0]) == ("withheld", "small_denominator:10")
    for category, is_planted in ((truth["near_repeat"]["category"], True), ("0504", False)):
        points = _warehouse(
            district, f"select * from extracts.ext_near_repeat_point where category = '{category}' order by all"
        )
        found = near_pairs(events_of(points), metres=200, days=truth["near_repeat"]["days"], permutations=999)
        assert (found.p_value == 0.001) == is_planted
        assert (found.chance_low <= found.observed <= found.chance_high) != is_planted


def test_published_handoffs_in_time_are_those_in_staging(district: Path) -> None:
    """By the day that they are due; those not acknowledged count as late."""
    staged = _warehouse(
        district,
        """
        select year(due_day) as year, count(*) as due, count(*) filter (acknowledged_at <= due_at) as in_time
        from staging.handoff where due_day <= (select as_of from staging.run_window) group by all order by all
        """,
    )
    published = _query(
        district,
        "select year(period_start), denominator::bigint, numerator::bigint from indicator_values "
        "where indicator_id = 'L5' and period_kind = 'year' and area_level = 'city' order by 1",
    )
    assert published == staged.rows()
    assert all(0 < in_time < due for _, due, in_time in published)


def test_published_plan_completion_is_the_planted_one(district: Path, truth: Truth) -> None:
    """Hours of beats and years are those told, to the second; the share falls with the legs never walked."""
    told = {
        (area, int(year)): seconds
        for area, years in truth["patrol_plans"]["seconds"].items()
        for year, seconds in years.items()
    }
    rows = _query(
        district,
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


def test_published_gap_in_waiting_is_the_planted_one(district: Path, truth: Truth) -> None:
    """Among like requests: what new citizens ask for takes longer anyway, so that medians of all are farther off."""
    rows = _query(
        district,
        "select area_level, value, lower, upper from indicator_values where indicator_id = 'N4' "
        "and period_kind = 'year' and value is not null",
    )
    told = truth["waiting"]["log_ratio"]
    assert sum(lower <= told <= upper for *_, lower, upper in rows) >= 0.85 * len(rows)
    city = [value for level, value, *_ in rows if level == "city"]
    assert [value == pytest.approx(told, abs=0.12) for value in city] == [True] * 3
    levels = _query(
        district,
        "select n.value / r.value from indicator_values as n join indicator_values as r using (area_id, period_kind, "
        "period_start) where n.indicator_id = 'N4_new_citizens' and r.indicator_id = 'N4_residents' "
        "and period_kind = 'year' and n.area_level = 'city'",
    )
    assert sorted(np.log([ratio for (ratio,) in levels])) == pytest.approx(sorted(city))
    medians = _warehouse(
        district,
        "select requester_group, median(seconds_to_close) as m from facts.fct_service where not is_open "
        "and requester_group <> 'enterprise' group by all",
    )
    crude = dict(medians.rows())
    assert np.log(crude["new_citizen"] / crude["resident"]) > told + 0.15
    # Of few people nothing is told, not even how many.
    counts = _query(
        district,
        "select count(*), count(numerator), count(denominator) from indicator_values where indicator_id like 'N4%' "
        "and status = 'withheld'",
    )
    assert counts[0][0] > 100
    assert counts[0][1:] == (0, 0)


def test_published_participation_is_the_planted_one(district: Path, truth: Truth) -> None:
    """Of the twelve months up to `as_of`; nothing is told of areas where fewer than ten people took part."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    above = dict(_query(district, "select area_id, parent_id from areas"))
    for beat, counts in truth["participation"]["new_citizens"].items():
        for area in (beat, above[beat], "city"):
            told[area].update(counts)
    rows = _query(
        district,
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
    volunteers = _query(
        district,
        "select numerator from indicator_values where indicator_id = 'N1_volunteers' and area_id = 'city' "
        "and period_kind = 'quarter' order by period_start desc limit 1",
    )
    assert volunteers == [(told["city"]["registered"],)]


def test_published_patrol_in_hot_cells_is_what_is_sent_there(district: Path, truth: Truth) -> None:
    """The planted share goes to the blocks where most is reported; of the others a tenth or so is there, too."""
    rows = _query(
        district,
        "select area_id, sum(numerator) / sum(denominator) from indicator_values where indicator_id = 'B6' "
        "and period_kind = 'year' and area_level = 'district' and value is not null group by 1",
    )
    found = dict(rows)
    sent = truth["patrol_plans"]["to_hottest_block"]
    # Only where much is reported is the most visited block hot; in the second district of them half of its beats are.
    assert found["heting"] == pytest.approx(sent["heting"], abs=0.12)
    assert found["liupu"] == pytest.approx(sent["liupu"], abs=0.12)
    assert all(found[area] < 0.2 for area in sent if sent[area] <= 0.125)
    first_year = _query(
        district,
        "select distinct status, reason from indicator_values where indicator_id in ('B6', 'B6_accuracy') "
        "and period_start = '2023-01-01' and period_kind = 'year'",
    )
    assert first_year == [("not_available", "partial_records:0/365")]
    # Half of what is reported comes from 50 of 1024 addresses of each beat: five times what its area would have.
    accuracy = _query(
        district,
        "select area_id, value, lower from indicator_values where indicator_id = 'B6_accuracy' "
        "and period_kind = 'year' and value is not null",
    )
    assert [area for area, *_ in accuracy] == ["city", "city"]
    assert all(4 < lower < value < 9 for _, value, lower in accuracy)


def test_published_workload_is_as_uneven_as_planted(district: Path, truth: Truth) -> None:
    rows = _query(
        district,
        "select year(period_start), area_id, value, lower, upper from indicator_values where "
        "indicator_id = 'T4' and value is not null order by 1",
    )
    assert [(year, area) for year, area, *_ in rows] == [(2023, "city"), (2024, "city"), (2025, "city")]
    for _, _, value, lower, upper in rows[:2]:
        assert value == pytest.approx(truth["workload"]["gini"], abs=0.04)
        assert 0 < lower < truth["workload"]["gini"] < upper


def test_what_cannot_be_told_says_what_it_lacks(district: Path) -> None:
    """No kind of record tells which links between records are right."""
    ((status, reason),) = _query(district, "select status, reason from indicator_catalogue where indicator_id = 'F2'")
    assert status == "not_available"
    assert "needs_kind:check" in reason.split(";")


def test_published_networks_are_the_planted_ones(district: Path, truth: Truth) -> None:
    """Where few ways are planted, 100 hand-offs show them all; districts with fewer have no figure."""
    told = truth["cooperation"]
    rows = _query(
        district,
        "select indicator_id, area_id, value, lower, upper from indicator_values where value is not null "
        "and indicator_id in ('L2_handoffs', 'L3_handoffs') and period_kind = 'year' and area_level = 'district'",
    )
    found = {(indicator, area): value for indicator, area, value, _, _ in rows}
    assert all(lower <= value <= upper for *_, value, lower, upper in rows)
    assert {area for _, area in found} >= {told["broker"]["district"], "liupu", "zhuqiao"}
    for (indicator, area), value in found.items():
        if indicator == "L2_handoffs":
            assert value == pytest.approx(told["density"][area], rel=0.01)
    # All links of its district run through the broker: a star.
    central = {area: value for (indicator, area), value in found.items() if indicator == "L3_handoffs"}
    assert central.pop(told["broker"]["district"]) == pytest.approx(1.0, abs=0.01)
    assert max(central.values()) < 0.6


def test_every_handoff_counted_gives_the_planted_density(district: Path, truth: Truth) -> None:
    told = truth["cooperation"]
    edges = _warehouse(
        district,
        """
        select area.parent_id as district, from_agency, to_agency, sum(cases)::bigint as cases
        from extracts.ext_agency_edge_month join staging.area as area using (area_id)
        where kind = 'handoff' group by all order by all
        """,
    ).with_columns(pl.col("from_agency", "to_agency").replace_strict({a: n for n, a in enumerate(told["agencies"])}))
    for (area,), there in edges.group_by("district"):
        ends, cases = there.select("from_agency", "to_agency").to_numpy(), there["cases"].to_numpy()
        links = Links(ends, cases, len(told["agencies"]), is_directed=True)
        assert density(cases > 0, links) == pytest.approx(told["density"][area], abs=1e-6)


def test_no_key_of_the_extracts_reaches_a_release(district: Path) -> None:
    keys = {
        key
        for table, column in (
            ("ext_repeat_place_month", "address_key"),
            ("ext_near_repeat_point", "address_key"),
            ("ext_volunteer_level_month", "person_key"),
            ("ext_survey_answer", "respondent_key"),
        )
        for key in _warehouse(district, f"select distinct {column} from extracts.{table}")[column].drop_nulls()
    }
    assert len(keys) > 1000
    tables = _query(
        district, "select table_name, column_name from information_schema.columns where data_type = 'VARCHAR'"
    )
    for table, column in tables:
        held = {value for (value,) in _query(district, f'select distinct "{column}" from "{table}"')}
        assert held.isdisjoint(keys), f"{table}.{column}"


def test_days_that_nothing_was_planted_on_are_hardly_ever_unusual(district: Path) -> None:
    """From July to November: no source is told on more than a day a month, nor to have drifted much."""
    rows = _query(district, "select source, count(distinct day) from source_anomaly group by source")
    assert all(days <= 5 for _, days in rows), rows
    judged = dict(_query(district, "select status, count(*) from source_stability group by status"))
    assert sum(judged.values()) > 500
    # One month in a hundred may pass what chance alone stays below.
    assert judged.get("large", 0) + judged.get("moderate", 0) <= sum(judged.values()) / 100


def test_a_planted_effect_lies_within_the_published_interval_and_none_is_found_elsewhere(
    district: Path, truth: Truth
) -> None:
    """The pack declares an intervention on the planted change, and one where nothing is planted."""
    planted = truth["planted_change"]
    columns = (
        "months_compared, after_start, after_end, treated, local_low, local_high, total_low, "
        "total_high, p_value, placebo_p_value, pre_trend_p_value, status"
    )
    rows = _warehouse(district, f"select intervention_id, {columns} from indicators.intervention_results").to_dicts()
    found = {row["intervention_id"]: row for row in rows}
    market, lights = found["night_market"], found["lane_lights"]
    assert market["status"] == lights["status"] == "final"
    assert (json.loads(market["treated"]), market["months_compared"]) == ([planted["area_id"]], 8)
    after = {
        month: thefts
        for month, thefts in planted["by_month"].items()
        if market["after_start"].isoformat()[:7] <= month <= market["after_end"].isoformat()[:7]
    }
    assert min(after) == planted["from"][:7]
    added = sum(after.values()) * (1 - 1 / planted["factor"])
    assert added > 10
    assert market["local_low"] < added < market["local_high"]
    assert market["total_low"] < added < market["total_high"]
    assert lights["total_low"] < 0 < lights["total_high"]
    # Placebos need more areas than the other intervention's leave over.
    assert lights["placebo_p_value"] is None
    assert min(lights["p_value"], lights["pre_trend_p_value"]) > 0.05


def test_the_months_of_an_intervention_are_the_records(district: Path, truth: Truth) -> None:
    """Thefts are known to the minute: what the panel draws of the changed beat is at least what was planted there."""
    months = _query(
        district,
        "select month, phase, treated, control from intervention_months where intervention_id = 'night_market' "
        "order by month",
    )
    assert [phase for _, phase, *_ in months] == ["before"] * 8 + ["after"] * 8
    thefts = truth["planted_change"]["by_month"]
    assert all(treated >= thefts.get(f"{month:%Y-%m}", 0) for month, _, treated, _ in months)
    whole = _query(
        district,
        "select sum(numerator) from indicator_values where indicator_id = 'B2' and period_kind = 'month' and "
        "period_start between '2024-07-01' and '2025-10-01' and area_id in (select unnest(from_json(treated, "
        "'[\"varchar\"]') || from_json(buffer, '[\"varchar\"]') || from_json(control, '[\"varchar\"]')) "
        "from intervention_results where intervention_id = 'night_market')",
    )[0][0]
    buffer = _query(district, "select sum(buffer) from intervention_months where intervention_id = 'night_market'")[0][
        0
    ]
    assert sum(treated + control for _, _, treated, control in months) + buffer == pytest.approx(whole)


def test_games_come_back_as_planted(district: Path, truth: Truth) -> None:
    """Stable states, thresholds and mixed states are those worked out on paper, the shares read off the records."""
    told = truth["games"]
    read = _query(
        district,
        "select value, status, period_kind, period_start from game_parameters "
        "where game_id = 'co_patrol' and parameter_id = 'joined'",
    )
    assert read == [(pytest.approx(told["co_patrol"]["joined"], abs=1e-9), "read", "quarter", date(2025, 7, 1))]
    for game in ("co_patrol", "inspection"):
        for scenario, stable in told[game]["stable"].items():
            points = _query(
                district,
                "select concat_ws(',', share_1::int, share_2::int, share_3::int) from game_rest_points where kind = "
                f"'vertex' and stability = 'stable' and game_id = '{game}' and scenario_id = '{scenario}' order by 1",
            )
            assert [profile for (profile,) in points] == stable
    for parameter, (low, high) in told["co_patrol"]["thresholds"].items():
        found = _query(
            district,
            "select low, high, is_exact from game_thresholds where game_id = 'co_patrol' and scenario_id = 'today' "
            f"and profile = '1,1,1' and parameter_id = '{parameter}'",
        )
        # The share of enterprises is known to what the records round.
        ends = tuple(None if end is None else pytest.approx(end, abs=1e-7) for end in (low, high))
        assert found == [(*ends, True)], parameter
    for scenario, (office, landlords) in told["inspection"]["mixed"].items():
        mixed = _query(
            district,
            "select share_1, share_2, share_3, stability from game_rest_points where kind = 'face' and "
            f"game_id = 'inspection' and scenario_id = '{scenario}'",
        )
        assert mixed == [(pytest.approx(office), pytest.approx(landlords), None, "centre")]


def test_a_game_enters_no_figure(district: Path) -> None:
    """Every scenario names parameters of its own; no table of figures knows a game."""
    tables = _query(
        district, "select distinct table_name from duckdb_columns() where column_name like 'game_id' order by 1"
    )
    assert [name for (name,) in tables] == [
        "game_parameters", "game_rest_points", "game_scenarios", "game_sensitivity", "game_thresholds", "games"
    ]  # fmt: skip


def test_declared_targets_begin_at_the_year_before_and_are_held_against_the_city(district: Path) -> None:
    rows = _query(
        district,
        "select t.indicator_id, t.area_id, t.baseline, before.value, t.value, latest.value, t.target_status, t.months, "
        "t.probability from targets as t "
        "join indicator_values as before on before.indicator_id = t.indicator_id and before.area_id = t.area_id "
        "and before.period_kind = 'rolling_12m' and before.period_start = t.since - interval 1 year "
        "join indicator_values as latest on latest.indicator_id = t.indicator_id and latest.area_id = t.area_id "
        "and latest.period_kind = t.period_kind and latest.period_start = t.period_start order by t.indicator_id",
    )
    assert [row[:2] for row in rows] == [("B2", "city"), ("G2", "city")]
    for _, _, baseline, before, value, latest, status, months, probability in rows:
        assert (baseline, value) == (before, latest)
        assert status in ("met", "on_path", "unclear", "off_path")
        assert months >= 20
        assert 0 <= probability <= 1
    held = _query(
        district,
        "select count(*), count(target_status) from indicator_values where indicator_id = 'G2' and area_id = 'city' "
        "and period_kind = 'month' and period_start >= '2024-01-01' and value is not null",
    )[0]
    assert held[0] == held[1] > 20


def test_the_same_period_last_year_is_that_of_the_figures(district: Path) -> None:
    wrong, compared = _query(
        district,
        "select count(*) filter (where abs(events - now.numerator) > 1e-6 "
        "or abs(prior_events - before.numerator) > 1e-6 or not y.p_value between 0 and 1 or dispersion < 1), "
        "count(*) from year_comparisons as y "
        "join indicator_values as now using (indicator_id, area_id, period_kind, period_start) "
        "join indicator_values as before on before.indicator_id = y.indicator_id and before.area_id = y.area_id "
        "and before.period_kind = y.period_kind and before.period_start = y.prior_start",
    )[0]
    assert wrong == 0
    assert compared == _query(district, "select count(*) from year_comparisons")[0][0] > 100


def test_days_between_rare_events_are_those_of_the_records(district: Path) -> None:
    """The gaps and the days with an event of a beat fill its history, up to the end of the last final month."""
    spans = _query(
        district,
        "select indicator_id, area_id, min(day - days::int), max(day), sum(days) + count(*) - 1, "
        "count(*) filter (where is_open) from gap_charts group by all",
    )
    assert spans
    for _, _, first, last, days, open_gaps in spans:
        assert open_gaps == 1
        assert days == (last - first).days + 1
