"""What is worked out of one period of a panel before anything of it is told.

Belongs here: scores, their draws, and what goes with what, of one period. Not here: the rows that tell of it (`index`,
`contribution_rows`, `coordination`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from indicators.composites.choices import drawn_by_choices
from indicators.composites.diagnostics import Diagnostics, diagnose
from indicators.composites.draws import Drawn, Weights, draw, mean_scores, scores_of, weights_in_force
from indicators.composites.panel import Panel
from indicators.composites.rules import IndexRules
from indicators.intervals import Floats


@dataclass(frozen=True)
class Period:
    """What is known of one period: scores of components and of scopes, 0 to 1, and their draws."""

    at: int
    scores: Floats
    weights: Weights
    by_scope: dict[str, Floats]
    drawn: Drawn
    by_choices: dict[str, Floats]
    """Scores by combinations of all choices, of the scopes in which areas are ranked: draws by areas with a score."""
    diagnostics: Diagnostics


def period_of(panel: Panel, at: int, rules: IndexRules) -> Period:
    """Score one period of a panel."""
    weights = weights_in_force(panel, at, rules)
    scores = scores_of(panel.value[at], panel.components)
    by_scope = mean_scores(scores, weights, panel.components, rules.aggregation)
    known = {scope: np.flatnonzero(~np.isnan(each)) for scope, each in by_scope.items()}
    drawn = {scope: drawn_by_choices(panel, at, scope, areas, rules) for scope, areas in known.items()}
    by_choices = {scope: each for scope, each in drawn.items() if each is not None}
    diagnostics = diagnose(scores, by_scope, panel.components, rules.fewest_areas)
    return Period(at, scores, weights, by_scope, draw(panel, at, rules), by_choices, diagnostics)


def placed(frame: pl.DataFrame, panel: Panel, at: int) -> pl.DataFrame:
    """Rows with the level and the period that they are of."""
    return frame.with_columns(
        area_level=pl.lit(panel.area_level),
        period_kind=pl.lit(panel.period_kind),
        period_start=pl.lit(panel.periods[at]),
    )
