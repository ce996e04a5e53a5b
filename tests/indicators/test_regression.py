import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from indicators.regression import count_quantile, count_upper_tail, fit_quasi_poisson


def test_dobson_example_equals_r() -> None:
    # Randomised trial of Dobson (1990), An Introduction to Generalized Linear Models, p. 93: the example of R's glm().
    counts = np.array([[18, 17, 15, 20, 10, 20, 25, 13, 12]], dtype=float)
    outcome, treatment = np.tile([0, 1, 2], 3), np.repeat([0, 1, 2], 3)
    design = np.column_stack(
        [np.ones(9), outcome == 1, outcome == 2, treatment == 1, treatment == 2],
    ).astype(float)
    fit = fit_quasi_poisson(design, counts, np.ones((1, 9)))
    assert fit.coefficients[0, :3] == pytest.approx([3.044522, -0.4542553, -0.2929871], abs=1e-6)
    assert fit.coefficients[0, 3:] == pytest.approx([0, 0], abs=1e-9)
    assert np.sqrt(np.diag(fit.covariance[0])) == pytest.approx([0.1708987, 0.2021708, 0.1927423, 0.2, 0.2], abs=1e-6)
    assert fit.degrees[0] == 4
    assert fit.dispersion[0] == pytest.approx(1.2933, abs=1e-3)
    assert fit.leverage[0].sum() == pytest.approx(5)


def test_a_column_without_information_costs_nothing() -> None:
    counts = np.random.default_rng(1).poisson(6, (3, 40)).astype(float)
    weights = np.ones((3, 40))
    weights[:, 30:] = 0
    only_there = np.concatenate([np.zeros(30), np.ones(10)])
    fit = fit_quasi_poisson(np.column_stack([np.ones(40), only_there]), counts, weights)
    alone = fit_quasi_poisson(np.ones((30, 1)), counts[:, :30], weights[:, :30])
    assert fit.coefficients[:, 1] == pytest.approx(np.zeros(3), abs=1e-12)
    assert fit.coefficients[:, 0] == pytest.approx(np.log(counts[:, :30].mean(axis=1)))
    assert fit.degrees.tolist() == alone.degrees.tolist() == [29, 29, 29]
    assert fit.dispersion == pytest.approx(alone.dispersion)


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.float64, (3, 24), elements=st.integers(0, 5000).map(float)))
def test_fitted_totals_equal_the_observed_ones(counts: np.ndarray) -> None:
    half = np.repeat([0.0, 1.0], 12)
    fit = fit_quasi_poisson(np.column_stack([np.ones(24), half]), counts, np.ones((3, 24)))
    assert np.all(np.isfinite(fit.dispersion))
    for part in (slice(0, 12), slice(12, 24)):
        assert fit.fitted[:, part].sum(axis=1) == pytest.approx(counts[:, part].sum(axis=1), rel=1e-5, abs=1e-6)


def test_tail_and_quantile_equal_the_reference() -> None:
    # Mean 5, dispersion 1.5 and 1, 11 observed: from the tests of the R package surveillance.
    assert count_upper_tail(11, 5, [1.5, 1]) == pytest.approx([0.03763657, 0.01369527], abs=1e-8)
    assert count_quantile(0.95, 5, [1.5, 1]).tolist() == [10, 9]
    assert count_quantile(0.05, 5, [1.5, 1]).tolist() == [1, 2]
    assert count_upper_tail(0, 5, [1.5, 1]).tolist() == [1, 1]


@given(st.integers(0, 3000), st.floats(0.01, 2000), st.floats(1, 30))
def test_quantile_is_the_first_count_that_enough_stay_below(count: int, mean: float, dispersion: float) -> None:
    quantile = count_quantile(0.99, mean, dispersion)
    assert count_upper_tail(quantile + 1, mean, dispersion) <= 0.01 * (1 + 1e-6)
    assert count_upper_tail(quantile, mean, dispersion) >= 0.01 * (1 - 1e-6)
    assert count_upper_tail(count + 1, mean, dispersion) <= count_upper_tail(count, mean, dispersion)
