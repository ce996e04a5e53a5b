"""Which choice of method the order of areas hangs on, as published.

Belongs here: the alternatives, and the table `index_sensitivity`. Not here: the estimator (`sensitivity`).
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.composites.aggregate import Mean, aggregate
from indicators.composites.draws import drawn_scores, scores_of, weights_in_force
from indicators.composites.normalise import min_max, percentile_ranks, z_scores
from indicators.composites.panel import Panel
from indicators.composites.rules import IndexRules
from indicators.composites.sensitivity import choice_sensitivity, mean_rank_shift
from indicators.composites.weights import critic_weights, entropy_weights, pca_weights
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
MEANS: tuple[Mean, ...] = ("arithmetic", "geometric", "harmonic")
FIGURE_DRAWS = 32
FLOOR = 1.0
"""Least normalised figure, of 100, that a mean takes."""
SAMPLES = 256


def sensitivity_rows(panel: Panel, at: int, overall: Floats, rules: IndexRules) -> pl.DataFrame:
    """Sobol indices of four choices for the mean shift of ranks in one period.

    The choices: the figures within their intervals; how they are normalised (goalposts, min–max, z-scores, ranks);
    weights (declared, entropy, CRITIC, principal component); the mean (arithmetic, geometric, harmonic). Judged are
    the areas with an overall score, over the indicators that all of them have.

    Parameters
    ----------
    panel : Panel
    at : int
    overall : array of float
        Published overall scores.
    rules : IndexRules

    Returns
    -------
    DataFrame
        SENSITIVITY_SCHEMA; none where fewer than `rules.fewest_areas` areas or two indicators are left.
        `mean_rank_shift` is over all combinations of choices.
    """
    known = np.flatnonzero(~np.isnan(overall))
    complete = np.flatnonzero(~np.isnan(panel.value[at][known]).any(axis=0)) if len(known) else known
    if len(known) < rules.fewest_areas or len(complete) < 2:
        return pl.DataFrame(schema=SENSITIVITY_SCHEMA)
    scores = scores_of(panel.value[at], panel.components)[np.ix_(known, complete)]
    drawn = np.stack([drawn_scores(panel, at, int(each), rules, FIGURE_DRAWS)[:, known] for each in complete], axis=-1)
    shifts = _shifts(np.concatenate([scores[None], drawn]), _weights(panel, at, scores, known, complete, rules))
    factors = [*zip(("figures", "normalisation", "weights", "mean"), shifts.shape, strict=True)]
    found = choice_sensitivity(factors, lambda chosen: shifts[tuple(chosen)], SAMPLES, rules.seed)
    return pl.DataFrame(
        [
            (
                *(panel.area_level, panel.period_kind, panel.periods[at]),
                *(each.factor, each.first, each.total, each.total_low, each.total_high),
                *(len(known), float(shifts.mean())),
            )
            for each in found
        ],
        schema=SENSITIVITY_SCHEMA,
        orient="row",
    )


def _weights(panel: Panel, at: int, scores: Floats, known: Places, complete: Places, rules: IndexRules) -> list[Floats]:
    declared = weights_in_force(panel, at, rules).in_whole[np.ix_(known, complete)].mean(axis=0)
    return [declared, entropy_weights(scores), critic_weights(scores), pca_weights(scores)[0]]


def _shifts(figures: Floats, weights: list[Floats]) -> Floats:
    """Mean shift of ranks from the published way, by figures, normalisation, weights and mean."""
    up = np.ones(figures.shape[-1])
    scales: list[Floats] = [
        100 * figures,
        np.stack([min_max(each, up) for each in figures]),
        np.stack([z_scores(each, up, 50.0, 15.0) for each in figures]),
        np.stack([percentile_ranks(each, up) for each in figures]),
    ]
    reference = aggregate(scales[0][0], weights[0])
    found = np.empty((len(figures), len(scales), len(weights), len(MEANS)))
    for n, scaled in enumerate(scales):
        # What does not vary between areas has no place in between.
        given = np.maximum(np.where(np.isnan(scaled), 50.0, scaled), FLOOR)
        for w, each in enumerate(weights):
            for m, mean in enumerate(MEANS):
                found[:, n, w, m] = mean_rank_shift(aggregate(given, each, mean), reference)
    return found
