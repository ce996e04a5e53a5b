"""Density and centralisation: known shapes, what rarefying does, and how often limits hold the truth."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.network import Links, degree_centralisation, density, presence, rarefied, undirected


@pytest.mark.parametrize("n", [3, 4, 9])
def test_a_star_is_central_and_a_ring_or_a_full_network_is_not(n: int) -> None:
    star = Links(np.array([(0, other) for other in range(1, n)]), np.ones(n - 1, dtype=np.int64), n)
    ring = Links(np.array([(each, (each + 1) % n) for each in range(n)]), np.ones(n, dtype=np.int64), n)
    assert degree_centralisation(star.cases, star) == pytest.approx(1)
    assert degree_centralisation(ring.cases, ring) == pytest.approx(0)
    assert density(star.cases, star) == pytest.approx(2 / n)


counts = st.lists(st.integers(0, 60), min_size=6, max_size=6)
FOUR = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])


@given(counts, st.integers(0, 80), st.integers(1, 3))
def test_presence_is_a_probability_that_rises_with_cases(cases: list[int], drawn: int, fewest: int) -> None:
    c = np.array(cases)
    drawn = min(drawn, int(c.sum()))
    found = presence(c, drawn, fewest)
    assert np.all((found >= 0) & (found <= 1))
    order = np.argsort(c)
    assert np.all(np.diff(found[order]) >= -1e-9)
    # All cases drawn: a link is there or is not.
    assert presence(c, int(c.sum()), fewest) == pytest.approx((c >= fewest).astype(float), abs=1e-9)


def test_presence_is_what_drawing_gives() -> None:
    cases = np.array([1, 2, 5, 12, 80])
    random = np.random.default_rng(1)
    drawn = random.multivariate_hypergeometric(cases, 30, size=40_000, method="marginals")
    for fewest in (1, 2, 4):
        assert presence(cases, 30, fewest) == pytest.approx((drawn >= fewest).mean(axis=0), abs=0.01)


@given(counts)
def test_statistics_lie_between_none_and_all_and_do_not_heed_names(cases: list[int]) -> None:
    drawn = min(20, sum(cases))
    links = Links(FOUR, np.array(cases), 4)
    renamed = Links(3 - FOUR, np.array(cases), 4)
    for statistic in ("density", "degree_centralisation", "betweenness_centralisation"):
        found = rarefied(links, statistic, drawn, resamples=20)
        assert -1e-12 <= found.lower <= found.value <= found.upper <= 1 + 1e-12
        again = rarefied(renamed, statistic, drawn, resamples=20)
        assert astuple(again) == pytest.approx(astuple(found))


def test_more_cases_alone_do_not_raise_a_rarefied_density() -> None:
    share = np.array([0.5, 0.2, 0.15, 0.1, 0.04, 0.01])
    random = np.random.default_rng(2)

    def mean_density(total: int, drawn: int | None) -> float:
        dealt = random.multinomial(total, share, 400)
        found = [presence(c, drawn or total, 2) for c in dealt]
        return float(density(np.array(found), Links(FOUR, share.astype(np.int64), 4)).mean())

    assert mean_density(1000, None) > mean_density(100, None) + 0.1
    assert mean_density(1000, 100) == pytest.approx(mean_density(100, 100), abs=0.01)


def test_both_directions_are_one_link() -> None:
    links = Links(np.array([(0, 1), (1, 0), (2, 0)]), np.array([2, 3, 4]), 3, is_directed=True)
    assert density(np.ones(3), links) == pytest.approx(0.5)
    both = undirected(links)
    assert (both.ends.tolist(), both.cases.tolist(), both.is_directed) == ([[0, 1], [0, 2]], [5, 4], False)
    with pytest.raises(ValueError, match="without direction"):
        degree_centralisation(links.cases, links)


@pytest.mark.parametrize(
    ("ends", "cases", "agencies", "said"),
    [
        ([(0, 0)], [1], 3, "two different ends"),
        ([(0, 3)], [1], 3, "from 0 to 2"),
        ([(0, 1), (1, 0)], [1, 1], 3, "comes twice"),
        ([(0, 1)], [-1], 3, "fewer than no cases"),
    ],
)
def test_what_is_no_network_is_refused(ends: list[tuple[int, int]], cases: list[int], agencies: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Links(np.array(ends), np.array(cases), agencies)


def test_more_than_all_cases_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="7 cases cannot be rarefied to 8"):
        presence(np.array([3, 4]), 8)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["density", "degree_centralisation"])
@pytest.mark.parametrize("total", [120, 400, 2000])
def test_limits_hold_the_truth_about_as_often_as_they_say(statistic: str, total: int) -> None:
    ends = np.array([(i, j) for i in range(8) for j in range(i)])
    random = np.random.default_rng(3)
    share = random.pareto(1.0, len(ends))
    share[random.random(len(ends)) < 0.3] = 0
    share /= share.sum()
    drawn, fewest = 100, 2
    # Of cases without end: each of the drawn is of a pair with its share.
    drawings = random.multinomial(drawn, share, 40_000) >= fewest
    measured = density if statistic == "density" else degree_centralisation
    truth = float(measured(drawings, Links(ends, np.zeros(len(ends), np.int64), 8)).mean())
    held, values = 0, []
    for number in range(400):
        links = Links(ends, random.multinomial(total, share), 8)
        found = rarefied(links, statistic, drawn, fewest, resamples=199, seed=number)
        values.append(found.value)
        held += found.lower <= truth <= found.upper
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / 20)
    assert 0.90 <= held / 400 <= (0.99 if statistic == "density" else 1)
