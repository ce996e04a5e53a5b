"""Kaplan-Meier quantiles of durations, from counts of closed and still open records.

Belongs here: the estimator and its interval. Not here: where the counts come from (`durations`).
"""

import polars as pl
from scipy import special

# Products of fractions reach one half only up to rounding.
TOLERANCE = 1e-9


def kaplan_meier_quantiles(
    counts: pl.DataFrame, by: list[str], probability: float = 0.5, confidence: float = 0.95
) -> pl.DataFrame:
    """Quantile of a duration with open records censored, one per group.

    The quantile is the first time at which the survival function S is at most 1 - `probability`; its limits
    are the first times at which the lower and upper log-log limits of S (Greenwood's variance) are. Records
    censored at the time of an event are still at risk in it.

    Parameters
    ----------
    counts : DataFrame
        Columns `by`, `time` (any unit, not negative), `events` and `censored` (records closed, and still
        open, at that time). A time may repeat.
    by : list of str
        Columns that name a group.
    probability : float
        0.5 for the median.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        `by`, `quantile`, `lower`, `upper`: null where not reached because too many records are still open.
        One row per group of `counts`, sorted.

    References
    ----------
    Kaplan & Meier (1958), JASA 53:457-481; Brookmeyer & Crowley (1982), Biometrics 38:29-41.
    """
    return quantiles_at_risk(at_risk(counts, by), by, probability, confidence)


def quantiles_at_risk(
    curve: pl.DataFrame, by: list[str], probability: float = 0.5, confidence: float = 0.95
) -> pl.DataFrame:
    """The same of counts that are in order already, as `at_risk` gives them."""
    target = 1 - probability + TOLERANCE
    z = float(special.ndtri((1 + confidence) / 2))
    curve = (
        curve.filter(pl.col("at_risk") > 0)
        .with_columns(
            survival=(1 - pl.col("events") / pl.col("at_risk")).cum_prod().over(by),
            staying=pl.col("at_risk") - pl.col("events"),
        )
        .with_columns(
            greenwood=pl.when(pl.col("staying") > 0)
            .then(pl.col("events") / (pl.col("at_risk") * pl.col("staying")))
            .otherwise(0.0)
            .cum_sum()
            .over(by),
            log_survival=pl.when(pl.col("staying") > 0).then(pl.col("survival").log()),
        )
    )
    inside = (pl.col("survival") > 0) & (pl.col("survival") < 1)
    log_log = (-pl.col("log_survival")).log()
    error = z * pl.col("greenwood").sqrt() / -pl.col("log_survival")
    # At S = 0 the variance is undefined: the lower limit of S is 0, the upper is not estimable.
    limits = curve.with_columns(
        survival_low=pl.when(inside).then((-(log_log + error).exp()).exp()).otherwise(pl.col("survival")),
        survival_high=pl.when(inside)
        .then((-(log_log - error).exp()).exp())
        .otherwise(pl.when(pl.col("survival") == 1).then(1.0)),
    )
    return (
        limits.group_by(by)
        .agg(
            _first_time("survival", target).alias("quantile"),
            _first_time("survival_low", target).alias("lower"),
            _first_time("survival_high", target).alias("upper"),
        )
        .sort(by)
    )


def standardised_quantiles(
    counts: pl.DataFrame, by: list[str], stratum: str, probability: float = 0.5, confidence: float = 0.95
) -> pl.DataFrame:
    """Quantile of a duration whose survival curve is the weighted mean of those of strata, one per group.

    Groups are compared as if each had the same mix of strata (direct standardisation). After its last time a stratum's
    curve stays where it is. With one stratum this is `kaplan_meier_quantiles`.

    Parameters
    ----------
    counts : DataFrame
        Columns `by`, `stratum`, `weight` (the stratum's share in its group, the same in all its rows), `time`, `events`
        and `censored` as for `kaplan_meier_quantiles`.
    by : list of str
        Columns that name a group.
    stratum : str
        Column that names a stratum within it.
    probability, confidence : float

    Returns
    -------
    DataFrame
        `by`, `quantile`, `lower`, `upper`: null where not reached. One row per group of `counts`, sorted.

    References
    ----------
    Makuch (1982), J. Chronic Diseases 35:437-443 (adjusted survival curves); Brookmeyer & Crowley (1982).
    """
    target = 1 - probability + TOLERANCE
    z = float(special.ndtri((1 + confidence) / 2))
    within = [*by, stratum]
    weights = counts.group_by(within).agg(pl.col("weight").first())
    survival, staying = pl.col("survival"), pl.col("at_risk") - pl.col("events")
    steps = (
        at_risk(counts, within)
        .filter(pl.col("at_risk") > 0)
        .with_columns(
            survival=(1 - pl.col("events") / pl.col("at_risk")).cum_prod().over(within),
            greenwood=pl.when(staying > 0)
            .then(pl.col("events") / (pl.col("at_risk") * staying))
            .otherwise(0.0)
            .cum_sum()
            .over(within),
        )
        .with_columns(variance=survival**2 * pl.col("greenwood"))
        .join(weights, on=within)
        .with_columns(
            drop=pl.col("weight") * (survival.shift(1, fill_value=1.0).over(within) - survival),
            added=pl.col("weight") ** 2
            * (pl.col("variance") - pl.col("variance").shift(1, fill_value=0.0).over(within)),
        )
    )
    curve = (
        steps.sort(*by, "time", stratum)
        .group_by(*by, "time", maintain_order=True)
        .agg(pl.col("drop", "added").sum())
        .with_columns(
            survival=(1 - pl.col("drop").cum_sum().over(by)).clip(0.0, 1.0),
            variance=pl.col("added").cum_sum().over(by).clip(lower_bound=0.0),
        )
    )
    inside = (survival > TOLERANCE) & (survival < 1 - TOLERANCE)
    log_log = (-survival.log()).log()
    error = z * pl.col("variance").sqrt() / (survival * -survival.log())
    limits = curve.with_columns(
        survival_low=pl.when(inside).then((-(log_log + error).exp()).exp()).otherwise(survival),
        survival_high=pl.when(inside)
        .then((-(log_log - error).exp()).exp())
        .otherwise(pl.when(survival >= 1 - TOLERANCE).then(1.0)),
    )
    return (
        limits.group_by(by)
        .agg(
            _first_time("survival", target).alias("quantile"),
            _first_time("survival_low", target).alias("lower"),
            _first_time("survival_high", target).alias("upper"),
        )
        .sort(by)
    )


def earliest_quantiles(
    curve: pl.DataFrame, added: pl.DataFrame, by: list[str], probability: float = 0.5
) -> pl.DataFrame:
    """Earliest quantile that further records of unknown duration could bring about, one per group.

    A record that closes lowers S after it most if it closes last, when those censored before have left fewer at risk:
    so S at each time is taken with all of the added records closing just then. Without censoring when they close makes
    no difference, and closing at once is as bad as any.

    Parameters
    ----------
    curve : DataFrame
        As `at_risk` gives it, from the start.
    by, probability
        As for `kaplan_meier_quantiles`.
    added : DataFrame
        Columns `by` and `added`, the number of further records; groups may be absent.

    Returns
    -------
    DataFrame
        `by`, `earliest`: for the groups of `curve` in `added`, sorted. Null where even so it is not reached.
    """
    target = 1 - probability + TOLERANCE
    return (
        curve.join(added, on=by, maintain_order="left")
        .with_columns(
            survival=(1 - pl.col("events") / (pl.col("at_risk") + pl.col("added"))).cum_prod().over(by),
            left=pl.col("at_risk") - pl.col("leaving"),
        )
        .with_columns(lowest=pl.col("survival") * pl.col("left") / (pl.col("left") + pl.col("added")))
        .group_by(by)
        .agg(_first_time("lowest", target).alias("earliest"))
        .sort(by)
    )


def at_risk(counts: pl.DataFrame, by: list[str], from_start: bool = False) -> pl.DataFrame:
    """Sums by group and time, in order, with the number `leaving` then and `at_risk` until then.

    With `from_start` each group has a row at time 0, whether anything happened then or not.
    """
    if from_start:
        none = dict.fromkeys(("time", "events", "censored"), 0)
        start = (
            counts.select(by)
            .unique()
            .with_columns(pl.lit(value, counts.schema[name]).alias(name) for name, value in none.items())
        )
        counts = pl.concat([counts.select(start.columns), start])
    return (
        counts.group_by(*by, "time")
        .agg(pl.col("events").sum(), pl.col("censored").sum())
        .sort(*by, "time")
        .with_columns(leaving=pl.col("events") + pl.col("censored"))
        .with_columns(at_risk=pl.col("leaving").cum_sum(reverse=True).over(by))
    )


def _first_time(column: str, target: float) -> pl.Expr:
    return pl.col("time").filter(pl.col(column) <= target).min()
