"""The expectations on indicators: sound figures pass, and each kind of mistake is found by its own expectation."""

from pathlib import Path

import duckdb
import pytest

from indicators.catalogue.reading import load_catalogue
from indicators.disclosure import Disclosure
from pipelines.quality import suite
from pipelines.quality.declarations import read_expectations
from pipelines.quality.expectations import judge
from pipelines.quality.gates import INDICATOR_TABLES

FIGURE_COLUMNS = (
    "indicator_id, area_id, period_kind, period_start, value, lower, upper, bound_low, bound_high, numerator,"
    " denominator, unusable, quality_grade, status, reason"
)
SOUND = [
    "('rate', 'city', 'month', date '2016-01-01', 5, 4, 6, 3, 7, 5, 1, 1, 'A', 'final', null)",
    "('rate', 'north', 'month', date '2016-01-01', 2, 1, 3, 1, 4, 2, 1, 0, 'A', 'final', null)",
    "('rate', 'south', 'month', date '2016-01-01', null, null, null, null, null, 2.5, 1, 0, null, 'withheld', 'x')",
    "('rate', 'p:unallocated', 'month', date '2016-01-01', null, null, null, null, null, 0.5, null, 0, null,"
    " 'not_available', 'needs_population')",
    "('share', 'city', 'month', date '2016-01-01', 50, 40, 60, 30, 70, 1, 2, 0, 'B', 'provisional', 'period_open')",
    "('median', 'city', 'month', date '2016-01-01', 9, 8, null, 7, null, 12, 3, 0, 'C', 'final', null)",
    "('median', 'north', 'month', date '2016-01-01', 9, 8, 10, 7, 11, 99, 3, 0, 'C', 'final', null)",
]
DECEMBER = "'month', date '2015-12-01'"
YEAR_BEFORE_LAST = "'year', date '2014-01-01'"


def row(
    indicator: str = "rate",
    area: str = "city",
    period: str = "'year', date '2016-01-01'",
    values: str = "1, 1, 1, 1, 1",
    counts: str = "1, 1, 0",
    grade: str = "A",
    end: str = "'final', null",
) -> str:
    """Write a sound row, but for what is given."""
    return f"('{indicator}', '{area}', {period}, {values}, {counts}, '{grade}', {end})"


MISTAKES = {
    "expect_compound_columns_to_be_unique": SOUND[1],
    "no_value_exactly_where_withheld_or_not_available": row(values="null, null, null, null, null"),
    "reason_wherever_not_final": row(end="'provisional', ''"),
    "numbers_are_finite": row(values="1, 1, 'inf'::double, 1, 'inf'::double"),
    "interval_holds_value": row(values="1, 2, 3, 1, 4"),
    "bounds_hold_interval": row(values="2, 1, 3, 1, 2.5"),
    "proportions_within_0_and_100": row("share", counts="3, 2, 0"),
    "counts_not_negative": row(counts="1, 1, -1"),
    "areas_add_up_to_parent": f"{row(area='north', period=DECEMBER)}, {row(period=DECEMBER, counts='2, 1, 0')}",
    "area_is_known": row(area="atlantis"),
    "no_period_missing_between_first_and_last": f"{row()}, {row(period=YEAR_BEFORE_LAST)}",
    "no_period_that_begins_after_as_of": row(period="'quarter', date '2019-01-01'"),
    "every_indicator_reaches_the_month_of_as_of": row("forgotten", period="'month', date '2015-12-01'"),
    "expect_column_values_to_be_in_set_status": row(end="'great', 'x'"),
    "expect_column_values_to_be_in_set_quality_grade": row(grade="E"),
    "expect_column_values_to_be_in_set_period_kind": row(period="'decade', date '2010-01-01'"),
}


def failed(rows: list[str], tmp_path: Path) -> list[str]:
    con = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    con.execute("create schema staging; create schema indicators")
    con.execute("create table staging.run_window as select date '2016-01-31' as as_of")
    con.execute("""
        create table staging.area as select * from (values
            ('city', null), ('north', 'city'), ('south', 'city'), ('p:unallocated', 'city')) as a(area_id, parent_id)
    """)
    con.execute(
        "create table indicators.computed_values (indicator_id varchar, area_id varchar, period_kind varchar,"
        " period_start date, value double, lower double, upper double, bound_low double, bound_high double,"
        " numerator double, denominator double, unusable bigint, quality_grade varchar, status varchar, reason varchar)"
    )
    con.execute(f"insert into indicators.computed_values ({FIGURE_COLUMNS}) values {', '.join(rows)}")
    con.execute(
        "create table indicators.computed_limits as select indicator_id, area_id, period_kind, period_start,"
        " 'level' as basis, 2.0 as centre, 1.0 as limit_low, 3.0 as limit_high from indicators.computed_values limit 1"
    )
    con.execute("create table indicators.computed_changes as select 1 as position, 0.01 as p_value, 0.02 as q_value")
    expectations = read_expectations(
        suite.FOLDER / "indicator_tables.yml",
        lists={"proportions": ["share"], "additive": ["rate", "share"]},
    )
    verdicts = judge(con, expectations, "run")
    assert [v.exception for v in verdicts if v.exception] == []
    return [v.expectation for v in verdicts if not v.success]


def test_each_error_there_closes_a_gate_that_figures_depend_on() -> None:
    exact = suite.candidate_expectations(load_catalogue())
    assert {e.table for e in exact if e.severity == "error"} == {"computed_values", "computed_limits"}
    shown = suite.candidate_expectations(load_catalogue(), Disclosure(profile="hes"))
    assert {e.table for e in shown if e.severity == "error"} == set(INDICATOR_TABLES)


@pytest.mark.slow
def test_sound_figures_pass(tmp_path: Path) -> None:
    assert failed(SOUND, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("expectation", sorted(MISTAKES))
def test_a_mistake_is_found_by_its_expectation_alone(tmp_path: Path, expectation: str) -> None:
    found = failed([*SOUND, MISTAKES[expectation]], tmp_path)
    # A row that is there twice also counts twice in the sum over areas.
    assert set(found) - {"areas_add_up_to_parent"} | ({expectation} & set(found)) == {expectation}
