"""Rates drawn towards what all areas have in common, and how surprising each area's count is.

Belongs here: empirical-Bayes estimates of many areas' rates with their posterior, and Poisson probabilities of
counts. Not here: ranks drawn from the posterior (`ranks`), limits around a target (`funnels`).
"""

import numpy as np
import polars as pl
from scipy import special

from indicators.intervals import poisson_exact_limits

COUNTED = pl.col("events").is_not_null() & (pl.col("at_risk") > 0)


def shrunken_rates(areas: pl.DataFrame, by: list[str], confidence: float = 0.95) -> pl.DataFrame:
    """Marshall's global empirical-Bayes rates, one prior per group, with gamma-Poisson posterior limits.

    The prior's mean m is the pooled rate of the group, its variance v the spread of the rates beyond what
    Poisson counts show by themselves (moments weighted by `at_risk`). The gamma prior of these moments has the
    posterior Gamma(m²/v + events, m/v + at_risk), whose mean is Marshall's estimate. Where v is not above zero
    all areas of the group have the pooled rate, and its exact Poisson limits are given.

    The limits take m and v as known: with a handful of areas they are too narrow.

    Parameters
    ----------
    areas : DataFrame
        `by`, `events` (not negative; fractions are allowed) and `at_risk` (person-years, say). Rows where
        either is null, or nobody is at risk, say nothing about the prior and get nulls.
    by : list of str
        Columns that name a group of comparable areas: at least one.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        The rows of `areas`, in their order, with `rate`, `shrunken`, `lower`, `upper` (events per unit of
        `at_risk`), `prior_mean`, `prior_variance`, and the posterior's `posterior_shape` and `posterior_rate`.

    Raises
    ------
    ValueError
        If a count or a denominator is negative or not finite.

    References
    ----------
    Marshall (1991), Applied Statistics 40:283-294; Clayton & Kaldor (1987), Biometrics 43:671-681.
    """
    _check(areas)
    y = pl.when(COUNTED).then(pl.col("events").cast(pl.Float64))
    n = pl.when(COUNTED).then(pl.col("at_risk").cast(pl.Float64))
    pooled = y.sum() / n.sum()
    expected_spread = pooled * n.count() / n.sum()
    spread = (n * (y / n - pooled).pow(2)).sum() / n.sum()
    m, v = pl.col("prior_mean"), pl.col("prior_variance")
    posterior = (
        areas.with_columns(
            rate=y / n,
            prior_mean=pl.when(COUNTED).then(pooled.over(by)),
            prior_variance=pl.when(COUNTED).then((spread - expected_spread).over(by).clip(lower_bound=0)),
        )
        .with_columns(
            # Without a spread between the areas the posterior is that of their pooled count.
            posterior_shape=pl.when(v > 0).then(m**2 / v + y).otherwise(pl.when(COUNTED).then(y.sum().over(by))),
            posterior_rate=pl.when(v > 0).then(m / v + n).otherwise(pl.when(COUNTED).then(n.sum().over(by))),
        )
        .with_columns(shrunken=pl.col("posterior_shape") / pl.col("posterior_rate"))
    )
    shape = posterior["posterior_shape"].fill_null(0).to_numpy()
    tail = (1 - confidence) / 2
    pooled_low, pooled_high = poisson_exact_limits(shape, confidence)
    is_pooled = (posterior["prior_variance"].fill_null(0) == 0).to_numpy()
    # Shape 0 is no gamma distribution; its limits come from the pooled count.
    proper = np.where(shape > 0, shape, 1.0)
    low = np.where(is_pooled, pooled_low, special.gammaincinv(proper, tail))
    high = np.where(is_pooled, pooled_high, special.gammainccinv(proper, tail))
    return posterior.with_columns(
        lower=pl.lit(pl.Series(low)) / pl.col("posterior_rate"),
        upper=pl.lit(pl.Series(high)) / pl.col("posterior_rate"),
    )


def count_probabilities(areas: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Poisson probabilities of each area's count if all areas of its group had the pooled rate.

    Parameters
    ----------
    areas, by
        As in `shrunken_rates`. Counts must be whole.

    Returns
    -------
    DataFrame
        The rows of `areas`, in their order, with `expected` events, `relative_risk` (events per expected one),
        `at_most` (probability of so few events or fewer) and `choynowski` (of so few or fewer where the count is
        below its expectation, of so many or more elsewhere). Null where the pooled rate is zero, and as there.

    References
    ----------
    Choynowski (1959), JASA 54:385-388.
    """
    _check(areas)
    if (areas["events"].cast(pl.Float64) % 1 != 0).any():
        raise ValueError("a probability of a count needs whole events; round aoristic counts first")
    y = pl.when(COUNTED).then(pl.col("events").cast(pl.Float64))
    n = pl.when(COUNTED).then(pl.col("at_risk").cast(pl.Float64))
    expected = n * (y.sum() / n.sum()).over(by)
    told = areas.with_columns(expected=pl.when(expected > 0).then(expected))
    mean, count = told["expected"].fill_null(1).to_numpy(), told.select(y.fill_null(0))["events"].to_numpy()
    at_most = special.pdtr(count, mean)
    at_least = special.gammainc(np.maximum(count, 1), mean)
    folded = np.where(count < mean, at_most, at_least)
    is_told = pl.col("expected").is_not_null()
    return told.with_columns(
        relative_risk=pl.when(is_told).then(y / pl.col("expected")),
        at_most=pl.when(is_told).then(pl.lit(pl.Series(at_most))),
        choynowski=pl.when(is_told).then(pl.lit(pl.Series(folded))),
    )


def _check(areas: pl.DataFrame) -> None:
    for column in ("events", "at_risk"):
        values = areas[column].drop_nulls().cast(pl.Float64)
        if not values.is_finite().all() or (values < 0).any():
            raise ValueError(f"{column} must be finite and not negative; leave unknown ones null")
