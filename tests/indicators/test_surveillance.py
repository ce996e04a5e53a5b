from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from indicators.surveillance import FLEXIBLE, ORIGINAL, FarringtonRules, farrington

NUMBERS = Path(__file__).parent / "conformance" / "surveillance"
FIRST_WEEK = date(1990, 1, 1)
# The reference counts in years of 52 weeks.
REFERENCE_FLEXIBLE = replace(FLEXIBLE, years=4, tail=0.05, weeks_per_year=52)
REFERENCE_ORIGINAL = replace(ORIGINAL, weeks_per_year=52)


def weekly(counts, series: str = "agona") -> pl.DataFrame:
    weeks = [FIRST_WEEK + timedelta(weeks=number) for number in range(len(counts))]
    return pl.DataFrame(
        {"series": series, "week": weeks, "count": list(counts)},
        schema={"series": pl.String, "week": pl.Date, "count": pl.Float64},
    )


def week(t: int) -> date:
    return FIRST_WEEK + timedelta(weeks=t - 1)


@pytest.fixture(scope="module")
def agona() -> pl.DataFrame:
    return weekly(pl.read_csv(NUMBERS / "salmonella_agona.csv")["observed"])


def test_flexible_method_equals_the_reference(agona: pl.DataFrame) -> None:
    expected = pl.read_csv(NUMBERS / "farrington_flexible_np10_b4_w3_nbplugin_alpha05.csv")
    found = farrington(agona, ["series"], REFERENCE_FLEXIBLE, week(282))
    assert found["week"].to_list() == [week(t) for t in expected["t"]]
    assert found["observed"].to_list() == expected["observed"].to_list()
    assert found["upper"].to_list() == pytest.approx(expected["upperbound"].to_list(), abs=1e-3)
    assert found.filter("alarm")["week"].to_list() == [week(284), week(285)]


def test_original_method_equals_the_reference(agona: pl.DataFrame) -> None:
    expected = pl.read_csv(NUMBERS / "farrington_original_w3_b5_alpha01_282_312.csv")
    found = farrington(agona, ["series"], REFERENCE_ORIGINAL, week(282))
    assert found["upper"].to_list() == pytest.approx(expected["upperbound"].to_list(), abs=1e-3)
    assert found["trend_per_year"].is_not_null().cast(pl.Int64).to_list() == expected["trend"].to_list()
    assert not found["alarm"].any()


def test_a_series_is_judged_as_if_alone(agona: pl.DataFrame) -> None:
    random = np.random.default_rng(5)
    others = [weekly(random.poisson(mean, 312), f"other {mean}") for mean in (0.02, 3, 400)]
    together = farrington(pl.concat([*others, agona]), ["series"], REFERENCE_FLEXIBLE, week(282))
    alone = farrington(agona, ["series"], REFERENCE_FLEXIBLE, week(282))
    # Up to the order in which a library adds.
    assert_frame_equal(together.filter(series="agona"), alone, rel_tol=1e-8)
    assert together["series"].unique().len() == 4


def test_p_value_threshold_score_and_alarm_agree(agona: pl.DataFrame) -> None:
    for rules in (replace(REFERENCE_FLEXIBLE, fewest_cases=0), replace(REFERENCE_ORIGINAL, tail=0.05, fewest_cases=0)):
        judged = farrington(agona, ["series"], rules).drop_nulls("p_value")
        assert judged["alarm"].any()
        assert (judged["alarm"] == (judged["observed"] > judged["upper"])).all()
        assert (judged["alarm"] == (judged["p_value"] < rules.tail)).all()
        assert (judged["alarm"] == (judged["score"] > 1)).all()
        assert (judged["dispersion"] >= 1).all()


def test_nothing_is_told_where_the_history_is_too_short(agona: pl.DataFrame) -> None:
    found = farrington(agona, ["series"], REFERENCE_FLEXIBLE)
    assert found.height == 312
    # Four years of 52 weeks and the half window.
    figures = found.select("expected", "upper", "p_value", "score", "dispersion", "alarm")
    assert figures.head(211).null_count().row(0) == (211,) * 6
    assert figures.tail(312 - 211)["upper"].null_count() == 0
    short = farrington(agona.head(60), ["series"], REFERENCE_FLEXIBLE)
    assert short["upper"].null_count() == 60


def test_few_cases_raise_no_alarm() -> None:
    counts = [0, 1] * 160 + [0, 0, 0, 4]
    found = farrington(weekly(counts), ["series"], replace(REFERENCE_FLEXIBLE, tail=0.05)).tail(1)
    assert found["observed"].item() > found["upper"].item()
    assert found["alarm"].item() is False
    assert farrington(weekly([*counts[:-1], 5]), ["series"], REFERENCE_FLEXIBLE)["alarm"][-1] is True


def test_a_past_outbreak_hardly_raises_the_threshold() -> None:
    counts = np.random.default_rng(11).poisson(10, 312).astype(float)
    outbreak = counts.copy()
    # Within the window about the last week, a year earlier.
    outbreak[257:261] += 60
    weighted, plain = (
        farrington(weekly(outbreak), ["series"], replace(REFERENCE_FLEXIBLE, down_weight_above=s))["expected"][-1]
        for s in (2.58, 1e9)
    )
    undisturbed = farrington(weekly(counts), ["series"], REFERENCE_FLEXIBLE)["expected"][-1]
    assert weighted < undisturbed * 1.25
    assert plain > undisturbed * 1.5


def test_a_trend_is_found_and_not_extrapolated_beyond_what_was_seen() -> None:
    growth = np.round(100 * 1.1 ** (np.arange(312) / 52))
    found = farrington(weekly(growth), ["series"], REFERENCE_FLEXIBLE).tail(1)
    # The fitted mean exceeds every earlier count, so the trend is dropped by the rule of 1996.
    assert found["trend_per_year"].item() is None
    found = farrington(weekly(growth[::-1]), ["series"], REFERENCE_FLEXIBLE).tail(1)
    assert found["trend_per_year"].item() == pytest.approx(-np.log(1.1), abs=0.003)
    assert found["expected"].item() == pytest.approx(100, rel=0.01)


def test_unobserved_weeks_are_no_zeros() -> None:
    counts = np.random.default_rng(2).poisson(30, 312).astype(float)
    silent = weekly(counts).filter(pl.int_range(pl.len()) % 10 != 3)
    zeros = weekly(np.where(np.arange(312) % 10 == 3, 0.0, counts))
    complete, gappy, zeroed = (
        farrington(frame, ["series"], REFERENCE_FLEXIBLE)["expected"][-1] for frame in (weekly(counts), silent, zeros)
    )
    assert gappy == pytest.approx(complete, rel=0.06)
    assert zeroed < gappy
    unseen = farrington(silent, ["series"], REFERENCE_FLEXIBLE).filter(week=week(304))
    assert unseen.select("observed", "p_value", "score", "alarm").row(0) == (None, None, None, None)
    assert unseen["expected"].item() == pytest.approx(30, rel=0.2)
    mostly_silent = weekly(counts).filter((pl.int_range(pl.len()) % 2 == 0) | (pl.col("week") == week(312)))
    assert farrington(mostly_silent, ["series"], REFERENCE_FLEXIBLE)["expected"][-1] is None


def test_series_without_any_event_is_expected_to_stay_so() -> None:
    found = farrington(weekly([0] * 311 + [9]), ["series"], REFERENCE_FLEXIBLE).tail(1)
    assert found["expected"].item() < 1e-6
    assert found["upper"].item() == 0
    assert found["alarm"].item() is True


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.col("count") - 100, "not negative: .*'series': 'agona'"),
        (pl.when(pl.col("count") == 17).then(pl.col("week").dt.offset_by("1d")).otherwise("week"), "multiple of 7"),
        (pl.lit(FIRST_WEEK).alias("week"), "two counts"),
    ],
)
def test_impossible_counts_are_refused(agona: pl.DataFrame, change: pl.Expr, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        farrington(agona.with_columns(change), ["series"])


@pytest.mark.parametrize("wrong", [{"years": 0}, {"season_levels": 60}, {"tail": 1.5}])
def test_impossible_rules_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"divide a year|probabilities"):
        FarringtonRules(**wrong)
