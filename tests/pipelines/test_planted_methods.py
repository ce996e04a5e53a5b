"""Scores, networks, effects, games and targets of the simulated district are those that truth.json says are planted."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.released import in_warehouse, query

pytestmark = pytest.mark.slow

Truth = dict[str, Any]


def test_planted_differences_between_districts_come_back_as_scores(home: Path, truth: Truth) -> None:
    """The mechanism's score by what is planted alone, and a district's place by it, lie within what is published."""
    settled = truth["outcomes"]["shares"]["M5"]  # the same everywhere
    plans = truth["patrol_plans"]["seconds"]
    beats = dict(query(home, "select area_id, parent_id from areas where area_level = 'beat'"))
    told = {
        area: {"M1": each["p90"] / 60, "M2": each["p50"] / 60 * 95.5 / 320}
        for area, each in truth["response_times"]["incident_seconds"].items()
    }
    rows = query(
        home,
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


def test_contributions_and_coordination_are_those_of_the_scores(home: Path) -> None:
    apart = query(
        home,
        "select max(abs(score - points)), max(abs(change - moved)), count(change) from index_scores join "
        "(select area_id, period_kind, period_start, sum(weight * score) as points, sum(change) as moved "
        "from index_contributions group by all) using (area_id, period_kind, period_start) where scope = 'overall'",
    )
    assert apart[0][0] < 1e-6
    assert apart[0][1] < 1e-6
    assert apart[0][2] > 100
    levels = query(
        home,
        "select max(abs(level - mean)), count(*) from coordination join (select area_id, period_kind, period_start, "
        "avg(score) / 100 as mean, count(score) as members from index_scores where scope in ('mechanism', "
        "'social_linkage', 'information_sharing', 'prevention_foundation') group by all having members = 4) "
        "using (area_id, period_kind, period_start) where parts = 'foundations' and coordination is not null",
    )
    assert levels[0][0] < 1e-9
    assert levels[0][1] > 20


def test_published_networks_are_the_planted_ones(home: Path, truth: Truth) -> None:
    """Where few ways are planted, 100 hand-offs show them all; districts with fewer have no figure."""
    told = truth["cooperation"]
    rows = query(
        home,
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


def test_days_that_nothing_was_planted_on_are_hardly_ever_unusual(home: Path) -> None:
    """From July to November: no source is told on more than a day a month, nor to have drifted much."""
    rows = query(home, "select source, count(distinct day) from source_anomaly group by source")
    assert all(days <= 5 for _, days in rows), rows
    judged = dict(query(home, "select status, count(*) from source_stability group by status"))
    assert sum(judged.values()) > 500
    # One month in a hundred may pass what chance alone stays below.
    assert judged.get("large", 0) + judged.get("moderate", 0) <= sum(judged.values()) / 100


def test_a_planted_effect_lies_within_the_published_interval_and_none_is_found_elsewhere(
    home: Path, truth: Truth
) -> None:
    """The pack declares an intervention on the planted change, and one where nothing is planted."""
    planted = truth["planted_change"]
    columns = (
        "months_compared, after_start, after_end, treated, local_low, local_high, total_low, "
        "total_high, p_value, placebo_p_value, pre_trend_p_value, status"
    )
    rows = in_warehouse(home, f"select intervention_id, {columns} from indicators.intervention_results").to_dicts()
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


def test_the_months_of_an_intervention_are_the_records(home: Path, truth: Truth) -> None:
    """Thefts are known to the minute: what the panel draws of the changed beat is at least what was planted there."""
    months = query(
        home,
        "select month, phase, treated, control from intervention_months where intervention_id = 'night_market' "
        "order by month",
    )
    assert [phase for _, phase, *_ in months] == ["before"] * 8 + ["after"] * 8
    thefts = truth["planted_change"]["by_month"]
    assert all(treated >= thefts.get(f"{month:%Y-%m}", 0) for month, _, treated, _ in months)
    whole = query(
        home,
        "select sum(numerator) from indicator_values where indicator_id = 'B2' and period_kind = 'month' and "
        "period_start between '2024-07-01' and '2025-10-01' and area_id in (select unnest(from_json(treated, "
        "'[\"varchar\"]') || from_json(buffer, '[\"varchar\"]') || from_json(control, '[\"varchar\"]')) "
        "from intervention_results where intervention_id = 'night_market')",
    )[0][0]
    buffer = query(home, "select sum(buffer) from intervention_months where intervention_id = 'night_market'")[0][0]
    assert sum(treated + control for _, _, treated, control in months) + buffer == pytest.approx(whole)


def test_games_come_back_as_planted(home: Path, truth: Truth) -> None:
    """Stable states, thresholds and mixed states are those worked out on paper, the shares read off the records."""
    told = truth["games"]
    read = query(
        home,
        "select value, status, period_kind, period_start from game_parameters "
        "where game_id = 'co_patrol' and parameter_id = 'joined'",
    )
    assert read == [(pytest.approx(told["co_patrol"]["joined"], abs=1e-9), "read", "quarter", date(2025, 7, 1))]
    for game in ("co_patrol", "inspection"):
        for scenario, stable in told[game]["stable"].items():
            points = query(
                home,
                "select concat_ws(',', share_1::int, share_2::int, share_3::int) from game_rest_points where kind = "
                f"'vertex' and stability = 'stable' and game_id = '{game}' and scenario_id = '{scenario}' order by 1",
            )
            assert [profile for (profile,) in points] == stable
    for parameter, (low, high) in told["co_patrol"]["thresholds"].items():
        found = query(
            home,
            "select low, high, is_exact from game_thresholds where game_id = 'co_patrol' and scenario_id = 'today' "
            f"and profile = '1,1,1' and parameter_id = '{parameter}'",
        )
        # The share of enterprises is known to what the records round.
        ends = tuple(None if end is None else pytest.approx(end, abs=1e-7) for end in (low, high))
        assert found == [(*ends, True)], parameter
    for scenario, (office, landlords) in told["inspection"]["mixed"].items():
        mixed = query(
            home,
            "select share_1, share_2, share_3, stability from game_rest_points where kind = 'face' and "
            f"game_id = 'inspection' and scenario_id = '{scenario}'",
        )
        assert mixed == [(pytest.approx(office), pytest.approx(landlords), None, "centre")]


def test_a_game_enters_no_figure(home: Path) -> None:
    """Every scenario names parameters of its own; no table of figures knows a game."""
    tables = query(
        home,
        "select distinct table_name from duckdb_columns() where column_name like 'game_id' order by 1",
    )
    assert [name for (name,) in tables] == [
        "game_parameters", "game_rest_points", "game_scenarios", "game_sensitivity", "game_thresholds", "games"
    ]  # fmt: skip


def test_declared_targets_begin_at_the_year_before_and_are_held_against_the_city(home: Path) -> None:
    rows = query(
        home,
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
    held = query(
        home,
        "select count(*), count(target_status) from indicator_values where indicator_id = 'G2' and area_id = 'city' "
        "and period_kind = 'month' and period_start >= '2024-01-01' and value is not null",
    )[0]
    assert held[0] == held[1] > 20


def test_the_same_period_last_year_is_that_of_the_figures(home: Path) -> None:
    wrong, compared = query(
        home,
        "select count(*) filter (where abs(events - now.numerator) > 1e-6 "
        "or abs(prior_events - before.numerator) > 1e-6 or not y.p_value between 0 and 1 or dispersion < 1), "
        "count(*) from year_comparisons as y "
        "join indicator_values as now using (indicator_id, area_id, period_kind, period_start) "
        "join indicator_values as before on before.indicator_id = y.indicator_id and before.area_id = y.area_id "
        "and before.period_kind = y.period_kind and before.period_start = y.prior_start",
    )[0]
    assert wrong == 0
    assert compared == query(home, "select count(*) from year_comparisons")[0][0] > 100


def test_days_between_rare_events_are_those_of_the_records(home: Path) -> None:
    """The gaps and the days with an event of a beat fill its history, up to the end of the last final month."""
    spans = query(
        home,
        "select indicator_id, area_id, min(day - days::int), max(day), sum(days) + count(*) - 1, "
        "count(*) filter (where is_open) from gap_charts group by all",
    )
    assert spans
    for _, _, first, last, days, open_gaps in spans:
        assert open_gaps == 1
        assert days == (last - first).days + 1
