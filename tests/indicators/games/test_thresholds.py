"""Thresholds: by hand, by flipping just inside and outside, and where payoffs are not linear."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.games.expressions import parse
from indicators.games.replicator import advantages
from indicators.games.rest_points import stable_vertices
from indicators.games.sensitivity import sensitivity
from indicators.games.tables import Game, GameError, profiles
from indicators.games.thresholds import everywhere, stability_map, stable_ranges
from tests.indicators.games.tables_of_games import of_gains

# The public joins for a reward less its cost, more so where the office leads; the office pays the reward.
REWARDED = of_gains(["credit * y - cost - reward * y", "reward * x + benefit - effort"])
VALUES = {"credit": 9.0, "cost": 2.0, "reward": 1.0, "benefit": 1.0, "effort": 3.0}


def stable(game: Game, values: dict[str, float], profile: tuple[int, ...]) -> bool:
    found = stable_vertices(advantages(game.values(values)))
    return bool(found[profiles(len(profile)).index(profile)])


def test_a_reward_must_reach_the_effort_and_not_eat_up_the_credit() -> None:
    (found,) = stable_ranges(REWARDED, VALUES, "reward", (1, 1), 0, 10)
    # The public stays from effort − benefit = 2 on; the office up to credit − cost = 7.
    assert (found.low, found.high) == pytest.approx((2, 7))
    assert (found.low_by, found.high_by, found.is_exact) == ("B", "A", True)
    assert stable(REWARDED, VALUES | {"reward": 2.001}, (1, 1))
    assert not stable(REWARDED, VALUES | {"reward": 1.999}, (1, 1))
    (nobody,) = stable_ranges(REWARDED, VALUES, "reward", (0, 0), 0, 10)
    assert (nobody.low, nobody.high) == (None, None)
    assert stable_ranges(REWARDED, VALUES, "cost", (1, 1), 0, 10) == []  # the public would leave all the same
    (cost,) = stable_ranges(REWARDED, VALUES | {"reward": 3.0}, "cost", (1, 1), 0, 10)
    assert (cost.low, cost.high, cost.high_by) == (None, 6.0, "A")
    # Thresholds beyond the range that is looked at are told, too.
    (far,) = stable_ranges(REWARDED, VALUES | {"benefit": -50.0, "credit": 99.0}, "reward", (1, 1), 0, 10)
    assert (far.low, far.high) == pytest.approx((53, 97))


@settings(max_examples=25)
@given(
    entries=st.lists(st.tuples(st.integers(-5, 5), st.integers(-3, 3)), min_size=24, max_size=24),
    at=st.floats(-10, 10),
)
def test_a_state_is_stable_within_its_range_and_nowhere_else(entries: list[tuple[int, int]], at: float) -> None:
    texts = iter(entries)
    game = Game(
        ("A", "B", "C"),
        {
            profile: tuple(parse(f"{base} + {slope} * p") for base, slope in (next(texts), next(texts), next(texts)))
            for profile in profiles(3)
        },
    )
    for profile, ranges in everywhere(game, {"p": 0.0}, "p", -10, 10).items():
        ends = [end for each in ranges for end in (each.low, each.high) if end is not None]
        if any(abs(at - end) < 1e-6 for end in ends):
            continue
        within = any(
            (-math.inf if each.low is None else each.low) < at < (math.inf if each.high is None else each.high)
            for each in ranges
        )
        assert within == stable(game, {"p": at}, profile)


def test_where_payoffs_are_not_linear_the_borders_are_searched() -> None:
    # (p − 2)(p − 5) > 0 for both: up to 2, and from 5 on.
    game = of_gains(["(p - 2) * (p - 5)", "1 / (8 - p)"])
    below, above = stable_ranges(game, {"p": 0.0}, "p", (1, 1), 0, 10)
    assert (below.low, below.high, below.high_by, below.is_exact) == (None, pytest.approx(2), "A", False)
    # Beyond 8 the second divides by less than nothing; at 8 itself by nothing.
    assert (above.low, above.high) == (pytest.approx(5), pytest.approx(8))
    assert above.high_by == "B"


def test_what_divides_by_zero_is_stable_nowhere() -> None:
    game = of_gains(["p + 1 / (q - 1)", "1"])
    assert stable_ranges(game, {"p": 0.0, "q": 1.0}, "p", (1, 1), 0, 10) == []
    assert len(stable_ranges(game, {"p": 0.0, "q": 2.0}, "p", (1, 1), 0, 10)) == 1


def test_a_map_of_two_parameters_says_what_each_cell_would() -> None:
    rewards, costs = np.linspace(0, 10, 11), np.linspace(0, 8, 9)
    found = stability_map(REWARDED, VALUES, ("reward", rewards), ("cost", costs))
    assert found.shape == (4, 9, 11)
    for up, cost in enumerate(costs):
        for across, reward in enumerate(rewards):
            values = VALUES | {"reward": float(reward), "cost": float(cost)}
            for number, profile in enumerate(profiles(2)):
                assert found[number, up, across] == stable(REWARDED, values, profile)
    divided = of_gains(["1 / p", "1"])
    assert stability_map(divided, {}, ("p", [0.0, 1.0]), ("q", [0.0])).any(axis=0).tolist() == [[False, True]]


def test_sensitivity_moves_one_parameter_at_a_time() -> None:
    values = VALUES | {"reward": 2.5}
    effects = {each.parameter: each for each in sensitivity(
        REWARDED, values, {"reward": (0.0, 10.0), "effort": (0.0, 6.0), "benefit": (1.0, 1.0)}, 9)}  # fmt: skip
    reward = effects["reward"]
    assert (reward.lower, reward.upper) == (1.5, 3.5)
    # Below 2 nobody stays to cooperate; at 3.5 some of the starts do.
    assert reward.cooperation_lower == pytest.approx(0, abs=0.01)
    assert reward.cooperation_upper > 0.2
    assert (reward.next_below, reward.next_above) == pytest.approx((2, 7))
    assert effects["effort"].cooperation_lower > effects["effort"].cooperation_upper
    assert (effects["benefit"].lower, effects["benefit"].upper) == (1.0, 1.0)
    with pytest.raises(GameError, match="divides by 0 where p is 0"):
        sensitivity(of_gains(["1 / p", "1"]), {"p": 0.1}, {"p": (0.0, 1.0)}, 3)
