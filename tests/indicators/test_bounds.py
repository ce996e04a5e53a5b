from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.bounds import count_bounds, proportion_bounds, repeats_reach, unevenness_bounds, weighted_bounds
from indicators.concentration import gini, gini_beyond_chance, repeats_in_part
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


# An incident: its address, and whether it lies in the part of the year.
INCIDENTS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=25)


def beyond_chance(incidents: list[tuple[int, bool]]) -> tuple[float, int]:
    """Repeat addresses of the part, less those expected; and how many incidents the part has."""
    year, part = Counter(at for at, _ in incidents), Counter(at for at, is_in in incidents if is_in)
    repeated = sum(n >= 2 for n in part.values())
    found = repeats_in_part(repeated, list(year.values()), len(incidents), sum(part.values()), draws=2)
    return found.excess, sum(part.values())


@given(INCIDENTS, INCIDENTS, st.integers(0, 3))
def test_no_incident_more_or_fewer_moves_repeats_further_than_their_reach(
    known: list[tuple[int, bool]], more: list[tuple[int, bool]], fewer: int
) -> None:
    value, in_part = beyond_chance(known)
    taken, kept = known[:fewer], known[fewer:]
    changed = [*taken, *more]
    inside = sum(is_in for _, is_in in changed)
    reach = repeats_reach(in_part, len(known), inside, len(changed) - inside)
    assert abs(beyond_chance([*kept, *more])[0] - value) <= reach + 1e-9


def test_repeats_of_a_part_are_moved_by_incidents_there_and_less_by_those_elsewhere() -> None:
    assert repeats_reach(30, 365, 0, 0) == 0
    assert repeats_reach(30, 365, 2, 0) == 2
    assert repeats_reach(30, 365, 0, 5) == pytest.approx(5 * 30 / 360)
    # A year of which nothing may be left.
    assert repeats_reach(1, 4, 0, 4) == 4


COUNTS = st.lists(st.integers(0, 40), min_size=5, max_size=8)


@given(COUNTS, st.data())
def test_unevenness_lies_within_its_bounds_wherever_incidents_in_doubt_belong(
    counts: list[int], data: st.DataObject
) -> None:
    n, hours = len(counts), np.arange(1.0, len(counts) + 1)
    more = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    fewer = np.minimum(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), counts)
    told, truth = (gini_beyond_chance(each, hours, draws=499) for each in (counts, counts - fewer + more))
    if told is None or truth is None:
        return
    low, high = unevenness_bounds((told.observed, told.observed), told.expected, sum(counts), more.sum(), fewer.sum())
    noise = 0.02 if more.any() or fewer.any() else 1e-12  # what chance makes is drawn
    assert low - noise <= truth.excess <= high + noise
    assert low <= told.excess <= high
    # The coefficient alone is exact.
    assert gini(counts - fewer + more, hours) == pytest.approx(truth.observed)


def test_unevenness_without_doubt_keeps_its_limits_and_with_nothing_left_is_open() -> None:
    assert unevenness_bounds((0.2, 0.4), 0.1, 100, 0, 0) == (pytest.approx(0.1), pytest.approx(0.3))
    assert unevenness_bounds((0.2, 0.4), 0.1, 100, 0, 100) == (-1.0, pytest.approx(1 - 0.1))
    # Ten more of 110: all in the place that has fewest, or most; what chance makes of 100 falls by a tenth at most.
    low, high = unevenness_bounds((0.2, 0.4), 0.11, 100, 10, 0)
    assert low == pytest.approx((0.2 * 100 - 10) / 110 - 0.11)
    assert high == pytest.approx((0.4 * 100 + 10) / 110 - 0.1)
