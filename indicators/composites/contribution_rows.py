"""What each indicator gives to a score, costs it, and gave to its change, as published: `index_contributions`.

Belongs here: one row per area and component. Not here: how a change is split (`contributions`).
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.composites.contributions import change_by_weights, split_change, split_geometric_change
from indicators.composites.draws import FLOOR, dimensions_of, membership
from indicators.composites.gaps_held import HELD_SCHEMA, KEY
from indicators.composites.obstacles import obstacle_degrees
from indicators.composites.panel import Panel
from indicators.composites.period import Period, placed
from indicators.composites.rules import IndexRules
from indicators.intervals import Floats

Places = npt.NDArray[np.int64]
CONTRIBUTION_SCHEMA = {
    "area_id": pl.String,
    "area_level": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "indicator_id": pl.String,
    "dimension": pl.String,
    "goalpost_low": pl.Float64,
    "goalpost_high": pl.Float64,
    "value": pl.Float64,
    "score": pl.Float64,
    "dimension_weight": pl.Float64,
    "weight": pl.Float64,
    "obstacle": pl.Float64,
    "dimension_change": pl.Float64,
    "change": pl.Float64,
    "change_by_weight": pl.Float64,
    "is_imputed": pl.Boolean,
    "rest_correlation": pl.Float64,
    "nearest": pl.String,
    "nearest_correlation": pl.Float64,
    **{name: dtype for name, dtype in HELD_SCHEMA.items() if name not in KEY},
}


def contribution_rows(panel: Panel, now: Period, before: Period | None, rules: IndexRules) -> pl.DataFrame:
    """One row per area and component with a figure, now or in the period before."""
    weights = now.weights
    of_whole = _split(now, before, "in_whole", rules)
    member = membership(panel.components)
    of_dimension = np.zeros_like(of_whole)
    for k in range(len(dimensions_of(panel.components))):
        own = np.flatnonzero(member[:, k])
        of_dimension[:, own] = _split(now, before, "in_dimension", rules, own)
    there = ~np.isnan(now.scores)
    was = there if before is None else there | ~np.isnan(before.scores)
    area, part = np.nonzero(was)
    chosen = [panel.components[each] for each in part]
    frame = pl.DataFrame(
        {
            "area_id": np.array(panel.area_ids)[area],
            "indicator_id": [each.indicator_id for each in chosen],
            "dimension": [each.dimension for each in chosen],
            "goalpost_low": [each.low for each in chosen],
            "goalpost_high": [each.high for each in chosen],
            "value": panel.value[now.at][area, part],
            "score": 100 * now.scores[area, part],
            "dimension_weight": weights.in_dimension[area, part],
            "weight": weights.in_whole[area, part],
            "obstacle": obstacle_degrees(now.scores, weights.in_whole)[area, part],
            "dimension_change": 100 * of_dimension[area, part],
            "change": 100 * of_whole[area, part],
            # Adding zero turns -0.0 into 0.0.
            "change_by_weight": 100 * _split_by_weights(now, before, rules)[area, part] + 0.0,
            "is_imputed": panel.imputed[now.at][area, part],
            "rest_correlation": now.diagnostics.with_rest[part],
            "nearest": [now.diagnostics.nearest[each] for each in part],
            "nearest_correlation": now.diagnostics.with_nearest[part],
        },
        # Of a period without any figure there are no rows to tell the types from.
        schema_overrides={
            name: CONTRIBUTION_SCHEMA[name] for name in ("indicator_id", "dimension", "area_id", "nearest")
        }
        | {"goalpost_low": pl.Float64, "goalpost_high": pl.Float64},
    )
    return placed(frame, panel, now.at)


def _split(now: Period, before: Period | None, which: str, rules: IndexRules, own: Places | None = None) -> Floats:
    """The change since the period before over the components; NaN where one of the periods has no score."""
    columns = slice(None) if own is None else own
    after, w1 = now.scores[:, columns], getattr(now.weights, which)[:, columns]
    if before is None:
        return np.full(after.shape, np.nan)
    earlier, w0 = before.scores[:, columns], getattr(before.weights, which)[:, columns]
    split = split_change if rules.aggregation == "arithmetic" else split_geometric_change
    floor = 0.0 if rules.aggregation == "arithmetic" else FLOOR
    parts = split(np.maximum(earlier, floor), np.maximum(after, floor), w0, w1)
    known = (w0.sum(axis=1) > 0) & (w1.sum(axis=1) > 0)
    return np.where(known[:, None], parts, np.nan)


def _split_by_weights(now: Period, before: Period | None, rules: IndexRules) -> Floats:
    """What of the overall change came by other weights, not other figures; NaN for geometric means."""
    if before is None or rules.aggregation == "geometric":
        return np.full(now.scores.shape, np.nan)
    w0, w1 = before.weights.in_whole, now.weights.in_whole
    known = (w0.sum(axis=1) > 0) & (w1.sum(axis=1) > 0)
    return np.where(known[:, None], change_by_weights(before.scores, now.scores, w0, w1), np.nan)
