"""Replicator dynamics against published ends, and against another integrator."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from indicators.games.basins import corners, portrait
from indicators.games.expressions import Floats
from indicators.games.replicator import Advantages, advantages, logistic, logit, paths
from indicators.games.tables import checked
from tests.indicators.games.tables_of_games import advantages_of, terms
from tests.pace import pace

NUMBERS = Path(__file__).parents[1] / "conformance" / "evolutionary_game"
STAGES: dict[str, dict[str, Any]] = json.loads((NUMBERS / "expected.json").read_text(encoding="utf-8"))
SUBJECTS = ("enterprise", "public", "government")


def published(stage: str) -> Advantages:
    """Advantages in one of the published stages."""
    return advantages(checked([STAGES[stage][f"payoff_{subject}[x][y][z]"] for subject in SUBJECTS]))


@pytest.mark.parametrize("stage", STAGES)
def test_all_27_starts_reach_the_published_end(stage: str) -> None:
    told = STAGES[stage]["end_state_t15_from"]
    starts = [[float(share) for share in start.split(",")] for start in told]
    assert sorted(map(tuple, starts)) == sorted(map(tuple, corners(3).tolist()))
    (found,) = paths(published(stage), starts, [15.0])
    assert found == pytest.approx(np.array(list(told.values())), abs=1e-6)


@pytest.mark.parametrize("stage", STAGES)
def test_the_middle_reaches_the_published_end_in_time(stage: str) -> None:
    (found,) = paths(published(stage), [[0.5, 0.5, 0.5]], [60.0])
    assert found[0] == pytest.approx(STAGES[stage]["end_state_t60_from_0.5"], abs=1e-9)


def test_the_two_population_case_of_nashpy() -> None:
    told = json.loads((NUMBERS / "nashpy_two_population.json").read_text(encoding="utf-8"))
    # "Cooperating" is the first strategy there.
    rows = np.array(told["A"], dtype=np.float64)[::-1, ::-1]
    columns = np.array(told["B"], dtype=np.float64)[::-1, ::-1]
    found = advantages([rows, columns])
    (end,) = paths(found, [[told["x0"][0], told["y0"][0]]], [60.0])
    assert end[0] == pytest.approx([told["limit_x"][0], told["limit_y"][0]], abs=1e-5)


@pytest.mark.parametrize("count", [2, 3])
@settings(max_examples=12)
@given(data=st.data())
def test_paths_are_those_of_another_integrator(count: int, data: st.DataObject) -> None:
    found = advantages_of(data.draw(terms(count)))
    start = np.array(data.draw(st.lists(st.floats(0.05, 0.95), min_size=count, max_size=count)))

    def velocity(_: float, x: Floats) -> Floats:
        return x * (1 - x) * found.at(x)

    told = solve_ivp(velocity, (0, 3), start, rtol=1e-9, atol=1e-11, t_eval=[1.0, 3.0])
    assert paths(found, start[None, :], [1.0, 3.0])[:, 0] == pytest.approx(told.y.T, abs=1e-5)


@given(data=st.data())
def test_no_path_leaves_the_cube_and_borders_stay(data: st.DataObject) -> None:
    found = advantages_of(data.draw(terms(3)))
    share = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.01, 0.99))
    start = np.array(data.draw(st.lists(share, min_size=3, max_size=3)))
    (end,) = paths(found, start[None, :], [5.0])
    assert np.all((end >= 0) & (end <= 1))
    is_border = (start == 0) | (start == 1)
    assert np.all(end[0][is_border] == start[is_border])


def test_advantages_of_many_tables_are_those_of_each() -> None:
    tables = np.random.default_rng(3).normal(size=(4, 3, 2, 2, 2))
    together = advantages(tables, 3)
    state = np.array([0.2, 0.7, 0.4])
    for at, table in enumerate(tables):
        # By hand: what each gets by cooperating less what it gets otherwise, over what the others do.
        one = [
            np.einsum("j,k,jk", *([[1 - share, share] for share in np.delete(state, i)]),
                      np.take(table[i], 1, i) - np.take(table[i], 0, i))
            for i in range(3)
        ]  # fmt: skip
        assert advantages(table).at(state) == pytest.approx(one)
        assert together.terms[..., at] == pytest.approx(advantages(table).terms)


def test_ties_on_paper_are_ties() -> None:
    table = np.zeros((2, 2, 2))
    table[0, 1], table[0, 0] = 0.1 + 0.2, 0.3
    assert (0.1 + 0.2) - 0.3 != 0
    assert np.all(advantages(table).terms == 0)


def test_log_odds_and_back() -> None:
    shares = np.array([0.0, 1e-9, 0.3, 1.0])
    assert logistic(logit(shares)) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("starts", "times", "said"),
    [
        ([[0.5, 0.5]], [1.0], "shares from 0 to 1"),
        ([[0.5, 0.5, 1.1]], [1.0], "shares from 0 to 1"),
        ([[0.5, 0.5, 0.5]], [2.0, 1.0], "increase"),
        ([[0.5, 0.5, 0.5]], [1e9], "too long"),
    ],
)
def test_what_cannot_be_followed(starts: list[list[float]], times: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        paths(published("stage2_(1,0,1)"), starts, times)


@pytest.mark.parametrize("stage", STAGES)
def test_a_phase_portrait_takes_less_than_a_tenth_of_a_second(stage: str) -> None:
    found = published(stage)
    taken = []
    for _ in range(5):
        begun = time.process_time()
        portrait(found, corners(3))
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.1 * pace()
