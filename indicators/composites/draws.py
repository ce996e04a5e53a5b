"""Scores of one period of a panel, as published and as Monte Carlo draws them.

Belongs here: weights in force where figures are missing, the published scores, and their draws. Not here: tables
(`index`, `coordination`). Draws go indicator by indicator, so that nothing larger than draws × areas is held, and each
indicator has a stream of its own: its draws do not depend on which others there are.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from indicators.composites.normalise import goalposts
from indicators.composites.panel import Panel
from indicators.composites.rules import OVERALL, SETS, Aggregation, Component, IndexRules
from indicators.composites.uncertainty import drawn_figures
from indicators.intervals import Floats

FLOOR = 0.01
"""Least score that a geometric mean takes: otherwise one indicator at its worst would silence all others."""


@dataclass(frozen=True)
class Weights:
    """What components weigh where some figures are missing: 0 for these, and where too little is covered.

    Attributes
    ----------
    in_dimension, in_whole : array of float
        Areas by components; they sum to one within a dimension, and over all, or are 0.
    of_dimension : array of float
        Areas by dimensions: what each weighs in the whole.
    """

    in_dimension: Floats
    in_whole: Floats
    of_dimension: Floats


@dataclass(frozen=True)
class Drawn:
    """Drawn scores of one period, from 0 to 1.

    Attributes
    ----------
    scores : dict of str to array of float
        By dimension and `overall`: draws by areas, NaN where there is no score.
    costliest : dict of str to array of float
        By set of `SETS`, areas by components: share of the draws in which a component costs the set the most.
    """

    scores: dict[str, Floats]
    costliest: dict[str, Floats]


def dimensions_of(parts: Sequence[Component]) -> list[str]:
    """Dimensions of the components, in order."""
    return list(dict.fromkeys(part.dimension for part in parts))


def membership(parts: Sequence[Component]) -> Floats:
    """Components by dimensions: 1 where a component belongs to a dimension, else 0."""
    names = dimensions_of(parts)
    return np.array([[float(part.dimension == name) for name in names] for part in parts])


class DrawnFigures(NamedTuple):
    """Figures of one component (draws by areas), and the ends of its goalposts (one per draw)."""

    figures: Floats
    low: Floats
    high: Floats


def weights_in_force(panel: Panel, at: int, rules: IndexRules) -> Weights:
    """Weights in period `at` where figures are missing."""
    return weights_of(~np.isnan(panel.value[at]), ~panel.maturing[at], panel.components, rules)


def weights_of(
    is_there: npt.NDArray[np.bool_], is_due: npt.NDArray[np.bool_], parts: Sequence[Component], rules: IndexRules
) -> Weights:
    """Weights of components (areas by components) of which those that are there have figures.

    What has yet to settle is missed by nobody: `rules.least` is of the weight of all others, which are due.
    """
    there, due = is_there.astype(np.float64), is_due.astype(np.float64)
    member = membership(parts)
    leaf = np.array([part.weight for part in parts])
    above = np.array([rules.weights.get(name, 1.0) for name in dimensions_of(parts)])
    total = (there * leaf) @ member
    expected = (due * leaf) @ member
    covered = (total > 0) & (total >= rules.least * expected - 1e-12)
    in_dimension = there * leaf * (np.where(covered, 1 / np.where(covered, total, 1.0), 0.0) @ member.T)
    known = np.where(covered, above, 0.0)
    whole = known.sum(axis=1, keepdims=True)
    all_due = ((expected > 0) * above).sum(axis=1, keepdims=True)
    enough = (whole > 0) & (whole >= rules.least * all_due - 1e-12)
    of_dimension = np.where(enough, known / np.where(whole > 0, whole, 1.0), 0.0)
    return Weights(in_dimension, in_dimension * (of_dimension @ member.T), of_dimension)


def scores_of(figures: Floats, parts: Sequence[Component]) -> Floats:
    """Figures (components on the last axis) by the declared goalposts, 0 to 1."""
    return goalposts(
        figures, [part.low for part in parts], [part.high for part in parts], [part.direction for part in parts]
    )


def mean_scores(scores: Floats, weights: Weights, parts: Sequence[Component], how: Aggregation) -> dict[str, Floats]:
    """Scores by dimension and `overall` from those of the components, one per area; NaN where there is none."""
    given = np.nan_to_num(scores)
    terms = given if how == "arithmetic" else np.log(np.maximum(given, FLOOR))
    member = membership(parts)
    of_dimension = (weights.in_dimension * terms) @ member
    whole = (weights.in_whole * terms).sum(axis=1)
    if how == "geometric":
        of_dimension, whole = np.exp(of_dimension), np.exp(whole)
    covered = weights.in_dimension @ member > 0
    found = {
        name: np.where(covered[:, at], of_dimension[:, at], np.nan) for at, name in enumerate(dimensions_of(parts))
    }
    return found | {OVERALL: np.where(weights.of_dimension.any(axis=1), whole, np.nan)}


def draw(panel: Panel, at: int, rules: IndexRules) -> Drawn:
    """Draw the scores of period `at` of a panel.

    A draw's weights and goalposts are those of the same draw in every other period, so that no change is of the
    choices; figures are drawn anew.
    """
    parts = panel.components
    there = (~np.isnan(panel.value[at])).astype(np.float64)
    point = weights_in_force(panel, at, rules)
    is_geometric = rules.aggregation == "geometric"
    leaf = {part.indicator_id: _weight(part.indicator_id, part.weight, rules) for part in parts}
    shape = (rules.draws, len(panel.area_ids))
    names = dimensions_of(parts)
    total = {name: np.zeros(shape) for name in names}
    for i, part in enumerate(parts):
        total[part.dimension] += leaf[part.indicator_id][:, None] * there[:, i]
    means = {name: np.zeros(shape) for name in names}
    tops = {name: _weight(name, rules.weights.get(name, 1.0), rules) for name in names}
    costliest = {name: _Costliest(shape) for name in SETS}
    for i, part in enumerate(parts):
        name = part.dimension
        score = np.nan_to_num(drawn_scores(panel, at, i, rules, rules.draws), copy=False)
        weight = leaf[part.indicator_id][:, None] * there[:, i] / np.maximum(total[name], 1e-300)
        means[name] += weight * (np.log(np.maximum(score, FLOOR)) if is_geometric else score)
        for each, members in SETS.items():
            if name in members:
                costliest[each].offer(i, tops[name][:, None] * weight * (1 - score))
    scores = _whole(means, tops, point)
    if is_geometric:
        scores = {name: np.exp(each) for name, each in scores.items()}
    # Weights that sum to one may do so a digit too much.
    scores = {name: np.minimum(each, 1.0) for name, each in scores.items()}
    return Drawn(scores, {name: each.shares(len(parts)) for name, each in costliest.items()})


def drawn_scores(panel: Panel, at: int, component: int, rules: IndexRules, draws: int) -> Floats:
    """Scores of one component, draws by areas: the first `draws` of its stream."""
    figures, low, high = drawn_figures_of(panel, at, component, rules, draws)
    figures -= low[:, None]
    figures /= (high - low)[:, None]
    np.clip(figures, 0.0, 1.0, out=figures)
    return figures if panel.components[component].direction > 0 else 1.0 - figures


def drawn_figures_of(panel: Panel, at: int, component: int, rules: IndexRules, draws: int) -> DrawnFigures:
    """Figures and goalposts of one component: the first `draws` of its streams."""
    part = panel.components[component]
    figures = drawn_figures(
        panel.value[at, :, component],
        panel.lower[at, :, component],
        panel.upper[at, :, component],
        draws,
        stream(rules, part.indicator_id, panel.area_level, panel.period_kind, panel.periods[at].isoformat()),
    )
    moved = stream(rules, part.indicator_id, "goalposts").uniform(-1, 1, (draws, 2))
    moved *= rules.goalpost_noise * (part.high - part.low)
    return DrawnFigures(figures, part.low + moved[:, 0], part.high + moved[:, 1])


def _whole(dimensions: dict[str, Floats], tops: dict[str, Floats], point: Weights) -> dict[str, Floats]:
    """Drawn scores by dimension, with `overall`; NaN where the published weights give none."""
    of_dimension = point.of_dimension > 0
    weighted = sum(
        tops[name][:, None] * of_dimension[:, k] * scores for k, (name, scores) in enumerate(dimensions.items())
    )
    weights = sum(tops[name][:, None] * of_dimension[:, k] for k, name in enumerate(dimensions))
    overall = np.where(weights > 0, weighted / np.where(weights > 0, weights, 1.0), np.nan)
    return {**dimensions, OVERALL: overall}


class _Costliest:
    """Which component costs the most in each draw."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._most, self._which = np.full(shape, -1.0), np.full(shape, -1)

    def offer(self, component: int, lost: Floats) -> None:
        more = lost > self._most
        self._most[more] = lost[more]
        self._which[more] = component

    def shares(self, components: int) -> Floats:
        return np.stack([(self._which == each).mean(axis=0) for each in range(components)], axis=1)


def _weight(name: str, declared: float, rules: IndexRules) -> Floats:
    noise = stream(rules, name, "weight").uniform(1 - rules.weight_noise, 1 + rules.weight_noise, rules.draws)
    return np.asarray(declared * noise)


def stream(rules: IndexRules, *names: str) -> np.random.Generator:
    """Random numbers of their own for whatever is named so."""
    return np.random.default_rng([rules.seed, zlib.crc32("/".join(names).encode())])
