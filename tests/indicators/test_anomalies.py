from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from indicators.anomalies import AnomalyRules, Judged, judge_days
from indicators.count_tails import limits
from indicators.day_types import day_types

FIRST = date(2021, 12, 1)
PAST, AFTER = 420, 40
# A series judged alone may be wrong on two days of 100: too many for what is tested here.
STRICT = AnomalyRules(false_days=0.001, certain=0.001)
DAYS = pl.date_range(FIRST, FIRST + timedelta(days=PAST + AFTER - 1), eager=True).alias("day")
WEEK = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.6, 0.4])[(np.arange(len(DAYS)) + FIRST.weekday()) % 7]


def volume(rng: np.random.Generator, level: float = 100) -> np.ndarray:
    season = 1 + 0.2 * np.cos(2 * np.pi * np.arange(len(DAYS)) / 365.25)
    return rng.poisson(level * WEEK * season).astype(float)


def judged_volume(counts: np.ndarray, calendar: pl.DataFrame | None = None) -> Judged:
    totals = np.ones((1, len(DAYS)))
    return judge_days(DAYS, counts[None], totals, np.array([False]), calendar, PAST, STRICT)


def told(found: Judged) -> list[int]:
    """Days on which something was told, by themselves or with the six before."""
    return np.flatnonzero(found.alarm.any(axis=(0, 1))).tolist()


def test_volume_is_held_against_weekday_and_season() -> None:
    found = judged_volume(volume(np.random.default_rng(1)))
    season = 1 + 0.2 * np.cos(2 * np.pi * np.arange(len(DAYS)) / 365.25)
    assert found.expected[0, 0] == pytest.approx((100 * WEEK * season)[PAST:], rel=0.12)
    assert not found.alarm.any()


def test_half_a_day_is_told_and_the_days_after_it_are_not() -> None:
    counts = volume(np.random.default_rng(2))
    counts[PAST + 10] = counts[PAST + 10] // 2
    assert told(judged_volume(counts)) == [10]


def test_a_small_fault_that_lasts_is_told_once_by_seven_days() -> None:
    rng = np.random.default_rng(12)
    totals = volume(rng, 30)[None]
    counts = rng.binomial(totals.astype(int), 0.1).astype(float)
    counts[0, PAST + 10 : PAST + 20] = rng.binomial(totals[0, PAST + 10 : PAST + 20].astype(int), 0.21)
    found = judge_days(DAYS, counts, totals, np.array([True]), None, PAST, STRICT)
    weekly = np.flatnonzero(found.alarm[1, 0])
    assert len(weekly) == 1
    assert 10 < weekly[0] < 17
    assert found.totals[1, 0, weekly[0]] == totals[0, PAST + weekly[0] - 6 : PAST + weekly[0] + 1].sum()
    assert not found.alarm[0, 0, : weekly[0] + 1].any()


def test_an_outage_is_told_by_its_day_and_not_again_by_seven() -> None:
    counts = volume(np.random.default_rng(2), 400)
    counts[PAST + 10] = 0
    assert told(judged_volume(counts)) == [10]
    assert judged_volume(counts).alarm[0, 0, 10]


def test_a_new_level_becomes_what_is_usual_within_four_weeks() -> None:
    counts = volume(np.random.default_rng(3))
    counts[PAST + 2 :] *= 2
    alarms = judged_volume(counts).alarm[0, 0]
    assert alarms[2:7].all()
    assert not alarms[-8:].any()


def test_an_outage_of_the_past_neither_lowers_the_level_nor_hides_the_next_one() -> None:
    counts = volume(np.random.default_rng(4))
    counts[[100, 101, 300, PAST - 3, PAST - 2]] = 0
    counts[PAST + 5] = 0
    found = judged_volume(counts)
    assert told(found) == [5]
    assert found.expected[0, 0, 0] == pytest.approx(100 * WEEK[PAST] * 1.12, rel=0.2)


def test_a_holiday_is_held_against_holidays() -> None:
    last = FIRST + timedelta(days=len(DAYS) - 1)
    calendar = day_types(FIRST, last, "US")
    is_holiday = (calendar["day_type"] == "holiday").to_numpy()
    counts = volume(np.random.default_rng(5))
    counts[is_holiday] = np.round(0.3 * counts[is_holiday])
    at = np.flatnonzero(is_holiday[PAST:])
    assert len(at)
    assert not judged_volume(counts, calendar).alarm.any()
    assert judged_volume(counts).alarm[0, 0, at].all()


def test_what_was_not_observed_gets_no_verdict() -> None:
    counts = np.tile(volume(np.random.default_rng(6)), (2, 1))
    totals = np.ones_like(counts)
    totals[0, PAST + 3] = 0
    totals[1, : PAST - 20] = 0
    found = judge_days(DAYS, counts, totals, np.array([False, False]), None, PAST)
    assert np.isnan(found.p_value[0, 0, 3])
    assert np.isfinite(found.p_value[0, 0]).sum() == AFTER - 1
    assert np.isnan(found.p_value[:, 1]).all()
    # Of no seven days with that one among them either.
    assert found.tested.tolist() == [0 if day == 3 else 1 if 3 < day < 10 else 2 for day in range(AFTER)]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.98, 1.0])
def test_shares_are_told_on_either_side(share: float) -> None:
    rng = np.random.default_rng(7)
    totals = volume(rng, 300)[None]
    counts = rng.binomial(totals.astype(int), share).astype(float)
    changed = 0.2 if share < 0.5 else 0.8 if share > 0.5 else 0.75
    counts[0, PAST + 20] = np.round(changed * totals[0, PAST + 20])
    found = judge_days(DAYS, counts, totals, np.array([True]), None, PAST, STRICT)
    assert told(found) == [20]
    assert found.expected[0, 0, 19] / totals[0, PAST + 19] == pytest.approx(share, abs=0.04)


def test_a_new_share_of_missing_values_becomes_what_is_usual() -> None:
    rng = np.random.default_rng(8)
    totals = volume(rng, 300)[None]
    counts = np.zeros_like(totals)
    counts[0, PAST:] = rng.binomial(totals[0, PAST:].astype(int), 0.2)
    alarms = judge_days(DAYS, counts, totals, np.array([True]), None, PAST, STRICT).alarm[0, 0]
    assert alarms[:7].all()
    assert not alarms[-7:].any()


def test_a_source_of_bursts_is_held_against_its_bursts() -> None:
    """Of a heavy tail no model of counts knows, a day of thirty in the past is a day of thirty to come."""
    rng = np.random.default_rng(11)
    alarms, limits_found = 0, []
    for _ in range(30):
        counts = volume(rng) * np.where(rng.random(len(DAYS)) < 0.03, rng.uniform(1.5, 2.5, len(DAYS)), 1)
        ones = np.ones((1, len(DAYS)))
        found = judge_days(DAYS, np.round(counts)[None], ones, np.array([False]), None, PAST)
        alarms += int(found.alarm[0].sum())
        limits_found.append(found.limit)
    assert alarms / 30 / AFTER < 1 / 30
    assert np.median(limits_found) < 0.002
    counts[PAST + 10] = 900
    assert judge_days(DAYS, np.round(counts)[None], ones, np.array([False]), None, PAST).alarm[0, 0, 10]


def test_few_records_are_no_news() -> None:
    totals, counts = np.full((1, len(DAYS)), 100.0), np.zeros((1, len(DAYS)))
    counts[0, PAST + 5], counts[0, PAST + 15] = 4, 8
    found = judge_days(DAYS, counts, totals, np.array([True]), None, PAST, STRICT)
    assert told(found) == [15]
    assert found.joint_p[0, 0, 5] < 0.001
    many = judge_days(DAYS, 10 * counts, 100 * totals, np.array([True]), None, PAST, STRICT)
    assert not many.alarm.any()  # 0.8 % of the day's records


def test_holm_controls_all_series_of_a_day() -> None:
    rng = np.random.default_rng(9)
    counts = np.array([volume(rng) for _ in range(6)])
    found = judge_days(DAYS, counts, np.ones_like(counts), np.zeros(6, bool), None, PAST)
    for day in range(AFTER):
        p, joint = found.p_value[:, :, day].ravel(), found.joint_p[:, :, day].ravel()
        order = np.argsort(p)
        by_hand = np.maximum.accumulate(np.minimum(p[order] * np.arange(12, 0, -1), 1))
        assert joint[order] == pytest.approx(by_hand)


def test_days_that_differ_more_are_held_against_wider_limits() -> None:
    rng = np.random.default_rng(10)
    totals = volume(rng, 300)
    narrow = rng.binomial(totals.astype(int), 0.3)
    wide = rng.binomial(totals.astype(int), rng.beta(0.3 * 50, 0.7 * 50, len(DAYS)))
    counts = np.array([narrow, wide], dtype=float)
    found = judge_days(DAYS, counts, np.tile(totals, (2, 1)), np.array([True, True]), None, PAST)
    assert found.dispersion[0, 1].mean() > 3 * found.dispersion[0, 0].mean()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.5, 300), st.floats(1, 6), st.floats(0.0001, 0.05), st.integers(1, 400), st.booleans()
)  # fmt: skip
def test_limits_hold_what_is_expected(expected: float, phi: float, tail: float, total: int, is_share: bool) -> None:
    mean = min(expected, 0.99 * total) if is_share else expected
    low, high = limits(
        np.array([mean]), np.array([float(total)]), np.array([phi]), np.array([is_share]), np.array([tail])
    )
    assert low[0] <= np.ceil(mean)
    assert high[0] >= np.floor(mean)
    assert low[0] >= 0
    assert not is_share or high[0] <= total


def test_limits_of_a_share_are_those_of_the_binomial_distribution() -> None:
    low, high = limits(np.array([40.0]), np.array([100.0]), np.array([1.0]), np.array([True]), np.array([0.01]))
    assert 2 * stats.binom.cdf(low[0], 100, 0.4) >= 0.01 > 2 * stats.binom.cdf(low[0] - 1, 100, 0.4)
    assert 2 * stats.binom.sf(high[0] - 1, 100, 0.4) >= 0.01 > 2 * stats.binom.sf(high[0], 100, 0.4)


@pytest.mark.parametrize(
    "wrong", [{"false_days": 0.0}, {"false_days": 1.0}, {"fewest_days": 900}, {"fewest_days": 0}, {"certain": 0.1}]
)
def test_impossible_rules_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"false_days|fewest_days|certain"):
        AnomalyRules(**wrong)  # type: ignore[arg-type]


def test_days_on_which_nothing_ever_happens_leave_the_week_as_sure_as_it_is() -> None:
    rng = np.random.default_rng(13)
    totals = volume(rng, 60)[None]
    is_weekend = (np.arange(len(DAYS)) + FIRST.weekday()) % 7 >= 5
    counts = np.where(is_weekend, 0.0, rng.binomial(totals.astype(int), 0.2))
    found = judge_days(DAYS, counts, totals, np.array([True]), None, PAST, STRICT)
    assert found.dispersion[1].max() < 3
    assert not found.alarm.any()
    counts[0, PAST + 12 : PAST + 26] = np.round(0.3 * counts[0, PAST + 12 : PAST + 26])
    assert judge_days(DAYS, counts, totals, np.array([True]), None, PAST, STRICT).alarm[1].any()
