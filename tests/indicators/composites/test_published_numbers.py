"""Coupling coordination, obstacles, weights, TOPSIS and AHP: every number of the R package mathmodels."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from indicators.composites.coupling import Form, coupling_coordination
from indicators.composites.normalise import min_max
from indicators.composites.obstacles import shortfalls
from indicators.composites.topsis import closeness
from indicators.composites.weights import Combination, ahp_weights, combined_weights, critic_weights, entropy_weights

NUMBERS = Path(__file__).parents[1] / "conformance" / "coupling_entropy_topsis"
FIGURES = np.array([[3.0, 10.0], [5.0, 20.0], [2.0, 15.0], [7.0, 25.0]])
DIRECTION = [1, -1]


def numbers(name: str) -> np.ndarray:
    return pl.read_csv(NUMBERS / name).drop("ID").to_numpy()


@pytest.mark.parametrize("form", ["standard", "adjusted"])
def test_coupling_coordination(form: Form) -> None:
    found = coupling_coordination(numbers("ccd_input.csv"), form=form)
    np.testing.assert_allclose(np.stack(found, axis=1), numbers(f"ccd_{form}_equalw.csv"), rtol=1e-12)


def test_obstacles() -> None:
    found = shortfalls(numbers("ccd_input.csv"), [1 / 3] * 3)
    np.testing.assert_allclose(found, numbers("obstacle_equalw.csv"), rtol=1e-12)


def test_entropy_weights() -> None:
    scaled = min_max(FIGURES, DIRECTION, (0.002, 0.998))
    found = entropy_weights(scaled)
    np.testing.assert_allclose(found, [0.545261828180276, 0.454738171819724], rtol=1e-12)
    scores = 100 * scaled @ found
    np.testing.assert_allclose(
        scores, [56.3535375305956, 47.8821541564681, 30.3946146088297, 54.5080780867555], rtol=1e-12
    )
    assert entropy_weights(min_max(FIGURES, DIRECTION, (0.0, 1.0)))[0] == pytest.approx(0.545200, abs=5e-7)


def test_critic_weights() -> None:
    scaled = min_max(FIGURES, DIRECTION, (0.0, 1.0))
    found = critic_weights(scaled)
    np.testing.assert_allclose(found, [0.507518673563547, 0.492481326436453], rtol=1e-12)
    np.testing.assert_allclose(
        100 * scaled @ found, [59.3985061149163, 46.8671646283612, 32.8320884290969, 50.7518673563547], rtol=1e-12
    )


def test_topsis() -> None:
    found = closeness([[2.0, 8.0], [5.0, 1.0], [3.0, 6.0]], [0.6, 0.4], DIRECTION)
    np.testing.assert_allclose(found, [0.0, 1.0, 0.311139121438874], rtol=1e-12)


def test_ahp() -> None:
    found = ahp_weights(
        [
            [1, 1 / 2, 4, 3, 3],
            [2, 1, 7, 5, 5],
            [1 / 4, 1 / 7, 1, 1 / 2, 1 / 3],
            [1 / 3, 1 / 5, 2, 1, 1],
            [1 / 3, 1 / 5, 3, 1, 1],
        ]
    )
    weights = [0.2636034927992155, 0.4758353781823157, 0.0538145969257727, 0.0980682876005198, 0.1086782444921763]
    np.testing.assert_allclose(found.weights, weights, rtol=1e-12)
    assert found.largest_eigenvalue == pytest.approx(5.07208440857022, rel=1e-12)
    assert found.consistency_index == pytest.approx(0.018021102142554, rel=1e-9)
    assert found.consistency_ratio == pytest.approx(0.0160902697701375, rel=1e-9)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("linear", [0.34, 0.26, 0.24, 0.16]),
        ("multiplicative", [0.408163265306122, 0.244897959183673, 0.244897959183673, 0.102040816326531]),
        ("geometric", [0.327955589886445, 0.254033307585166, 0.254033307585166, 0.163977794943223]),
        ("game", [0.373568281938326, 0.282378854625551, 0.217621145374449, 0.126431718061674]),
    ],
)
def test_combined_weights(how: Combination, expected: list[float]) -> None:
    found = combined_weights([0.4, 0.3, 0.2, 0.1], [0.25, 0.2, 0.3, 0.25], how, 0.6)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
