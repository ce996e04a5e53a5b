"""Which choice matters: Sobol indices of whatever a choice of method decides.

Belongs here: first-order and total indices of discrete choices. The number judged is usually how far the ranks move
from the published ones on average (`mean_rank_shift`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from indicators.intervals import Floats


class Sensitivity(NamedTuple):
    """Sobol indices of one factor: the share of variance by it alone, and with all that it takes part in.

    Limits are of the bootstrap, 95 %; all are 0 where nothing varies.
    """

    factor: str
    first: float
    total: float
    total_low: float
    total_high: float


def mean_rank_shift(scores: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """Mean absolute difference of the units' ranks from those of the reference scores.

    Parameters
    ----------
    scores : array_like
        Units on the last axis.
    reference : array_like
        One score per unit.
    """
    found, nominal = (stats.rankdata(-np.asarray(each, dtype=np.float64), axis=-1) for each in (scores, reference))
    return np.asarray(np.abs(found - nominal).mean(axis=-1), dtype=np.float64)


def choice_sensitivity(
    factors: Sequence[tuple[str, int]],
    outcome: Callable[[npt.NDArray[np.int64]], Floats],
    samples: int = 256,
    seed: int = 0,
    resamples: int = 100,
) -> list[Sensitivity]:
    """Sobol indices of choices among alternatives, each equally likely and chosen apart from the others.

    Parameters
    ----------
    factors : sequence of (name, alternatives)
    outcome : callable
        Takes chosen alternatives (factors by evaluations, from 0) and gives one number per evaluation.
    samples : int
        A power of two; the outcome is evaluated samples · (factors + 2) times.
    seed, resamples : int

    References
    ----------
    Saltelli et al. (2010), Computer Physics Communications 181:259-270; Saisana, Saltelli & Tarantola (2005),
    J. R. Statist. Soc. A 168:307-323.
    """
    counts = np.array([count for _, count in factors])

    def evaluated(unit: Floats) -> Floats:
        chosen = np.minimum((unit * counts[:, None]).astype(np.int64), counts[:, None] - 1)
        return outcome(chosen)

    rng = np.random.default_rng(seed)
    design = stats.qmc.Sobol(2 * len(factors), rng=rng).random(samples)
    first, second = design[:, : len(factors)].T, design[:, len(factors) :].T
    mixed = np.repeat(first[None], len(factors), axis=0)
    for at in range(len(factors)):
        mixed[at, at] = second[at]
    at_first, at_second = evaluated(first), evaluated(second)
    at_mixed = np.stack([evaluated(each) for each in mixed])
    indices = _indices(at_first, at_second, at_mixed)
    again = [
        _indices(at_first[kept], at_second[kept], at_mixed[:, kept])[1]
        for kept in rng.integers(0, samples, (resamples, samples))
    ]
    low, high = np.quantile(again, (0.025, 0.975), axis=0)
    return [
        Sensitivity(name, *(float(each[at]) for each in (*indices, low, high))) for at, (name, _) in enumerate(factors)
    ]


def _indices(first: Floats, second: Floats, mixed: Floats) -> tuple[Floats, Floats]:
    """Saltelli's estimator of the first-order and Jansen's of the total indices."""
    variance = np.var(np.concatenate([first, second]))
    if variance <= np.finfo(np.float64).tiny:
        return np.zeros(len(mixed)), np.zeros(len(mixed))
    alone = (second * (mixed - first)).mean(axis=1) / variance
    return np.asarray(alone), np.asarray(((first - mixed) ** 2).mean(axis=1) / (2 * variance))
