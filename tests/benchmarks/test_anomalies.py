import polars as pl
import pytest

from benchmarks.anomalies import (
    CATEGORIES,
    DAYS,
    FAULT_DAYS,
    FAULTS,
    FIRST,
    GAPS,
    NUMBERS,
    false_alarms,
    power,
    simulate,
)
from indicators.source_profiles import Profiles


def shares(given: Profiles, field: str) -> tuple[float, float]:
    rows = given.fields.filter(pl.col("field") == field)
    return rows["records"].sum(), 1 - rows["filled"].sum() / rows["records"].sum()


def test_the_simulation_has_the_level_gaps_and_shares_asked_for() -> None:
    given = simulate(200, 1)
    assert given.volume["records"].mean() == pytest.approx(200, rel=0.1)
    assert given.volume["day"].to_list() == DAYS.to_list()
    for field, gap in GAPS.items():
        records, missing = shares(given, field)
        assert records == given.volume["records"].sum()
        assert missing == pytest.approx(gap, rel=0.1, abs=0.001)
    for field, usual in CATEGORIES.items():
        rows = given.categories.filter(pl.col("field") == field)
        counted = rows.group_by("category").agg(pl.col("records").sum()).sort("category")["records"]
        assert (counted / counted.sum()).to_list() == pytest.approx(usual, abs=0.03)
    for field in NUMBERS:
        filled = given.fields.filter(pl.col("field") == field)["filled"].sum()
        assert given.numbers.filter(pl.col("field") == field)["records"].sum() == filled


def test_a_fault_lasts_a_week_and_leaves_the_rest_as_it_is() -> None:
    start = len(DAYS) - 60
    calm, faulty = simulate(200, 1), simulate(200, 1, FAULTS["volume - 90 %"], start)
    ratio = faulty.volume["records"] / calm.volume["records"]
    assert ratio[:start].eq(1).all()
    assert (ratio[start : start + FAULT_DAYS] < 0.3).all()
    merged = simulate(200, 1, FAULTS["category of 15 % merged into another"], start).categories
    days = merged.filter((pl.col("field") == "channel") & (pl.col("category") == "c2"))["day"]
    assert not days.is_between(DAYS[start], DAYS[start + FAULT_DAYS - 1]).any()
    assert days.min() == FIRST


@pytest.mark.slow
def test_an_outage_is_told_on_its_first_day() -> None:
    assert power(FAULTS["volume - 90 %"], 100, 2, 1) == {"first_day": 1.0, "week": 1.0, "median_days": 1.0}


# What docs/profiles.md states, with room for chance.
@pytest.mark.slow
@pytest.mark.parametrize("level", [10, 100, 1000])
def test_false_alarms_are_fewer_than_one_a_month_and_source(level: float) -> None:
    found = false_alarms(level, 20, 77)
    assert found["alarms_a_month"] <= 1.0
    assert found["months"] == 120


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "level", "told"),
    [
        ("volume - 50 %", 30, 0.8),
        ("volume - 30 %", 300, 0.5),
        ("volume - 90 %", 30, 0.9),
        ("missing 2 % -> 30 %", 100, 0.9),
        ("missing 2 % -> 10 %", 100, 0.8),
        ("category of 15 % merged into another", 30, 0.8),
        ("delay x 2", 100, 0.8),
        ("categories of 50 % and 15 % swapped", 100, 0.9),
        ("values x 10", 30, 0.9),
        ("minutes for seconds", 30, 0.9),
    ],
)
def test_faults_are_told_within_their_week(fault: str, level: float, told: float) -> None:
    week = power(FAULTS[fault], level, 14, 5)["week"]
    assert week is not None
    assert week >= told
