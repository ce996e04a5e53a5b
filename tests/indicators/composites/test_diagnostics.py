import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indicators.composites.diagnostics import diagnose
from indicators.composites.index import compute_index
from indicators.composites.rules import OVERALL, IndexRules, components
from indicators.composites.screening import correlations, standardised_alpha
from tests.indicators.composites.small_index import areas, figure, percentage, published

ENTRIES = [percentage(name, "mechanism") for name in ("M1", "M2", "M3")] + [percentage("L", "social_linkage")]
NAMES = [f"{n:02}" for n in range(40)]
RNG = np.random.default_rng(2)
SHARED = RNG.uniform(20, 80, 40)
# Two that tell the same, one of the same dimension that points away, and one of another dimension on its own.
FIGURES = np.column_stack([SHARED, SHARED + RNG.normal(0, 3, 40), 100 - SHARED, RNG.uniform(20, 80, 40)])


def rows(count: int = 40):
    return [figure(e.id, n, float(FIGURES[a, k])) for a, n in enumerate(NAMES[:count]) for k, e in enumerate(ENTRIES)]


def test_what_tells_the_same_and_what_points_away_is_told() -> None:
    found = compute_index(published(rows()), ENTRIES, areas(NAMES), IndexRules(draws=200))
    told = {row["indicator_id"]: row for row in found.contributions.filter(area_id="00").to_dicts()}
    assert (told["M1"]["nearest"], told["M3"]["nearest"]) == ("M3", "M1")
    assert told["M2"]["nearest"] in ("M1", "M3")
    assert told["M3"]["nearest_correlation"] == pytest.approx(-1)
    assert told["M3"]["rest_correlation"] < -0.9
    assert told["L"]["rest_correlation"] is None
    expected = np.corrcoef(FIGURES[:, 0], FIGURES[:, 1:3].mean(axis=1))[0, 1]
    assert told["M1"]["rest_correlation"] == pytest.approx(expected)
    scores = {row["scope"]: row for row in found.scores.filter(area_id="00").to_dicts()}
    r = np.corrcoef(FIGURES[:, :3].T)
    mean = (r.sum() - 3) / 6
    assert scores["mechanism"]["alpha"] == pytest.approx(3 * mean / (1 + 2 * mean))
    assert scores["social_linkage"]["alpha"] is None
    by_dimension = np.corrcoef(FIGURES[:, :3].mean(axis=1), FIGURES[:, 3])[0, 1]
    assert scores[OVERALL]["alpha"] == pytest.approx(2 * by_dimension / (1 + by_dimension))


def test_few_areas_are_correlated_with_nothing() -> None:
    found = compute_index(published(rows(4)), ENTRIES, areas(NAMES), IndexRules(draws=200))
    assert found.contributions["nearest"].is_null().all()
    assert found.contributions["rest_correlation"].is_null().all()
    assert found.scores["alpha"].is_null().all()


def test_the_consistency_of_comparisons_stands_beside_their_score() -> None:
    rules = IndexRules(draws=200, weights={"mechanism": 2.0}, consistency={OVERALL: 0.04})
    found = compute_index(published(rows()), ENTRIES, areas(NAMES), rules).scores
    assert found.filter(scope=OVERALL)["consistency_ratio"].unique().to_list() == [0.04]
    assert found.filter(scope="mechanism")["consistency_ratio"].is_null().all()


@given(arrays(float, (9, 3), elements=st.one_of(st.just(float("nan")), st.integers(-4, 4).map(float))))
def test_correlations_are_those_of_the_pairs_that_both_have(x) -> None:
    found = correlations(x)
    for i in range(3):
        for j in range(3):
            pair = x[~np.isnan(x[:, [i, j]]).any(axis=1)][:, [i, j]]
            if len(pair) < 3 or (np.ptp(pair, axis=0) == 0).any():
                assert np.isnan(found[i, j])
            else:
                assert found[i, j] == pytest.approx(np.corrcoef(pair.T)[0, 1], abs=1e-9)
    assert np.isnan(correlations(x, fewest=10)).all()


def test_what_points_apart_is_no_scale() -> None:
    x = np.column_stack([np.arange(9.0), -np.arange(9.0)])
    assert np.isnan(standardised_alpha(x))
    assert np.isnan(standardised_alpha(x[:, :1]))


def test_no_figures_have_no_diagnostics() -> None:
    parts = components(ENTRIES, IndexRules())
    nothing = {"mechanism": np.full(6, np.nan), "social_linkage": np.full(6, np.nan), OVERALL: np.full(6, np.nan)}
    found = diagnose(np.full((6, 4), np.nan), nothing, parts, 5)
    assert found.nearest == [None] * 4
    assert np.isnan([*found.alpha.values()]).all()
