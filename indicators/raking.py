"""Raking: weights brought to known margins of the population, one margin after the other until all fit.

Belongs here: the fitting, and what tells whether it worked. Not here: what is estimated with the weights
(`survey_design`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Largest difference of a class's share from its target at which the weights fit.
TOLERANCE = 1e-6
MOST_ROUNDS = 200


@dataclass(frozen=True)
class Fit:
    """One class of a margin.

    Attributes
    ----------
    margin, name : str
    target, before, after : float
        Share of the population, and that of the sample as weighted before and after.
    """

    margin: str
    name: str
    target: float
    before: float
    after: float


@dataclass(frozen=True)
class Raked:
    """Weights, and how they came about.

    Attributes
    ----------
    weights : array, shape (n,)
        With the sum of those given; those given themselves where they could not be raked.
    status : str
        `converged`; `not_converged` (not within MOST_ROUNDS); `empty_class` (a class of the population has nobody in
        the sample: put classes together).
    rounds : int
    largest_gap : float
        Largest difference of a share from its target that is left.
    strongest : float
        Greatest factor by which a weight was changed, up or down.
    efficiency : float
        Effective share of the sample that the weights leave, (Σw)² / nΣw² (Kish 1965).
    fits : tuple of Fit
    """

    weights: Floats
    status: str
    rounds: int
    largest_gap: float
    strongest: float
    efficiency: float
    fits: tuple[Fit, ...]


def rake(
    weights: Floats, classes: Mapping[str, Sequence[str | None]], targets: Mapping[str, Mapping[str, float]]
) -> Raked:
    """Bring weights to the shares that the classes of each margin have in the population.

    Someone whose class is not known keeps the share of the whole that people of unknown class have: the others are
    fitted among themselves.

    Parameters
    ----------
    weights : array, shape (n,)
        Design weights, above 0.
    classes : mapping of str to sequence of str or None, of n each
        Class of each respondent by margin.
    targets : mapping of str to mapping of str to float
        Share of each class in the population by margin; they are brought to a sum of 1.

    References
    ----------
    Deming & Stephan (1940), Annals of Mathematical Statistics 11:427-444; Kish (1965), Survey Sampling, sec. 11.7.
    """
    given = np.asarray(weights, dtype=np.float64)
    cells, shares = [], []
    for margin, wanted in targets.items():
        whole = sum(wanted.values())
        if whole <= 0 or min(wanted.values()) < 0:
            raise ValueError(f"the shares of margin {margin} must not be below 0, and not all 0")
        held = np.asarray([each if each is not None else "" for each in classes[margin]])
        for name, share in wanted.items():
            cells.append((margin, name, held == name))
            shares.append(share / whole)
    known = {margin: _known(cells, margin, len(given)) for margin in targets}

    def share_of(by: Floats) -> Floats:
        return np.array([by[there].sum() / max(by[known[margin]].sum(), 1e-300) for margin, _, there in cells])

    aims, before = np.array(shares), share_of(given)
    empty = any(aim > 0 and not there.any() for aim, (*_, there) in zip(aims, cells, strict=True))
    raked, rounds, status = given.copy(), 0, "empty_class" if empty else "not_converged"
    while not empty and rounds < MOST_ROUNDS:
        if rounds and np.abs(share_of(raked) - aims).max(initial=0.0) <= TOLERANCE:
            status = "converged"
            break
        rounds += 1
        for margin in targets:
            people = raked[known[margin]].sum()
            for (name, _, there), aim in zip(cells, aims, strict=True):
                if name == margin and there.any():
                    raked[there] *= aim * people / raked[there].sum() if raked[there].sum() > 0 else 0.0
    if status != "converged":
        raked = given.copy()
    positive = raked > 0
    factors = raked[positive] / given[positive]
    after = share_of(raked)
    return Raked(
        weights=raked,
        status=status,
        rounds=rounds,
        largest_gap=float(np.abs(after - aims).max(initial=0.0)),
        strongest=float(np.maximum(factors, 1 / factors).max(initial=1.0)),
        efficiency=float(raked.sum() ** 2 / (len(raked) * (raked @ raked))),
        fits=tuple(
            Fit(margin, name, float(aim), float(was), float(now))
            for (margin, name, _), aim, was, now in zip(cells, aims, before, after, strict=True)
        ),
    )


def _known(cells: list[tuple[str, str, npt.NDArray[np.bool_]]], margin: str, n: int) -> npt.NDArray[np.bool_]:
    known = np.zeros(n, dtype=np.bool_)
    for of_margin, _, there in cells:
        if of_margin == margin:
            known |= there
    return known
