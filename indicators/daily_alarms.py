"""Alarms on daily counts that know the weekday, the season and the calendar, many series at once.

Belongs here: the test of the latest day or week. Not here: the regression (`regression`), its columns
(`day_design`), the calendar (`day_types`), weekly outbreaks (`surveillance`), days of a source that are judged in many
ways at once (`anomalies`), what to do with many p-values (`trends.benjamini_hochberg`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from scipy import special

from indicators.day_design import DAYS_PER_YEAR, kind_columns, yearly_waves
from indicators.intervals import Floats
from indicators.regression import QuasiPoissonFit, count_quantile, count_upper_tail, fit_reweighted
from indicators.series import side_by_side

OBSERVED_SHARE = 0.75
# Student's t with as many is the normal distribution to the last digit.
LARGE_DEGREES = 1e12
# Beyond it a drift is no longer told from the trend.
MOST_CORRELATED = 0.6
FIGURES = ("expected", "lower", "upper", "p_value", "dispersion")


@dataclass(frozen=True)
class DailyRules:
    """How a day, or the days up to it, are judged.

    Attributes
    ----------
    history_days : int
        Days of history at most.
    fewest_days : int
        Days of history at least: with less than a year the season is unknown.
    trend_days : int
        Days of history from which a trend is told from the season.
    recent_days : int
        Days before the judged ones that are left out, so that what begins slowly does not become the norm.
    sum_days : int
        1 judges each day, 7 the week that ends on it.
    by_past_sums : bool
        Whether the dispersion is that of past sums of `sum_days` where it exceeds that of the days: what lasts longer
        than a day (weather, a series of offences) makes sums vary more than independent days would, and where
        neighbouring sums are alike, the expected sum less certain.
    harmonics : int
        Pairs of yearly waves.
    fewest_of_a_kind : int
        Days of one kind (holidays, say) that the history must hold for such a day to be judged.
    events_per_coefficient : float
        Events that the history must hold for each coefficient of the model. With fewer the alarm goes off more often
        than `tail` says; `rare_events` has charts for them.
    down_weight_above : float
        As in `regression.fit_reweighted`.
    sides : {"upper", "both"}
        Whether fewer events than expected are news too.
    tail : float
        p-value below which there is an alarm.
    """

    history_days: int = 1096
    fewest_days: int = 365
    trend_days: int = 730
    recent_days: int = 7
    sum_days: int = 1
    by_past_sums: bool = False
    harmonics: int = 2
    fewest_of_a_kind: int = 3
    events_per_coefficient: float = 10.0
    down_weight_above: float = 2.58
    sides: Literal["upper", "both"] = "upper"
    tail: float = 0.005

    def __post_init__(self) -> None:
        if not 0 < self.tail < 1:
            raise ValueError(f"tail is a probability, not {self.tail}")
        if self.sum_days < 1 or self.recent_days < 0 or not 0 < self.fewest_days <= self.history_days:
            raise ValueError("sum_days and fewest_days must be above zero, fewest_days no more than history_days")


def daily_alarms(
    daily: pl.DataFrame,
    by: list[str],
    calendar: pl.DataFrame,
    rules: DailyRules | None = None,
    first: date | None = None,
) -> pl.DataFrame:
    """Test the latest days of each series against what weekday, season, calendar and trend let expect.

    A quasi-Poisson regression on the days before, past outbreaks weighted down. Each day has one kind: its weekday,
    or on a day that is no ordinary workday or weekend its type, so that a holiday is a holiday whatever the weekday;
    days near the lunar new year have an effect of their own before and after it. The judged count is then held
    against a negative binomial that includes the error of the expected count.

    Parameters
    ----------
    daily : DataFrame
        Columns `by`, day (Date), count. A day without a row, or with a null, was not observed.
    by : list of str
        Columns that name a series.
    calendar : DataFrame
        As `day_types.day_types` gives it, for all days from the first to the last of `daily`.
    rules : DailyRules, optional
    first : date, optional
        First day to judge; the last day alone if not given.

    Returns
    -------
    DataFrame
        One row per series and day, sorted: `by`, day (the last of those judged); observed, expected, lower, upper
        (counts; those outside lower to upper raise an alarm; lower is null where one side is judged alone); p_value;
        dispersion (of the judged count about `expected`, its error included); alarm. All but observed are null where
        the history is too short or holds too few events or days of a kind, or the fit did not converge; p_value and
        alarm also where a judged day was not observed.

    Raises
    ------
    ValueError
        As `series.side_by_side`, or if the calendar misses a day.
    """
    rules = rules or DailyRules()
    grid = side_by_side(daily, by, "day", 1)
    kinds, waves = kind_columns(grid.starts, calendar), yearly_waves(grid.starts, rules.harmonics)
    total = len(grid.starts)
    begin = total - 1 if first is None else min(int((grid.starts < first).sum()), total)
    shape = (grid.keys.height, total - begin)
    found = {name: np.full(shape, np.nan) for name in FIGURES}
    observed = np.full(shape, np.nan)
    for last in range(begin, total):
        judged = slice(last - rules.sum_days + 1, last + 1)
        if judged.start < 0:
            continue
        observed[:, last - begin] = grid.counts[:, judged].sum(axis=1)
        history = slice(max(judged.start - rules.recent_days - rules.history_days, 0), judged.start - rules.recent_days)
        if history.stop - history.start >= rules.fewest_days:
            design = np.column_stack([kinds, waves, (np.arange(total) - last) / DAYS_PER_YEAR])
            figures = _judge(design, kinds.shape[1], grid.counts, history, judged, rules)
            for name, values in figures.items():
                found[name][:, last - begin] = values
    alarm = found["p_value"] < rules.tail
    return grid.frame(slice(begin, None), {"observed": observed, **found, "alarm": alarm}).with_columns(
        alarm=pl.when(pl.col("p_value").is_not_null()).then("alarm")
    )


def _judge(
    design: Floats, n_kinds: int, counts: Floats, history: slice, judged: slice, rules: DailyRules
) -> dict[str, Floats]:
    """Fit all series on `history` and test the sum over `judged`; NaN where impossible."""
    past = counts[:, history]
    weights = (~np.isnan(past)).astype(np.float64)
    first_seen = np.where(weights.any(axis=1), weights.argmax(axis=1), past.shape[1])
    length = past.shape[1] - first_seen
    asked = design[judged, :n_kinds].any(axis=0)
    enough = (weights @ design[history, :n_kinds])[:, asked].min(axis=1) >= rules.fewest_of_a_kind
    enough &= np.nan_to_num(past).sum(axis=1) >= rules.events_per_coefficient * design.shape[1]
    known = (length >= rules.fewest_days) & (weights.sum(axis=1) >= OBSERVED_SHARE * length) & enough
    figures = {name: np.full(len(counts), np.nan) for name in FIGURES}
    total = counts[:, judged].sum(axis=1)
    for has_trend in (True, False):
        rows = np.flatnonzero(known & ((length >= rules.trend_days) == has_trend))
        columns = design if has_trend else design[:, :-1]
        fit = fit_reweighted(columns[history], np.nan_to_num(past[rows]), weights[rows], rules.down_weight_above)
        x = columns[judged]
        means = np.exp(fit.coefficients @ x.T)
        expected, gradient = means.sum(axis=1), means @ x
        error = np.einsum("bp,bpq,bq->b", gradient, fit.covariance, gradient)
        phi, degrees = np.maximum(fit.dispersion, 1.0), np.full(len(rows), LARGE_DEGREES)
        if rules.by_past_sums:
            of_sums, degrees_of_sums, inflation = _past_sums(columns[history], past[rows], fit, rules.sum_days)
            degrees = np.where(of_sums > phi, degrees_of_sums, degrees)
            phi, error = np.maximum(phi, of_sums), error * inflation
        dispersion = phi * (1 + error / expected)
        able = fit.is_converged & (fit.degrees > 0)
        lower, upper, p_value = _test(total[rows], expected, dispersion, degrees, rules)
        for name, values in zip(FIGURES, (expected, lower, upper, p_value, dispersion), strict=True):
            figures[name][rows] = np.where(able, values, np.nan)
    return figures


def _past_sums(design: Floats, counts: Floats, fit: QuasiPoissonFit, sum_days: int) -> tuple[Floats, Floats, Floats]:
    """How the sums of `sum_days` consecutive days, back from the last, vary about the fit.

    Where the days are independent, the variance of a residual is the dispersion x (E - g'Cg), with E the fitted sum,
    g its gradient and C the covariance of the coefficients: those follow the sums, and leave them less to vary.

    Returns
    -------
    dispersion, degrees, inflation : array, shape (batch,)
        Dispersion of the sums, its degrees of freedom, and by how much the variance of the coefficients exceeds that of
        sums that are independent: (1 + r) / (1 - r) for sums whose neighbours correlate by r.
    """
    sums = counts.shape[1] // sum_days
    last = slice(counts.shape[1] - sums * sum_days, None)
    shape = (len(counts), sums, sum_days)
    mean = np.where(np.isnan(counts), 0.0, fit.fitted)[:, last].reshape(shape)
    expected = mean.sum(axis=2)
    residual = np.nan_to_num(counts)[:, last].reshape(shape).sum(axis=2) - expected
    gradient = np.einsum("bsd,sdp->bsp", mean, design[last].reshape(sums, sum_days, -1))
    variance = expected - np.einsum("bsp,bpq,bsq->bs", gradient, fit.covariance, gradient)
    # A sum that nothing was seen of, or that the coefficients follow wholly, tells nothing.
    tells = variance > 1e-6 * np.maximum(expected, 1.0)
    number = np.maximum(tells.sum(axis=1), 1)
    free = np.divide(variance, expected, out=np.zeros_like(variance), where=tells).sum(axis=1)
    scaled = np.divide(residual, np.sqrt(np.where(tells, variance, 1.0)), out=np.zeros_like(variance), where=tells)
    squares, products = (scaled**2).sum(axis=1), (scaled[:, 1:] * scaled[:, :-1]).sum(axis=1)
    correlation = np.divide(products, squares, out=np.zeros_like(squares), where=squares > 0)
    # The share of the sums that the coefficients follow is about what it takes from the correlation of the residuals.
    correlation = np.clip(correlation + 1 - free / number, 0.0, MOST_CORRELATED)
    return squares / number, np.maximum(free, 1.0), (1 + correlation) / (1 - correlation)


def _test(
    count: Floats, expected: Floats, dispersion: Floats, degrees: Floats, rules: DailyRules
) -> tuple[Floats, Floats, Floats]:
    """Limits and p-value by the negative binomial, its tails as much longer as Student's t has them than the normal."""
    tail = rules.tail if rules.sides == "upper" else rules.tail / 2
    inner = np.asarray(special.ndtr(special.stdtrit(degrees, tail)), dtype=np.float64)
    upper = count_quantile(1 - inner, expected, dispersion)
    above = special.stdtr(degrees, special.ndtri(count_upper_tail(count, expected, dispersion)))
    if rules.sides == "upper":
        return np.full_like(expected, np.nan), upper, above
    not_below = count_upper_tail(count + 1, expected, dispersion)
    below = special.stdtr(degrees, special.ndtri(1 - not_below))
    return count_quantile(inner, expected, dispersion), upper, np.minimum(2 * np.minimum(below, above), 1.0)
