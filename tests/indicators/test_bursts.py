import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from indicators.bursts import exact_g_test, scan_p_value

CASES = json.loads((Path(__file__).parent / "conformance" / "crime_statistics" / "cases.json").read_text())


def test_scan_equals_the_reference() -> None:
    """The reference leaves the last term of Naus's A4 out; in the second case it counts a window more than he does."""
    first, second = CASES["scan_naus"]
    assert scan_p_value(first["n"], first["mu"], first["L"]) == pytest.approx(first["p"], abs=1e-6)
    assert first["k"] == 2
    assert scan_p_value(second["n"], second["mu"], second["L"] + 2 - second["k"]) == pytest.approx(
        second["p_3dp"], abs=0.0005
    )


def test_scan_is_how_often_a_window_is_found() -> None:
    random = np.random.default_rng(4)
    found = []
    for _ in range(3000):
        times = np.sort(random.uniform(0, 30, random.poisson(30 * 1.5)))
        found.append(len(times) >= 6 and bool((times[5:] - times[:-5]).min() <= 1))
    assert scan_p_value(6, 1.5, 30) == pytest.approx(np.mean(found), abs=0.025)


def test_a_burst_found_by_looking_is_less_surprising_than_one_foretold() -> None:
    alone = float(stats.poisson.sf(5, 0.6))
    assert alone < scan_p_value(6, 0.6, 10) < scan_p_value(6, 0.6, 100) < scan_p_value(5, 0.6, 100)
    assert 0.99 < scan_p_value(4, 1.5, 100) <= 1
    assert scan_p_value(3, 500.0, 100) == 1.0


@pytest.mark.parametrize(
    ("counts", "g"), [(json.loads(k), v) for k, v in CASES["small_sample_G_7bins_uniform"].items()]
)
def test_g_equals_the_reference(counts: list[int], g: float) -> None:
    assert exact_g_test(counts)[0] == pytest.approx(g, abs=0.005)


def test_exact_probabilities_of_three_events_in_a_week() -> None:
    # All on one day: 7 of 343; on two: 7 x 6 x 3 of 343.
    assert exact_g_test([3, 0, 0, 0, 0, 0, 0])[1] == pytest.approx(7 / 343)
    assert exact_g_test([0, 1, 0, 2, 0, 0, 0])[1] == pytest.approx((7 + 126) / 343)
    assert exact_g_test([1, 1, 1, 0, 0, 0, 0])[1] == pytest.approx(1)
    assert exact_g_test([0] * 7) == (0.0, None)


def test_two_bins_are_the_binomial_test() -> None:
    for y in range(13):
        assert exact_g_test([y, 12 - y])[1] == pytest.approx(stats.binomtest(y, 12).pvalue)
    shares = [0.2, 0.8]
    assert exact_g_test([3, 0], shares)[1] == pytest.approx(0.2**3)


def test_the_exact_p_value_nears_the_chi_squared_one() -> None:
    counts = [9, 4, 2, 6]
    reference = stats.power_divergence(counts, lambda_="log-likelihood")
    g, p_value = exact_g_test(counts)
    assert g == pytest.approx(reference.statistic)
    assert p_value == pytest.approx(reference.pvalue, abs=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scan_p_value(2, 1.0, 10), "at least 3"),
        (lambda: scan_p_value(5, 0.0, 10), "above zero"),
        (lambda: exact_g_test([1.5, 2]), "whole"),
        (lambda: exact_g_test([1, 2], [0.5, 0.6]), "sum to 1"),
        (lambda: exact_g_test([100] * 7), "too many"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
