"""Outbreaks in weekly counts: Farrington's method and its flexible form, many series and weeks at once.

Belongs here: the choice of reference weeks, the reweighted fit and the threshold. Not here: the regression
(`regression`), alarms on days (`daily_alarms`) and charts (`trends`).

References
----------
Farrington, Andrews, Beale & Catchpole (1996), J. R. Statist. Soc. A 159:547-563;
Noufaily, Enki, Farrington, Garthwaite, Andrews & Charlett (2013), Statistics in Medicine 32:1206-1222;
Salmon, Schumacher & Höhle (2016), J. Statistical Software 70(10).
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from indicators.intervals import Floats
from indicators.regression import QuasiPoissonFit, count_quantile, count_upper_tail, fit_reweighted
from indicators.series import side_by_side

# Series x weeks that are fitted at a time: bounds the memory.
ROWS_AT_A_TIME = 4096
# Share of the reference weeks that must have been observed.
OBSERVED_SHARE = 0.75
FEWEST_YEARS_FOR_TREND = 3
FIGURES = ("expected", "upper", "p_value", "score", "dispersion", "trend_per_year")


@dataclass(frozen=True)
class FarringtonRules:
    """How a week is judged; the default is the flexible method.

    Attributes
    ----------
    years : int
        Years of history.
    half_window : int
        Weeks on either side of the same week in those years.
    season_levels : int
        Levels of the seasonal factor: one for those windows, the rest for equal parts of the time between. With 1 the
        windows alone are the reference.
    recent_weeks : int
        Weeks before the current one that are left out, so that an outbreak does not become the norm that it is
        measured by.
    down_weight_above : float
        Standardised Anscombe residual s above which a past week gets the weight 1/s², as a likely outbreak.
    trend_p : float
        Largest p-value of a trend that is kept; 1 keeps each. None is kept with less than three years, or where it
        would expect more than any reference week had.
    threshold : {"negative_binomial", "power"}
        Quantile of a negative binomial about the fitted mean, or of a normal distribution of count^(2/3) that
        includes the error of the mean.
    tail : float
        Probability of a count above the threshold when nothing is afoot. (The interval of 1996 was two-sided: its
        .01 is .005 here.)
    fewest_cases, case_weeks : int
        No alarm with fewer events than that in the last weeks, the current one included.
    weeks_per_year : float
        Distance of the same week a year earlier; multiples are rounded to whole weeks.
    """

    years: int = 5
    half_window: int = 3
    season_levels: int = 10
    recent_weeks: int = 26
    down_weight_above: float = 2.58
    trend_p: float = 1.0
    threshold: Literal["negative_binomial", "power"] = "negative_binomial"
    tail: float = 0.005
    fewest_cases: int = 5
    case_weeks: int = 4
    weeks_per_year: float = 365.25 / 7

    def __post_init__(self) -> None:
        between = round(self.weeks_per_year) - 2 * self.half_window - 1
        if self.years < 1 or self.half_window < 0 or not 1 <= self.season_levels <= max(between, 0) + 1:
            raise ValueError(
                f"{self.years} years, half_window {self.half_window} and season_levels {self.season_levels} do not "
                f"divide a year: at least one year, and at most one level per week outside the window"
            )
        if not 0 < self.tail < 1 or not 0 < self.trend_p <= 1:
            raise ValueError(f"tail and trend_p are probabilities, not {self.tail} and {self.trend_p}")


FLEXIBLE = FarringtonRules()
ORIGINAL = FarringtonRules(
    season_levels=1, recent_weeks=3, down_weight_above=1.0, trend_p=0.05, threshold="power", tail=0.005
)


def farrington(
    weekly: pl.DataFrame, by: list[str], rules: FarringtonRules = FLEXIBLE, first: date | None = None
) -> pl.DataFrame:
    """Judge each week of each series by the same time of the years before.

    A quasi-Poisson regression on the reference weeks (trend, seasonal factor) is fitted twice, past outbreaks
    weighted down in the second, and again without the trend where that is not to be kept.

    Parameters
    ----------
    weekly : DataFrame
        Columns `by`, week (Date, its first day), count. A week without a row, or with a null, was not observed.
    by : list of str
        Columns that name a series.
    rules : FarringtonRules
        `FLEXIBLE` (2013), `ORIGINAL` (1996) or others.
    first : date, optional
        First week to judge; all of them if not given.

    Returns
    -------
    DataFrame
        One row per series and week from `first` on, sorted: `by`, week; observed; expected, upper (events: the
        fitted mean, the largest count that is no alarm); p_value (of a count at least as large); score (observed -
        expected, over upper - expected; null where upper is not above expected); dispersion (at least 1);
        trend_per_year (log scale, null without a trend); alarm. All but the first three are null where the history
        is shorter than the rules ask, less than three quarters of it was observed, or the fit did not converge;
        p_value, score and alarm also where the week itself was not observed.

    Raises
    ------
    ValueError
        As `series.side_by_side`.
    """
    grid = side_by_side(weekly, by, "week", 7)
    offsets, levels = _reference_weeks(rules)
    total = len(grid.starts)
    begin = 0 if first is None else int((grid.starts < first).sum())
    # Before this week the history does not reach back far enough.
    able = np.arange(min(max(begin, int(offsets.max())), total), total)
    shape = (grid.keys.height, total - begin)
    found = {name: np.full(shape, np.nan) for name in FIGURES}
    series, week = (index.ravel() for index in np.meshgrid(np.arange(shape[0]), able, indexing="ij"))
    for start in range(0, len(series), ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        s, t = series[rows], week[rows]
        judged = _judge(grid.counts[s[:, None], t[:, None] - offsets], grid.counts[s, t], offsets, levels, rules)
        for name, values in judged.items():
            found[name][s, t - begin] = values
    observed = grid.counts[:, begin:]
    recent = np.lib.stride_tricks.sliding_window_view(
        np.pad(np.nan_to_num(grid.counts), ((0, 0), (rules.case_weeks - 1, 0))), rules.case_weeks, axis=1
    )
    enough = recent.sum(axis=2)[:, begin:] >= rules.fewest_cases
    alarm = enough & (observed > found["upper"])
    return grid.frame(slice(begin, None), {"observed": observed, **found, "alarm": alarm}).with_columns(
        alarm=pl.when(pl.col("p_value").is_not_null()).then("alarm")
    )


def _reference_weeks(rules: FarringtonRules) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Weeks before the current one that it is compared with, and the level of the seasonal factor of each.

    Level 0 holds the windows about the same week; the weeks between two windows are split in equal parts, the
    earlier ones longer by a week where they cannot be equal.
    """
    lags = [round(year * rules.weeks_per_year) for year in range(rules.years + 1)]
    half = rules.half_window
    level = np.full(lags[-1] + half + 1, -1, dtype=np.int64)
    level[: half + 1] = 0
    for newer, older in pairwise(lags):
        level[older - half : older + half + 1] = 0
        if rules.season_levels > 1:
            between = np.arange(older - half - 1, newer + half, -1)
            for number, part in enumerate(np.array_split(between, rules.season_levels - 1), start=1):
                level[part] = number
    level[: rules.recent_weeks + 1] = -1
    offsets = np.flatnonzero(level >= 0)
    return offsets, level[offsets]


def _judge(
    history: Floats,
    current: Floats,
    offsets: npt.NDArray[np.int64],
    levels: npt.NDArray[np.int64],
    rules: FarringtonRules,
) -> dict[str, Floats]:
    """Judge a batch of weeks, shape (batch,), by their reference weeks, shape (batch, weeks); NaN where impossible."""
    observed = ~np.isnan(history)
    y, weights = np.where(observed, history, 0.0), observed.astype(np.float64)
    # The current week is the origin: its level and its time are zero, so its log mean is the first coefficient.
    season = (levels[:, None] == np.arange(1, rules.season_levels)).astype(np.float64)
    flat = np.column_stack([np.ones(len(offsets)), season])
    shares = observed.mean(axis=1), observed[:, levels == 0].mean(axis=1)
    reaches = np.minimum(*shares) >= OBSERVED_SHARE
    # Columns: log mean, its variance, dispersion, slope.
    model = np.full((len(y), 4), np.nan)
    if rules.years >= FEWEST_YEARS_FOR_TREND:
        rows = np.flatnonzero(reaches)
        sloped = np.column_stack([flat, -offsets / rules.weeks_per_year])
        fit = fit_reweighted(sloped, y[rows], weights[rows], rules.down_weight_above)
        is_kept = _is_fitted(fit) & (np.exp(fit.coefficients[:, 0]) <= y[rows].max(axis=1, initial=0))
        is_kept &= _slope_p_value(fit) <= rules.trend_p
        model[rows[is_kept]] = np.column_stack([_current(fit), fit.coefficients[:, -1]])[is_kept]
    rows = np.flatnonzero(reaches & np.isnan(model[:, 0]))
    fit = fit_reweighted(flat, y[rows], weights[rows], rules.down_weight_above)
    model[rows, :3] = np.where(_is_fitted(fit)[:, None], _current(fit), np.nan)
    log_mean, variance, dispersion, slope = model.T
    expected = np.exp(log_mean)
    upper, p_value = THRESHOLDS[rules.threshold](current, expected, dispersion, variance, rules.tail)
    above = upper - expected
    score = np.divide(current - expected, above, out=np.full(len(y), np.nan), where=above > 0)
    return dict(zip(FIGURES, (expected, upper, p_value, score, dispersion, slope), strict=True))


def _is_fitted(fit: QuasiPoissonFit) -> npt.NDArray[np.bool_]:
    return fit.is_converged & (fit.degrees > 0)


def _current(fit: QuasiPoissonFit) -> Floats:
    """Log mean of the current week, its variance, and the dispersion: shape (batch, 3)."""
    phi = np.maximum(fit.dispersion, 1.0)
    return np.column_stack([fit.coefficients[:, 0], phi * fit.covariance[:, 0, 0], phi])


def _slope_p_value(fit: QuasiPoissonFit) -> Floats:
    error = np.sqrt(fit.dispersion * fit.covariance[:, -1, -1])
    t = np.divide(np.abs(fit.coefficients[:, -1]), error, out=np.zeros_like(error), where=error > 0)
    return np.asarray(2 * special.stdtr(np.maximum(fit.degrees, 1.0), -t))


def _negative_binomial(
    count: Floats, mean: Floats, dispersion: Floats, variance: Floats, tail: float
) -> tuple[Floats, Floats]:
    """Upper threshold and p-value about a mean that is taken as known."""
    return count_quantile(1 - tail, mean, dispersion), count_upper_tail(count, mean, dispersion)


def _power(count: Floats, mean: Floats, dispersion: Floats, variance: Floats, tail: float) -> tuple[Floats, Floats]:
    """Upper threshold and p-value on the scale of count^(2/3), on which the skewness is nearly gone."""
    centre = np.cbrt(mean) ** 2
    # Var(Y - mean) = dispersion mean + mean² Var(log mean); the derivative of mean^(2/3) squared is 4/9 mean^(-2/3).
    spread = np.sqrt(4 / 9 * np.cbrt(mean) * (dispersion + mean * variance))
    upper = np.maximum(centre - special.ndtri(tail) * spread, 0.0) ** 1.5
    return upper, np.asarray(special.ndtr((centre - np.cbrt(count) ** 2) / spread))


THRESHOLDS = {"negative_binomial": _negative_binomial, "power": _power}
