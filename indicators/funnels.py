"""Areas against a common target: funnel limits, z-scores and their over-dispersion, indirect standardisation.

Belongs here: how far an area lies from what all areas have in common, given its size. Not here: estimates drawn
towards it (`shrinkage`), the order of the areas (`ranks`).
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from indicators.intervals import Floats, checked_confidence, normal_quantile, poisson_limits
from indicators.shrinkage import COUNTED

Statistic = Literal["rate", "proportion"]
Adjustment = Literal["none", "multiplicative", "additive"]

TRIMMED = 0.1


def proportion_funnel(target: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Limits within which an area's proportion falls by chance alone: the target ± z √(target(1 − target)/trials).

    They are where Wilson limits of the proportion would just reach the target, cut at 0 and 1.

    Parameters
    ----------
    target : array_like
        Between 0 and 1; broadcast with `trials`.
    trials : array_like
        Above zero.
    confidence : float
        Between 0 and 1; 0.95 and 0.998 are customary.

    Returns
    -------
    lower, upper : arrays of float in [0, 1]

    Raises
    ------
    ValueError
        If the target is no proportion, or there is no trial.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202.
    """
    share = np.asarray(target, dtype=np.float64)
    if not np.all((share >= 0) & (share <= 1)):
        raise ValueError("the target of a proportion must lie between 0 and 1")
    half = normal_quantile(confidence) * np.sqrt(share * (1 - share) / _above_zero(trials, "trials"))
    return np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)


def rate_funnel(target: npt.ArrayLike, at_risk: npt.ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Limits within which an area's rate falls by chance alone, by the Poisson distribution made continuous.

    They are where exact limits of the rate would just reach the target; the lower is 0 where no event at all
    would surprise nobody, and the upper never below a single event.

    Parameters
    ----------
    target : array_like
        Events per unit of `at_risk`, above zero; broadcast with it.
    at_risk : array_like
        Above zero.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float, in the unit of `target`

    Raises
    ------
    ValueError
        If the target or a denominator is not above zero.

    References
    ----------
    Spiegelhalter (2005), as above; Dover & Schopflocher (2011), Population Health Metrics 9:58.
    """
    n = _above_zero(at_risk, "at_risk")
    expected, tail = _above_zero(target, "the target") * n, (1 - checked_confidence(confidence)) / 2
    # Where a count of zero is not rare enough the quantile does not exist; other numbers only stand in.
    has_low, has_high = special.pdtr(0, expected) < tail, special.pdtr(0, expected) < 1 - tail
    low = np.where(has_low, special.pdtrik(tail, np.where(has_low, expected, 2 - np.log(tail))), 0.0)
    high = 1 + np.where(has_high, special.pdtrik(1 - tail, np.where(has_high, expected, 1.0)), 0.0)
    return low / n, high / n


def funnel(
    areas: pl.DataFrame,
    by: list[str],
    statistic: Statistic,
    adjustment: Adjustment = "additive",
    confidence: float = 0.95,
) -> pl.DataFrame:
    """z-scores of areas against their group's pooled figure, over-dispersion, and limits that allow for it.

    z-scores are on the scale on which the sampling error does not depend on the figure: the square root of a
    rate, the arcsine of the root of a proportion. φ is the mean square of the z-scores of a group after
    winsorising a tenth at either end, so that the areas that are looked for do not hide themselves; τ² is the
    variance between areas that explains it. Neither ever narrows a funnel. As published, φ is not corrected for
    what winsorising takes from scores among which none stands out: a third of their mean square, were they normal.

    Parameters
    ----------
    areas : DataFrame
        `by`, `events` and `at_risk` (trials of a proportion). Rows in which either is null, or nobody is at
        risk, take no part and get nulls.
    by : list of str
        Columns that name a group with a target of its own: at least one.
    statistic : {"rate", "proportion"}
    adjustment : {"none", "multiplicative", "additive"}
        Limits as if areas differed by chance alone; with the sampling variance times φ; with τ² added to it.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        The rows of `areas`, in their order, with `target`, `lower`, `upper` (events per unit of `at_risk`), `z`,
        `z_adjusted`, `dispersion` (φ ≥ 1) and `variance_between` (τ² ≥ 0, on the scale of the z-scores). Null
        where the target leaves nothing to vary.

    Raises
    ------
    ValueError
        If there are more events than trials, or either is negative.

    References
    ----------
    Spiegelhalter (2005), Qual. Saf. Health Care 14:347-351 (over-dispersion); Spiegelhalter, Sherlaw-Johnson,
    Bardsley, Blunt, Wood & Grigg (2012), J. R. Statist. Soc. A 175:1-47.
    """
    _check(areas, statistic)
    z, error = pl.col("z"), pl.col("error")
    y, n = _floats("events"), _floats("at_risk")
    target = (y.sum() / n.sum()).over(by)
    varies = COUNTED & (target > 0) & ((target < 1) if statistic == "proportion" else pl.lit(True))
    weight = 1 / error**2
    winsorised = z.clip(z.quantile(TRIMMED, "linear"), z.quantile(1 - TRIMMED, "linear"))
    phi = winsorised.pow(2).mean()
    excess = z.count() * phi - (z.count() - 1)
    told = (
        areas.with_columns(target=pl.when(varies).then(target))
        .with_columns(error=pl.when(varies).then(0.5 / n.sqrt()))
        .with_columns(z=(_stable(y / n, statistic) - _stable(pl.col("target"), statistic)) / error)
        .with_columns(
            dispersion=pl.when(varies).then(phi.over(by).clip(lower_bound=1)),
            # One area alone has nothing to differ from.
            variance_between=pl.when(varies).then(
                pl.when(z.count().over(by) > 1)
                .then((excess / (weight.sum() - weight.pow(2).sum() / weight.sum())).over(by).clip(lower_bound=0))
                .otherwise(0.0)
            ),
        )
    )
    inflated = {
        "none": error,
        "multiplicative": error * pl.col("dispersion").sqrt(),
        "additive": (error**2 + pl.col("variance_between")).sqrt(),
    }[adjustment]
    told = told.with_columns(z_adjusted=z * error / inflated)
    if adjustment == "none":
        limits = told.with_columns(**_chance_limits(told, statistic, confidence))
    else:
        half, centre = normal_quantile(confidence) * inflated, _stable(pl.col("target"), statistic)
        limits = told.with_columns(
            lower=_figure((centre - half).clip(lower_bound=0), statistic), upper=_figure(centre + half, statistic)
        )
    added = ("target", "lower", "upper", "z", "z_adjusted", "dispersion", "variance_between")
    return limits.select(*areas.columns, *added)


def standardised_ratios(
    counts: pl.DataFrame,
    by: list[str],
    strata: list[str],
    reference: pl.DataFrame | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """Events of each area against those expected if every stratum had its reference rate.

    Limits are Byar's, exact below 10 events. Ratios of two areas are not comparable with each other where their
    strata differ: each compares its area with the reference alone.

    Parameters
    ----------
    counts : DataFrame
        `area_id`, `by`, `strata`, `events`, `at_risk`: one row per area and stratum. An area in which any of its
        strata is not known (null) gets no ratio and is not part of the reference.
    by : list of str
        Columns that name a group (an indicator and period); may be empty.
    strata : list of str
    reference : DataFrame or None
        `strata`, `events` and `at_risk` of the reference; the areas of the group together where None.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        area_id, `by`, `observed`, `expected`, `ratio`, `lower`, `upper`, sorted; nulls where nothing is expected.

    Raises
    ------
    ValueError
        If a stratum in which somebody is at risk has no rate in the reference.
    """
    _check(counts, "rate")
    known = (pl.col("events").is_not_null() & pl.col("at_risk").is_not_null()).all().over("area_id", *by)
    whole = counts.filter(known)
    if reference is None:
        on = [*by, *strata]
        rates = whole.group_by(on).agg(pl.col("events").sum(), pl.col("at_risk").sum())
    else:
        on, rates = strata, reference
    rates = rates.select(*on, at_reference=pl.col("events").cast(pl.Float64) / pl.col("at_risk"))
    # Strata in which nobody is at risk expect nothing, whatever the reference.
    at_reference = pl.when(pl.col("at_risk") > 0).then(pl.col("at_reference")).otherwise(0.0)
    matched = whole.join(rates, on=on, how="left", nulls_equal=True).with_columns(at_reference=at_reference)
    strange = matched.filter(~pl.col("at_reference").is_finite().fill_null(False))
    if strange.height:
        raise ValueError(
            f"stratum {strange.select(strata).row(0)} has no rate in the reference: add events and at_risk"
        )
    sums = matched.group_by("area_id", *by).agg(
        observed=pl.col("events").cast(pl.Float64).sum(),
        expected=(pl.col("at_reference") * pl.col("at_risk")).sum(),
    )
    lower, upper = poisson_limits(sums["observed"].to_numpy(), confidence)
    told = pl.when(pl.col("expected") > 0)
    ratios = sums.with_columns(
        ratio=told.then(pl.col("observed") / pl.col("expected")),
        lower=told.then(pl.lit(pl.Series(lower)) / pl.col("expected")),
        upper=told.then(pl.lit(pl.Series(upper)) / pl.col("expected")),
    )
    everything = counts.select("area_id", *by).unique()
    return everything.join(ratios, on=["area_id", *by], how="left", nulls_equal=True).sort("area_id", *by)


def _stable(figure: pl.Expr, statistic: Statistic) -> pl.Expr:
    return figure.sqrt() if statistic == "rate" else figure.sqrt().arcsin()


def _figure(stable: pl.Expr, statistic: Statistic) -> pl.Expr:
    return stable**2 if statistic == "rate" else stable.clip(upper_bound=np.pi / 2).sin() ** 2


def _chance_limits(told: pl.DataFrame, statistic: Statistic, confidence: float) -> dict[str, pl.Expr]:
    has_target = pl.col("target").is_not_null()
    safe = told.select(pl.when(has_target).then(c).otherwise(1.0).alias(c) for c in ("target", "at_risk"))
    limits = rate_funnel if statistic == "rate" else proportion_funnel
    lower, upper = limits(safe["target"].to_numpy(), safe["at_risk"].to_numpy(), confidence)
    return {
        name: pl.when(has_target).then(pl.lit(pl.Series(limit))) for name, limit in (("lower", lower), ("upper", upper))
    }


def _floats(column: str) -> pl.Expr:
    return pl.when(COUNTED).then(pl.col(column).cast(pl.Float64))


def _above_zero(values: npt.ArrayLike, name: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(array)) or np.any(array <= 0):
        raise ValueError(f"{name} must be finite and above zero")
    return array


def _check(areas: pl.DataFrame, statistic: Statistic) -> None:
    for column in ("events", "at_risk"):
        values = areas[column].drop_nulls().cast(pl.Float64)
        if not values.is_finite().all() or (values < 0).any():
            raise ValueError(f"{column} must be finite and not negative; leave unknown ones null")
    if statistic == "proportion" and (areas["events"] > areas["at_risk"]).any():
        raise ValueError("a proportion has more events than trials: correct its numerator or its denominator")
