"""Permutation tests of a network's change: what they hold when nothing has changed, and what they find when it has."""

import numpy as np
import pytest

from indicators.network import Links
from indicators.network_change import PERMUTATIONS, change_of, change_of_mix, deal_months

ENDS = np.array([(i, j) for i in range(5) for j in range(i)])
LINKS = Links(ENDS, np.zeros(len(ENDS), dtype=np.int64), 5)
SHARE = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.06, 0.05, 0.02, 0.01, 0.01])


def months(random: np.random.Generator, share: np.ndarray, mean: float) -> np.ndarray:
    """Cases of twelve months, in bursts: half of a month's are of one pair more often than chance has it."""
    found = random.multinomial(random.poisson(mean / 2, 12), share)
    found[np.arange(12), random.choice(len(share), 12, p=share)] += random.poisson(mean / 2, 12)
    return found


def test_the_first_is_what_was_counted_and_no_case_is_lost() -> None:
    random = np.random.default_rng(1)
    now, before = months(random, SHARE, 20), months(random, SHARE, 30)
    years = deal_months(now, before)
    assert years.now.shape == years.before.shape == (1 + PERMUTATIONS, len(SHARE))
    assert years.now[0].tolist() == now.sum(axis=0).tolist()
    assert np.all(years.now + years.before == (now + before).sum(axis=0))
    assert np.all(years.now >= 0)
    assert years.drawn <= min(years.now.sum(axis=1).min(), years.before.sum(axis=1).min())


def test_the_same_twice_has_not_changed() -> None:
    same = months(np.random.default_rng(2), SHARE, 20)
    years = deal_months(same, same)
    for found in (change_of(years, LINKS, "density", 2), change_of_mix(years)):
        assert (found.change, found.p_value) == (0.0, 1.0)


def test_growth_alone_is_no_change_and_new_links_are() -> None:
    random = np.random.default_rng(3)
    few = np.array([0.5, 0.5, *(0.0,) * 8])
    grown = change_of(deal_months(months(random, SHARE, 90), months(random, SHARE, 30)), LINKS, "density", 2)
    assert grown.p_value > 0.05
    years = deal_months(months(random, SHARE, 30), months(random, few, 30))
    denser = change_of(years, LINKS, "density", 2)
    assert denser.change > 0.3
    assert denser.p_value < 0.01
    assert change_of_mix(years).p_value < 0.01


def test_a_broker_that_appears_is_found() -> None:
    random = np.random.default_rng(4)
    star = np.where((ENDS == 0).any(axis=1), 0.25, 0.0)
    years = deal_months(months(random, star, 40), months(random, np.full(10, 0.1), 40))
    for statistic in ("degree_centralisation", "betweenness_centralisation"):
        found = change_of(years, LINKS, statistic, 2)
        assert found.now > 0.9
        assert found.before < 0.3
        assert found.p_value < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["density", "mix"])
def test_nothing_is_found_more_often_than_is_said(statistic: str) -> None:
    """Of years with the same pairs, in bursts and growing."""
    random, rejected = np.random.default_rng(5), 0
    for _ in range(300):
        years = deal_months(months(random, SHARE, 30), months(random, SHARE, 25), permutations=199)
        found = change_of_mix(years) if statistic == "mix" else change_of(years, LINKS, "density", 2)
        rejected += found.p_value <= 0.05
    assert rejected / 300 < 0.09
