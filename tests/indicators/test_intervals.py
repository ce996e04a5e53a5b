import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from indicators.intervals import (
    byar_limits,
    daily_cluster_limits,
    poisson_exact_limits,
    poisson_limits,
    weighted_limits,
    wilson_limits,
)

NUMBERS = Path(__file__).parent / "conformance" / "rates_intervals"
counts = st.floats(0, 1e7)


def rows(name: str) -> list[dict[str, str]]:
    with (NUMBERS / name).open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def near(expected: str) -> object:
    return pytest.approx(float(expected), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("row", rows("Byars_Wilson__testdata_B_W.csv"), ids=str)
def test_byar_and_wilson_equal_the_reference(row: dict[str, str]) -> None:
    confidence = float(row["confidence"].rstrip("%")) / 100
    if row["method"] == "Wilson":
        lower, upper = wilson_limits(float(row["x"]), float(row["n"]), confidence)
    else:
        lower, upper = byar_limits(float(row["x"]), confidence)
    # The reference leaves a lower limit below zero out; ours is then zero.
    assert float(lower) == (near(row["lowercl"]) if row["lowercl"] else 0.0)
    assert float(upper) == near(row["uppercl"])


@pytest.mark.parametrize("name", ["Proportion__testdata_Prop.csv", "Rate__testdata_Rate.csv"])
@pytest.mark.parametrize(("level", "confidence"), [("95_0", 0.95), ("99_8", 0.998)])
def test_rates_and_proportions_equal_the_reference(name: str, level: str, confidence: float) -> None:
    compared = 0
    for row in rows(name):
        if not row[f"lower{level}cl"]:
            continue
        x, n, multiplier = float(row["Numerator"]), float(row["Denominator"]), float(row["multiplier"])
        if row["method"] == "Wilson":
            lower, upper = (limit * multiplier for limit in wilson_limits(x, n, confidence))
        else:
            lower, upper = (limit / n * multiplier for limit in poisson_limits(x, confidence))
        assert float(lower) == near(row[f"lower{level}cl"]), row
        assert float(upper) == near(row[f"upper{level}cl"]), row
        assert x / n * multiplier == near(row["value"])
        compared += 1
    assert compared >= 16


def test_no_event_still_has_an_upper_limit() -> None:
    lower, upper = poisson_limits([0.0])
    assert lower[0] == 0
    assert upper[0] == pytest.approx(3.6888794541)


def test_exact_limits_are_defined_for_fractions() -> None:
    lower, upper = poisson_exact_limits([2.0, 2.5, 3.0])
    assert np.all(np.diff(lower) > 0)
    assert np.all(np.diff(upper) > 0)


@given(counts, counts)
def test_poisson_interval_contains_the_count_and_grows(count: float, more: float) -> None:
    lower, upper = poisson_limits([count, count + more])
    assert np.all(lower <= [count, count + more])
    assert np.all(upper >= [count, count + more])
    assert upper[1] >= upper[0]
    assert np.all(np.isfinite([*lower, *upper]))


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_wilson_interval_contains_the_share(successes: int, failures: int) -> None:
    n = max(successes + failures, 1)
    x = min(successes, n)
    lower, upper = wilson_limits(x, n)
    assert 0 <= lower <= x / n + 1e-15
    assert x / n - 1e-15 <= upper <= 1


@given(st.lists(st.tuples(st.integers(1, 6000), st.integers(0, 500)), min_size=1, max_size=5))
def test_weighted_interval_contains_the_weighted_sum(strata: list[tuple[int, int]]) -> None:
    total = sum(w * n for w, n in strata)
    lower, upper = weighted_limits(total, sum(w * w * n for w, n in strata), max(w for w, _ in strata))
    assert 0 <= lower <= total < upper


def test_the_mixture_of_one_weight_is_that_of_its_count_and_the_next() -> None:
    """With one weight both limits are those of Poisson counts by mid-p values, which halve the count's own chance."""
    for count in (1, 5, 40, 3000):
        low, high = (float(limit) / 7 for limit in weighted_limits(7.0 * count, 49.0 * count, 7.0))
        at_least = stats.poisson.sf(count, low) + stats.poisson.pmf(count, low) / 2
        at_most = stats.poisson.cdf(count, high) - stats.poisson.pmf(count, high) / 2
        assert (at_least, at_most) == pytest.approx((0.025, 0.025), rel=1e-9)


def test_what_was_never_seen_is_in_the_upper_limit() -> None:
    """Thirty thefts and no killing leave open whether there might have been one; what weighs little does not."""
    few = weighted_limits(60.0, 120.0, 5475.0)[1]
    assert few > 2 * 5475
    assert weighted_limits(60.0, 120.0, 2.0)[1] == pytest.approx(60 + 1.96 * np.sqrt(120), rel=0.05)
    assert weighted_limits(0.0, 0.0, 5475.0) == (0.0, pytest.approx(-5475 * np.log(0.05)))


def test_daily_cluster_interval_is_students_t_on_daily_totals() -> None:
    daily = np.array([10.0, 14.0, 9.0, 0.0, 22.0])
    lower, upper = daily_cluster_limits(daily.sum(), (daily**2).sum(), 5)
    half = 2.7764451052 * np.sqrt(5 * daily.var(ddof=1))
    assert float(lower) == pytest.approx(max(daily.sum() - half, 0))
    assert float(upper) == pytest.approx(daily.sum() + half)


@pytest.mark.parametrize(("total", "squares", "n_days"), [(12.0, 144.0, 1), (0.0, 0.0, 30)])
def test_daily_cluster_interval_needs_something_to_vary(total: float, squares: float, n_days: int) -> None:
    lower, upper = daily_cluster_limits(total, squares, n_days)
    assert np.isnan(lower)
    assert np.isnan(upper)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: poisson_limits([-1.0]), "not negative"),
        (lambda: byar_limits([np.nan]), "finite"),
        (lambda: wilson_limits([1.0], [0.0]), "above zero"),
        (lambda: wilson_limits([3.0], [2.0]), "exceed"),
        (lambda: byar_limits([3.0], 95), "confidence"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
