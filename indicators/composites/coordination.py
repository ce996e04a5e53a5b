"""How well the three subjects and the four foundations do together, as published.

Belongs here: the table `coordination`, from the scores of an index and their draws. Not here: the formulas
(`coupling`, `synergy`, `obstacles`).
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.composites.coupling import class_within, coupling_coordination
from indicators.composites.draws import Drawn, scores_of, weights_in_force
from indicators.composites.obstacles import obstacle_degrees
from indicators.composites.panel import Panel
from indicators.composites.rules import SETS, IndexRules
from indicators.composites.synergy import movement, synergy
from indicators.composites.uncertainty import limits
from indicators.intervals import Floats

COORDINATION_SCHEMA = {
    "area_id": pl.String,
    "area_level": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "parts": pl.String,
    "coupling": pl.Float64,
    "coupling_low": pl.Float64,
    "coupling_high": pl.Float64,
    "level": pl.Float64,
    "level_low": pl.Float64,
    "level_high": pl.Float64,
    "coordination": pl.Float64,
    "coordination_low": pl.Float64,
    "coordination_high": pl.Float64,
    "standard_coupling": pl.Float64,
    "standard_coordination": pl.Float64,
    "coordination_class": pl.String,
    "movement": pl.String,
    "synergy": pl.Float64,
    "obstacle": pl.String,
    "obstacle_degree": pl.Float64,
    "obstacle_certainty": pl.Float64,
    "reason": pl.String,
}
Places = npt.NDArray[np.int64]
_MEASURES = ("coupling", "level", "coordination")


def coordination_rows(
    panel: Panel, at: int, by_scope: dict[str, Floats], drawn: Drawn, before: Drawn | None, rules: IndexRules
) -> pl.DataFrame:
    """Rows of one period: one per area and set of which at least one part has a score.

    Parameters
    ----------
    panel : Panel
    at : int
        The period.
    by_scope : dict of str to array of float
        Published scores by dimension, 0 to 1, one per area.
    drawn, before : Drawn
        Draws of the period, and of the one before.
    rules : IndexRules

    Returns
    -------
    DataFrame
        COORDINATION_SCHEMA. Where a part has no score, the figures are null and `reason` names the parts:
        `no_score:government,enterprises`. `movement` is null in a first period; `synergy` is given only where every
        part has moved for sure. `obstacle` is the set's indicator with the greatest obstacle degree,
        `obstacle_certainty` the share of draws in which it costs the most.
    """
    frames = []
    for name, members in SETS.items():
        present = [each for each in members if each in by_scope]
        if not present:
            continue
        nothing = np.full(len(panel.area_ids), np.nan)
        missing = np.stack([np.isnan(by_scope.get(each, nothing)) for each in members], axis=1)
        some = np.flatnonzero(~missing.all(axis=1))
        whole = np.flatnonzero(~missing.any(axis=1))
        rows = pl.DataFrame(
            {
                "area_id": [panel.area_ids[a] for a in some],
                "parts": [name] * len(some),
                "reason": [_reason(members, missing[a]) for a in some],
            },
            schema={"area_id": pl.String, "parts": pl.String, "reason": pl.String},
        )
        told = _told(panel, whole, members, by_scope, drawn, before, rules).join(
            _obstacles(panel, at, name, some, drawn, rules), on="area_id", how="full", coalesce=True
        )
        frames.append(rows.join(told, on="area_id", how="left", maintain_order="left"))
    if not frames:
        return pl.DataFrame(schema=COORDINATION_SCHEMA)
    return pl.concat(frames).with_columns(
        area_level=pl.lit(panel.area_level),
        period_kind=pl.lit(panel.period_kind),
        period_start=pl.lit(panel.periods[at]),
    )


def _reason(members: tuple[str, ...], missing: npt.NDArray[np.bool_]) -> str | None:
    names = [each for each, gone in zip(members, missing, strict=True) if gone]
    return f"no_score:{','.join(names)}" if names else None


def _told(
    panel: Panel,
    whole: Places,
    members: tuple[str, ...],
    by_scope: dict[str, Floats],
    drawn: Drawn,
    before: Drawn | None,
    rules: IndexRules,
) -> pl.DataFrame:
    """Coupling, level, coordination, and synergy of the areas of which every part has a score."""
    schema = {name: COORDINATION_SCHEMA[name] for name in ("area_id", *_TOLD)}
    if not len(whole):
        return pl.DataFrame(schema=schema)
    weights = [rules.weights.get(each, 1.0) for each in members]
    point = np.stack([by_scope[each][whole] for each in members], axis=-1)
    draws = np.stack([drawn.scores[each][:, whole] for each in members], axis=-1)
    found, spread = coupling_coordination(point, weights), coupling_coordination(draws, weights)
    standard = coupling_coordination(point, weights, "standard")
    columns: dict[str, object] = {"area_id": [panel.area_ids[a] for a in whole]}
    for name in _MEASURES:
        value, (low, high) = getattr(found, name), limits(getattr(spread, name))
        low, high = np.fmin(low, value), np.fmax(high, value)
        columns |= {name: value, f"{name}_low": low, f"{name}_high": high}
        if name == "coordination":
            columns["coordination_class"] = class_within(low, high)
    columns["standard_coupling"], columns["standard_coordination"] = standard.coupling, standard.coordination
    columns["movement"], columns["synergy"] = [None] * len(whole), np.full(len(whole), np.nan)
    if before is not None and all(each in before.scores for each in members):
        changes = draws - np.stack([before.scores[each][:, whole] for each in members], axis=-1)
        low, high = limits(changes)
        moves = [None if np.isnan(a).any() else movement(a, b) for a, b in zip(low, high, strict=True)]
        columns["movement"] = moves
        sure = np.array([move not in (None, "indeterminate") for move in moves])
        columns["synergy"] = np.where(sure, np.median(synergy(changes), axis=0), np.nan)
    return pl.DataFrame(columns, schema=schema)


_TOLD = (
    *(f"{name}{end}" for name in _MEASURES for end in ("", "_low", "_high")),
    *("standard_coupling", "standard_coordination", "coordination_class", "movement", "synergy"),
)


def _obstacles(panel: Panel, at: int, name: str, some: Places, drawn: Drawn, rules: IndexRules) -> pl.DataFrame:
    """The indicator of the set that costs each area the most, if any costs it anything."""
    parts = panel.components
    own = np.array([part.dimension in SETS[name] for part in parts])
    weights = weights_in_force(panel, at, rules)
    tops = np.array([rules.weights.get(part.dimension, 1.0) for part in parts])
    degrees = np.nan_to_num(obstacle_degrees(scores_of(panel.value[at], parts), weights.in_dimension * tops * own))[
        some
    ]
    first = degrees.argmax(axis=1)
    degree = degrees.max(axis=1)
    certainty = drawn.costliest[name][some, first]
    return pl.DataFrame(
        {
            "area_id": [panel.area_ids[a] for a in some],
            "obstacle": [
                parts[each].indicator_id if most > 0 else None for each, most in zip(first, degree, strict=True)
            ],
            "obstacle_degree": np.where(degree > 0, degree, np.nan),
            "obstacle_certainty": np.where(degree > 0, certainty, np.nan),
        },
        schema={
            each: COORDINATION_SCHEMA[each] for each in ("area_id", "obstacle", "obstacle_degree", "obstacle_certainty")
        },
    )
