import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indicators.composites.aggregate import aggregate, aggregate_tree, copeland
from indicators.composites.contributions import change_by_weights, split_change, split_geometric_change
from indicators.composites.coupling import CLASSES, class_within, coupling_coordination
from indicators.composites.impute import impute_centre, impute_panel
from indicators.composites.normalise import distance_to_target, goalposts, min_max, percentile_ranks, z_scores
from indicators.composites.obstacles import obstacle_degrees
from indicators.composites.outliers import box_cox, log_towards_symmetry, treat, winsorise
from indicators.composites.screening import correlations, screen, standardised_alpha
from indicators.composites.sensitivity import choice_sensitivity, mean_rank_shift
from indicators.composites.synergy import movement, order_degrees, synergy
from indicators.composites.topsis import closeness
from indicators.composites.uncertainty import drawn_figures, drawn_weights, limits, rank_limits
from indicators.composites.weights import ahp_weights, critic_weights, entropy_weights, pca_weights

GAP = float("nan")
shares = st.floats(0.01, 1, allow_nan=False)


def test_fixed_goalposts_give_each_figure_the_same_score_whoever_is_beside_it() -> None:
    x = [[20.0, 90.0], [80.0, 50.0], [120.0, GAP]]
    found = goalposts(x, [0, 0], [100, 100], [-1, 1])
    np.testing.assert_allclose(found, [[0.8, 0.9], [0.2, 0.5], [0.0, GAP]])
    with pytest.raises(ValueError, match="below its maximum"):
        goalposts(x, [0, 100], [100, 100], [-1, 1])


def test_other_scales() -> None:
    x = [[1.0], [2.0], [2.0], [5.0]]
    np.testing.assert_allclose(z_scores(x, [1], 10, 2)[:, 0].mean(), 10)
    np.testing.assert_allclose(z_scores(x, [1], 10, 2)[:, 0].std(ddof=1), 2)
    np.testing.assert_allclose(percentile_ranks(x, [-1])[:, 0], [100, 50, 50, 0])
    np.testing.assert_allclose(distance_to_target(x, [3.0], [1])[:, 0], [0, 50, 50, 100])
    assert np.isnan(min_max([[3.0], [3.0]], [1])).all()
    with pytest.raises(ValueError, match="context indicators"):
        min_max(x, [0])


def test_what_nobody_has_is_not_made_up() -> None:
    x = [[1.0, GAP], [GAP, GAP], [5.0, GAP], [GAP, GAP]]
    may_fill = np.isnan(x)
    may_fill[3] = False
    found, imputed = impute_centre(x, may_fill, "median")
    np.testing.assert_allclose(found[:, 0], [1, 3, 5, GAP])
    assert np.isnan(found[:, 1]).all()
    assert imputed.sum() == 1
    aged, filled = impute_panel([[1.0], [GAP], [GAP], [4.0]], np.ones((4, 1), bool), most=1)
    np.testing.assert_allclose(aged[:, 0], [1, 1, GAP, 4])
    assert filled[:, 0].tolist() == [False, True, False, False]
    assert screen([[1.0, GAP], [1.0, 2.0]], 0.6).tolist() == [False, True]


def test_an_outlier_is_drawn_in_and_a_long_tail_transformed() -> None:
    column = np.append(np.linspace(1, 2, 30), 90.0)
    found, moved = winsorise(column, 3)
    assert moved == 1
    assert found.max() == 2.0
    tail = np.append(np.linspace(1, 2, 40), [50.0, 90.0, 120.0, 200.0])
    treated = treat(np.stack([column, tail, np.linspace(0, 1, 44)[: len(tail)]][1:], axis=1), most=2)
    assert treated.method == ("log", "none")
    assert (np.argsort(treated.values[:, 0], kind="stable") == np.argsort(tail, kind="stable")).all()
    mirrored = log_towards_symmetry(-tail)
    np.testing.assert_allclose(mirrored, -log_towards_symmetry(tail))
    assert box_cox(np.exp(np.random.default_rng(3).normal(size=4000)))[1] == pytest.approx(0, abs=0.05)


def test_figures_that_say_the_same_weigh_less() -> None:
    rng = np.random.default_rng(5)
    shared, own = rng.uniform(size=(2, 60))
    x = np.stack([shared, shared + 0.01 * rng.uniform(size=60), own], axis=1)
    critic = critic_weights(min_max(x, [1, 1, 1], (0, 1)))
    assert critic[2] > critic[:2].max()
    loadings, variance = pca_weights(x)
    assert loadings[2] < 0.1
    assert variance == pytest.approx(2 / 3, abs=0.05)
    assert correlations(x)[0, 1] > 0.99
    assert standardised_alpha(x[:, :2]) > 0.99
    np.testing.assert_allclose(entropy_weights(np.ones((4, 3))), [1 / 3] * 3)
    np.testing.assert_allclose(pca_weights(np.ones((4, 3)))[0], [1 / 3] * 3)


def test_contradictory_judgements_are_told() -> None:
    assert ahp_weights([[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]]).consistency_ratio > 0.1
    consistent = ahp_weights([[1, 2, 4], [1 / 2, 1, 2], [1 / 4, 1 / 2, 1]])
    np.testing.assert_allclose(consistent.weights, [4 / 7, 2 / 7, 1 / 7])
    assert consistent.consistency_ratio == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="reciprocal"):
        ahp_weights([[1, 2], [2, 1]])


def test_means_differ_in_what_makes_up_for_what() -> None:
    x = [[0.25, 1.0], [0.0, 1.0], [GAP, 1.0], [GAP, GAP]]
    np.testing.assert_allclose(aggregate(x, [1, 1]), [0.625, 0.5, 1.0, GAP])
    np.testing.assert_allclose(aggregate(x, [1, 1], "geometric"), [0.5, 0.0, 1.0, GAP])
    np.testing.assert_allclose(aggregate(x, [1, 1], "harmonic"), [0.4, 0.0, 1.0, GAP])
    np.testing.assert_allclose(aggregate(x, [2, 1], least=0.6), [0.5, 1 / 3, GAP, GAP])


@given(arrays(float, 5, elements=shares), arrays(float, 5, elements=shares))
def test_a_mean_lies_between_its_figures_and_harmonic_below_geometric_below_arithmetic(x, weights) -> None:
    three = [float(aggregate(x, weights, how)) for how in ("harmonic", "geometric", "arithmetic")]
    assert x.min() - 1e-12 <= three[0] <= three[1] + 1e-12 <= three[2] + 2e-12 <= x.max() + 3e-12


def test_a_tree_must_be_one() -> None:
    with pytest.raises(ValueError, match="two parents"):
        aggregate_tree({"a": [1.0]}, [("a", "b", 1.0), ("a", "c", 1.0)])
    with pytest.raises(ValueError, match="above itself"):
        aggregate_tree({"a": [1.0]}, [("a", "b", 1.0), ("b", "c", 1.0), ("c", "d", 1.0), ("e", "d", 1.0)])


def test_copeland_counts_units_beaten() -> None:
    found = copeland([[3.0, 3.0, 1.0], [2.0, 2.0, 2.0], [1.0, 1.0, 3.0]], [0.4, 0.3, 0.3])
    assert found.tolist() == [2, 0, -2]


@given(arrays(float, (2, 4), elements=shares), arrays(float, (2, 4), elements=shares), st.integers(0, 3))
def test_a_change_is_split_without_a_remainder(x, w, gone) -> None:
    x[1, gone] = GAP
    weights = np.where(np.isnan(x), 0, w)
    weights /= weights.sum(axis=1, keepdims=True)
    scores = np.nansum(weights * x, axis=1)
    assert split_change(*x, *weights).sum() == pytest.approx(scores[1] - scores[0], abs=1e-12)
    means = [float(aggregate(row, each, "geometric")) for row, each in zip(x, weights, strict=True)]
    assert split_geometric_change(*x, *weights).sum() == pytest.approx(means[1] - means[0], abs=1e-12)


def test_a_score_that_moves_by_one_indicator_says_so() -> None:
    assert split_change([0.2, 0.5], [0.4, 0.5], [0.5, 0.5], [0.5, 0.5]).tolist() == pytest.approx([0.1, 0.0])
    # One that comes raises the score if it stands above it.
    came = ([0.4, GAP], [0.4, 0.8], [1, 0], [0.5, 0.5])
    assert split_change(*came).tolist() == pytest.approx([0.05, 0.15])
    assert change_by_weights(*came).tolist() == pytest.approx([0.05, 0.15])
    assert change_by_weights([0.2, 0.5], [0.4, 0.5], [0.5, 0.5], [0.5, 0.5]).tolist() == [0, 0]


@given(arrays(float, (3,), elements=st.floats(0, 1)), st.sampled_from(["standard", "adjusted"]))
def test_coupling_stays_within_its_range(parts, form) -> None:
    found = coupling_coordination(parts, form=form)
    for each in found:
        assert -1e-12 <= each <= 1 + 1e-9
    equal = coupling_coordination(np.full(3, 0.5), form=form)
    assert equal.coupling == pytest.approx(1)


def test_the_standard_coupling_of_random_parts_is_high_which_is_why_all_three_are_shown() -> None:
    parts = np.random.default_rng(0).uniform(size=(20_000, 3))
    standard, adjusted = (coupling_coordination(parts, form=form).coupling for form in ("standard", "adjusted"))
    assert np.median(standard) == pytest.approx(0.88, abs=0.02)
    assert np.median(adjusted) < 0.6


def test_a_class_is_named_only_where_the_whole_interval_lies_in_it() -> None:
    assert class_within([0.61, 0.59, 0.0, 0.95, GAP], [0.69, 0.61, 0.05, 1.0, GAP]) == [
        "primary_coordination",
        None,
        "extreme_imbalance",
        "quality_coordination",
        None,
    ]
    assert len(CLASSES) == 10
    # 0.3 is no 0.29999….
    assert class_within([0.1 * 3], [0.35]) == ["mild_imbalance"]


def test_synergy_needs_every_part_to_have_moved_for_sure() -> None:
    assert order_degrees([50.0, 20.0], [0, 0], [100, 100], [1, -1], [1, 1]) == pytest.approx(0.65)
    assert synergy([0.04, 0.09]) == pytest.approx(0.06)
    assert synergy([0.04, -0.09]) == pytest.approx(-0.06)
    assert synergy([-0.04, -0.09]) == pytest.approx(-0.06)
    assert movement([0.01, 0.02], [0.05, 0.2]) == "together_up"
    assert movement([-0.4, -0.2], [-0.1, -0.1]) == "together_down"
    assert movement([0.01, -0.2], [0.05, -0.1]) == "apart"
    assert movement([0.01, -0.02], [0.05, 0.2]) == "indeterminate"


def test_obstacles_and_closeness() -> None:
    np.testing.assert_allclose(obstacle_degrees([0.5, 1.0, GAP, 0.0], [0.25, 0.25, 0.25, 0.25]), [1 / 3, 0, GAP, 2 / 3])
    np.testing.assert_allclose(closeness([[1.0, 2.0], [1.0, 2.0]], [0.5, 0.5], [1, 1]), [0.5, 0.5])
    with pytest.raises(ValueError, match="every figure"):
        closeness([[1.0, GAP]], [0.5, 0.5], [1, 1])


def test_figures_are_drawn_so_that_their_limits_come_back() -> None:
    drawn = drawn_figures([10.0, 5.0, GAP], [8.0, GAP, GAP], [16.0, GAP, GAP], 20_000, np.random.default_rng(0))
    low, high = limits(drawn)
    assert (low[0], high[0]) == (pytest.approx(8, abs=0.1), pytest.approx(16, abs=0.2))
    assert (low[1], high[1]) == (5, 5)
    assert np.isnan(low[2])
    assert np.median(drawn[:, 0]) == pytest.approx(10, abs=0.1)
    weights = drawn_weights([0.5, 0.3, 0.2], 0.25, 1000, np.random.default_rng(0))
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert rank_limits(np.array([[3.0, 2.0], [1.0, 2.0], [3.0, 1.0]])).lower.tolist() == [1, 1]


@settings(max_examples=5)
@given(st.integers(0, 100))
def test_sobol_indices_find_an_additive_function(seed) -> None:
    found = choice_sensitivity(
        [("great", 11), ("small", 11), ("none", 3)], lambda chosen: 2.0 * chosen[0] + chosen[1], 1024, seed=seed
    )
    assert [each.total for each in found] == pytest.approx([0.8, 0.2, 0], abs=0.08)
    assert [each.first for each in found] == pytest.approx([0.8, 0.2, 0], abs=0.08)
    assert choice_sensitivity([("none", 2)], lambda chosen: 0.0 * chosen[0], 8)[0].total == 0


def test_the_shift_of_ranks() -> None:
    assert mean_rank_shift([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], [30.0, 20.0, 10.0]).tolist() == [0, pytest.approx(4 / 3)]
