"""Raking: both margins are met, what was known before stays, and a failure says so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.raking import TOLERANCE, rake

AGE = ["young", "young", "old", "old", "old", "young"]
SEX = ["f", "m", "f", "m", "f", "f"]
TARGETS = {"age": {"young": 0.4, "old": 0.6}, "sex": {"f": 0.5, "m": 0.5}}


def test_a_table_worked_out_by_hand() -> None:
    """Of one margin raking is post-stratification: 3 of 4 people are young, half of the population is."""
    raked = rake(np.ones(4), {"age": ["young", "young", "young", "old"]}, {"age": {"young": 1, "old": 1}})
    assert raked.weights == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    assert raked.status == "converged"
    assert raked.strongest == pytest.approx(2)
    assert raked.efficiency == pytest.approx(16 / (4 * (3 * 4 / 9 + 4)))
    assert [(fit.name, fit.target, fit.before, pytest.approx(fit.after)) for fit in raked.fits] == [
        ("young", 0.5, 0.75, 0.5),
        ("old", 0.5, 0.25, 0.5),
    ]


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_margins_are_met_and_odds_within_the_sample_stay(seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.uniform(0.5, 2, 60)
    age, sex = np.repeat(["young", "old"], 30), np.tile(["f", "m"], 30)
    raked = rake(weights, {"age": age.tolist(), "sex": sex.tolist()}, TARGETS)
    assert raked.status == "converged"
    assert raked.weights.sum() == pytest.approx(weights.sum())
    assert raked.largest_gap <= TOLERANCE
    factor = raked.weights / weights
    by_cell = [factor[(age == a) & (sex == s)] for a in ("young", "old") for s in ("f", "m")]
    for cell in by_cell:
        assert cell == pytest.approx(np.full(len(cell), cell[0]))
    # What raking keeps: the odds ratio of the factors is 1.
    yf, ym, of, om = (cell[0] for cell in by_cell)
    assert yf * om / (ym * of) == pytest.approx(1, abs=1e-4)


def test_unknown_classes_keep_their_share() -> None:
    raked = rake(np.ones(5), {"age": ["young", "young", "young", "old", None]}, {"age": {"young": 0.5, "old": 0.5}})
    assert raked.weights == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2, 1])


def test_a_class_without_anyone_is_told_and_weights_stay() -> None:
    raked = rake(np.ones(2), {"age": ["young", "young"]}, {"age": {"young": 0.5, "old": 0.5}})
    assert raked.status == "empty_class"
    assert raked.weights.tolist() == [1, 1]
    assert raked.largest_gap == pytest.approx(0.5)


def test_margins_that_contradict_each_other_do_not_converge() -> None:
    """Everyone young is a woman and everyone old a man, and the population has other shares of both."""
    raked = rake(np.ones(4), {"age": ["young", "young", "old", "old"], "sex": ["f", "f", "m", "m"]}, TARGETS)
    assert raked.status == "not_converged"
    assert raked.weights.tolist() == [1, 1, 1, 1]


def test_shares_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="age"):
        rake(np.ones(1), {"age": ["young"]}, {"age": {"young": 2, "old": -1}})
