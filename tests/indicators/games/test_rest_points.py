"""Rest points and their stability against published eigenvalues, and on games made to rest where we know."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indicators.games.expressions import Floats
from indicators.games.replicator import advantages, paths
from indicators.games.rest_points import jacobian, rest_points, stable_vertices
from indicators.games.tables import checked, written
from tests.indicators.games.tables_of_games import advantages_of, of_gains, terms
from tests.indicators.games.test_replicator import STAGES, published

CALLED = {"ESS": {"stable"}, "unstable": {"unstable"}, "saddle/indeterminate": {"saddle", "undetermined"}}


@pytest.mark.parametrize("stage", STAGES)
def test_vertices_have_the_published_eigenvalues_and_stability(stage: str) -> None:
    points = {f"({written(point.shares).replace('.0', '').replace(',', ', ')})": point
              for point in rest_points(published(stage)) if point.kind == "vertex"}  # fmt: skip
    told = STAGES[stage]["vertices"]
    assert points.keys() == told.keys()
    for name, vertex in told.items():
        assert [value.real for value in points[name].eigenvalues] == pytest.approx(vertex["eigenvalues"], abs=1e-9)
        assert points[name].stability in CALLED[vertex["stability"]]
    # The only stable one is that the stage is named after.
    stable = [name.replace(" ", "") for name, point in points.items() if point.stability == "stable"]
    assert stable == [stage.split("_")[1]]


@pytest.mark.parametrize("count", [2, 3])
@given(data=st.data())
def test_nothing_moves_at_a_rest_point_and_the_jacobian_is_the_derivative(count: int, data: st.DataObject) -> None:
    found = advantages_of(data.draw(terms(count)))
    for point in rest_points(found):
        state = np.array(point.shares)
        assert state * (1 - state) * found.at(state) == pytest.approx(np.zeros(count), abs=1e-6)
        mixed = sum(0 < share < 1 for share in point.shares)
        assert (point.kind, count) in {
            ("vertex", count), ("edge", count), ("face", count), ("interior", 3)
        }  # fmt: skip
        assert mixed == ("vertex", "edge", "face", "interior").index(point.kind)
        numeric = np.empty((count, count))
        for j, unit in enumerate(np.eye(count)):
            ends = [state + h * unit for h in (1e-6, -1e-6)]
            speeds = [end * (1 - end) * found.at(end) for end in ends]
            numeric[:, j] = (speeds[0] - speeds[1]) / 2e-6
        assert jacobian(found, state) == pytest.approx(numeric, abs=1e-5)
        assert sorted(np.array(point.eigenvalues).real) == pytest.approx(
            sorted(np.linalg.eigvals(numeric).real), abs=1e-3
        )


@given(
    where=st.lists(st.floats(0.1, 0.9), min_size=3, max_size=3),
    slopes=st.lists(st.integers(-16, 16).map(lambda each: each / 4), min_size=9, max_size=9),
)
def test_an_interior_rest_point_that_was_put_there_is_found(where: list[float], slopes: list[float]) -> None:
    state, given_terms = np.array(where), np.zeros((3, 4))
    for i in range(3):
        one, other = np.delete(state, i)
        a, b, c = slopes[3 * i : 3 * i + 3]
        given_terms[i] = [-(a * one + b * other + c * one * other), a, b, c]
    found = advantages_of(given_terms)
    # Where the state is not alone, there is nothing to find.
    matrix = jacobian(found, state)
    assume(abs(np.linalg.det(matrix)) > 1e-3)
    interior = [point.shares for point in rest_points(found) if point.kind == "interior"]
    assert any(np.allclose(shares, state, atol=1e-4) for shares in interior)


@pytest.mark.parametrize("count", [2, 3])
@given(data=st.data())
def test_no_mixed_state_is_asymptotically_stable(count: int, data: st.DataObject) -> None:
    found = advantages_of(data.draw(terms(count)))
    assert {point.stability for point in rest_points(found) if point.kind != "vertex"} <= {
        "saddle", "centre", "undetermined"
    }  # fmt: skip


def test_matching_pennies_circles_its_mixed_state() -> None:
    found = advantages(of_gains(["y - 1/4", "1/2 - x"]).values({}))
    (mixed,) = [point for point in rest_points(found) if point.kind == "face"]
    assert mixed.shares == pytest.approx((0.5, 0.25))
    assert mixed.stability == "centre"
    assert not stable_vertices(found).any()
    # What stays the same along a path: x(1 − x) and y(1 − y) in the powers of the advantages' integrals.
    start = np.array([[0.3, 0.6]])
    states = np.vstack([start, paths(found, start, [3.0, 8.0, 21.0])[:, 0]])
    x, y = states.T
    kept = 0.25 * np.log(y) + 0.75 * np.log(1 - y) + 0.5 * np.log(x) + 0.5 * np.log(1 - x)
    assert kept == pytest.approx(np.full(4, kept[0]), abs=1e-5)


def test_a_tie_puts_a_whole_edge_to_rest() -> None:
    # The first gains nothing either way while the second does not cooperate.
    found = advantages(of_gains(["-y", "-2"]).values({}))
    edges = [point for point in rest_points(found) if not point.is_isolated]
    assert [(point.shares, point.kind) for point in edges] == [((0.5, 0.0), "edge")]
    assert edges[0].stability == "undetermined"
    vertex = next(point for point in rest_points(found) if point.shares == (0.0, 0.0))
    assert vertex.stability == "undetermined"


def test_a_saddle_between_two_stable_states() -> None:
    found = advantages(of_gains(["y - 1/3", "x - 1/2"]).values({}))
    (mixed,) = [point for point in rest_points(found) if point.kind == "face"]
    assert mixed.shares == pytest.approx((1 / 2, 1 / 3))
    assert mixed.stability == "saddle"
    assert stable_vertices(found).tolist() == [True, False, False, True]


@given(data=st.data())
def test_stable_are_the_strict_equilibria(data: st.DataObject) -> None:
    table: Floats = np.array(
        data.draw(st.lists(st.integers(-5, 5), min_size=24, max_size=24)), dtype=np.float64
    ).reshape(3, 2, 2, 2)
    found = advantages(checked(table))
    strict = []
    for profile in np.ndindex(2, 2, 2):
        flips = [tuple(1 - s if i == j else s for j, s in enumerate(profile)) for i in range(3)]
        strict.append(all(table[i][profile] > table[i][flips[i]] for i in range(3)))
    assert stable_vertices(found).tolist() == strict
    named = [point.stability == "stable" for point in rest_points(found) if point.kind == "vertex"]
    assert named == strict
