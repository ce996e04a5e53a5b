import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.rare_events import event_probability, g_chart, t_chart, waiting_p_value, zeros_in_a_row

# Hours between failures of a valve: Montgomery, Introduction to Statistical Quality Control, 6th ed., example 7.6.
VALVE_HOURS = [286, 948, 536, 124, 816, 729, 4, 143, 431, 8, 2837, 596, 81, 227, 603, 492, 1199, 1214, 2831, 96]


def test_transformed_times_of_a_textbook() -> None:
    chart = t_chart(VALVE_HOURS, limits="transformed")
    # The power rounded to .2777, as in the book; mean 5.3866 and mean moving range 2.3592 worked out apart.
    assert chart.centre**0.2777 == pytest.approx(5.386, abs=0.005)
    assert set(chart.signals) == {"none"}
    assert chart.limit_low == 0
    # 5.3866 + 2.66 x the mean moving range of 2.3592.
    assert chart.limit_high**0.2777 == pytest.approx(11.66, abs=0.02)


def test_three_sigma_limits_are_the_published_formula() -> None:
    # Benneyan (2001): mean ± 3 sqrt(mean (mean + 1)); with mean 2, 2 ± 3 sqrt(6).
    chart = g_chart([2, 0, 4, 2], limits="sigma")
    assert (chart.centre, chart.limit_low) == (2, 0)
    assert chart.limit_high == pytest.approx(9.348469)


@pytest.mark.parametrize("mean", [3, 40, 900])
def test_probability_limits_of_the_g_chart_leave_the_tail_and_no_more(mean: int) -> None:
    chart = g_chart([mean - 1, mean, mean + 1] * 100, tail=0.01)
    stays = 1 - event_probability([mean - 1, mean, mean + 1] * 100)
    assert stays ** (chart.limit_high + 1) <= 0.01 < stays**chart.limit_high
    assert 1 - stays**chart.limit_low <= 0.01 < 1 - stays ** (chart.limit_low + 1)
    assert stays ** (chart.centre + 1) <= 0.5 < stays**chart.centre


def test_three_sigma_limits_let_long_gaps_through_that_probability_limits_do_not() -> None:
    gaps = np.random.default_rng(4).geometric(0.02, 20_000) - 1
    sigma, probability = (np.array(g_chart(gaps, limits).signals) for limits in ("sigma", "probability"))
    # exp(-4) = .0183 of a geometric distribution lies beyond the mean + 3 sigma.
    assert np.mean(sigma == "long_gap") == pytest.approx(0.0183, abs=0.003)
    assert np.mean(probability == "long_gap") == pytest.approx(0.00135, abs=0.0008)
    assert "short_gap" not in sigma


def test_zeros_in_a_row() -> None:
    # .05^2 = .0025 is not below .00135, .05^3 = .000125 is.
    assert zeros_in_a_row(0.05) == 3
    assert zeros_in_a_row(0.01, tail=0.01) == 1
    with pytest.raises(ValueError, match="between 0 and 1"):
        zeros_in_a_row(1.0)


def test_probability_limits_of_the_t_chart_signal_at_their_rate_despite_the_estimated_mean() -> None:
    random = np.random.default_rng(9)
    below, above = 0, 0
    for _ in range(4000):
        *past, new = random.exponential(12.0, 16)
        chart = t_chart(past, tail=0.02)
        below += new < chart.limit_low
        above += new > chart.limit_high
    assert below / 4000 == pytest.approx(0.02, abs=0.006)
    assert above / 4000 == pytest.approx(0.02, abs=0.006)


def test_probability_limits_of_many_times_are_exponential_quantiles() -> None:
    chart = t_chart([10.0] * 100_000, tail=0.01)
    assert chart.limit_high == pytest.approx(-10 * np.log(0.01), rel=1e-3)
    assert chart.limit_low == pytest.approx(-10 * np.log(0.99), rel=1e-3)
    assert chart.centre == pytest.approx(10 * np.log(2), rel=1e-3)


def test_a_long_quiet_and_a_cluster_are_signalled() -> None:
    gaps = [10.0, 14, 8, 11, 17, 9, 13, 12] * 4
    chart = t_chart([*gaps, 0.001, 150.0])
    assert chart.signals[-2:] == ("short_gap", "long_gap")
    assert set(chart.signals[:-2]) == {"none"}
    assert g_chart([*[90, 110, 100] * 10, 2000]).signals[-1] == "long_gap"


def test_waiting_since_the_last_event() -> None:
    # Two gaps of one day each: waiting for two days has the probability (1 + 1)^-2.
    assert waiting_p_value([1.0, 1.0], 2.0) == pytest.approx(0.25)
    assert waiting_p_value([5.0] * 1000, 15.0) == pytest.approx(np.exp(-3), rel=0.01)
    with pytest.raises(ValueError, match="waiting"):
        waiting_p_value([1.0, 1.0], -1)


@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=40), st.floats(0.1, 1000))
def test_the_unit_of_time_does_not_matter(gaps: list[float], unit: float) -> None:
    for limits in ("probability", "transformed"):
        chart, scaled = t_chart(gaps, limits), t_chart(np.array(gaps) * unit, limits)
        assert scaled.limit_low == pytest.approx(chart.limit_low * unit, rel=1e-6, abs=1e-9)
        assert scaled.centre == pytest.approx(chart.centre * unit, rel=1e-6)
        assert scaled.limit_high == pytest.approx(chart.limit_high * unit, rel=1e-6)
        assert 0 <= chart.limit_low <= chart.centre <= chart.limit_high


@pytest.mark.parametrize(
    ("gaps", "message"),
    [([3], "three events"), ([-1, 2], "not negative"), ([0, 0, 0], "not rare"), ([1.5, 2], "whole")],
)
def test_impossible_gaps_are_refused(gaps: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        g_chart(gaps)
