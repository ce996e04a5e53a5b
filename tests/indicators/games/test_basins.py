"""Destinations and basins: borders that can be worked out by hand, and that nobody ends where they would not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.games.basins import UNDECIDED, basins, corners, destinations, grid, portrait
from indicators.games.replicator import advantages, paths
from indicators.games.rest_points import stable_vertices
from indicators.games.tables import profiles
from tests.indicators.games.tables_of_games import advantages_of, of_gains, terms

pytestmark = pytest.mark.slow


def test_a_symmetric_coordination_game_is_parted_along_the_diagonal() -> None:
    found = advantages(of_gains(["y - 1/2", "x - 1/2"]).values({}))
    starts = grid(2, 20)
    ends, _ = destinations(found, starts)
    total = starts.sum(axis=1)
    assert set(ends[total > 1 + 1e-9]) == {3}
    assert set(ends[total < 1 - 1e-9]) == {0}
    shares, levels = basins(found, 20)
    # The diagonal itself leads to the saddle; rounding may tip it to either side.
    assert 0.475 <= shares[0] <= 0.525
    assert 0.475 <= shares[3] <= 0.525
    assert levels == pytest.approx([0.5, 0.5], abs=0.026)


def test_a_basin_s_border_is_where_the_conserved_quantity_says() -> None:
    """With gains y − 1/4 and x − 1/4 the border is where the paths into the saddle run: H = H(saddle)."""
    found = advantages(of_gains(["y - 1/4", "x - 1/4"]).values({}))

    def conserved(state: np.ndarray) -> np.ndarray:
        x, y = state[..., 0], state[..., 1]
        return (np.log(y) + 3 * np.log1p(-y)) - (np.log(x) + 3 * np.log1p(-x))

    starts = grid(2, 24)
    ends, _ = destinations(found, starts)
    # On the stable line of the saddle (1/4, 1/4) it is 0, and x, y lie on either side of 1/4.
    border = [start for start in starts if (start[0] - 0.25) * (start[1] - 0.25) < 0]
    for start in border:
        (end,) = ends[np.all(starts == start, axis=1)]
        # By symmetry x and y share the line x(1−x)³ = y(1−y)³: the greater side of it cooperates.
        value = conserved(start)
        if abs(value) > 0.05:
            up = (value > 0) if start[0] > start[1] else (value < 0)
            assert end == (3 if up else 0), start


@settings(max_examples=10)
@given(data=st.data(), count=st.sampled_from([2, 3]))
def test_paths_end_where_they_are_said_to(data: st.DataObject, count: int) -> None:
    found = advantages_of(data.draw(terms(count)))
    starts = grid(count, 3)
    ends, levels = destinations(found, starts, steps=800)
    assert np.all((levels >= 0) & (levels <= 1))
    decided = ends != UNDECIDED
    assert np.all(stable_vertices(found)[ends[decided]])
    if decided.any():
        (states,) = paths(found, starts[decided], [400.0])
        vertices = np.array(profiles(count))[ends[decided]]
        # A weak pull takes long; by then nobody is nearer to another end.
        assert np.all(np.abs(states - vertices) < 0.5)


def test_many_tables_at_once_are_each_as_alone() -> None:
    tables = np.random.default_rng(5).normal(size=(5, 3, 2, 2, 2))
    shares, levels = basins(advantages(tables, 3), 5)
    for at, table in enumerate(tables):
        one, level = basins(advantages(table), 5)
        assert shares[at] == pytest.approx(one, abs=0.02)
        assert levels[at] == pytest.approx(level, abs=0.02)


def test_circling_paths_stay_undecided_at_their_mean() -> None:
    found = advantages(of_gains(["y - 1/4", "1/2 - x"]).values({}))
    ends, levels = destinations(found, [[0.4, 0.4]])
    assert ends.tolist() == [UNDECIDED]
    # The mean over time of a path round a centre is the centre.
    assert levels[0] == pytest.approx([0.5, 0.25], abs=0.02)
    shares, _ = basins(found, 4)
    assert shares.sum() == 0


def test_a_portrait_goes_from_starts_to_ends_along_the_paths() -> None:
    found = advantages(of_gains(["z + y - 1", "x + z - 1", "x + y - 1"]).values({}))
    drawn = portrait(found, corners(3))
    assert drawn.lines.shape == (27, 40, 3)
    assert drawn.lines[:, 0] == pytest.approx(corners(3))
    ends = np.array(profiles(3))
    for line, destination in zip(drawn.lines, drawn.destinations, strict=True):
        if destination != UNDECIDED:
            assert line[-1].tolist() == ends[destination].tolist()
    # Halfway points lie on the path: nearest to some point of the same path followed finely.
    fine = paths(found, corners(3)[[3]], np.linspace(0.01, 40, 4000))[:, 0]
    assert all(np.min(np.linalg.norm(fine - point, axis=1)) < 0.02 for point in drawn.lines[3, 1:-1])


def test_where_nothing_moves_a_portrait_stands_still() -> None:
    drawn = portrait(advantages(np.zeros((2, 2, 2))), corners(2))
    assert drawn.lines == pytest.approx(np.repeat(corners(2)[:, None], 40, axis=1))
    assert set(drawn.destinations) == {UNDECIDED}
