import numpy as np
import pytest
from scipy import stats

from indicators.dispersion import checked_dispersion, dispersion


def test_poisson_counts_have_none_whatever_levels_and_seasons() -> None:
    random = np.random.default_rng(1)
    mean = np.outer(random.uniform(2, 200, 4000), [1.0, 1.4, 0.7, 1.1])
    found = dispersion(random.poisson(mean))
    assert found.phi == pytest.approx(1, abs=0.04)
    assert found.degrees == 3999 * 3


@pytest.mark.parametrize("periods", [2, 6])
def test_dispersed_counts_have_theirs(periods: int) -> None:
    random = np.random.default_rng(2)
    mean = np.outer(random.uniform(5, 100, 2000), np.linspace(1, 2, periods))
    # Negative binomial with variance = 3 x mean.
    found = dispersion(random.negative_binomial(mean / 2, 1 / 3))
    assert found.phi == pytest.approx(3, rel=0.08)


def test_a_two_by_two_table_has_pearsons_chi_squared() -> None:
    table = np.array([[30, 10], [20, 40]])
    found = dispersion(table)
    # With one degree all four residuals are equal, and the sums' ratio is Pearson's statistic.
    assert found.phi == pytest.approx(stats.chi2_contingency(table, correction=False).statistic)
    assert found.degrees == 1


def test_empty_rows_and_columns_say_nothing() -> None:
    table = np.array([[30, 0, 10], [0, 0, 0], [20, 0, 40]])
    assert dispersion(table) == dispersion([[30, 10], [20, 40]])


def test_dispersion_is_never_below_one() -> None:
    assert dispersion([[10, 10], [20, 20], [5, 5]]).phi == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dispersion([1, 2]), "table"),
        (lambda: dispersion([[1, -2], [3, 4]]), "not negative"),
        (lambda: dispersion([[1, 2], [0, 0]]), "at least two areas"),
        (lambda: checked_dispersion(0.9), "at least 1"),
        (lambda: checked_dispersion(float("nan")), "at least 1"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
