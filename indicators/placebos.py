"""Placebo evaluations over all areas of a design: how often as much is found by dealing the areas out anew.

Belongs here: choosing the areas and the share. Not here: placebos of a design over daily counts, drawn from areas that
take no part (`evaluation.placebo_p_value`).
"""

from itertools import combinations
from math import comb

import numpy as np

from indicators.evaluation import wdd
from indicators.intervals import Floats

# Fewer choices of areas than this cannot give a share of 5 %.
FEWEST, MOST = 19, 999
SEED = 0


def placebo_share(
    treated: Floats, treated_sizes: Floats, control: Floats, control_sizes: Floats, time_weights: Floats
) -> tuple[float | None, int | None]:
    """Share of evaluations whose |z| is as large as that of the treated areas, and how many others there are.

    Each takes as many of all areas as are treated and leaves the rest as controls: every choice of them, or 999 drawn
    at random, always the same. Treated areas may be chosen, too: where nothing was done and areas are exchangeable,
    at most 5 % of shares are then 0.05 or less, however few areas there are. Where those treated have far more events
    than any other and areas drift apart in per cent, they are not exchangeable, and the share is too small.

    Parameters
    ----------
    treated, control : ndarray, shape (areas, 2)
        Counts before and after.
    treated_sizes, control_sizes : ndarray, shape (areas,)
        Size of each area, zero or more, in one unit.
    time_weights : ndarray, shape (2,)
        As of `wdd`.

    Returns
    -------
    tuple
        Share and number; (None, None) where fewer than 19 other choices, or less than twice as many control areas as
        treated ones, are there, or nothing was counted.

    References
    ----------
    Fisher (1935), The Design of Experiments; Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39 (that the
    observed choice counts as one of them).
    """
    chosen, among = len(treated), len(treated) + len(control)
    if len(control) < 2 * chosen or comb(among, chosen) <= FEWEST:
        return None, None
    choices = _choices(among, chosen)
    is_chosen = np.zeros((len(choices), among))
    np.put_along_axis(is_chosen, choices, 1.0, axis=1)
    counts, sizes = np.concatenate([treated, control]), np.concatenate([treated_sizes, control_sizes])
    chosen_sizes = is_chosen @ sizes
    usable = (chosen_sizes > 0) & (chosen_sizes < sizes.sum())
    is_chosen, chosen_sizes = is_chosen[usable], chosen_sizes[usable]
    weights = np.stack([np.ones(len(chosen_sizes)), (sizes.sum() - chosen_sizes) / chosen_sizes], axis=1)
    pairs = np.stack([is_chosen @ counts, (1 - is_chosen) @ counts], axis=1)
    # φ is the same for all of them, so it is left out.
    found = wdd(pairs, area_weights=weights, time_weights=time_weights)["z"]
    if len(found) <= FEWEST or found[0] is None:
        return None, None
    as_large = (found.fill_null(0.0).abs() >= abs(found[0]) - 1e-9).sum()
    return float(as_large / len(found)), len(found) - 1


def _choices(among: int, chosen: int) -> np.ndarray:
    """Positions of the chosen areas, a row per choice; the first row is that of the first areas."""
    if comb(among, chosen) <= MOST:
        return np.array(list(combinations(range(among), chosen)))
    # The first of a random order of the areas, row by row, are a random choice of them.
    drawn = np.argsort(np.random.default_rng(SEED).random((MOST, among)), axis=1)[:, :chosen]
    return np.concatenate([[np.arange(chosen)], drawn])
