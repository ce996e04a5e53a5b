"""Near repeats in one band of distance and time, of many areas and periods within bounds of time and memory.

Belongs here: one cell of the Knox table with its permutation test, on a sample where incidents are many. Not here: the
whole table, how pairs are found, and the limits of ratios (`near_repeat`).
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from indicators.near_repeat import PAIRS_AT_ONCE, Bands, Events, close_pairs, limits_over_squares, squares, totals

# From which on a sample is taken: all of New York's vehicle thefts of a year stay whole.
MOST_EVENTS = 20_000
MOST_PAIRS = 200_000


@dataclass(frozen=True)
class NearPairs:
    """Pairs of incidents near in space and time, at different addresses where these are known.

    Attributes
    ----------
    observed : int
    expected : float
        By the dates of all incidents dealt out at random.
    lower, upper : float
        Limits of the ratio of the two, by `near_repeat.limits_over_squares`.
    p_value : float
        One-sided: how often so dealt dates bring as many pairs or more.
    """

    observed: int
    expected: float
    lower: float
    upper: float
    p_value: float


def near_pairs(
    events: Events,
    metres: float,
    days: int,
    fewest_expected: float = 0.0,
    permutations: int = 199,
    seed: int = 0,
    confidence: float = 0.95,
) -> NearPairs:
    """One band of `near_repeat.knox_table`, within bounds of time and memory, for many areas and periods.

    Of more than MOST_EVENTS incidents, or MOST_PAIRS pairs within reach, only a random sample is looked at: it has the
    same ratio of observed to expected pairs in the mean, with fewer of both.

    Parameters
    ----------
    events : Events
    metres, days : float, int
        Near are incidents closer than so many metres (straight), and fewer than so many days apart.
    fewest_expected : float
        Where fewer pairs are expected, the limits and the p-value are NaN.
    permutations : int
        None of them, and the p-value is NaN.
    seed : int
    confidence : float
        Between 0 and 1.
    """
    random = np.random.default_rng(seed)
    bands = Bands((0, metres), (0, days), metric="euclidean")
    events = _thinned(events, MOST_EVENTS / max(len(events.days), 1), random)
    if len(events.days) ** 2 > 2 * MOST_PAIRS:
        tree = KDTree(events.metres)
        within = (int(tree.count_neighbors(tree, metres)) - tree.n) / 2
        events = _thinned(events, np.sqrt(MOST_PAIRS / max(within, 1.0)), random)
    first = int(events.addresses is not None)
    pieces = [(i[row == first], j[row == first]) for i, j, row in close_pairs(events, bands)]
    i, j = (np.concatenate([piece[end] for piece in pieces] or [np.zeros(0, np.int64)]) for end in (0, 1))
    n = len(events.days)
    share = float(totals(events.days, bands)[0]) / max(n * (n - 1) // 2, 1)
    is_near = np.abs(events.days[i] - events.days[j]) < days
    observed, expected = int(np.count_nonzero(is_near)), len(i) * share
    if expected < fewest_expected or not expected:
        return NearPairs(observed, expected, np.nan, np.nan, np.nan)
    # Each of the two incidents brings half a pair to its square.
    square, half = squares(events, metres)[np.concatenate([i, j])], np.full(2 * len(i), 0.5)
    in_square = np.bincount(square, np.tile(is_near, 2) * half), np.bincount(square, half) * share
    lower, upper = (float(limit) for limit in limits_over_squares(*in_square, confidence))
    if not permutations:
        return NearPairs(observed, expected, lower, upper, np.nan)
    dealt = np.empty(permutations, dtype=np.int64)
    dates = (events.days - events.days.min()).astype(np.int32) if n else events.days.astype(np.int32)
    block = max(1, PAIRS_AT_ONCE // max(n, len(i), 1))
    for start in range(0, permutations, block):
        rows = min(block, permutations - start)
        drawn = random.permuted(np.broadcast_to(dates, (rows, n)), axis=1)
        dealt[start : start + rows] = np.count_nonzero(np.abs(drawn[:, i] - drawn[:, j]) < days, axis=1)
    p_value = (1 + np.count_nonzero(dealt >= observed)) / (1 + permutations)
    return NearPairs(observed, expected, lower, upper, float(p_value))


def _thinned(events: Events, share: float, random: np.random.Generator) -> Events:
    """A random sample of so great a share of the events, or all of them."""
    n = len(events.days)
    if share >= 1:
        return events
    kept = np.sort(random.choice(n, int(share * n), replace=False))
    addresses = None if events.addresses is None else events.addresses[kept]
    return Events(events.metres[kept], events.days[kept], addresses, events.left_out)
