"""Reporting delays and nowcasts: worked by hand, and laws that any records must keep."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.nowcasts import DAYS, WINDOW, WORLDS, seen, simulate
from indicators.reporting_delays import Delays, estimate, nowcast, triangle

CUTOFF = date(2021, 12, 31)
AGES = np.arange(27, -1, -1)
records = st.lists(
    st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 20)), st.integers(0, 9)), max_size=60
)


def frame(rows: list[tuple[int, int | None, int]]) -> pl.DataFrame:
    """Rows of (days before the cut-off, delay, records)."""
    days = [(CUTOFF - timedelta(days=back), delay, float(count)) for back, delay, count in rows]
    schema = {"day": pl.Date, "delay_days": pl.Int64, "records": pl.Float64}
    return pl.DataFrame(days, schema=schema, orient="row")


@settings(max_examples=30)
@given(records)
def test_a_triangle_holds_exactly_what_was_recorded_by_the_cutoff(rows: list[tuple[int, int | None, int]]) -> None:
    counts = triangle(frame(rows), CUTOFF, 30, 10)
    inside = [(b, d, n) for b, d, n in rows if d is not None and b < 30 and d <= min(10, b)]
    assert counts.sum() == sum(n for _, _, n in inside)
    for back in range(30):
        assert counts[29 - back].sum() == sum(n for b, _, n in inside if b == back)
        assert not counts[29 - back, back + 1 :].any()


def test_hazards_in_reversed_time_are_development_factors_worked_by_hand() -> None:
    """Of two days that are old enough, 6 of 10 records came at once; of three, 3 of the 12 within a day came late."""
    counts = np.zeros((130, 3))
    counts[:3] = [[3, 1, 1], [3, 1, 1], [3, 1, 0]]
    padded = np.vstack([np.zeros((97, 3)), counts[:2], np.zeros((29, 3))])
    padded[127 - 1, :2] = [3, 1]
    delays = estimate(padded)
    assert delays is not None
    # 2 of the 10 came after two days; of the 12 that came within one day 3 came after one.
    assert delays.shares == pytest.approx([0.8 * 0.75, 0.8, 1.0])
    assert delays.variances == pytest.approx([0, 3 / (12 * 9), 2 / (10 * 8)])


def test_delays_of_recent_days_alone_would_seem_too_short() -> None:
    counts = simulate(WORLDS["slow"], 3)
    known = seen(counts, WINDOW + 200)
    delays = estimate(known)
    assert delays is not None
    truth = counts.sum(axis=0).cumsum() / counts.sum()
    assert np.abs(delays.shares - truth).max() < 0.03
    recent = known[-14:].sum(axis=0).cumsum() / known[-14:].sum()
    assert recent[3] > truth[3] + 0.15
    low, high = delays.limits()
    assert ((low <= delays.shares) & (delays.shares <= high)).all()
    assert low[-1] == high[-1] == 1.0


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=5), st.integers(0, 3))
def test_of_a_period_that_is_complete_the_nowcast_is_the_count(counted: list[float], longest: int) -> None:
    shares = np.append(np.linspace(0.2, 0.9, longest), 1.0)
    delays = Delays(shares, np.full(longest + 1, 0.01), 2.0, 1000)
    counts = np.array(counted)
    found = nowcast(counts, AGES + longest, delays)
    assert found is not None
    for each in (found.expected, found.lower, found.upper):
        assert (each == counts).all()
    assert found.recorded_share == 1.0


@settings(max_examples=30)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=6), st.floats(0.2, 0.99), st.floats(1, 5))
def test_nowcasts_add_up_and_never_lie_below_the_count(counted: list[int], share: float, spread: float) -> None:
    delays = Delays(np.array([share, (1 + share) / 2, 1.0]), np.array([0, 0.001, 0.001]), spread, 1000)
    counts = np.array(counted, dtype=float)
    areas, whole = nowcast(counts, AGES, delays), nowcast(counts.sum(keepdims=True), AGES, delays)
    assert areas is not None
    assert whole is not None
    assert areas.expected.sum() == pytest.approx(whole.expected[0])
    assert (counts <= areas.lower).all()
    assert (areas.lower <= areas.expected).all()
    assert (areas.expected <= areas.upper).all()
    assert 0 < areas.recorded_share < 1


def test_more_delay_more_missing_and_nothing_told_of_nearly_nothing() -> None:
    counts = np.array([50.0])
    quick, slow = (Delays(np.array([s, 1.0]), np.zeros(2), 1.0, 1000) for s in (0.9, 0.3))
    found, later = nowcast(counts, np.arange(2), quick), nowcast(counts, np.arange(2), slow)
    assert found is not None
    assert later is not None
    assert found.expected[0] < later.expected[0]
    assert found.upper[0] - found.lower[0] < later.upper[0] - later.lower[0]
    assert nowcast(counts, np.zeros(1, dtype=int), Delays(np.array([0.05, 1.0]), np.zeros(2), 1.0, 9)) is None
    # A day after the cut-off has nothing yet, and is expected to bring what the others do.
    ahead = nowcast(counts, np.array([5, -1]), quick)
    assert ahead is not None
    assert ahead.expected[0] == 100


def test_a_short_history_gives_no_distribution() -> None:
    assert estimate(np.ones((DAYS + 50, DAYS + 1))) is None
    assert estimate(np.zeros((WINDOW, DAYS + 1))) is None
