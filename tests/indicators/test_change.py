import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from indicators.change import e_test, harm_index, poisson_z, same_period_last_year, weekly_band
from indicators.intervals import weighted_limits

CASES = json.loads((Path(__file__).parent / "conformance" / "crime_statistics" / "cases.json").read_text())


@pytest.mark.parametrize(("given", "expected"), CASES["e_test"], ids=str)
def test_e_test_equals_the_reference(given, expected: float | None) -> None:
    if isinstance(given, list):
        given = {"k": given}
    at_risk = given.get("n", [1, 1])
    p = e_test(*given["k"], *at_risk, difference=given.get("d", 0))
    if expected is None:
        assert p.to_list() == [None]
    else:
        # One of the published numbers has four decimals.
        assert p[0] == pytest.approx(expected, abs=5e-5 if expected == 0.1749 else 1e-12)


@pytest.mark.parametrize(("current", "prior", "z"), CASES["poisson_z_ytd"]["cases"])
def test_poisson_z_equals_the_reference(current: float, prior: float, z: float) -> None:
    assert poisson_z(current, prior) == pytest.approx(z, abs=1e-6)
    assert poisson_z(current, prior, 4.0) == pytest.approx(z / 2, abs=1e-6)


def test_weekly_band_is_the_reference_formula() -> None:
    counts = [5, 9, 4, 7, 6, 8, 10, 3, 6, 40, 2, 0]
    weeks = [date(2021, 1, 4) + timedelta(weeks=n) for n in range(len(counts))]
    frame = pl.DataFrame({"area": "a", "week": weeks, "count": counts})
    found = weekly_band(frame, ["area"])
    assert found["prior_mean"].null_count() == 8
    for at in range(8, len(counts)):
        mean = np.mean(counts[at - 8 : at])
        row = found.row(at, named=True)
        assert row["prior_mean"] == pytest.approx(mean)
        assert row["low"] == pytest.approx(max(0, np.sqrt(mean) - 3 / 2) ** 2)
        assert row["high"] == pytest.approx((np.sqrt(mean) + 3 / 2) ** 2)
    assert weekly_band(frame, ["area"], dispersion=4.0)["high"][8] == pytest.approx((np.sqrt(6.5) + 3) ** 2)
    holed = frame.filter(pl.col("week") != weeks[2])
    assert weekly_band(holed, ["area"])["high"].to_list()[7:] == [None] * 3 + [found["high"][11]]


def test_e_test_over_many_pairs_is_each_pair_alone() -> None:
    k1, k2 = np.array([3, 0, 40, 900, 7]), np.array([0, 0, 22, 1010, 7])
    together = e_test(k1, k2, 2.0, 3.0).to_list()
    assert together == pytest.approx([e_test(a, b, 2.0, 3.0)[0] for a, b in zip(k1, k2, strict=True)])
    assert together[1] is None


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_e_test_is_the_sum_over_all_pairs(first: int, second: int) -> None:
    p = e_test(first, second)[0]
    if first == second == 0:
        assert p is None
        return
    rate = (first + second) / 2
    x1, x2 = np.meshgrid(np.arange(200), np.arange(200), indexing="ij")
    # Whole numbers decide which pairs are as extreme.
    extreme = (x1 - x2) ** 2 * (first + second) >= (first - second) ** 2 * (x1 + x2)
    extreme[0, 0] = False
    mass = stats.poisson.pmf(x1, rate) * stats.poisson.pmf(x2, rate)
    assert p == pytest.approx((mass * extreme).sum(), abs=1e-10)
    assert p == pytest.approx(e_test(second, first)[0], abs=1e-12)


@pytest.mark.slow
def test_e_test_rejects_at_its_nominal_rate_even_of_dispersed_counts() -> None:
    random = np.random.default_rng(3)
    poisson = random.poisson(30, (2, 8000))
    assert np.mean(e_test(*poisson).to_numpy() < 0.05) == pytest.approx(0.05, abs=0.01)
    # Negative binomial of mean 30 and variance 75.
    dispersed = random.negative_binomial(20, 0.4, (2, 8000))
    assert np.mean(e_test(*dispersed).to_numpy() < 0.05) > 0.15
    assert np.mean(e_test(*dispersed, dispersion=2.5).to_numpy() < 0.05) == pytest.approx(0.05, abs=0.01)


def test_large_counts_agree_with_the_normal_distribution() -> None:
    p = e_test(1_000_000, 1_003_000)[0]
    assert p == pytest.approx(2 * stats.norm.sf(3000 / np.sqrt(2_003_000)), rel=1e-3)


def test_the_variance_of_z_against_a_single_count_is_two() -> None:
    random = np.random.default_rng(8)
    z = poisson_z(random.poisson(80, 20_000), random.poisson(80, 20_000))
    assert z.var() == pytest.approx(2, abs=0.08)
    assert poisson_z(random.poisson(80, 20_000), 80).var() == pytest.approx(1, abs=0.05)


def test_months_are_compared_with_the_calendar_and_weeks_with_their_weekday() -> None:
    rows = [
        ("month", date(2020, 2, 1), 20, 29),
        ("month", date(2021, 2, 1), 38, 28),
        ("month", date(2021, 3, 1), 5, 31),
        ("week", date(2020, 1, 6), 10, 7),
        ("week", date(2021, 1, 4), 0, 7),
        ("month", date(2022, 2, 1), None, 28),
        ("month", date(2023, 2, 1), 7, 28),
        ("year", date(2020, 1, 1), 0, 366),
        ("year", date(2021, 1, 1), 4, 365),
    ]
    frame = pl.DataFrame(rows, schema=["period_kind", "period_start", "events", "at_risk"], orient="row")
    found = same_period_last_year(frame.with_columns(area_id=pl.lit("a")), ["area_id"])
    assert found["prior_events"].to_list() == [None, 20, None, None, 10, 38, None, None, 0]
    assert found["rate_ratio"].to_list() == [
        None, pytest.approx(38 / 28 / (20 / 29)), None, None, 0.0, None, None, None, None,
    ]  # fmt: skip
    assert found["p_value"][1] == pytest.approx(e_test(38, 20, 28, 29)[0])
    assert found["z"][1] == pytest.approx(2 * (np.sqrt(38) - np.sqrt(20 * 28 / 29)))
    assert found["z"].is_null().to_list() == found["p_value"].is_null().to_list()
    assert found["p_value"].is_null().to_list() == [True, False, True, True, False, True, True, True, False]


def test_harm_is_the_weighted_sum_of_the_published_weights() -> None:
    weights = CASES["severity_index"]["published_weights_2006_base"]
    counts = dict.fromkeys(weights, 0) | {"murder": 2, "robbery": 30, "mischief": 400}
    value, lower, upper = harm_index(list(counts.values()), list(weights.values()), 50_000)
    assert value == pytest.approx((2 * 7042 + 30 * 583 + 400 * 30) / 50_000 * 100_000)
    assert lower < value < upper
    indexed = harm_index(list(counts.values()), list(weights.values()), 50_000, base=float(value))
    assert indexed[0] == pytest.approx(100)
    one_kind = harm_index([[65]], [7], [1000], per=1000)
    assert [x[0] for x in one_kind] == pytest.approx([455, *map(float, weighted_limits(455.0, 49.0 * 65, 7.0))])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: e_test(-1, 3), "not negative"),
        (lambda: e_test(1, 3, 0), "above zero"),
        (lambda: e_test(1, 3, dispersion=0.5), "at least 1"),
        (lambda: poisson_z(float("nan"), 3), "finite"),
        (lambda: harm_index([1], [0], 5), "above zero"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
