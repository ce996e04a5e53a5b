"""Granularity: by which periods and areas counts are protected, whatever of them is published.

Where thefts and all incidents are told by the month, they tell the shootings of a month, though these themselves are
told by the quarter alone. So counts that share records are protected by the shortest periods, and the smallest areas,
of which any of them is published; longer periods are sums of what could be shown of these. Belongs here: which
indicators share records. How counts are protected is in `protected_cells`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from indicators.atoms import Counted
from indicators.disclosure import Disclosure
from indicators.inputs import Inputs
from indicators.protected_cells import PARTS


def counted_together(published: Sequence[Counted], inputs: Inputs) -> Disclosure:
    """Give the disclosure with the granularity of every indicator whose records others count, too.

    Not of weighted rates: their categories are told by the longer periods that a pack chooses for them, since those of
    a small city's grave incidents are uncertain by the month.

    Parameters
    ----------
    published : sequence of Counted
        Counts of the entries that are available.
    inputs : Inputs
    """
    disclosure = inputs.disclosure
    if not (disclosure.finest_of or disclosure.hidden_levels):
        return disclosure
    groups: list[set[str]] = []
    for pair in _sharing(published, inputs):
        meeting = [group for group in groups if group & pair]
        groups = [group for group in groups if group not in meeting] + [pair.union(*meeting)]
    counted_by: dict[str, tuple[str, frozenset[str]]] = {}
    for group in groups:
        finest = min((disclosure.finest_of.get(each, disclosure.finest) for each in group), key=[*PARTS].index)
        hidden = frozenset.intersection(*(disclosure.hidden_levels.get(each, frozenset()) for each in group))
        counted_by |= dict.fromkeys(group, (finest, hidden))
    return replace(disclosure, counted_by=counted_by)


def _sharing(counted: Sequence[Counted], inputs: Inputs) -> list[set[str]]:
    """Pairs of indicators that count some of the same records."""
    pairs = []
    for measure in dict.fromkeys(each.measure for each in counted):
        alike = [each for each in counted if each.measure == measure]
        rows = inputs.measure(measure).filter(pl.any_horizontal(pl.col(each.column) > 0 for each in alike))
        held = rows.select(each.holds.alias(str(at)) for at, each in enumerate(alike)).to_numpy().astype(np.float32)
        together = held.T @ held
        pairs += [
            {alike[one].indicator_id, alike[other].indicator_id}
            for one, other in zip(*np.nonzero(together), strict=True)
            if one < other
        ]
    return pairs
