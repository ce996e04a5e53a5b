"""Betweenness, brokerage and transitivity: published numbers, known shapes, and paths counted one by one."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.centrality import (
    adjacency,
    betweenness,
    betweenness_centralisation,
    brokered_pairs,
    transitivity,
)
from indicators.network import Links, degree_centralisation, density

ZACHARY = Path(__file__).parent / "conformance" / "network_zachary"
PUBLISHED = {
    name: float(value)
    for name, value in (line.split() for line in (ZACHARY / "summary.txt").read_text(encoding="utf-8").splitlines())
}


def club() -> tuple[np.ndarray, Links]:
    ends = pl.read_csv(ZACHARY / "zachary_edges.csv").to_numpy() - 1
    links = Links(ends, np.ones(len(ends), dtype=np.int64), 34)
    return adjacency(links.cases, ends, 34), links


def found() -> dict[str, float]:
    linked, links = club()
    return {
        "density": float(density(links.cases, links)),
        "centralization_degree_noloops": float(degree_centralisation(links.cases, links)),
        "centralization_betweenness": float(betweenness_centralisation(linked)),
        "transitivity_global": float(transitivity(linked)),
    }


def test_there_is_a_number_for_every_one_published() -> None:
    assert found().keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_karate_club_is_as_published(name: str) -> None:
    assert found()[name] == pytest.approx(PUBLISHED[name], abs=1e-12)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_all_pairs_meet_through_the_middle_of_a_star(n: int) -> None:
    star = adjacency(np.ones(n - 1), [(0, other) for other in range(1, n)], n)
    pairs = (n - 1) * (n - 2) / 2
    assert betweenness(star).tolist() == [pairs] + [0.0] * (n - 1)
    assert brokered_pairs(star).tolist() == [pairs] + [0.0] * (n - 1)
    assert betweenness_centralisation(star) == pytest.approx(1)
    whole = ~np.eye(n, dtype=np.bool_)
    assert not betweenness(whole).any()
    assert not brokered_pairs(whole).any()
    assert (float(betweenness_centralisation(whole)), float(transitivity(whole))) == (0.0, 1.0)


N = 6
POSSIBLE = list(itertools.combinations(range(N), 2))
some_links = st.lists(st.booleans(), min_size=len(POSSIBLE), max_size=len(POSSIBLE))


def counted(linked: np.ndarray) -> list[float]:
    """Betweenness by listing every path without a circle, the shortest ones first."""
    between = [0.0] * N
    for one, other in POSSIBLE:
        inner = [agency for agency in range(N) if agency not in (one, other)]
        for steps in range(N - 1):
            paths = [
                path
                for path in itertools.permutations(inner, steps)
                if all(linked[a, b] for a, b in itertools.pairwise((one, *path, other)))
            ]
            if paths:
                for agency in itertools.chain(*paths):
                    between[agency] += 1 / len(paths)
                break
    return between


@given(some_links)
def test_betweenness_is_that_of_all_shortest_paths(present: list[bool]) -> None:
    linked = adjacency(present, POSSIBLE, N)
    assert betweenness(linked).tolist() == pytest.approx(counted(linked))


@given(some_links, some_links)
def test_networks_together_are_as_each_alone(one: list[bool], other: list[bool]) -> None:
    both = adjacency([one, other], POSSIBLE, N)
    for measure in (betweenness, betweenness_centralisation, brokered_pairs, transitivity):
        alone = [measure(adjacency(each, POSSIBLE, N)) for each in (one, other)]
        assert np.array_equal(measure(both), np.array(alone), equal_nan=True)


def test_two_agencies_have_no_betweenness_centralisation() -> None:
    with pytest.raises(ValueError, match="three agencies"):
        betweenness_centralisation(adjacency([True], [(0, 1)], 2))
