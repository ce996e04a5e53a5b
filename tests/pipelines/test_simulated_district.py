"""The nightly run on the simulated district takes in what truth.json says is planted, to the record."""

import shutil
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
from indicators.network import Links, density
from indicators.survival import kaplan_meier_quantiles
from pipelines.warehouse import keep_raw_in
from tests.conftest import wardlight
from tests.pipelines.conftest import ROWS
from tests.pipelines.released import in_warehouse, query

pytestmark = pytest.mark.slow

Truth = dict[str, Any]


LEDGER = ("read", "accepted", "quarantined", "duplicate", "superseded", "merged", "deferred", "deleted")


SOURCES = ("incidents", "requests", "patrols", "handoffs", "activities", "survey", "profiles")


def test_ledger(home: Path, truth: Truth) -> None:
    sums = ", ".join(f'sum("{column}")::bigint' for column in LEDGER)
    rows = query(home, f"select source, {sums} from ledger group by source")
    found = {source: dict(zip(LEDGER, counts, strict=True)) for source, *counts in rows}
    assert found == {
        source: {column: told[column] for column in LEDGER} for source, told in truth["ledger"]["sources"].items()
    }
    assert sum(each["read"] for each in found.values()) == ROWS
    assert set(found) == set(SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_quarantine_by_reason(source: str, home: Path, truth: Truth) -> None:
    told = truth["ledger"]["sources"][source]["quarantined_by_reason"]
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        reasons = "select unnest(reasons) as reason from quarantine.record where source = ?"
        kept = con.execute(f"select reason, count(*) from ({reasons}) group by reason", (source,)).fetchall()
    assert dict(kept) == told
    summed: Counter[str] = Counter()
    for reason, count in query(home, f"select reason, row_count from quarantine_summary where source = '{source}'"):
        # What a reason says of its field stands beside it there.
        summed[reason.partition(":")[0]] += count
    expected: Counter[str] = Counter()
    for reason, count in told.items():
        expected[reason.partition(":")[0]] += count
    assert summed == expected


@pytest.mark.parametrize("source", SOURCES)
def test_findings(source: str, home: Path, truth: Truth) -> None:
    told = truth["ledger"]["sources"][source]
    found = {
        (finding, field): count
        for finding, field, count in query(
            home, f"select finding, field, count from source_finding where source = '{source}'"
        )
    }
    # Conflicts are also counted by the column in which they are.
    conflicts = {field: found.pop((finding, field)) for finding, field in list(found) if finding == "conflicting_id"}
    assert found.pop(("repeated_id", None)) == told["repeated_ids"]
    flags = {finding if field is None else f"{finding}:{field}": count for (finding, field), count in found.items()}
    assert flags == {flag: count for flag, count in told["flags"].items() if flag != "conflicting_id"}
    assert conflicts.get(None, 0) == told["conflicting_ids"] == told["flags"].get("conflicting_id", 0)


@pytest.mark.parametrize("source", SOURCES)
def test_scores_rest_on_what_is_planted(source: str, home: Path, truth: Truth) -> None:
    """What is unsound in each dimension, over all time and the whole city, is what was planted of it."""
    told = truth["ledger"]["sources"][source]
    flags = told["flags"]
    unsound = dict(
        query(
            home,
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


def test_each_planted_defect_is_found_by_the_expectation_meant_for_it(home: Path, truth: Truth) -> None:
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
    found = query(
        home,
        "select table_name, expectation, failed_count from expectation_results where threshold like 'mostly%'",
    )
    assert {(table, name): count for table, name, count in found if count} == +expected
    assert all(exception is None for (exception,) in query(home, "select exception from expectation_results"))


def test_the_same_warehouse_when_run_again(district: Path, tmp_path: Path) -> None:
    again = shutil.copytree(district, tmp_path / "heting", symlinks=True)
    done = wardlight("nightly", "--city", again, "--home", again / "home")
    assert done.returncode == 0, done.stderr
    assert "unchanged: nothing new to publish" in done.stdout


def test_residents_of_the_last_profile(home: Path, truth: Truth) -> None:
    rows = dict(query(home, "select area_id, population from areas where population is not null"))
    told = truth["people"]["population"]
    assert {area: rows.get(area) for area in told} == {area: people["last"] for area, people in told.items()}


def test_no_personal_key_is_kept_in_the_clear(home: Path) -> None:
    """The warehouse holds hashes in place of addresses and of the survey's and volunteers' numbers."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        keep_raw_in(con, home / "raw")
        kept: defaultdict[str, set[str]] = defaultdict(set)
        for source, column in (("incidents", "address"), ("activities", "person"), ("survey", "respondent")):
            values = con.execute(
                f'select distinct "{column}" from raw.{source} where "{column}" is not null'
            ).fetchall()
            kept[source] = {value for (value,) in values}
    for source, hashes in kept.items():
        assert hashes, source
        assert all(len(value) == 32 and set(value) <= set("0123456789abcdef") for value in hashes), source


def test_handoffs_between_agencies(home: Path, truth: Truth) -> None:
    edges = in_warehouse(
        home,
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


def test_highest_level_of_volunteers(home: Path, truth: Truth) -> None:
    people = in_warehouse(
        home,
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


def test_survey_answers(home: Path, truth: Truth) -> None:
    answers = in_warehouse(
        home,
        """
        select item, person_group as "group", count(answer) as answers, sum(answer::bigint)::bigint as sum,
            sum(answer::bigint ** 2)::bigint as sum_of_squares
        from extracts.ext_survey_answer where answer is not null group by all order by item, "group"
        """,
    )
    assert answers.to_dicts() == truth["survey"]["staged"]


def test_response_times(home: Path, truth: Truth) -> None:
    """Quantiles from the histogram are near those planted, as far as a sample of a thousand tells them."""
    places = "join staging.area as area using (area_id) where stage = 'response' group by all"
    closed, opened = (
        in_warehouse(home, f"select area.parent_id as district, {columns} from measures.{measure} {places}")
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


def test_near_repeats_are_in_the_points(home: Path, truth: Truth) -> None:
    """Burglaries that follow another within the planted days and 100 metres, none at the same address: far more often
    than when the days are dealt out among the points anew."""
    told = truth["near_repeat"]
    points = in_warehouse(
        home,
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


def test_every_handoff_counted_gives_the_planted_density(home: Path, truth: Truth) -> None:
    told = truth["cooperation"]
    edges = in_warehouse(
        home,
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


def test_no_key_of_the_extracts_reaches_a_release(home: Path) -> None:
    keys = {
        key
        for table, column in (
            ("ext_repeat_place_month", "address_key"),
            ("ext_near_repeat_point", "address_key"),
            ("ext_volunteer_level_month", "person_key"),
            ("ext_survey_answer", "respondent_key"),
        )
        for key in in_warehouse(home, f"select distinct {column} from extracts.{table}")[column].drop_nulls()
    }
    assert len(keys) > 1000
    tables = query(home, "select table_name, column_name from information_schema.columns where data_type = 'VARCHAR'")
    for table, column in tables:
        held = {value for (value,) in query(home, f'select distinct "{column}" from "{table}"')}
        assert held.isdisjoint(keys), f"{table}.{column}"
