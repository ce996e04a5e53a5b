"""Whether a network has changed since the year before, by permutation tests.

Belongs here: dealing months out to the two years anew, and what that makes of a statistic's change. Not here: which
cases those are (`linkage`).
"""

from dataclasses import dataclass

import numpy as np

from indicators.network import Floats, Ints, Links, Statistic, centralisation, density, drawings, presence

PERMUTATIONS = 999
# Drawings of cases behind the centralisation of one permutation, and networks that are looked at together.
DRAWINGS_EACH = 8
AT_ONCE = 50
DECIMALS = 6


@dataclass(frozen=True)
class Change:
    """A statistic in two years at one number of cases, and its test.

    Attributes
    ----------
    now, before : float
        Means over what `drawn` cases of each year show; of the mix 0, there being none of one year.
    change : float
    p_value : float
        Share of the permutations, itself among them, whose change is as far from 0.
    """

    now: float
    before: float
    change: float
    p_value: float


@dataclass(frozen=True)
class TwoYears:
    """Cases of each link in two years, and the same dealt out anew.

    Attributes
    ----------
    now, before : array of int, shape (1 + permutations, e)
        The first row is what was counted.
    drawn : int
        The number of cases that both years of every permutation have at least.
    """

    now: Ints
    before: Ints
    drawn: int


def deal_months(now: Ints, before: Ints, seed: int = 0, permutations: int = PERMUTATIONS) -> TwoYears:
    """Exchange the two years' cases of some months of the year, each with probability one half.

    A season then stays where it is, and cases of one record or of a busy month stay together.

    Parameters
    ----------
    now, before : array of int, shape (months, e)
        The same months of two years.
    seed, permutations : int
    """
    random = np.random.default_rng(seed)
    swapped = random.random((permutations, len(now))) < 0.5
    swapped = np.vstack([np.zeros(len(now), dtype=np.bool_), swapped]).astype(np.int64)
    gained = swapped @ (before - now)
    drawn = int(np.minimum(now.sum(axis=1), before.sum(axis=1)).sum())
    return TwoYears(now.sum(axis=0) + gained, before.sum(axis=0) - gained, drawn)


def change_of(years: TwoYears, links: Links, statistic: Statistic, fewest: int = 1, seed: int = 0) -> Change:
    """Change of a statistic of the network, both years rarefied to as many cases: growth alone is no change.

    Parameters
    ----------
    years : TwoYears
    links : Links
        Ends and number of agencies; without direction.
    statistic : str
    fewest : int
        Cases from which on a link counts.
    seed : int

    References
    ----------
    Good (2005), Permutation, Parametric, and Bootstrap Tests of Hypotheses, ch. 3; Hurlbert (1971), Ecology 52:577-586.
    """
    now, before = (
        _statistic(cases, years.drawn, links, statistic, fewest, seed) for cases in (years.now, years.before)
    )
    # What differs by less is the rounding of sums.
    difference = np.round(now - before, DECIMALS)
    return Change(float(now[0]), float(before[0]), float(difference[0]), p_value(np.abs(difference)))


def change_of_mix(years: TwoYears) -> Change:
    """Change of who works with whom: the share of the cases that would have to be of another pair.

    Half the sum of differences of the links' shares (total variation), which never is below 0.
    """
    now, before = (cases / np.maximum(cases.sum(axis=1, keepdims=True), 1) for cases in (years.now, years.before))
    moved = np.abs(now - before).sum(axis=1) / 2
    return Change(float(moved[0]), 0.0, float(moved[0]), p_value(moved))


def p_value(distances: Floats) -> float:
    """Share of all distances that are at least the first."""
    return float((distances >= distances[0] - 1e-12).mean())


def _statistic(cases: Ints, drawn: int, links: Links, statistic: Statistic, fewest: int, seed: int) -> Floats:
    if statistic == "density":
        return density(presence(cases, drawn, fewest), links)
    random = np.random.default_rng(seed)
    found = []
    for start in range(0, len(cases), AT_ONCE):
        shown = drawings(cases[start : start + AT_ONCE], drawn, DRAWINGS_EACH, random) >= fewest
        found.append(centralisation(shown, links, statistic).mean(axis=-1))
    return np.concatenate(found)
