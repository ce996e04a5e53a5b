"""One band of the Knox table: its counts are those of the table, its limits know of series; see test_intervals, too."""

import math

import numpy as np
import polars as pl
import pytest

from indicators import near_pairs as module
from indicators.near_pairs import near_pairs
from indicators.near_repeat import Bands, Events, knox_table


def strewn(random: np.random.Generator, n: int, side: int = 2000) -> Events:
    return Events(random.uniform(0, side, (n, 2)), random.integers(0, 365, n))


def with_series(events: Events, begun: int, follow: int, random: np.random.Generator) -> Events:
    """So many of the incidents are followed by so many within 60 m and ten days."""
    of = np.repeat(random.choice(len(events.days), begun, replace=False), follow)
    metres = np.vstack([events.metres, events.metres[of] + random.uniform(-60, 60, (len(of), 2))])
    return Events(metres, np.append(events.days, events.days[of] + random.integers(0, 10, len(of))))


def doubt(events: Events) -> float:
    """How much wider the limits are than those of as many independent pairs, on the logarithm."""
    found = near_pairs(events, 200, 14, permutations=0)
    return math.log(found.upper / found.lower) * math.sqrt(found.observed) / (2 * 1.96)


@pytest.mark.parametrize("addresses", [None, np.arange(300) // 3])
def test_counts_and_p_value_are_those_of_the_table(addresses: np.ndarray | None) -> None:
    strewn_about = strewn(np.random.default_rng(1), 300)
    events = Events(strewn_about.metres, strewn_about.days, addresses)
    table = knox_table(events, Bands((0, 200), (0, 14), "euclidean"), permutations=999)
    cell = table.filter(~pl.col("is_same_address")).row(0, named=True)
    found = near_pairs(events, 200, 14, permutations=999)
    assert (found.observed, found.expected) == (cell["observed"], pytest.approx(cell["expected"]))
    assert found.p_value == pytest.approx(cell["p_value"], abs=0.05)
    assert found.lower < cell["ratio"] < found.upper


def test_limits_are_those_of_a_count_without_series_and_much_wider_with_them() -> None:
    random = np.random.default_rng(2)
    events = strewn(random, 1000, 4000)
    assert doubt(events) == pytest.approx(1, rel=0.2)
    # As many pairs more, of more things that happened or of fewer.
    assert doubt(with_series(events, 100, 1, random)) == pytest.approx(1, rel=0.2)
    assert doubt(with_series(events, 4, 7, random)) > 1.5


def test_where_limits_cannot_be_told_there_are_none() -> None:
    random = np.random.default_rng(3)
    # All in one square.
    crowded = near_pairs(strewn(random, 60, 100), 200, 14, permutations=9)
    assert crowded.observed
    assert math.isnan(crowded.lower)
    assert math.isnan(crowded.upper)
    assert 0 < crowded.p_value <= 1
    # None is expected, of incidents far from each other.
    far = near_pairs(Events(np.array([[0.0, 0.0], [9e4, 0.0]]), np.array([0, 0])), 200, 14)
    assert (far.observed, far.expected) == (0, 0)
    assert math.isnan(far.lower)


def test_no_pair_at_all_leaves_open_what_a_count_of_none_does() -> None:
    places = np.array([[0.0, 0.0], [10.0, 0.0], [5000.0, 0.0], [5010.0, 0.0]])
    none = near_pairs(Events(places, np.array([0, 50, 20, 80])), 200, 35, permutations=0)
    assert none.observed == 0
    assert none.expected > 0
    assert none.lower == 0
    assert none.upper == pytest.approx(-math.log(0.025) / none.expected)


def test_a_sample_of_many_has_the_ratio_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    events = with_series(strewn(random, 3000, 4000), 200, 3, random)
    whole = near_pairs(events, 200, 14, permutations=0)
    monkeypatch.setattr(module, "MOST_EVENTS", 1500)
    part = near_pairs(events, 200, 14, permutations=0)
    assert part.expected < whole.expected / 3
    assert part.lower < whole.observed / whole.expected < part.upper
