import numpy as np
import pytest

from benchmarks.alarms import (
    CHANGE_DAYS,
    GAP_METHODS,
    METHODS,
    YEAR_DAYS,
    by_day,
    delay,
    false_alarms,
    gap_alarms,
    simulate,
)
from indicators.daily_alarms import DailyRules
from indicators.rare_events import GapChart


def test_the_simulation_has_the_level_and_the_rise_asked_for() -> None:
    calm, rise = simulate(3.0, 70, YEAR_DAYS, 4), simulate(3.0, 70, CHANGE_DAYS, 4, 2.0)
    assert calm.counts[:, -YEAR_DAYS:].mean() == pytest.approx(3, rel=0.03)
    assert rise.counts[:, -CHANGE_DAYS + 7 :].mean() == pytest.approx(6, rel=0.03)
    assert not simulate(3.0, 7, CHANGE_DAYS, 4, 0.0).counts[:, -CHANGE_DAYS + 7 :].any()
    assert np.array_equal(calm.counts, simulate(3.0, 70, YEAR_DAYS, 4).counts)


def test_gap_alarms_come_when_they_could_be_told() -> None:
    chart = GapChart(10.0, 1.0, 30.0, ())
    told = gap_alarms(np.array([90.0, 100.0, 100.5, 120.0]), chart, 0, 95, 200)
    # A short gap when its second event comes, a long one 30 days after the last event.
    assert (np.flatnonzero(told) + 95).tolist() == [100, 150]
    told = gap_alarms(np.array([100.0, 101.0, 102.0, 110.0]), GapChart(10.0, 0.0, 30.0, ()), 2, 95, 200)
    assert (np.flatnonzero(told) + 95).tolist() == [102, 141]


@pytest.mark.slow
def test_farrington_rarely_cries_wolf_and_sees_a_doubling_within_two_weeks() -> None:
    method = METHODS["farrington_flexible"]
    # At a tail of .005, 52 weeks would give .26 a year.
    assert false_alarms(method, simulate(3.0, 40, YEAR_DAYS, 1))["false_alarms_per_series_year"] < 0.6
    found = delay(method, simulate(3.0, 40, CHANGE_DAYS, 2, 2.0))
    assert found["told"] > 0.9
    assert found["median_days"] <= 14


@pytest.mark.slow
def test_the_daily_alarm_keeps_its_rate_and_sees_a_doubling_within_a_week() -> None:
    calm = simulate(10.0, 60, 14, 3)
    # 365 days at a tail of .02 would give 7.3 a year; whole counts keep below.
    found = false_alarms(lambda data: by_day(data, DailyRules(tail=0.02)), calm)
    assert 2 < found["false_alarms_per_series_year"] < 9.5
    found = delay(METHODS["daily_alarm"], simulate(10.0, 20, 14, 5, 2.0))
    assert found["told"] == 1
    assert found["median_days"] <= 7


@pytest.mark.slow
def test_xmr_on_seasonal_weeks_cries_wolf() -> None:
    calm = simulate(30.0, 20, YEAR_DAYS, 6)
    xmr, seasonal = (
        false_alarms(METHODS[name], calm)["false_alarms_per_series_year"]
        for name in ("xmr_weeks", "farrington_flexible")
    )
    assert xmr > 5
    assert xmr > 10 * seasonal
    taken_out = false_alarms(METHODS["seasonal_xmr_weeks"], calm)["false_alarms_per_series_year"]
    assert taken_out < xmr / 3


@pytest.mark.parametrize("name", sorted(GAP_METHODS))
def test_gap_charts_tell_that_rare_events_have_stopped(name: str) -> None:
    method = GAP_METHODS[name]
    assert false_alarms(method, simulate(0.3, 40, YEAR_DAYS, 7))["false_alarms_per_series_year"] < 1.0
    found = delay(method, simulate(0.3, 40, YEAR_DAYS, 8, 0.0))
    assert found["told"] == 1
    # ln(.00135) / ln(.74) is 22 days since the last event, some days before the stop.
    assert 14 < found["median_days"] < 35
