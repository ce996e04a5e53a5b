"""How often areas are falsely called silent, and how soon rightly, on simulated and on New York's own records."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from benchmarks.silence import CUT, JUDGED, LAST, delays, false_alarms, simulate, source_of, tree_of
from indicators.areas import AreaTree
from indicators.silence import SilenceRules
from tests.indicators.new_york import DATA, vehicle_thefts

RULES = SilenceRules()


def test_the_simulation_is_quiet_on_weekends_and_has_batches() -> None:
    frame = simulate(20, 1)
    assert frame.equals(simulate(20, 1))
    by_day = frame.group_by("day").agg(pl.col("records").sum())
    weekend = pl.col("day").dt.weekday() >= 6
    assert by_day.filter(weekend)["records"].mean() < 0.5 * by_day.filter(~weekend)["records"].mean()  # type: ignore[operator]
    large = frame.filter(area_id="b19")["records"].to_numpy()
    assert large.var() > 5 * large.mean()


def test_a_large_area_that_is_cut_off_is_told_within_two_weeks() -> None:
    found = delays(simulate(20, 1).filter(pl.col("day") < date(2020, 4, 1)), tree_of(20), ["b19"], RULES)
    assert found["b19"] is not None
    assert 2 <= found["b19"] <= 14
    assert CUT > JUDGED


@pytest.mark.slow
def test_at_most_one_false_alarm_a_month_in_simulated_sources() -> None:
    alarms = [
        false_alarms(simulate(60, seed), tree_of(60), source_of("simulated"), JUDGED, LAST, RULES) for seed in (1, 2)
    ]
    assert sum(alarms) / len(alarms) <= 12


def _city() -> AreaTree:
    precincts = pl.read_csv(DATA / "precinct_population_2020.csv")["precinct"].to_list()
    rows = [("city", None, None, "city", False), *((str(p), "city", "precinct", "precinct", False) for p in precincts)]
    columns = ["area_id", "parent_id", "geography", "area_level", "is_unallocated"]
    return AreaTree(pl.DataFrame(rows, schema=columns, orient="row"))


def _shootings() -> pl.DataFrame:
    rows = pl.read_csv(DATA / "shooting_victims_2006_2023.csv.gz", columns=["PRECINCT", "OCCUR_DATE"])
    return rows.select(area_id=pl.col("PRECINCT").cast(pl.String), day=pl.col("OCCUR_DATE").str.to_date())


@pytest.mark.slow
@pytest.mark.parametrize("records", [vehicle_thefts, _shootings])
def test_at_most_one_false_alarm_a_month_on_new_york_s_records_of_2015(records: Callable[[], pl.DataFrame]) -> None:
    """No precinct fell silent in 2015: each spoke again. Every alarm is a false one."""
    area_days = records().group_by("area_id", "day").agg(records=pl.len()).with_columns(source=pl.lit("s"))
    alarms = false_alarms(area_days, _city(), source_of("s", "precinct"), date(2015, 1, 1), date(2015, 12, 31), RULES)
    assert alarms <= 12
