"""What an intervention did to counts: the weighted displacement difference, and what must stand beside it.

Belongs here: the design (which areas, which two windows), the estimate, placebo evaluations over other
areas, the differences before, the smallest change that could be seen. Not here: how much counts vary beyond chance
(`dispersion`), change of an area against its own past alone (`change`).

References
----------
Wheeler & Ratcliffe (2018), A simple weighted displacement difference test to evaluate place based crime
interventions, Crime Science 7:11.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from indicators.dispersion import checked_dispersion
from indicators.intervals import Floats, normal_quantile

ROLES = ("treated", "control", "displaced_treated", "displaced_control")
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])


@dataclass(frozen=True)
class Design:
    """Areas and windows of an evaluation.

    Parameters
    ----------
    treated, control : tuple of str
        Areas with the intervention, and comparable ones without.
    before, after : tuple of date
        First and last day of each window.
    displaced_treated, displaced_control : tuple of str
        Areas that crime may have moved to, and comparable ones; both or neither.

    Raises
    ------
    ValueError
        If the windows differ in length or overlap, or an area has two roles.
    """

    treated: tuple[str, ...]
    control: tuple[str, ...]
    before: tuple[date, date]
    after: tuple[date, date]
    displaced_treated: tuple[str, ...] = ()
    displaced_control: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = [(last - first).days + 1 for first, last in (self.before, self.after)]
        if lengths[0] != lengths[1] or lengths[0] < 1:
            raise ValueError(
                f"before has {lengths[0]} days and after {lengths[1]}: a longer window counts more, so give both the "
                "same length"
            )
        if self.after[0] <= self.before[1]:
            raise ValueError(f"after starts on {self.after[0]}, within before: the windows must not overlap")
        if not self.treated or not self.control:
            raise ValueError("an evaluation needs at least one treated and one control area")
        if bool(self.displaced_treated) != bool(self.displaced_control):
            raise ValueError("displacement areas need control areas of their own: give both or neither")
        members = [area for role in ROLES for area in getattr(self, role)]
        if len(members) != len(set(members)):
            raise ValueError("an area has two roles: keep each area in one of them")


def wdd(
    counts: npt.ArrayLike,
    *,
    area_weights: npt.ArrayLike = (1.0, 1.0, 1.0, 1.0),
    time_weights: npt.ArrayLike = (1.0, 1.0),
    dispersion: npt.ArrayLike = 1.0,
    degrees: npt.ArrayLike = np.inf,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """Weighted displacement difference: change of the treated areas less change of their controls, both kinds summed.

    Parameters
    ----------
    counts : array_like, shape (..., roles, 2)
        Counts before and after, of treated and control areas and, where crime may have moved, of the displacement
        areas and their controls (2 or 4 roles, in the order of `ROLES`).
    area_weights : array_like, shape (4,) or (evaluations, 4)
        Sizes of the areas of each role: counts are divided by them. Two are enough for two roles.
    time_weights : array_like, shape (2,)
        Lengths of the two windows. `evaluate` allows none but equal ones: seasons and trends differ otherwise.
    dispersion, degrees : array_like, shape (...)
        φ ≥ 1 that variances are multiplied with, and the degrees of freedom that it was estimated with: limits and
        p-values are then Student's.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        One row per evaluation: `local`, `local_error`, `displaced`, `displaced_error`, `total`, `total_error`, `z`,
        `p_value`, `lower`, `upper`. z and p-value are null where nothing was counted at all.
    """
    y = np.asarray(counts, dtype=np.float64)
    if y.ndim < 2 or y.shape[-1] != 2 or y.shape[-2] not in (2, 4) or not np.all(np.isfinite(y)) or np.any(y < 0):
        raise ValueError("counts must be finite, not negative, and of shape (…, 2 or 4 roles, before and after)")
    areas, times = np.asarray(area_weights, dtype=np.float64), np.asarray(time_weights, dtype=np.float64)
    if np.any(areas <= 0) or np.any(times <= 0):
        raise ValueError("area and time weights must be above zero")
    phi = np.broadcast_to(np.asarray(dispersion, dtype=np.float64), y.shape[:-2]).ravel()
    checked_dispersion(float(np.min(phi, initial=1.0)))
    freedom = np.broadcast_to(np.asarray(degrees, dtype=np.float64), y.shape[:-2]).ravel()
    roles = y.shape[-2]
    y = y.reshape(-1, roles, 2)
    per = areas.reshape(-1, areas.shape[-1])[:, :roles, None] * times
    change = SIGNS[:roles] * np.diff(y / per, axis=-1)[..., 0]
    variance = phi[:, None] * (y / per**2).sum(axis=-1)
    local, spread = change[:, :2].sum(axis=1), variance[:, :2].sum(axis=1)
    moved, moved_spread = change[:, 2:].sum(axis=1), variance[:, 2:].sum(axis=1)
    return pl.DataFrame(
        {
            "local": local,
            "local_error": np.sqrt(spread),
            "displaced": moved,
            "displaced_error": np.sqrt(moved_spread),
        }
    ).hstack(_judged(local + moved, spread + moved_spread, freedom, confidence))


def harm_wdd(
    evaluations: pl.DataFrame, weights: npt.ArrayLike, degrees: float = np.inf, confidence: float = 0.95
) -> pl.DataFrame:
    """Sum of the evaluations of several kinds of crime, each times its weight.

    Parameters
    ----------
    evaluations : DataFrame
        Rows as `wdd` gives them, one per kind, of counts that do not overlap.
    weights : array_like
        Harm of one event of each kind.

    Returns
    -------
    DataFrame
        One row: `total`, `total_error`, `z`, `p_value`, `lower`, `upper`, in units of harm.
    """
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (evaluations.height,) or np.any(w < 0):
        raise ValueError(f"give one weight, not negative, for each of the {evaluations.height} kinds")
    total, error = evaluations["total"].to_numpy(), evaluations["total_error"].to_numpy()
    return _judged(np.array([total @ w]), np.array([(error * w) @ (error * w)]), np.array([degrees]), confidence)


def evaluate(
    counts: pl.DataFrame,
    design: Design,
    *,
    area_weights: npt.ArrayLike = (1.0, 1.0, 1.0, 1.0),
    dispersion: float = 1.0,
    degrees: float = np.inf,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """Weighted displacement difference of a design over daily counts; result as of `wdd`, one row.

    Parameters
    ----------
    counts : DataFrame
        `area_id`, `day`, `count`; a day without a row is one without an event, so both windows must lie within
        what the source has covered. Each area has a row, if only one with a count of 0: a wrong id is then told.
    design : Design
    """
    windows = window_counts(counts, [design.before, design.after])
    roles = ROLES if design.displaced_treated else ROLES[:2]
    sums = [_summed(windows, getattr(design, role)) for role in roles]
    return wdd([sums], area_weights=area_weights, dispersion=dispersion, degrees=degrees, confidence=confidence)


def window_counts(counts: pl.DataFrame, windows: list[tuple[date, date]]) -> pl.DataFrame:
    """Count of each area in each window (first and last day): area_id, then one column per window, sorted by area."""
    sums = [
        pl.col("count").filter(pl.col("day").is_between(first, last)).sum().cast(pl.Float64).alias(f"window_{n}")
        for n, (first, last) in enumerate(windows)
    ]
    return counts.group_by("area_id").agg(sums).sort("area_id")


def placebo_p_value(counts: pl.DataFrame, design: Design, draws: int = 1000, seed: int = 0) -> float | None:
    """Share of evaluations of areas without the intervention, drawn at random, whose |z| is as large or larger.

    Areas that have no role in the design are given the roles of as many areas as there are in it. The smallest
    value that it can take is 1/(draws + 1).

    Returns
    -------
    float or None
        None where nothing was counted.

    Raises
    ------
    ValueError
        If too few areas are left to draw from: twice as many as the design has, at least.
    """
    windows = window_counts(counts, [design.before, design.after])
    sizes = [len(getattr(design, role)) for role in (ROLES if design.displaced_treated else ROLES[:2])]
    members = [area for role in ROLES for area in getattr(design, role)]
    others = windows.filter(~pl.col("area_id").is_in(members)).drop("area_id").to_numpy()
    if len(others) < 2 * sum(sizes):
        raise ValueError(f"{len(others)} other areas are too few for placebos of {sum(sizes)}: draw from a wider city")
    observed = evaluate(counts, design)["z"][0]
    if observed is None:
        return None
    # A random order of the areas, row by row, is a random choice of disjoint sets.
    order = np.argsort(np.random.default_rng(seed).random((draws, len(others))), axis=1)
    ends = np.cumsum(sizes)
    drawn = [others[order[:, end - size : end]].sum(axis=1) for end, size in zip(ends, sizes, strict=True)]
    placebos = wdd(np.stack(drawn, axis=1))["z"].fill_null(0.0).abs()
    return float(((placebos >= abs(observed) - 1e-12).sum() + 1) / (draws + 1))


def difference_panel(
    treated: npt.ArrayLike, control: npt.ArrayLike, dispersion: float = 1.0, confidence: float = 0.95
) -> pl.DataFrame:
    """Differences of treated and control counts period by period, alone and summed from the first on.

    Parameters
    ----------
    treated, control : array_like, shape (periods,)
        Counts of periods of one length, in time order.

    Returns
    -------
    DataFrame
        `period` (from 1), `treated`, `control`, `difference` with `error`, `lower`, `upper`; `sum_difference` with
        `sum_error`; and the ratio of the sums with its limits `ratio`, `ratio_lower`, `ratio_upper` (null while
        either sum is zero).
    """
    t, c = _pair(treated, control)
    phi, z = checked_dispersion(dispersion), normal_quantile(confidence)
    ratio = pl.col("sum_treated") / pl.col("sum_control")
    log_error = (phi * (1 / pl.col("sum_treated") + 1 / pl.col("sum_control"))).sqrt()
    has_ratio = pl.when((pl.col("sum_treated") > 0) & (pl.col("sum_control") > 0))
    return (
        pl.DataFrame({"period": np.arange(1, len(t) + 1), "treated": t, "control": c})
        .with_columns(
            difference=pl.col("treated") - pl.col("control"),
            error=(phi * (pl.col("treated") + pl.col("control"))).sqrt(),
            sum_treated=pl.col("treated").cum_sum(),
            sum_control=pl.col("control").cum_sum(),
        )
        .with_columns(
            lower=pl.col("difference") - z * pl.col("error"),
            upper=pl.col("difference") + z * pl.col("error"),
            sum_difference=pl.col("sum_treated") - pl.col("sum_control"),
            sum_error=(phi * (pl.col("sum_treated") + pl.col("sum_control"))).sqrt(),
            ratio=has_ratio.then(ratio),
            ratio_lower=has_ratio.then(ratio * (-z * log_error).exp()),
            ratio_upper=has_ratio.then(ratio * (z * log_error).exp()),
        )
        .drop("sum_treated", "sum_control")
    )


def pre_trend_p_value(
    treated: npt.ArrayLike, control: npt.ArrayLike, dispersion: float = 1.0, *, control_scale: float = 1.0
) -> float | None:
    """p-value that the difference of treated and control counts was the same in all periods before.

    Control counts are multiplied by `control_scale`, as in `difference_panel`.

    Cochran's Q of the differences, chi-squared on periods − 1. A small value says that the areas already went
    different ways, so that the evaluation cannot be believed; a large one that it was not seen, not that they did not.

    Returns
    -------
    float or None
        None with fewer than two periods in which anything was counted.
    """
    t, c = _pair(treated, control)
    t, c = t[t + c > 0], c[t + c > 0]
    if len(t) < 2:
        return None
    scale = _checked_scale(control_scale)
    variance = checked_dispersion(dispersion) * (t + scale**2 * c).mean()
    difference = t - scale * c
    # One variance for all: weighing each by its own count would favour the periods with few.
    q = ((difference - difference.mean()) ** 2).sum() / variance
    return float(special.chdtrc(len(t) - 1, q))


def minimum_detectable_change(
    treated_before: npt.ArrayLike,
    others_before: npt.ArrayLike,
    dispersion: float = 1.0,
    power: float = 0.8,
    confidence: float = 0.95,
    degrees: float = np.inf,
) -> pl.DataFrame:
    """Smallest fall of the treated areas' count that an evaluation finds with probability `power`.

    It solves fall = (quantile of the confidence + quantile of the power) x error, where the error is that of `wdd`
    when the other areas stay as they were. Quantiles are Student's, as those of `wdd`; where degrees are few this
    errs towards a larger fall.

    Parameters
    ----------
    treated_before : array_like
        Count of the treated areas before.
    others_before : array_like
        Count of control and displacement areas, all together; of scaled counts, each times its scale squared.

    Returns
    -------
    DataFrame
        `fall` in events and `fall_share` of the treated areas' count; null where not even a fall to zero would do.
    """
    t, o = _pair(*np.broadcast_arrays(np.atleast_1d(treated_before), np.atleast_1d(others_before)))
    if not 0.5 <= power < 1:
        raise ValueError(f"the power must lie between 0.5 and 1, not {power}")
    quantiles = special.stdtrit(degrees, [(1 + confidence) / 2, power]) if np.isfinite(degrees) else None
    reach = normal_quantile(confidence) + special.ndtri(power) if quantiles is None else quantiles.sum()
    k = checked_dispersion(dispersion) * reach**2
    # fall² = k (2 treated − fall + 2 others)
    fall = (np.sqrt(k**2 + 8 * k * (t + o)) - k) / 2
    seen = pl.when((pl.col("fall") <= pl.col("treated")) & (pl.col("treated") > 0))
    return pl.DataFrame({"fall": fall, "treated": t}).select(
        fall=seen.then("fall"), fall_share=seen.then(pl.col("fall") / pl.col("treated"))
    )


def _judged(total: Floats, variance: Floats, degrees: Floats, confidence: float) -> pl.DataFrame:
    error = np.sqrt(variance)
    varies = error > 0
    z = np.where(varies, total / np.where(varies, error, 1.0), np.nan)
    endless = np.isinf(degrees)
    finite = np.where(endless, 1.0, degrees)
    p_value = 2 * np.where(endless, special.ndtr(-np.abs(z)), special.stdtr(finite, -np.abs(z)))
    quantile = np.where(endless, normal_quantile(confidence), special.stdtrit(finite, (1 + confidence) / 2))
    return pl.DataFrame(
        {
            "total": total,
            "total_error": error,
            "z": pl.Series(z, nan_to_null=True),
            "p_value": pl.Series(p_value, nan_to_null=True),
            "lower": total - quantile * error,
            "upper": total + quantile * error,
        }
    )


def _checked_scale(scale: float) -> float:
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"the scale of the controls must be above zero, not {scale}")
    return scale


def _summed(windows: pl.DataFrame, areas: tuple[str, ...]) -> list[float]:
    missing = sorted(set(areas) - set(windows["area_id"]))
    if missing:
        raise ValueError(f"area {missing[0]} of the design has no counts at all: correct its id")
    chosen = windows.filter(pl.col("area_id").is_in(areas))
    return [float(chosen[name].sum()) for name in ("window_0", "window_1")]


def _pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))) or np.any(np.minimum(a, b) < 0):
        raise ValueError("treated and control counts must be of one shape, finite and not negative")
    return a, b
