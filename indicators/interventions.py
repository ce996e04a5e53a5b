"""Declared interventions: what their areas' counts did, beside areas without them.

Belongs here: from published monthly figures and a declaration to the evaluation and its months, and when there is
none. Not here: what is declared (`declared`), nor the methods (`evaluation`, `dispersion`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from indicators.declared import FEWEST_CONTROLS, Intervention, last_day
from indicators.dispersion import Dispersion, dispersion
from indicators.evaluation import harm_wdd, minimum_detectable_change, pre_trend_p_value, wdd
from indicators.intervals import Floats, normal_quantile
from indicators.intervention_counts import ROLES, RoleCounts, counts_of, members_of, monthly_cells, windows_of
from indicators.placebos import placebo_share
from indicators.rounding import SIGNIFICANT_DIGITS

# Reasons that a figure is not final for; all others say why there is none.
UNSETTLED = ("period_open", "maturing", "partial_records", "gate_failed", "stale_since")
CONFIDENCE = 0.95

_NUMBERS = (
    *(f"{role}_{window}" for role in ROLES for window in ("before", "after")),
    *("local", "local_low", "local_high", "displaced", "displaced_low", "displaced_high"),
    *("total", "total_low", "total_high", "p_value", "dispersion"),
    *("harm", "harm_low", "harm_high", "harm_p_value"),
)
RESULT_SCHEMA: dict[str, type[pl.DataType]] = {
    "intervention_id": pl.String,
    "indicator_id": pl.String,
    "area_level": pl.String,
    "treated": pl.String,
    "buffer": pl.String,
    "control": pl.String,
    "harm_weights": pl.String,
    "start": pl.Date,
    "months": pl.Int32,
    "months_compared": pl.Int32,
    "before_start": pl.Date,
    "before_end": pl.Date,
    "after_start": pl.Date,
    "after_end": pl.Date,
    **dict.fromkeys(_NUMBERS, pl.Float64),
    "degrees": pl.Int32,
    "placebo_p_value": pl.Float64,
    "placebos": pl.Int32,
    "pre_trend_p_value": pl.Float64,
    "detectable_fall": pl.Float64,
    "detectable_share": pl.Float64,
    "status": pl.String,
    "reason": pl.String,
}
MONTH_SCHEMA: dict[str, type[pl.DataType]] = {
    "intervention_id": pl.String,
    "month": pl.Date,
    "phase": pl.String,
    "treated": pl.Float64,
    "treated_expected": pl.Float64,
    "buffer": pl.Float64,
    "buffer_expected": pl.Float64,
    "control": pl.Float64,
    "difference": pl.Float64,
    "chance_low": pl.Float64,
    "chance_high": pl.Float64,
}


@dataclass(frozen=True)
class Evaluations:
    """What is published: `results` as RESULT_SCHEMA, `months` as MONTH_SCHEMA, both sorted."""

    results: pl.DataFrame
    months: pl.DataFrame


def evaluate_interventions(
    interventions: Sequence[Intervention],
    values: pl.DataFrame,
    areas: pl.DataFrame,
    availability: pl.DataFrame,
    as_of: date,
) -> Evaluations:
    """Evaluate each intervention by the weighted displacement difference of its monthly counts.

    Both windows have the same number of months and are weighed by their days. While fewer months after the start are
    over than declared, as many of the latest before stand against them. The control areas stand for what would have
    happened: the one group, scaled to the size of the treated areas, of the buffer areas, and of both. φ comes from
    the control areas over the two windows, with its degrees of freedom; that of the monthly differences from the
    months before.

    Parameters
    ----------
    interventions : sequence of Intervention
    values : DataFrame
        `indicator_values` as published.
    areas : DataFrame
        area_id, area_level, is_unallocated.
    availability : DataFrame
        indicator_id, status, reason.
    as_of : date
        The last day that counts.

    Returns
    -------
    Evaluations
        Counts and differences are events in the compared months; the p-value of placebos is that of `placebo_share`
        over treated and control areas.

    Raises
    ------
    ValueError
        If an area of an intervention is not of its level.

    References
    ----------
    Wheeler & Ratcliffe (2018), Crime Science 7:11.
    """
    reasons = dict(availability.select("indicator_id", "reason").iter_rows())
    evaluated = [
        _evaluate(each, members_of(each, interventions, areas), values, reasons.get(each.indicator_id), as_of)
        for each in sorted(interventions, key=lambda each: each.id)
    ]
    rounded = pl.selectors.float().round_sig_figs(SIGNIFICANT_DIGITS) + 0.0
    return Evaluations(
        pl.DataFrame([result for result, _ in evaluated], schema=RESULT_SCHEMA).with_columns(rounded),
        pl.concat([pl.DataFrame(schema=MONTH_SCHEMA), *(months for _, months in evaluated)]).with_columns(rounded),
    )


def _evaluate(
    declared: Intervention, members: dict[str, list[str]], values: pl.DataFrame, unavailable: str | None, as_of: date
) -> tuple[dict[str, Any], pl.DataFrame]:
    """The row of an intervention, and its months."""
    after = declared.months_after(as_of)
    before = declared.months_before[-len(after) :] if after else []
    row: dict[str, Any] = dict.fromkeys(RESULT_SCHEMA)
    row |= {role: json.dumps(members[role]) for role in ROLES} | {
        "intervention_id": declared.id,
        "indicator_id": declared.indicator_id,
        "area_level": declared.area_level,
        "start": declared.start,
        "months": declared.months,
        "months_compared": len(after),
        "harm_weights": json.dumps(dict(sorted(declared.harm)), sort_keys=True) if declared.harm else None,
        "status": "not_available",
    }
    if after:
        row |= {"before_start": before[0], "before_end": last_day(before[-1])}
        row |= {"after_start": after[0], "after_end": last_day(after[-1])}
    nothing = pl.DataFrame(schema=MONTH_SCHEMA)
    cells = monthly_cells(declared, members, values, after)
    if cells.is_empty():
        return row | {"reason": unavailable or "months_missing"}, nothing
    counted = counts_of(declared, cells, members, after)
    if isinstance(counted, str):
        return row | {"reason": counted}, nothing
    if min(counted.sizes[role].sum() for role in ROLES if members[role]) == 0:
        return row | {"reason": "nothing_to_count"}, nothing
    row["pre_trend_p_value"] = _pre_trend(counted, declared)
    months = _months(counted, declared)
    compared = windows_of(counted, before, after)
    if reason := _incomparable(declared, compared, after):
        return row | {"reason": reason}, months
    row |= _difference(compared, counted.sizes, before, after)
    row |= _harm(declared, members, values, before, after)
    return row | _standing(cells, len(after) < declared.months), months


def _incomparable(declared: Intervention, compared: dict[str, Floats], after: list[date]) -> str | None:
    """Why the two windows cannot be evaluated, None where they can."""
    if not after:
        return f"no_month_after:{last_day(declared.first_after)}"
    if compared["control"].sum(axis=0).min() == 0:
        return "nothing_to_count"
    # An area in which nothing was counted tells nothing of how much areas vary.
    if (compared["control"].sum(axis=1) > 0).sum() < FEWEST_CONTROLS:
        return f"few_controls:{FEWEST_CONTROLS}"
    return None


def _difference(
    compared: dict[str, Floats], sizes: dict[str, Floats], before: list[date], after: list[date]
) -> dict[str, Any]:
    """The evaluation of two windows: counts, differences with limits, placebos and what could be seen."""
    times = _time_weights(before, after)
    spread = dispersion(compared["control"])
    sums = {role: compared[role].sum(axis=0) for role in ROLES}
    size = {role: sizes[role].sum() for role in ROLES}
    row: dict[str, Any] = {
        f"{role}_{window}": sums[role][n]
        for role in ROLES
        for n, window in enumerate(("before", "after"))
        if len(compared[role])
    }
    parts = {"local": ("treated",), "total": ("treated", "buffer")}
    if len(compared["buffer"]):
        parts["displaced"] = ("buffer",)
    for name, roles in parts.items():
        found = _against_controls(roles, sums, size, times, spread).row(0, named=True)
        row |= {name: found["total"], f"{name}_low": found["lower"], f"{name}_high": found["upper"]}
        row["p_value"] = found["p_value"] if name == "total" else row.get("p_value")
    scale = (size["treated"] + size["buffer"]) / size["control"]
    others = sums["buffer"][0] + scale**2 * sums["control"][0]
    seen = minimum_detectable_change(sums["treated"][0], others, spread.phi, degrees=spread.degrees)
    # Without the buffer areas: among many areas dealt out anew, one that really changed would be in too many choices.
    placebo, placebos = placebo_share(
        compared["treated"], sizes["treated"], compared["control"], sizes["control"], times
    )
    return row | {
        "dispersion": spread.phi,
        "degrees": spread.degrees,
        "placebo_p_value": placebo,
        "placebos": placebos,
        "detectable_fall": seen["fall"][0],
        "detectable_share": seen["fall_share"][0],
    }


def _time_weights(before: list[date], after: list[date]) -> Floats:
    days = np.array([sum(last_day(month).day for month in window) for window in (before, after)], dtype=np.float64)
    weights: Floats = days / days.mean()
    return weights


def _against_controls(
    roles: Sequence[str], sums: dict[str, Floats], size: dict[str, float], times: Floats, spread: Dispersion
) -> pl.DataFrame:
    """Difference of the areas of some roles, together, from the control areas at their size."""
    counts = [np.sum([sums[role] for role in roles], axis=0), sums["control"]]
    weights = (1.0, size["control"] / sum(size[role] for role in roles))
    return wdd(counts, area_weights=weights, time_weights=times, dispersion=spread.phi, degrees=spread.degrees)


def _harm(
    declared: Intervention, members: dict[str, list[str]], values: pl.DataFrame, before: list[date], after: list[date]
) -> dict[str, Any]:
    """The difference of treated and buffer areas over several kinds of event, each times the harm of one.

    Every kind has its own controls' change and its own φ; the fewest degrees of freedom hold for the sum. None where
    one of the kinds cannot be evaluated: a sum without it would be of another harm.
    """
    evaluated, fewest = [], np.inf
    for indicator, _ in declared.harm:
        kind = replace(declared, indicator_id=indicator)
        cells = monthly_cells(kind, members, values, after)
        counted = counts_of(kind, cells, members, after) if cells.height else ""
        if isinstance(counted, str) or min(counted.sizes[role].sum() for role in ROLES if members[role]) == 0:
            return {}
        compared = windows_of(counted, before, after)
        if _incomparable(kind, compared, after):
            return {}
        spread = dispersion(compared["control"])
        sums = {role: compared[role].sum(axis=0) for role in ROLES}
        size = {role: counted.sizes[role].sum() for role in ROLES}
        times = _time_weights(before, after)
        evaluated.append(_against_controls(("treated", "buffer"), sums, size, times, spread))
        fewest = min(fewest, spread.degrees)
    if not evaluated:
        return {}
    found = harm_wdd(pl.concat(evaluated), [weight for _, weight in declared.harm], fewest).row(0, named=True)
    names = {"harm": "total", "harm_low": "lower", "harm_high": "upper", "harm_p_value": "p_value"}
    return {name: found[column] for name, column in names.items()}


def _scale(counted: RoleCounts, role: str) -> float:
    return float(counted.sizes[role].sum() / counted.sizes["control"].sum())


def _monthly_spread(counted: RoleCounts, declared: Intervention) -> Dispersion:
    """φ of single months, from the control areas before the start."""
    before = counted.counts["control"][:, : declared.months]
    has_any = (before.sum(axis=1) > 0).sum() >= FEWEST_CONTROLS and (before.sum(axis=0) > 0).sum() >= 2
    return dispersion(before) if has_any else Dispersion(1.0, 1)


def _pre_trend(counted: RoleCounts, declared: Intervention) -> float | None:
    treated, control = (counted.counts[role][:, : declared.months].sum(axis=0) for role in ("treated", "control"))
    phi = _monthly_spread(counted, declared).phi
    return pre_trend_p_value(treated, control, phi, control_scale=_scale(counted, "treated"))


def _months(counted: RoleCounts, declared: Intervention) -> pl.DataFrame:
    """Every month with the counts, those that the controls lead to expect, and how far chance carries a difference."""
    treated, buffer, control = (counted.counts[role].sum(axis=0) for role in ROLES)
    has_buffer = len(counted.counts["buffer"]) > 0
    scale = _scale(counted, "treated")
    # Had both gone the same way, the events of a month would be divided as the sizes are.
    share = scale / (1 + scale)
    variance = (treated + control) * (share + scale**2 * (1 - share))
    reach = normal_quantile(CONFIDENCE) * np.sqrt(_monthly_spread(counted, declared).phi * variance)
    nothing = np.full(len(control), np.nan)
    month = pl.col("month")
    return (
        pl.DataFrame(
            {
                "month": counted.months,
                "treated": treated,
                "treated_expected": control * scale,
                "buffer": buffer if has_buffer else nothing,
                "buffer_expected": control * _scale(counted, "buffer") if has_buffer else nothing,
                "control": control,
                "difference": treated - control * scale,
                "chance_low": -reach,
                "chance_high": reach,
            },
            nan_to_null=True,
        )
        .with_columns(
            intervention_id=pl.lit(declared.id),
            phase=pl.when(month > pl.lit(declared.months_before[-1]))
            .then(pl.when(month < pl.lit(declared.first_after)).then(pl.lit("start")).otherwise(pl.lit("after")))
            .otherwise(pl.lit("before")),
        )
        .select(*MONTH_SCHEMA)
    )


def _standing(cells: pl.DataFrame, is_open: bool) -> dict[str, str | None]:
    """Status and reasons: of each sort that of the latest month, which is the gravest."""
    told = {"period_open": "period_open"} if is_open else {}
    for reason in cells.sort("period_start", "area_id")["reason"].drop_nulls():
        for code in reason.split(";"):
            name = code.partition(":")[0]
            if name in UNSETTLED:
                told[name] = code
    is_stale = (cells["status"] == "stale").any()
    return {
        "status": "stale" if is_stale else "provisional" if told else "final",
        "reason": ";".join(told[name] for name in sorted(told)) or None,
    }
