"""What is expected of published tables holds of sound ones, and each expectation finds the fault meant for it."""

from pathlib import Path

import duckdb
import pytest

from pipelines.publishing.faulty_rows import held_back, without_held_back
from pipelines.quality import store
from pipelines.quality.expectations import Verdict, judge
from pipelines.quality.suite import published_expectations
from pipelines.warehouse import scalar
from tests.dashboards import sample_release

pytestmark = pytest.mark.slow

# Name in the release where it is another one.
PUBLISHED_AS = {"quality.anomaly": "source_anomaly", "quality.stability": "source_stability"}
# Expectation → a row as found under a condition, with these columns instead, put beside it. What must be unique is
# broken by any such row whose key stays.
FAULTS = {
    "indicator_values": {
        "expect_column_values_to_be_in_set_status": ("status = 'great'", "value is not null"),
        "expect_column_values_to_be_in_set_target_status": ("target_status = 'soon'", "true"),
        "no_value_exactly_where_withheld_or_not_available": ("value = null", "status = 'final'"),
        "reason_wherever_not_final": ("reason = ''", "status = 'provisional'"),
        "stale_says_since_when": ("status = 'stale', reason = 'gate_failed:it'", "value is not null"),
        "interval_holds_value": ("value = upper + 1", "upper is not null"),
        "bounds_hold_interval": ("upper = bound_high + 1", "bound_high is not null"),
    },
    "indicator_limits": {
        "expect_column_values_to_be_in_set_basis": ("basis = 'hope'", "true"),
        "limits_hold_centre": ("centre = limit_high + 1", "true"),
    },
    "changes": {
        "expect_column_values_to_be_in_set_method": ("method = 'guess'", "true"),
        "probabilities": ("q_value = p_value / 2", "p_value > 0"),
    },
    "comparisons": {
        "expect_column_values_to_be_in_set_standing": ("standing = 'first'", "true"),
        "as_many_areas_as_were_compared": ("areas_compared = areas_compared + 1", "true"),
        "funnels_lie_within_one_another": ("inner_high = target - 1", "true"),
        "intervals_hold_rank_and_shrunken_figure": ("rank = rank_high + 1", "rank is not null"),
    },
    "intervention_results": {
        "expect_column_values_to_be_in_set_status": ("status = 'great'", "true"),
        "no_value_exactly_where_not_available": ("total = null", "status = 'final'"),
        "intervals_hold_differences": ("local = local_high + 1", "local is not null"),
        "total_is_local_and_displaced": ("total = total + 1", "total is not null"),
        "probabilities": ("p_value = 1.5", "true"),
    },
    "intervention_months": {
        "expect_column_values_to_be_in_set_phase": ("phase = 'meanwhile'", "true"),
        "no_period_missing_between_first_and_last": ("month = month + interval 60 month", "true"),
        "difference_is_what_was_not_expected": ("difference = difference + 9", "difference is not null"),
    },
    "index_scores": {
        "scores_within_0_and_100": ("score = 101, upper = 101", "score is not null"),
        "intervals_hold_score_and_rank": ("rank = rank_high + 1", "rank is not null"),
        "reason_wherever_there_is_no_score": ("score = null, reason = null", "true"),
        "change_is_the_difference_of_two_scores": ("change = change + 1", "change is not null"),
    },
    "index_contributions": {
        "scores_and_weights_in_range": ("weight = -0.1", "true"),
        "contributions_make_up_the_score": ("score = score", "weight > 0"),
        "parts_of_a_change_make_up_the_change": ("change = 9", "change is not null"),
    },
    "coordination": {
        "expect_column_values_to_be_in_set_movement": ("movement = 'sideways'", "true"),
        "degrees_within_0_and_1": ("level_high = 1.2", "true"),
        "intervals_hold_the_degrees": ("coupling = coupling_high + 0.1", "coupling is not null"),
        "coordination_is_of_coupling_and_level": ("level = level / 2", "level is not null"),
        "reason_wherever_there_is_no_score": ("coordination = null, reason = null", "true"),
    },
    "index_sensitivity": {
        "expect_column_values_to_be_in_set_choice": ("choice = 'mood'", "true"),
        "interval_in_order_and_areas_enough": ("total_low = total_high + 1", "true"),
    },
    "linkage": {
        "expect_column_values_to_be_in_set_statistic": ("statistic = 'mood'", "true"),
        "expect_column_values_to_be_in_set_status": ("status = 'great'", "true"),
        "probabilities": ("p_value = 1.5", "true"),
        "shares_within_0_and_1": ("value = 1.2", "true"),
        "reason_wherever_there_is_no_value": ("value = null, reason = null", "true"),
    },
    "linkage_agencies": {
        "expect_column_values_to_be_in_set_standing": ("standing = 'famous'", "true"),
        "partners_exactly_where_linked": ("partners = 0", "standing = 'linked'"),
    },
    "linkage_pairs": {
        "expect_column_values_to_be_in_set_standing": ("standing = 'famous'", "true"),
        "interval_holds_delay": ("delay_hours = 5, delay_lower = 6, delay_upper = 7", "true"),
        "of_two_agencies": ("to_agency = from_agency", "true"),
    },
    "indicator_sources": {
        "expect_column_values_to_be_in_set_part": ("part = 'whole'", "true"),
        "expect_column_values_to_be_in_set_counted_by": ("counted_by = 'hand'", "true"),
    },
    "indicator_checks": {},
    "survey_waves": {
        "expect_column_values_to_be_in_set_weighting": ("weighting = 'by_hand'", "true"),
        "no_more_effective_than_answered_than_asked": ("answered = asked + 1", "true"),
    },
    "survey_margins": {
        "shares_within_0_and_1": ("after = 1.2", "true"),
        "shares_of_a_margin_add_up_to_one": ("class = 'another'", "target > 0"),
    },
    "survey_estimates": {
        "expect_column_values_to_be_in_set_status": ("status = 'great'", "true"),
        "expect_column_values_to_be_in_set_person_group": ("person_group = 'some'", "true"),
        "no_value_exactly_where_withheld_or_not_available": ("value = null", "status = 'final'"),
        "interval_holds_value": ("value = upper + 1", "upper is not null"),
        "points_within_0_and_100": ("upper = 101", "true"),
    },
    "survey_gaps": {
        "told_once": ("gap = gap", "true"),
        "expect_column_values_to_be_in_set_verdict": ("verdict = 'better'", "true"),
        "gap_is_residents_less_new_citizens": ("gap = gap + 1", "gap is not null"),
        "intervals_hold_levels_and_gap": ("gap_lower = gap + 1", "gap is not null"),
    },
    "survey_reliability": {
        "one_row_for_each_item_and_scale": ("p_value = p_value", "true"),
        "interval_holds_alpha": ("alpha = upper + 0.1", "alpha is not null"),
    },
    "survey_importance": {
        "expect_column_values_to_be_in_set_quarter": ("quarter = 'none'", "true"),
        "intervals_hold_performance_and_importance": ("importance = -2", "true"),
    },
    "games": {"every_profile_has_its_payoffs": ("payoffs = '{\"1,1\": []}'", "true")},
    "game_parameters": {
        "expect_column_values_to_be_in_set_status": ("status = 'made_up'", "true"),
        "range_holds_value": ("value = high + 1", "value is not null"),
    },
    "game_scenarios": {
        "expect_column_values_to_be_in_set_status": ("status = 'great'", "true"),
        "shares_within_0_and_1": ("goal_share = 0.9, undecided_share = 0.2", "true"),
        "no_value_exactly_where_not_available": ("goal_share = null", "status = 'final'"),
    },
    "game_rest_points": {
        "expect_column_values_to_be_in_set_kind": ("kind = 'cusp'", "true"),
        "expect_column_values_to_be_in_set_stability": ("stability = 'fair'", "true"),
        "stable_where_all_eigenvalues_are_negative": ("stability = 'stable', eigenvalue_1 = 0.5", "true"),
    },
    "game_thresholds": {"ranges_in_order_and_apart": ("low = high + 1", "high is not null")},
    "game_sensitivity": {"shares_within_0_and_1": ("cooperation_upper = 1.5", "true")},
    "nowcasts": {
        "interval_holds_nowcast": ("expected = expected_high + 1", "true"),
        "never_fewer_expected_than_recorded": ("counted = expected + 1", "true"),
    },
    "reporting_delays": {
        "no_delay_missing": ("delay_days = 99", "true"),
        "shares_rise_within_their_intervals": ("share = 0, lower = 0", "delay_days > 0 and share > 0"),
    },
    "revisions": {
        "a_revision_changes_the_value_and_says_why": ("reason = null", "true"),
        "each_revision_begins_where_the_one_before_ended": ("sequence = sequence + 9, value_before = 1e6", "true"),
    },
    "alarms": {"alarm_where_the_probability_says_so": ("alarm = not alarm", "true")},
    "gap_charts": {
        "expect_column_values_to_be_in_set_signal": ("signal = 'gap'", "true"),
        "one_open_gap_at_most": ("day = day + 1", "is_open"),
        "limits_hold_centre": ("centre = limit_high + 1", "limit_high is not null"),
    },
    "breaks": {},
    "targets": {
        "expect_column_values_to_be_in_set_target_status": ("target_status = 'soon'", "true"),
        "expect_column_values_to_be_in_set_progress": ("progress = 'slow'", "true"),
        "interval_holds_what_is_predicted": ("predicted = predicted_high + 1", "predicted is not null"),
    },
    "year_comparisons": {
        "the_year_before_is_the_year_before": ("prior_start = period_start", "true"),
        "probabilities": ("p_value = -0.1", "true"),
    },
    "gates": {},
    "definitions": {
        "expect_column_values_to_not_be_null_definition_hash": ("definition_hash = null", "true"),
        "expect_column_values_to_not_be_null_settings_hash": ("settings_hash = null", "true"),
    },
    "area_freshness": {
        "expect_column_values_to_be_in_set_status": ("status = 'asleep'", "true"),
        "last_day_exactly_where_silent": ("last_day = null", "status = 'silent'"),
        "days_behind_are_those_since_the_last_day": ("days_behind = days_behind + 1", "status = 'silent'"),
        "area_and_source_are_known": ("area_id = 'atlantis'", "true"),
    },
    "quality_score": {
        "expect_column_values_to_be_in_set_status": ("status = 'great'", "true"),
        "expect_column_values_to_be_in_set_grade": ("grade = 'E'", "grade is not null"),
        "score_and_grade_exactly_where_told": ("grade = null", "grade is not null"),
        "scores_within_0_and_100": ("numerator = denominator + 1", "denominator > 0"),
        "score_is_the_share_of_what_is_sound": ("score = score - 1", "dimension = 'validity'"),
        "overall_lies_between_the_dimensions": ("area_id = '75', period_start = date '2013-01-01'", "score < 80"),
        "no_period_that_begins_after_as_of": ("period_start = date '2017-01-01'", "true"),
    },
    "anomaly": {
        "expect_column_values_to_be_in_set_metric": ("metric = 'mood'", "true"),
        "expect_column_values_to_be_in_set_direction": ("direction = 'sideways'", "true"),
        "told_once": ("p_value = p_value", "true"),
        "outside_of_what_is_usual": ("observed = expected", "direction = 'above'"),
        "nothing_later_than_as_of": ("day = date '2017-01-01'", "true"),
    },
    "stability": {
        "expect_column_values_to_be_in_set_status": ("status = 'shaky'", "true"),
        "index_not_negative": ("psi = -1", "true"),
        "months_that_are_over": ("month = date '2016-12-31'", "true"),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_release.write(tmp_path_factory.mktemp("home"))


@pytest.fixture
def con(released: Path, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A warehouse with the tables of the sample release."""
    con = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    con.execute(f"attach '{released / 'release.duckdb'}' as release (read_only)")
    con.execute("create schema indicators; create schema quality; create schema staging")
    for relation in dict.fromkeys(f"{each.layer}.{each.table}" for each in published_expectations()):
        if relation != "indicators.definitions":
            table = PUBLISHED_AS.get(relation, relation.partition(".")[2])
            con.execute(f"create table {relation} as from release.{table}")
    con.execute("""
        create table indicators.definitions as
            select indicator_id, definition_hash, settings_hash from release.indicator_catalogue;
        create table indicators.protected_values as from indicators.indicator_values;
        create table staging.run_window as select date '2016-12-31' as as_of;
        create table staging.area as from release.areas;
        create table staging.source as select source from release.source_freshness;
        -- Of these the sample's overall score is not that of its dimensions.
        delete from quality.quality_score where source = 'cases';
    """)
    return con


def failed(con: duckdb.DuckDBPyConnection, *tables: str) -> tuple[list[Verdict], set[str]]:
    wanted = [each for each in published_expectations() if not tables or each.table in tables]
    verdicts = judge(con, wanted, "run")
    assert [each.exception for each in verdicts if each.exception] == []
    return verdicts, {f"{each.table_name}.{each.expectation}" for each in verdicts if not each.success}


def test_sound_tables_pass_and_every_expectation_finds_its_fault(con: duckdb.DuckDBPyConnection) -> None:
    assert failed(con)[1] == set()
    con.execute("insert into indicators.protected_values by name select 'lost' as indicator_id")
    for relation in dict.fromkeys(f"{each.layer}.{each.table}" for each in published_expectations()):
        con.execute(f"create or replace temp table sound as from {relation}")
        con.execute(f"insert into {relation} from sound limit 1")
        for name, (change, condition) in FAULTS[relation.partition(".")[2]].items():
            # What is replaced keeps its type; a column is changed by its own former value.
            changed = ", ".join(
                f"({value.strip()}) as {column.strip()}"
                for column, value in (each.split("=", 1) for each in change.split(", "))
            )
            wrong = f"select * replace ({changed}) from sound where {condition} limit 1"
            assert con.execute(f"insert into {relation} {wrong}").fetchone() == (1,), (relation, name)
    expected = {f"{each.table}.{each.name}" for each in published_expectations()}
    assert failed(con)[1] == expected


def test_what_is_wrong_is_left_out_and_nothing_else(con: duckdb.DuckDBPyConnection) -> None:
    """One indicator's ranks lie outside their intervals, and one score does not come of its contributions."""
    con.execute("update indicators.comparisons set rank = rank_high + 1 where indicator_id = 'B1_theft'")
    con.execute("update indicators.index_contributions set weight = weight / 2")
    con.execute("update indicators.game_sensitivity set cooperation_upper = 2")
    verdicts, _ = failed(con, "comparisons", "index_contributions", "game_sensitivity")
    store.remember(con, verdicts, sample_release.AS_OF)
    failures = held_back(con)
    tables = ("comparisons", "index_contributions", "index_scores", "games", "gates")
    queries = {table: f"select * from indicators.{table} order by all" for table in tables}
    left = without_held_back(con, queries, failures)
    counts = {table: con.sql(f"select count(*) from ({query})").fetchone() for table, query in left.items()}
    others = scalar(con, "select count(*) from indicators.comparisons where indicator_id <> 'B1_theft'")
    scores = scalar(con, "select count(*) from indicators.index_scores")
    assert others
    assert scores
    assert counts["comparisons"] == (others,)
    assert counts["index_contributions"] == counts["games"] == (0,)
    assert counts["index_scores"] == (scores,)
    gates = con.sql(f"select table_name, indicators, reason from ({left['gates']}) where table_name <> 'service'")
    assert gates.fetchall() == [
        ("comparisons", "B1_theft", "gate_failed:comparisons.intervals_hold_rank_and_shrunken_figure"),
        ("game_sensitivity", None, "gate_failed:game_sensitivity.shares_within_0_and_1"),
        ("index_contributions", None, "gate_failed:index_contributions.contributions_make_up_the_score"),
    ]
