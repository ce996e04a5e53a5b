"""Reliability: published numbers, and what alpha must do."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from indicators.reliability import cronbach_alpha, sampling_adequacy, sphericity

RELIABILITY = Path(__file__).parent / "conformance" / "reliability"
PRINTED = (RELIABILITY / "expected.txt").read_text(encoding="utf-8").splitlines()
ATTITUDE = pl.read_csv(RELIABILITY / "attitude.csv")
ANSWERS = ATTITUDE.to_numpy().astype(np.float64)


def after(head: str, skip: int = 1) -> list[str]:
    at = next(number for number, line in enumerate(PRINTED) if head in line)
    return PRINTED[at + skip].split()


def test_alpha_is_as_published() -> None:
    found = cronbach_alpha(ANSWERS)
    raw, standardised, _, average, signal_to_noise = map(float, after("raw_alpha"))
    assert (found.value, found.standardised) == pytest.approx((raw, standardised), abs=1e-11)
    assert found.respondents == 30
    correlation = np.corrcoef(ANSWERS.T)
    assert (correlation.sum() - 7) / 42 == pytest.approx(average, abs=1e-10)
    assert found.standardised / (1 - found.standardised) == pytest.approx(signal_to_noise, abs=1e-10)


@pytest.mark.parametrize("item", ATTITUDE.columns)
def test_alpha_without_an_item_is_as_published(item: str) -> None:
    line = next(line for line in PRINTED if line.startswith(f"{item} "))
    raw, standardised = map(float, line.split()[1:3])
    at = ATTITUDE.columns.index(item)
    assert cronbach_alpha(ANSWERS).without[at] == pytest.approx(raw, abs=1e-11)
    found = cronbach_alpha(np.delete(ANSWERS, at, 1)).standardised
    assert found == pytest.approx(standardised, abs=1e-11)
    # Of six items: the mean correlation that makes this alpha, and what is shared over what is not.
    assert found / (6 - 5 * found) == pytest.approx(float(line.split()[4]), abs=1e-10)
    again = [each for each in PRINTED if each.startswith(f"{item} ")][1].split()
    assert found / (1 - found) == pytest.approx(float(again[1]), abs=1e-9)


def test_sampling_adequacy_is_as_published() -> None:
    whole, each = sampling_adequacy(ANSWERS)
    assert whole == pytest.approx(0.763275432, abs=5e-10)
    assert [round(one, 2) for one in each] == list(map(float, after("MSA for each item", 2)))


def test_sphericity_is_as_published() -> None:
    found = sphericity(ANSWERS)
    assert found.chi_square == pytest.approx(float(after("$chisq")[1]), abs=1e-9)
    assert found.p_value == pytest.approx(float(after("$p.value")[1]), rel=1e-10)
    assert found.freedom == int(after("$df")[1]) == 21


def test_weights_count_people() -> None:
    """A weight of two is someone who is there twice, but for how sure the limits are."""
    weights = np.where(np.arange(30) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(ANSWERS, weights.astype(int), axis=0)
    assert cronbach_alpha(ANSWERS, weights).value == pytest.approx(cronbach_alpha(twice).value)
    assert sampling_adequacy(ANSWERS, weights)[0] == pytest.approx(sampling_adequacy(twice)[0])
    narrow = cronbach_alpha(ANSWERS)
    wide = cronbach_alpha(ANSWERS, effective=15)
    assert wide.lower < narrow.lower < narrow.value < narrow.upper < wide.upper


def test_limits_hold_alpha_of_a_known_scale() -> None:
    """Four parallel items of correlation .5 have alpha .8."""
    random = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        answers = random.standard_normal((60, 1)) + random.standard_normal((60, 4))
        found = cronbach_alpha(answers)
        held += found.lower <= 0.8 <= found.upper
    assert 0.92 <= held / 400 <= 0.98


def test_what_cannot_be_told_is_told_so() -> None:
    assert np.isnan(cronbach_alpha(np.ones((5, 3))).value)
    assert np.isnan(cronbach_alpha(ANSWERS[:, :2]).without).all()
    same = np.column_stack([ANSWERS[:, 0], ANSWERS[:, 0]])
    assert np.isnan(sampling_adequacy(same)[0])
    with pytest.raises(ValueError, match="two items"):
        cronbach_alpha(ANSWERS[:, :1])
