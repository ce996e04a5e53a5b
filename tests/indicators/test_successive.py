"""Successive releases: late and withdrawn records tell no withheld count, neither the later nor the earlier one."""

import os

import numpy as np
import pytest

from indicators.disclosure import Disclosure, Shown
from indicators.families import Family, families
from indicators.protection import protect_tree
from indicators.successive import Telling
from tests.indicators.attacker import attack, attack_releases
from tests.indicators.test_protection import random_table, tree_of

pytestmark = pytest.mark.slow

# Set WARDLIGHT_ATTACKED_TABLES=10000 for the claim of docs/disclosure.md.
TABLES = int(os.environ.get("WARDLIGHT_ATTACKED_TABLES", "200"))
HES = Disclosure("hes")


def telling(shown: Shown) -> Telling:
    return Telling(shown.low, shown.high, shown.is_withheld, np.ones(shown.value.shape[1], dtype=np.bool_))


def releases(counts: list[np.ndarray], among: list[Family], disclosure: Disclosure) -> list[Shown]:
    """Show the counts of one release after the other, each with all that was told before."""
    told: list[Shown] = []
    for each in counts:
        told.append(protect_tree(each, among, disclosure, [telling(shown) for shown in told]))
    return told


def random_chain(seed: int, length: int) -> tuple[list[str], list[Family], list[np.ndarray], bool]:
    """Counts of one period as release after release has them: a few more records each time, or a few fewer."""
    tree, areas, counts = random_table(seed)
    among, draw = families(tree, areas), np.random.default_rng((seed, 1))
    counts, only_added = counts[:, :1].copy(), bool(draw.random() < 0.7)
    chain = [counts]
    for _ in range(length - 1):
        counts = counts.copy()
        for family in among:
            if not family.parts:
                change = draw.poisson(draw.choice([0.0, 0.3, 1.5, 4.0]))
                counts[family.area] += change if only_added else -np.minimum(change, counts[family.area])
        for family in among:
            if family.parts:
                counts[family.area] = counts[list(family.parts)].sum(axis=0)
        chain.append(counts)
    return areas, among, chain, only_added


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
@pytest.mark.parametrize("length", [2, 3])
def test_no_chain_of_releases_tells_a_withheld_count(profile: str, length: int) -> None:
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    withheld = 0
    for seed in range(max(1, TABLES // (4 if profile == "hes" else 20))):
        _, among, counts, only_added = random_chain(seed, length)
        told = releases(counts, among, disclosure)
        for shown, real in zip(told, counts, strict=True):
            assert np.all((shown.low <= real) & (real <= shown.high)), f"chain {seed}"
            assert attack(shown, among) == [], f"chain {seed}"
            withheld += int(shown.is_withheld.sum())
        assert attack_releases(told, among, only_added) == [], f"chain {seed}"
    assert withheld > 0


def test_without_the_memory_of_what_was_told_the_attacker_succeeds() -> None:
    tree = tree_of({"city": None, **{f"a{at}": "city" for at in range(6)}})
    areas = sorted(tree.areas["area_id"])
    among = families(tree, areas)
    before = np.array([[7], [20], [31], [44], [52], [61], [215]])
    now = before + np.array([[1], [0], [0], [0], [0], [0], [1]])
    apart = [protect_tree(counts, among, HES) for counts in (before, now)]
    # That the city has one more, and a0 is shown now, tells that a0 was 7.
    assert [shown.value[-1, 0] for shown in apart] == [215, 216]
    assert [(each.at, each.low) for each in attack_releases(apart, among, True)] == [((0, 0), 7.0)]
    together = releases([before, now], among, HES)
    assert attack_releases(together, among, True) == []
    assert not (together[1].low[-1, 0] == together[1].high[-1, 0] == 216)
