"""Whether counts changed: two counts, the same period a year before, a week against the weeks before it.

Belongs here: comparisons of an area with its own past, and harm-weighted sums of counts. Not here: special causes
of a series (`trends`), progress to a target (`progress`), what an intervention did (`evaluation`).

Counts of crime vary more than Poisson counts. Each method takes the dispersion φ ≥ 1 by which the variance exceeds
the mean; without a better source it is estimated over areas and periods (`dispersion`).
"""

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from indicators.dispersion import checked_dispersion
from indicators.intervals import Floats, weighted_limits

# Cells of one block of the E-test's sums.
BLOCK_CELLS = 2_000_000
LAG_DAYS = 364  # 52 weeks: the same weekday


def e_test(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    first_at_risk: npt.ArrayLike = 1.0,
    second_at_risk: npt.ArrayLike = 1.0,
    difference: npt.ArrayLike = 0.0,
    dispersion: float = 1.0,
) -> pl.Series:
    """Two-sided p-values of the E-test that first/first_at_risk − second/second_at_risk equals `difference`.

    The statistic is the difference over the root of the pooled rate; its distribution is summed over all pairs of
    counts under the rates estimated from the data. Over-dispersed counts are divided by φ, and what they are at
    risk of too, after which they are Poisson in their variance.

    Parameters
    ----------
    first, second : array_like
        Counts, not negative; broadcast with all others.
    first_at_risk, second_at_risk : array_like
        Above zero: days, person-years.
    difference : array_like
        Not negative: exchange first and second instead.
    dispersion : float
        φ ≥ 1.

    Returns
    -------
    Series of float
        Null where both counts are zero, which tells nothing.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    Krishnamoorthy & Thomson (2004), J. Statist. Planning and Inference 119:23-35.
    """
    phi = checked_dispersion(dispersion)
    arrays = np.broadcast_arrays(first, second, first_at_risk, second_at_risk, difference)
    k1, k2, n1, n2, d = (np.asarray(a, dtype=np.float64).ravel() for a in arrays)
    if not all(np.all(np.isfinite(a)) for a in (k1, k2, n1, n2, d)) or np.any(np.minimum(k1, k2) < 0):
        raise ValueError("counts must be finite and not negative")
    if np.any(np.minimum(n1, n2) <= 0) or np.any(d < 0):
        raise ValueError("what counts are at risk of must be above zero, and the difference not below it")
    k1, k2, n1, n2 = k1 / phi, k2 / phi, n1 / phi, n2 / phi
    told = k1 + k2 > 0
    p_values = np.ones(len(k1))
    width = 2 * _reach(np.max(n1 * (d + (k1 + k2) / (n1 + n2)), initial=0.0))
    blocks = np.array_split(np.flatnonzero(told), max(1, int(len(k1) * width / BLOCK_CELLS)))
    for block in blocks:
        p_values[block] = _e_test(k1[block], k2[block], n1[block], n2[block], d[block])
    return pl.Series("p_value", p_values).set(pl.Series(~told), None)


def poisson_z(current: npt.ArrayLike, prior: npt.ArrayLike, dispersion: float = 1.0) -> Floats:
    """Poisson Z for change, 2(√current − √prior)/√φ.

    Standard normal where `prior` is a known level, as the mean of many years nearly is. A prior that is itself one
    period's count brings its own chance, which makes the variance 2: |Z| > 2.8 then is as rare as 2 elsewhere.

    Parameters
    ----------
    current, prior : array_like
        Counts, or means of counts, over equally long periods; not negative.
    dispersion : float
        φ ≥ 1.

    References
    ----------
    Wheeler (2016), Int. J. Police Science & Management 18:159-172 (tables and graphs of crime trends).
    """
    now, before = np.asarray(current, dtype=np.float64), np.asarray(prior, dtype=np.float64)
    if not (np.all(np.isfinite(now)) and np.all(np.isfinite(before))) or np.any(np.minimum(now, before) < 0):
        raise ValueError("counts must be finite and not negative")
    z: Floats = 2 * (np.sqrt(now) - np.sqrt(before)) / np.sqrt(checked_dispersion(dispersion))
    return z


def weekly_band(
    counts: pl.DataFrame, by: list[str], weeks: int = 8, z: float = 3.0, dispersion: float = 1.0
) -> pl.DataFrame:
    """Band in which a week's count is expected, from the mean m of the weeks before it: (√m ± z √φ/2)².

    Parameters
    ----------
    counts : DataFrame
        `by`, `week` (its first day; weeks that are not there leave no band for those after them) and `count`.
    by : list of str
        Columns that name a series: at least one.
    weeks : int
        Weeks that the mean is taken over, the week itself not among them.
    z : float
    dispersion : float
        φ ≥ 1.

    Returns
    -------
    DataFrame
        The rows of `counts`, sorted, with `prior_mean`, `low`, `high`: null where not all the weeks before are there.
    """
    half = z * float(np.sqrt(checked_dispersion(dispersion))) / 2
    ordered = counts.sort(*by, "week")
    is_whole = pl.col("week") - pl.col("week").shift(weeks).over(by) == pl.duration(weeks=weeks)
    mean = pl.col("count").cast(pl.Float64).rolling_mean(weeks).shift(1).over(by)
    root = pl.col("prior_mean").sqrt()
    return ordered.with_columns(prior_mean=pl.when(is_whole).then(mean)).with_columns(
        low=(root - half).clip(lower_bound=0) ** 2, high=(root + half) ** 2
    )


def same_period_last_year(figures: pl.DataFrame, by: list[str], dispersion: float = 1.0) -> pl.DataFrame:
    """Each period's count against that of the same period a year before: ratio of rates, Poisson Z and E-test.

    Days and weeks are compared with those 364 days before, so that weekdays agree; longer ones with the same
    calendar period. Where a holiday moves between months (the Spring Festival), compare longer periods.

    Parameters
    ----------
    figures : DataFrame
        `by`, `period_kind`, `period_start`, `events` and `at_risk` (covered days, person-years).
    by : list of str
        Columns that name a series.
    dispersion : float
        φ ≥ 1.

    Returns
    -------
    DataFrame
        The rows of `figures`, in their order, with `prior_events`, `prior_at_risk`, `rate_ratio`, `z` (with the
        prior count scaled to the current one's `at_risk`) and `p_value`. Null where either period is not known;
        the ratio too where nothing happened before.
    """
    is_short = pl.col("period_kind").is_in(["day", "week"])
    start = pl.col("period_start")
    keyed = figures.with_columns(
        prior_start=pl.when(is_short).then(start - pl.duration(days=LAG_DAYS)).otherwise(start.dt.offset_by("-1y"))
    )
    prior = figures.select(
        *by, "period_kind", prior_start="period_start", prior_events="events", prior_at_risk="at_risk"
    )
    joined = keyed.join(
        prior, on=[*by, "period_kind", "prior_start"], how="left", nulls_equal=True, validate="m:1",
        maintain_order="left",
    )  # fmt: skip
    columns = ("events", "at_risk", "prior_events", "prior_at_risk")
    known = (
        pl.all_horizontal(pl.col(c).is_not_null() for c in columns)
        & (pl.col("at_risk") > 0)
        & (pl.col("prior_at_risk") > 0)
    )
    safe = joined.select(pl.when(known).then(c).otherwise(1).cast(pl.Float64).alias(c) for c in columns)
    now, at_risk, before, before_at_risk = (safe[c].to_numpy() for c in columns)
    expected = before * at_risk / before_at_risk
    p_values = e_test(now, before, at_risk, before_at_risk, dispersion=dispersion)
    return joined.with_columns(
        rate_ratio=pl.when(known & (pl.col("prior_events") > 0)).then(
            pl.lit(pl.Series(now / np.where(expected > 0, expected, 1.0)))
        ),
        z=pl.when(known).then(pl.lit(pl.Series(poisson_z(now, expected, dispersion)))),
        p_value=pl.when(known).then(pl.lit(p_values)),
    ).drop("prior_start")


def harm_index(
    events: npt.ArrayLike,
    weights: npt.ArrayLike,
    at_risk: npt.ArrayLike,
    per: float = 100_000,
    base: float | None = None,
    confidence: float = 0.95,
) -> tuple[Floats, Floats, Floats]:
    """Σ events × weight per `per` at risk, with mid-p gamma limits.

    Parameters
    ----------
    events : array_like, shape (..., kinds)
    weights : array_like, shape (kinds,)
        Above zero.
    at_risk : array_like, shape (...)
        Above zero.
    per : float
    base : float or None
        Value of a base year, which then is 100, as in Statistics Canada's Crime Severity Index.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    value, lower, upper : arrays of float, shape (...)
    """
    n, w, people = (np.asarray(a, dtype=np.float64) for a in (events, weights, at_risk))
    if np.any(w <= 0) or np.any(people <= 0) or (base is not None and base <= 0):
        raise ValueError("weights, at_risk and base must be above zero")
    factor = (per if base is None else per * 100 / base) / people
    harm = n @ w
    lower, upper = weighted_limits(harm, n @ w**2, float(w.max()), confidence)
    return harm * factor, lower * factor, upper * factor


def _reach(mean: float) -> int:
    """Counts beyond this many above or below a Poisson mean have less than 1e-18 of it."""
    return int(10 * np.sqrt(mean) + 30)


def _e_test(k1: Floats, k2: Floats, n1: Floats, n2: Floats, d: Floats) -> Floats:
    pooled = np.maximum((k1 + k2 - d * n1) / (n1 + n2), 1e-10)
    observed = (np.abs(k1 / n1 - k2 / n2 - d) ** 2 / pooled)[:, None]
    mean1, mean2 = (n1 * (pooled + d))[:, None], (n2 * pooled)[:, None]
    reach = _reach(np.max(mean1, initial=0.0))
    x1 = np.floor(mean1) + np.arange(-reach, reach + 1)
    # Second counts as extreme as the observed ones lie outside the two roots of
    # (x1/n1 − d − u)² = observed (x1 + n2 u)/(n1 + n2), u being the second rate.
    whole = (n1 + n2)[:, None]
    shift = x1 / n1[:, None] - d[:, None]
    middle = shift + observed * n2[:, None] / whole / 2
    half = np.sqrt(np.maximum(middle**2 - shift**2 + observed * x1 / whole, 0.0))
    low, high = (middle - half) * n2[:, None], (middle + half) * n2[:, None]
    # Pairs as extreme as the observed one count, in spite of rounding.
    low, high = np.floor(low + 1e-9 * (1 + np.abs(low))), np.ceil(high - 1e-9 * (1 + np.abs(high)))
    high = np.maximum(high, low + 1)
    below = np.where(low >= 0, special.pdtr(np.maximum(low, 0), mean2), 0.0)
    above = np.where(high > 0, special.gammainc(np.maximum(high, 1), mean2), 1.0)
    mass = np.where(x1 >= 0, np.exp(special.xlogy(x1, mean1) - mean1 - special.gammaln(np.maximum(x1, 0) + 1)), 0.0)
    # No event at all has no pooled rate, and so no statistic.
    none_at_all = np.exp(-(mean1 + mean2)[:, 0])
    p_values: Floats = np.clip((mass * (below + above)).sum(axis=1) - none_at_all, 0.0, 1.0)
    return p_values
