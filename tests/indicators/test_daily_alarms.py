from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from indicators.daily_alarms import DailyRules, daily_alarms
from indicators.day_types import day_types, weekday_types

FIRST, LAST = date(2021, 1, 1), date(2024, 12, 31)
DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]


@pytest.fixture(scope="module")
def china() -> pl.DataFrame:
    return day_types(FIRST, LAST, "CN")


def frame(counts, series: str = "a") -> pl.DataFrame:
    return pl.DataFrame(
        {"series": series, "day": DAYS[: len(counts)], "count": counts},
        schema={"series": pl.String, "day": pl.Date, "count": pl.Float64},
    )


def means(calendar: pl.DataFrame, level: float) -> np.ndarray:
    """A city that is quiet on Sundays, busy in summer, nearly empty at the Spring Festival, and grows 5 % a year."""
    number = np.arange(len(DAYS))
    weekday = np.array([day.isoweekday() for day in DAYS])
    types = calendar["day_type"].to_numpy()
    ordinary = np.isin(types, ["workday", "weekend"])
    effect = np.where(ordinary & (weekday == 7), -0.4, 0) + np.where(types == "holiday", 0.3, 0)
    effect += np.where(types == "spring_festival", -1.2, 0)
    return level * np.exp(effect + 0.3 * np.cos(2 * np.pi * (number - 200) / 365.25) + 0.05 * number / 365.25)


@pytest.mark.slow
def test_the_expected_count_follows_weekday_season_calendar_and_trend(china: pl.DataFrame) -> None:
    mean = means(china, 400)
    counts = np.random.default_rng(3).poisson(mean)
    judged = daily_alarms(frame(counts), ["series"], china, first=date(2024, 2, 1)).filter(
        pl.col("day").is_in([date(2024, 2, 9), date(2024, 2, 12), date(2024, 6, 23), date(2024, 10, 3), LAST])
    )
    known = dict(zip(DAYS, mean, strict=True))
    assert judged["expected"].to_list() == pytest.approx([known[day] for day in judged["day"]], rel=0.06)
    assert judged.height == 5


@pytest.mark.slow
def test_p_values_hold_their_level(china: pl.DataFrame) -> None:
    random = np.random.default_rng(12)
    mean = means(china, 20)
    # Negative binomial, variance 1.5 x mean.
    counts = random.negative_binomial(mean / 0.5, 1 / 1.5, (400, len(DAYS)))
    rows = pl.concat([frame(each, f"{number:03}") for number, each in enumerate(counts)])
    rules = DailyRules(history_days=800, tail=0.05)
    for sides in ("upper", "both"):
        judged = daily_alarms(rows, ["series"], china, replace(rules, sides=sides), LAST - timedelta(days=4))
        assert judged.height == 2000
        # Counts are whole, so that the rate lies somewhat below the nominal one.
        assert 0.02 < judged["alarm"].mean() < 0.055
        assert ((judged["observed"] > judged["upper"]) <= judged["alarm"]).all()
    assert ((judged["observed"] < judged["lower"]) <= judged["alarm"]).all()


def test_a_jump_and_a_silence_are_seen(china: pl.DataFrame) -> None:
    counts = np.random.default_rng(8).poisson(means(china, 30)).astype(float)
    expected = means(china, 30)[-1]
    many, none = ([*counts[:-1], each] for each in (np.ceil(2 * expected), 0.0))
    assert daily_alarms(frame(many), ["series"], china)["alarm"].item() is True
    assert daily_alarms(frame(none), ["series"], china)["alarm"].item() is False
    both = daily_alarms(frame(none), ["series"], china, DailyRules(sides="both"))
    assert both["alarm"].item() is True
    assert both["lower"].item() > 0


def test_a_week_shows_what_no_day_of_it_does(china: pl.DataFrame) -> None:
    mean = means(china, 4)
    counts = np.round(mean)
    counts[:-7] = np.random.default_rng(1).poisson(mean[:-7])
    counts[-7:] += 3
    day = daily_alarms(frame(counts), ["series"], china, first=LAST - timedelta(days=6))
    week = daily_alarms(frame(counts), ["series"], china, DailyRules(sum_days=7))
    assert not day["alarm"].any()
    assert week["alarm"].item() is True
    assert week["observed"].item() == counts[-7:].sum()
    assert week["expected"].item() == pytest.approx(mean[-7:].sum(), rel=0.1)


def test_a_spring_festival_is_no_alarm_where_the_calendar_is_known(china: pl.DataFrame) -> None:
    mean = means(china, 60)
    counts = np.random.default_rng(21).poisson(mean)
    festival = date(2024, 2, 12)
    upto = frame(counts).filter(pl.col("day") <= festival)
    rules = DailyRules(sides="both")
    aware = daily_alarms(upto, ["series"], china, rules)
    assert aware["alarm"].item() is False
    ordinary = pl.when(pl.col("day").dt.weekday() > 5).then(pl.lit("weekend")).otherwise(pl.lit("workday"))
    blind = china.with_columns(day_type=ordinary, days_from_new_year=pl.lit(None, pl.Int64))
    assert daily_alarms(upto, ["series"], blind, rules)["alarm"].item() is True


def test_nothing_is_told_of_what_is_not_known(china: pl.DataFrame) -> None:
    counts = np.random.default_rng(5).poisson(20, len(DAYS)).astype(float)
    figures = ["expected", "upper", "p_value", "dispersion", "alarm"]
    # A year less a day before the recent days.
    short = daily_alarms(frame(counts[: 364 + 8]), ["series"], china).select(figures)
    assert short.row(0) == (None,) * 5
    assert daily_alarms(frame(counts[: 365 + 8]), ["series"], china)["expected"].item() == pytest.approx(20, rel=0.3)
    # Thirty events a year are too few for a model of some twenty coefficients.
    rare = np.random.default_rng(5).poisson(0.08, len(DAYS))
    assert daily_alarms(frame(rare), ["series"], china).select(figures).row(0) == (None,) * 5
    # No Spring Festival in the history.
    upto = frame(counts).filter(pl.col("day").is_between(date(2022, 3, 1), date(2023, 1, 24)))
    rules = DailyRules(fewest_days=200)
    assert daily_alarms(upto, ["series"], china, rules).select(figures).row(0) == (None,) * 5
    # A day that was not observed has an expectation and no verdict.
    unseen = pl.concat([frame(counts).head(-1), frame(counts).tail(1).with_columns(count=pl.lit(None, pl.Float64))])
    both = pl.concat([unseen.with_columns(series=pl.lit("b")), frame(counts)])
    judged = daily_alarms(both, ["series"], china).filter(series="b")
    assert judged.select("observed", "p_value", "alarm").row(0) == (None, None, None)
    assert judged["expected"].item() == pytest.approx(20, rel=0.2)


def test_a_series_is_judged_as_if_alone(china: pl.DataFrame) -> None:
    random = np.random.default_rng(6)
    one = frame(random.poisson(12, len(DAYS)), "one")
    young = frame(random.poisson(300, len(DAYS)), "young").filter(pl.col("day") > date(2023, 6, 1))
    silent = frame(np.zeros(len(DAYS)), "silent")
    together = daily_alarms(pl.concat([one, young, silent]), ["series"], china)
    assert_frame_equal(together.filter(series="one"), daily_alarms(one, ["series"], china), rel_tol=1e-8)
    assert together.drop_nulls("p_value")["series"].to_list() == ["one", "young"]


def test_a_calendar_with_a_gap_is_refused(china: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="no type for 2022-05-05"):
        daily_alarms(frame(np.ones(len(DAYS))), ["series"], china.filter(pl.col("day") != date(2022, 5, 5)))


@pytest.mark.parametrize("wrong", [{"tail": 0}, {"sum_days": 0}, {"fewest_days": 5000}])
def test_impossible_rules_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"probability|above zero"):
        DailyRules(**wrong)


def test_sums_vary_as_past_sums_did() -> None:
    """Thirty days at 80 a day and thirty at 120, in turn: days that hang together, which sums of them show."""
    number, plain = np.arange(len(DAYS)), weekday_types(FIRST, LAST)
    in_turns = np.where((len(DAYS) - 1 - number) // 30 % 2 == 0, 120.0, 80.0)
    rules = DailyRules(sum_days=30, recent_days=0, down_weight_above=np.inf, sides="both", tail=0.05)
    days, sums = (
        daily_alarms(frame(in_turns), ["series"], plain, replace(rules, by_past_sums=by)).row(0, named=True)
        for by in (False, True)
    )
    # Residuals of 600 about 3000 against 20 about 100; six slow coefficients were fitted to 36 sums.
    of_sums, of_days = 600**2 / 3000 * 36 / 30, 20**2 / 100
    assert sums["dispersion"] / days["dispersion"] == pytest.approx(of_sums / of_days, rel=0.05)
    assert (days["alarm"], sums["alarm"]) == (True, False)
    assert sums["lower"] <= sums["observed"] <= sums["upper"]


def test_past_sums_of_independent_days_change_little(china: pl.DataFrame) -> None:
    counts = np.random.default_rng(4).poisson(means(china, 20))
    rules = DailyRules(sum_days=31, recent_days=0, down_weight_above=np.inf, sides="both")
    days, sums = (
        daily_alarms(frame(counts), ["series"], china, replace(rules, by_past_sums=by)).row(0, named=True)
        for by in (False, True)
    )
    assert sums["expected"] == days["expected"]
    assert days["dispersion"] <= sums["dispersion"] < 1.6 * days["dispersion"]


@pytest.mark.slow
def test_limits_and_p_values_agree_by_past_sums_too(china: pl.DataFrame) -> None:
    random = np.random.default_rng(8)
    drift = np.exp(random.normal(0, 0.3, (60, len(DAYS) // 15 + 1))).repeat(15, axis=1)[:, : len(DAYS)]
    counts = random.poisson(means(china, 5) * drift)
    rows = pl.concat([frame(each, f"{number:03}") for number, each in enumerate(counts)])
    rules = DailyRules(sum_days=30, by_past_sums=True, recent_days=0, down_weight_above=np.inf, tail=0.2)
    for sides in ("upper", "both"):
        judged = daily_alarms(rows, ["series"], china, replace(rules, sides=sides))
        low = judged["lower"] if sides == "both" else pl.repeat(0.0, judged.height, eager=True)
        outside = (judged["observed"] > judged["upper"]) | (judged["observed"] < low)
        assert outside.to_list() == judged["alarm"].to_list()
        assert 0 < outside.sum() < judged.height
