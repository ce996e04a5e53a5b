"""The composite index as published: scores with their intervals and ranks, and what each indicator gives to them.

Belongs here: putting the methods of this package to work on published figures, and the table `index_scores`. Not here:
the rows of contributions (`contribution_rows`) and of coordination (`coordination`), which rest on the same draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.catalogue.entries import Entry
from indicators.composites.choices import SENSITIVITY_SCHEMA, sensitivity_rows
from indicators.composites.contribution_rows import CONTRIBUTION_SCHEMA, contribution_rows
from indicators.composites.coordination import COORDINATION_SCHEMA, coordination_rows
from indicators.composites.draws import drawn_scores, mean_scores, scores_of
from indicators.composites.gaps_held import KEY, hold_gaps
from indicators.composites.gaps_held import SCHEMA as LEVELS_SCHEMA
from indicators.composites.panel import USED, Panel, panels
from indicators.composites.period import Period, period_of, placed
from indicators.composites.rules import OVERALL, Component, IndexRules, components
from indicators.composites.topsis import closeness
from indicators.composites.uncertainty import limits, rank_limits
from indicators.composites.weights import entropy_weights
from indicators.intervals import Floats
from indicators.rounding import SIGNIFICANT_DIGITS

SCORE_SCHEMA = {
    "area_id": pl.String,
    "area_level": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "scope": pl.String,
    "score": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "bound_low": pl.Float64,
    "bound_high": pl.Float64,
    "change": pl.Float64,
    "change_low": pl.Float64,
    "change_high": pl.Float64,
    "areas_ranked": pl.Int32,
    "rank": pl.Int32,
    "rank_low": pl.Int32,
    "rank_high": pl.Int32,
    "closeness": pl.Float64,
    "closeness_low": pl.Float64,
    "closeness_high": pl.Float64,
    "indicators": pl.Int32,
    "coverage": pl.Float64,
    "imputed_share": pl.Float64,
    "alpha": pl.Float64,
    "consistency_ratio": pl.Float64,
    "status": pl.String,
    "reason": pl.String,
}
CLOSENESS_DRAWS = 200
Places = npt.NDArray[np.int64]
_KEY = ["area_level", "period_kind", "period_start", "area_id"]


@dataclass(frozen=True)
class Index:
    """The tables of an index: frames of SCORE_SCHEMA, CONTRIBUTION_SCHEMA, COORDINATION_SCHEMA, SENSITIVITY_SCHEMA."""

    scores: pl.DataFrame
    contributions: pl.DataFrame
    coordination: pl.DataFrame
    sensitivity: pl.DataFrame


def compute_index(
    values: pl.DataFrame,
    entries: Sequence[Entry],
    areas: pl.DataFrame,
    rules: IndexRules | None = None,
    levels: pl.DataFrame | None = None,
) -> Index:
    """Compute the composite index and the coordination of its dimensions from published figures.

    Scores go from 0 to 100 between fixed goalposts, so that one means the same in every period and beside any other
    area; the mean of a dimension's indicators is the dimension's, that of the dimensions the whole. Their intervals
    are Monte Carlo over the figures' own intervals, the weights and the goalposts; those of ranks over every other
    choice of method, too.

    Parameters
    ----------
    values : DataFrame
        `indicator_values` as published.
    entries : sequence of Entry
    areas : DataFrame
        area_id, is_unallocated, peer_group.
    rules : IndexRules, optional
    levels : DataFrame, optional
        Levels of both groups behind gaps, as `group_levels` gives them: a gap that closes because both do worse counts
        as it stood before.

    Returns
    -------
    Index
        Sorted. The same inputs give the same numbers, to the last published digit.

    References
    ----------
    OECD/JRC (2008), Handbook on Constructing Composite Indicators; Saisana, Saltelli & Tarantola (2005), J. R. Statist.
    Soc. A 168:307-323.
    """
    rules = rules or IndexRules()
    parts = components(entries, rules)
    scores, contributions, coordination, sensitivity = [], [], [], []
    held = hold_gaps(values, pl.DataFrame(schema=LEVELS_SCHEMA) if levels is None else levels, entries)
    for panel in panels(held.values, entries, parts, areas, rules):
        before: Period | None = None
        for at in range(len(panel.periods)):
            now = period_of(panel, at, rules)
            scores.append(_scores(panel, now, before, parts, rules))
            gives = contribution_rows(panel, now, before, rules)
            contributions.append(gives.join(held.levels, on=[*KEY], how="left", maintain_order="left"))
            coordination.append(
                coordination_rows(panel, at, now.by_scope, now.drawn, before.drawn if before else None, rules)
            )
            before = now
        if before is not None:
            sensitivity.append(
                sensitivity_rows(panel, before.at, before.by_scope[OVERALL], before.by_choices.get(OVERALL), rules)
            )
    return Index(
        _table(scores, SCORE_SCHEMA, [*_KEY, "scope"]),
        _table(contributions, CONTRIBUTION_SCHEMA, [*_KEY, "indicator_id"]),
        _table(coordination, COORDINATION_SCHEMA, [*_KEY, "parts"]),
        _table(sensitivity, SENSITIVITY_SCHEMA, [*_KEY[:3], "choice"]),
    )


def _table(frames: Sequence[pl.DataFrame], schema: Mapping[str, type[pl.DataType]], key: list[str]) -> pl.DataFrame:
    """All rows, sorted; numbers as they are published, NaN being no number."""
    whole = pl.concat([pl.DataFrame(schema=schema), *(_typed(frame, schema) for frame in frames)])
    # Adding zero turns -0.0 into 0.0.
    return whole.with_columns(pl.col(pl.Float64).round_sig_figs(SIGNIFICANT_DIGITS) + 0.0).sort(key)


def _typed(frame: pl.DataFrame, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    floats = frame.with_columns(pl.col(pl.Float64).fill_nan(None))
    return floats.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _scores(
    panel: Panel, now: Period, before: Period | None, declared: Sequence[Component], rules: IndexRules
) -> pl.DataFrame:
    worst, best = (
        mean_scores(
            scores_of(_ends(panel, now.at, end), panel.components), now.weights, panel.components, rules.aggregation
        )
        for end in ("worst", "best")
    )
    there = ~np.isnan(panel.value[now.at])
    frames = []
    for scope, score in now.by_scope.items():
        drawn = now.drawn.scores[scope]
        low, high = limits(drawn)
        # A score on a goalpost lies at the end of what is drawn.
        low, high = np.fmin(low, score), np.fmax(high, score)
        of_scope = np.array([scope in (OVERALL, part.dimension) for part in panel.components])
        whole = sum(_share(part, scope, declared, rules) for part in declared)
        shares = np.array([_share(part, scope, declared, rules) for part in panel.components])
        count = (there & of_scope).sum(axis=1)
        in_force = now.weights.in_whole if scope == OVERALL else now.weights.in_dimension * of_scope
        maturing = panel.maturing[now.at] & of_scope
        standing = np.where(in_force > 0, panel.standing[now.at], 0).max(axis=1)
        standing = np.where(maturing.any(axis=1), np.maximum(standing, USED.index("provisional")), standing)
        has_score = ~np.isnan(score)
        coverage = (there * shares).sum(axis=1) / whole
        frame = pl.DataFrame(
            {
                "area_id": panel.area_ids,
                "scope": scope,
                "score": 100 * score,
                "lower": 100 * low,
                "upper": 100 * high,
                "bound_low": 100 * np.fmin(worst[scope], low),
                "bound_high": 100 * np.fmax(best[scope], high),
                **_change(now, before, scope),
                **_ranks(now, scope),
                **_closeness(panel, now, scope, rules),
                "indicators": count,
                "coverage": coverage,
                "imputed_share": np.where(has_score, (in_force * panel.imputed[now.at]).sum(axis=1), np.nan),
                "alpha": now.diagnostics.alpha[scope],
                "consistency_ratio": rules.consistency.get(scope),
                "status": np.where(has_score, np.array(USED)[standing], "not_available"),
                "reason": [
                    _reason(panel, left_out) if known else f"little_coverage:{100 * share:.0f}"
                    for known, left_out, share in zip(has_score, maturing, coverage, strict=True)
                ],
            },
            schema_overrides={"reason": pl.String, "consistency_ratio": pl.Float64},
        )
        frames.append(frame.filter(pl.col("indicators") > 0))
    return placed(pl.concat(frames), panel, now.at)


def _reason(panel: Panel, left_out: npt.NDArray[np.bool_]) -> str | None:
    """Name the indicators that have yet to settle."""
    named = [panel.components[each].indicator_id for each in np.flatnonzero(left_out)]
    return f"left_out:{','.join(named)}" if named else None


def _share(part: Component, scope: str, declared: Sequence[Component], rules: IndexRules) -> float:
    """Weight of a component in a scope if every declared one had a figure (dimensions: relative to one another)."""
    if scope not in (OVERALL, part.dimension):
        return 0.0
    own = sum(each.weight for each in declared if each.dimension == part.dimension)
    return part.weight / own * (rules.weights.get(part.dimension, 1.0) if scope == OVERALL else 1.0)


def _ends(panel: Panel, at: int, end: str) -> Floats:
    """The bound of each figure at its worse or better end; without one, its limit, and without that, the figure.

    A bound without the other is one of a figure of which the other end is not known: there it may be at the goalpost.
    """
    is_low = np.array([(part.direction > 0) == (end == "worst") for part in panel.components])
    found: Floats = panel.value[at]
    for low, high in ((panel.lower[at], panel.upper[at]), (panel.bound_low[at], panel.bound_high[at])):
        side = np.where(is_low, low, high)
        further = np.where(is_low, np.minimum(found, side), np.maximum(found, side))
        found = np.where(np.isnan(side), found, further)
    is_open = np.isnan(side) & ~np.isnan(np.where(is_low, high, low))
    posts = np.array([part.low if at_low else part.high for part, at_low in zip(panel.components, is_low, strict=True)])
    return np.where(is_open, np.broadcast_to(posts, found.shape), found)


def _change(now: Period, before: Period | None, scope: str) -> dict[str, Floats]:
    if before is None:
        nothing = np.full(len(now.by_scope[scope]), np.nan)
        return {"change": nothing, "change_low": nothing, "change_high": nothing}
    low, high = limits(now.drawn.scores[scope] - before.drawn.scores[scope])
    change = now.by_scope[scope] - before.by_scope[scope]
    low, high = np.fmin(low, change), np.fmax(high, change)
    return {"change": 100 * change, "change_low": 100 * low, "change_high": 100 * high}


def _ranks(now: Period, scope: str) -> dict[str, Floats]:
    score = now.by_scope[scope]
    known = ~np.isnan(score)
    columns = {name: np.full(len(score), np.nan) for name in ("rank", "rank_low", "rank_high", "areas_ranked")}
    if scope in now.by_choices:
        low, high = rank_limits(now.by_choices[scope])
        # Equal scores share the first of their ranks.
        rank = 1 + (score[known][None, :] > score[known][:, None] + 1e-12).sum(axis=1)
        columns["rank"][known] = rank
        columns["rank_low"][known], columns["rank_high"][known] = np.minimum(low, rank), np.maximum(high, rank)
        columns["areas_ranked"][known] = known.sum()
    return columns


def _closeness(panel: Panel, now: Period, scope: str, rules: IndexRules) -> dict[str, Floats]:
    """Closeness to the best by TOPSIS with entropy weights, over the indicators that every area has."""
    score = now.by_scope[scope]
    columns = {name: np.full(len(score), np.nan) for name in ("closeness", "closeness_low", "closeness_high")}
    known = np.flatnonzero(~np.isnan(score))
    complete = np.flatnonzero(~np.isnan(now.scores[known]).any(axis=0)) if len(known) else known
    if scope != OVERALL or len(known) < rules.fewest_areas or len(complete) < 2:
        return columns
    point = now.scores[np.ix_(known, complete)]
    better = np.ones(len(complete))
    drawn = np.stack(
        [drawn_scores(panel, now.at, int(each), rules, CLOSENESS_DRAWS)[:, known] for each in complete], axis=-1
    )
    found = closeness(point, entropy_weights(point), better)
    low, high = limits(closeness(drawn, entropy_weights(drawn), better))
    columns["closeness"][known] = found
    columns["closeness_low"][known], columns["closeness_high"][known] = np.fmin(low, found), np.fmax(high, found)
    return columns
