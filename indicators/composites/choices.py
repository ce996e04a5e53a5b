"""How far the order of areas hangs on the choice of method: Monte Carlo over all of them, as published.

Belongs here: rank intervals, and the table `index_sensitivity`. Not here: the alternatives (`alternatives`) and the
estimator (`sensitivity`).
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.composites.alternatives import Alternatives
from indicators.composites.draws import stream
from indicators.composites.panel import Panel
from indicators.composites.rules import OVERALL, IndexRules
from indicators.composites.sensitivity import choice_sensitivity, mean_rank_shift
from indicators.intervals import Floats

SENSITIVITY_SCHEMA = {
    "area_level": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "choice": pl.String,
    "first": pl.Float64,
    "total": pl.Float64,
    "total_low": pl.Float64,
    "total_high": pl.Float64,
    "areas_ranked": pl.Int32,
    "mean_rank_shift": pl.Float64,
}
Places = npt.NDArray[np.int64]
CHOICES = ("figures", "gaps", "outliers", "normalisation", "weights", "mean")
CHOICE_DRAWS = 200
"""Combinations of choices, each with figures drawn anew, behind an interval of ranks."""
FIGURE_DRAWS = 32
SAMPLES = 256


def drawn_by_choices(panel: Panel, at: int, scope: str, known: Places, rules: IndexRules) -> Floats | None:
    """Scores of one scope by combinations of all choices, each drawn apart from the others and as likely as any.

    Each draw has its own figures within their intervals and its own goalposts, and its own way of dealing with gaps
    and outliers, of putting figures on one scale, of weighing them and of putting them together.

    Parameters
    ----------
    panel : Panel
    at : int
    scope : str
        A dimension, or `overall`.
    known : array of int
        Areas with a published score of the scope.
    rules : IndexRules

    Returns
    -------
    array of float
        Draws by those areas. Only their order means anything: scales differ from draw to draw. None where the areas
        are too few to rank, or have no figure that was not filled in.
    """
    own = _own(panel, at, scope, known)
    if len(known) < rules.fewest_areas or not len(own):
        return None
    ways = Alternatives(panel, at, known, own, rules, CHOICE_DRAWS)
    chosen = stream(rules, "choices").integers(0, ways.counts[1:], (CHOICE_DRAWS, len(CHOICES) - 1))
    return ways.scores(np.column_stack([1 + np.arange(CHOICE_DRAWS), chosen]).T)


def sensitivity_rows(
    panel: Panel, at: int, overall: Floats, by_choices: Floats | None, rules: IndexRules
) -> pl.DataFrame:
    """Sobol indices of all choices for the mean shift of ranks in one period.

    Parameters
    ----------
    panel : Panel
    at : int
    overall : array of float
        Published overall scores.
    by_choices : array of float or None
        What `drawn_by_choices` gives for `overall`; None where areas are too few to rank.
    rules : IndexRules

    Returns
    -------
    DataFrame
        SENSITIVITY_SCHEMA. `mean_rank_shift` is the mean over the draws of `by_choices`.
    """
    if by_choices is None:
        return pl.DataFrame(schema=SENSITIVITY_SCHEMA)
    known = np.flatnonzero(~np.isnan(overall))
    reference = overall[known]
    ways = Alternatives(panel, at, known, _own(panel, at, OVERALL, known), rules, FIGURE_DRAWS)
    found = choice_sensitivity(
        [*zip(CHOICES, ways.counts, strict=True)],
        lambda chosen: mean_rank_shift(ways.scores(chosen), reference),
        SAMPLES,
        rules.seed,
    )
    shift = float(mean_rank_shift(by_choices, reference).mean())
    return pl.DataFrame(
        [
            (
                *(panel.area_level, panel.period_kind, panel.periods[at]),
                *(each.factor, each.first, each.total, each.total_low, each.total_high),
                *(len(known), shift),
            )
            for each in found
        ],
        schema=SENSITIVITY_SCHEMA,
        orient="row",
    )


def _own(panel: Panel, at: int, scope: str, known: Places) -> Places:
    """Components of a scope of which any of the areas has a figure of its own, not one that was filled in."""
    of_scope = np.array([scope in (OVERALL, part.dimension) for part in panel.components])
    is_own = ~np.isnan(panel.value[at][known]) & ~panel.imputed[at][known]
    return np.flatnonzero(of_scope & is_own.any(axis=0))
