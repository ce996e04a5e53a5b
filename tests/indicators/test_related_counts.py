"""Counts of which some are parts of others: their differences tell no withheld count."""

from dataclasses import dataclass

import numpy as np
import pytest

from indicators.disclosure import Disclosure, Shown
from indicators.families import Family, families
from indicators.protected_cells import added_up as sum_of_atoms
from indicators.protection import Known, protect_tree
from indicators.successive import Telling
from tests.indicators.attacker import Finding, Relation, attack_related
from tests.indicators.test_protection import HES, TABLES, added_up, random_city, tree_of

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class City:
    """Counts of one period: a whole of two categories and a rest, and shares of the whole and of a category."""

    among: list[Family]
    first: np.ndarray
    second: np.ndarray
    rest: np.ndarray
    share: np.ndarray
    share_of_first: np.ndarray

    @property
    def counts(self) -> list[np.ndarray]:
        """Those that are published."""
        return [self.first + self.second + self.rest, self.first, self.second, self.share, self.share_of_first]


def random_counts(seed: int) -> City:
    draw = np.random.default_rng(seed)
    parents, leaves = random_city(draw)

    def category() -> np.ndarray:
        return draw.poisson(draw.choice([0.0, 0.5, 2.0, 6.0, 15.0, 60.0], size=(len(leaves), 1)))

    first, second, rest = category(), category(), category() * draw.integers(0, 2)
    share = draw.binomial(first + second + rest, draw.choice([0.1, 0.5, 0.9, 0.97]))
    drawn = (first, second, rest, share, draw.binomial(first, 0.9))
    return City(families(tree_of(parents), sorted(parents)), *(added_up(parents, leaves, each) for each in drawn))


def shown_of(city: City, disclosure: Disclosure) -> tuple[list[Shown], list[Relation]]:
    """What is shown of the counts, and how they hang together."""
    atoms = [protect_tree(each, city.among, disclosure) for each in (city.first, city.second, city.rest)]
    whole = sum_of_atoms(atoms, city.among)
    share = protect_tree(city.share, city.among, disclosure, whole=Known.of(whole, city.among))
    of_first = protect_tree(city.share_of_first, city.among, disclosure, whole=Known.of(atoms[0], city.among))
    is_all = not city.rest.any()
    relations = [Relation(0, (1, 2), is_all), Relation(0, (3,)), Relation(1, (4,))]
    return [whole, atoms[0], atoms[1], share, of_first], relations


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
def test_categories_and_shares_tell_no_small_count(profile: str) -> None:
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    among_all = {"hes": 1.0, "acro": 0.3, "census": 0.3}[profile]
    narrowed, attacked = [], 0
    for seed in range(max(1, int(TABLES * among_all))):
        city = random_counts(seed)
        told, relations = shown_of(city, disclosure)
        for counts, shown in zip(city.counts, told, strict=True):
            assert np.all((shown.low <= counts) & (counts <= shown.high)), f"table {seed}"
        found = attack_related(told, city.among, relations, disclosure.smallest_shown)
        narrowed += [(seed, *each.at) for each in found]
        attacked += sum(int((each.is_withheld & (each.high < disclosure.smallest_shown)).sum()) for each in told)
    assert attacked > 20
    assert narrowed == []


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
def test_two_shares_of_one_whole_tell_no_small_count(profile: str) -> None:
    """As of the requests that were due those answered in time, and those resolved in time."""
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    narrowed, attacked = [], 0
    for seed in range(max(1, int(TABLES * 0.3))):
        city, draw = random_counts(seed), np.random.default_rng((seed, 2))
        whole, other = city.first + city.second + city.rest, np.zeros_like(city.first)
        for family in city.among:
            parts, area = list(family.parts), family.area
            other[area] = (
                other[parts].sum(axis=0) if parts else draw.binomial(whole[area], draw.choice([0.1, 0.5, 0.97]))
            )
        of_whole = protect_tree(whole, city.among, disclosure)
        known = Known.of(of_whole, city.among)
        told = [of_whole, *(protect_tree(part, city.among, disclosure, whole=known) for part in (city.share, other))]
        found = attack_related(told, city.among, [Relation(0, (1,)), Relation(0, (2,))], disclosure.smallest_shown)
        narrowed += [(seed, *each.at) for each in found]
        attacked += sum(int((each.is_withheld & (each.high < disclosure.smallest_shown)).sum()) for each in told)
    assert attacked > 20
    assert narrowed == []


@pytest.mark.parametrize("seed", [761, 812, 2108, 2310, 3094, 5503])
def test_what_shares_and_exact_totals_imply_over_several_levels_is_not_told(seed: int) -> None:
    """Tables of which totals that fit one by one told a small count, and once a sum of two that are told of nowhere."""
    city = random_counts(seed)
    told, relations = shown_of(city, HES)
    assert attack_related(told, city.among, relations, HES.smallest_shown) == []


def test_without_working_out_what_they_imply_a_part_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of the whole is so little in all that no area's part can be much less than its whole."""
    monkeypatch.setattr(Known, "narrowed_by", lambda *_: np.zeros(1, dtype=np.bool_))
    city = random_counts(5503)
    told, relations = shown_of(city, HES)
    assert attack_related(told, city.among, relations, HES.smallest_shown)


def random_cells(seed: int) -> tuple[list[Family], list[np.ndarray]]:
    """Counts of one period: of records in neither of two categories, in one, in both, and in the other."""
    draw = np.random.default_rng(seed)
    parents, leaves = random_city(draw)
    means = draw.choice([0.0, 0.5, 2.0, 6.0, 15.0, 60.0], size=(4, len(leaves), 1))
    how_many = draw.choice([0.0, 0.02, 1.0], size=(4, 1, 1))
    among = families(tree_of(parents), sorted(parents))
    return among, [added_up(parents, leaves, cell) for cell in draw.poisson(means * how_many)]


# Which of the cells each published count holds: all of them, a part alone, and two parts that overlap.
HOLDING = {"alone": [(0, 1, 2, 3), (1, 2)], "overlapping": [(0, 1, 2, 3), (1, 2), (2, 3)]}


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
@pytest.mark.parametrize("holding", HOLDING.values(), ids=HOLDING)
def test_a_part_alone_and_parts_that_overlap_tell_no_small_count(profile: str, holding: list[tuple[int, ...]]) -> None:
    """Not even to who is told all that there is to know of each cell."""
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    narrowed, attacked = [], 0
    for seed in range(max(1, int(TABLES * 0.3))):
        among, cells = random_cells(seed)
        shown = [protect_tree(cell, among, disclosure) for cell in cells]
        told = [*shown, *(sum_of_atoms([shown[at] for at in held], among) for held in holding)]
        for held, whole in zip(holding, told[len(cells) :], strict=True):
            counts = np.sum([cells[at] for at in held], axis=0)
            assert np.all((whole.low <= counts) & (counts <= whole.high)), f"table {seed}"
        relations = [Relation(len(cells) + at, held, is_all=True) for at, held in enumerate(holding)]
        found = attack_related(told, among, relations, disclosure.smallest_shown)
        narrowed += [(seed, *each.at) for each in found]
        attacked += sum(int((each.is_withheld & (each.high < disclosure.smallest_shown)).sum()) for each in told)
    assert attacked > 20
    assert narrowed == []


def attacked_in_two_releases(
    seed: int, disclosure: Disclosure, remembers: bool = True
) -> tuple[list[Shown], list[Finding]]:
    """What two releases tell of the pieces of a city and of all of them, and what an attacker makes of that.

    It knows whether records were only added between, or only withdrawn.
    """
    city, draw = random_counts(seed), np.random.default_rng((seed, 1))
    only_added = bool(draw.random() < 0.7)
    releases: tuple[list[Shown], list[Shown]] = [], []
    for then in (city.first, city.second, city.rest):
        now = then.copy()
        for family in city.among:
            parts, few = list(family.parts), draw.poisson(draw.choice([0.0, 0.0, 0.3, 1.5, 4.0]))
            own = then[family.area] + (few if only_added else -np.minimum(few, then[family.area]))
            now[family.area] = now[parts].sum(axis=0) if parts else own
        first = protect_tree(then, city.among, disclosure)
        told = Telling(first.low, first.high, first.is_withheld, np.ones(1, dtype=np.bool_))
        releases[0].append(first)
        releases[1].append(protect_tree(now, city.among, disclosure, [told] if remembers else []))
    shown = [each for pieces in releases for each in (*pieces, sum_of_atoms(pieces, city.among))]
    relations = [Relation(at + 3, (at, at + 1, at + 2), is_all=True) for at in (0, 4)]
    grown = [(at, at + 4) if only_added else (at + 4, at) for at in range(4)]
    return shown, attack_related(shown, city.among, relations, disclosure.smallest_shown, grown)


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
def test_categories_tell_no_small_count_across_releases(profile: str) -> None:
    """A whole and two categories of it, of a period of which a few records came later or were withdrawn."""
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    narrowed, attacked = [], 0
    for seed in range(max(1, int(TABLES * 0.3))):
        told, found = attacked_in_two_releases(seed, disclosure)
        narrowed += [(seed, *each.at) for each in found]
        attacked += sum(int((each.is_withheld & (each.high < disclosure.smallest_shown)).sum()) for each in told)
    assert attacked > 20
    assert narrowed == []


def test_without_the_memory_of_what_was_told_categories_would_tell() -> None:
    assert any(attacked_in_two_releases(seed, HES, remembers=False)[1] for seed in range(60))


@pytest.mark.parametrize("holding", HOLDING.values(), ids=HOLDING)
def test_a_part_alone_rounded_apart_from_its_whole_would_tell(holding: list[tuple[int, ...]]) -> None:
    narrowed = []
    for seed in range(60):
        among, cells = random_cells(seed)
        shown = [protect_tree(np.sum([cells[at] for at in held], axis=0), among, HES) for held in holding]
        relations = [Relation(0, (at,)) for at in range(1, len(holding))]
        narrowed += attack_related(shown, among, relations, HES.smallest_shown)
    assert narrowed


def test_one_by_one_they_would_tell() -> None:
    """Thefts of vehicles and shootings are all that there is: both together are the sum of what is shown of each."""
    among = families(tree_of({"a": None}), ["a"])
    thefts, shootings = np.array([[37]]), np.array([[6]])
    alone = [HES.show(each) for each in (thefts + shootings, thefts, shootings)]
    relation = [Relation(0, (1, 2), is_all=True)]
    assert [(each.low, each.high) for each in attack_related(alone, among, relation, 8)] == [(6, 7)]
    assert attack_related([sum_of_atoms(alone[1:], among), *alone[1:]], among, relation, 8) == []


def test_a_share_apart_from_its_whole_would_tell() -> None:
    narrowed = []
    for seed in range(60):
        city = random_counts(seed)
        shown = [protect_tree(each, city.among, HES) for each in (city.first, city.share_of_first)]
        narrowed += attack_related(shown, city.among, [Relation(0, (1,))], HES.smallest_shown)
    assert narrowed
