import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indicators.bounds import count_bounds, proportion_bounds, weighted_bounds
from indicators.intervals import poisson_limits, weighted_limits, wilson_limits

whole = st.integers(0, 5000)
fraction = st.floats(0, 1e5)


@given(fraction, fraction, fraction, fraction)
def test_count_bounds_contain_the_interval_and_never_narrow(
    events: float, unusable: float, contested: float, more: float
) -> None:
    lower, upper = poisson_limits(events)
    low, high = count_bounds(events, unusable, contested)
    assert low <= lower
    assert upper <= high
    assert count_bounds(events, unusable + more, contested)[1] >= high
    assert count_bounds(events, unusable, contested + more)[0] <= low


@given(whole, whole, whole, whole, whole, whole)
def test_proportion_bounds_contain_the_interval_and_never_narrow(
    successes: int, failures: int, unknown: int, strays: int, contested: int, more: int
) -> None:
    trials = successes + failures
    if trials == 0:
        return
    lower, upper = wilson_limits(successes, trials)
    low, high = proportion_bounds(successes, trials, unknown, unknown + strays, contested)
    slack = 1e-12
    assert low <= lower + slack
    assert upper - slack <= high
    for further in (
        (unknown + more, unknown + strays + more, contested),
        (unknown, unknown + strays, contested + more),
    ):
        wider_low, wider_high = proportion_bounds(successes, trials, *further)
        assert wider_low - slack <= low
        assert high <= wider_high + slack


def test_no_unusable_record_leaves_the_interval() -> None:
    assert proportion_bounds(65, 100, 0, 0) == wilson_limits(65, 100)
    assert count_bounds(65, 0) == poisson_limits(65)


def test_unknown_answers_are_failures_below_and_successes_above() -> None:
    low, high = proportion_bounds(50, 100, 20, 20)
    assert low == wilson_limits(50, 120)[0]
    assert high == wilson_limits(70, 120)[1]


def test_contested_records_go_where_it_is_worst() -> None:
    low, high = proportion_bounds(50, 100, 0, 0, 20)
    assert low == wilson_limits(30, 80)[0]
    assert high == wilson_limits(50, 80)[1]
    # Where all may have to go, nothing is known.
    assert proportion_bounds(3, 3, 0, 0, 5) == (0, 1)
    assert count_bounds(3, 0, 5) == (0, poisson_limits(3)[1])


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 50), st.integers(0, 50))
def test_weighted_bounds_contain_the_interval(light: int, heavy: int, unusable: int, contested: int) -> None:
    largest = 5000.0
    total, variance = light + largest * heavy, light + largest**2 * heavy
    lower, upper = weighted_limits(total, variance, largest)
    added = largest * unusable, largest**2 * unusable
    low, high = weighted_bounds((lower, upper), total, variance, *added, largest, contested)
    assert 0 <= low <= lower
    assert high >= upper
    assert np.isfinite(high)


def test_a_heavy_event_more_may_lower_the_lower_limit_too() -> None:
    """A hundred light events are known to a fifth; with one that weighs as much as all of them nothing is."""
    before, after = weighted_limits(100.0, 100.0, 100.0), weighted_limits(200.0, 10_100.0, 100.0)
    assert after[0] < before[0]
    assert weighted_bounds(before, 100.0, 100.0, 100.0, 10_000.0, 100.0)[0] == after[0]
