"""Do the indicators of an index belong together: correlations and consistency over the areas of one period.

Belongs here: reading them off scores of components. Not here: the measures (`screening`), and what they are published
with (`index`). They describe; no weight and no score follows from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indicators.composites.rules import OVERALL, Component
from indicators.composites.screening import correlations, standardised_alpha
from indicators.intervals import Floats


@dataclass(frozen=True)
class Diagnostics:
    """What goes with what, over areas; NaN or None where these are too few or do not vary.

    Attributes
    ----------
    with_rest : array of float
        By component: correlation with the mean of the other components of its dimension. Below 0 it points away from
        what it is counted with.
    nearest : list of str or None
        By component: the indicator that it goes with most closely, either way.
    with_nearest : array of float
        Correlation with that. Near 1 both tell the same, which then counts twice.
    alpha : dict of str to float
        By scope: standardised alpha of a dimension's components, and of the dimensions for `overall`.
    """

    with_rest: Floats
    nearest: list[str | None]
    with_nearest: Floats
    alpha: dict[str, float]


def diagnose(scores: Floats, by_scope: Mapping[str, Floats], parts: Sequence[Component], fewest: int) -> Diagnostics:
    """Correlate the scores of components and of dimensions.

    Parameters
    ----------
    scores : array of float
        Areas by components, more being better.
    by_scope : mapping of str to array of float
        Scores of the dimensions and of `overall`, by area.
    parts : sequence of Component
    fewest : int
        Areas that a correlation needs.

    References
    ----------
    OECD/JRC (2008), Handbook on Constructing Composite Indicators, section 4.
    """
    with_rest = np.full(len(parts), np.nan)
    for at, part in enumerate(parts):
        rest = [k for k, each in enumerate(parts) if each.dimension == part.dimension and k != at]
        if rest:
            # Of all others or of none: means of some would differ in what they are of.
            with_rest[at] = correlations(scores[:, [at]], scores[:, rest].mean(axis=1, keepdims=True), fewest)[0, 0]
    apart = correlations(scores, fewest=fewest)
    np.fill_diagonal(apart, np.nan)
    first = np.nan_to_num(np.abs(apart), nan=-1.0).argmax(axis=1)
    with_nearest = apart[np.arange(len(parts)), first]
    nearest = [None if np.isnan(r) else parts[k].indicator_id for k, r in zip(first, with_nearest, strict=True)]
    members = {
        name: scores[:, [k for k, part in enumerate(parts) if part.dimension == name]]
        for name in by_scope
        if name != OVERALL
    }
    members[OVERALL] = np.stack([by_scope[name] for name in members], axis=1)
    return Diagnostics(
        with_rest, nearest, with_nearest, {name: standardised_alpha(x, fewest) for name, x in members.items()}
    )
