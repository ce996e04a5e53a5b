import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.intervals import (
    byar_limits,
    daily_cluster_limits,
    dobson_limits,
    poisson_exact_limits,
    poisson_limits,
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
def test_dobson_interval_contains_the_weighted_sum(strata: list[tuple[int, int]]) -> None:
    total = sum(w * n for w, n in strata)
    lower, upper = dobson_limits(
        total, sum(w * w * n for w, n in strata), sum(n for _, n in strata), max(w for w, _ in strata)
    )
    assert 0 <= lower <= total < upper


def test_dobson_with_one_weight_is_the_weighted_poisson_interval() -> None:
    lower, upper = dobson_limits(7.0 * 40, 49.0 * 40, 40, 7.0)
    low, high = poisson_limits(40)
    assert float(lower) == pytest.approx(7 * float(low))
    assert float(upper) == pytest.approx(7 * float(high))


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
