"""The time of the year in series of weeks and months: whether a season is established, and how it multiplies the level.

Belongs here: the fit of a season to many series side by side, and series with their season taken out. Not here: which
series are charted (`charts`), their limits (`trends`), and the season of daily counts (`daily_alarms`).
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from indicators.day_design import yearly_waves
from indicators.intervals import Floats
from indicators.periods import period_end
from indicators.regression import fit_quasi_poisson

PER_YEAR = {"week": 52, "month": 12}
# Three years, of which the last periods may still be provisional.
FEWEST_YEARS = 2.75
HARMONICS = 2
# Correlation of neighbours beyond which a drift is no longer told from a season.
MOST_ALIKE = 0.9
# A season by chance in so few of the series that have none.
LARGEST_P_VALUE = 0.01


@dataclass(frozen=True)
class Seasons:
    """Seasons of a batch of series on one time axis.

    Attributes
    ----------
    factors : array, shape (batch, periods)
        By how much the time of the year multiplies the level: 1 throughout where no season is established, else with
        a mean of about 1 over a year.
    is_established : array of bool, shape (batch,)
    spent : int
        Coefficients that follow the season, and leave as many points fewer to vary.
    """

    factors: Floats
    is_established: npt.NDArray[np.bool_]
    spent: int


def seasons(
    values: Floats, starts: pl.Series, period_kind: str, festival: Floats | None = None, changes: tuple[date, ...] = ()
) -> Seasons:
    """Whether series of consecutive periods have a season, and which.

    A quasi-Poisson regression with logarithmic link on two yearly waves, the share of each period that the Spring
    Festival takes, growth, and a level of its own for each year back from the last period, so that neither growth nor a
    change of level passes for a season. Established is a season of nearly three years at least whose coefficients
    together differ from zero at 1 % (Wald's test, with F for the estimated dispersion, multiplied by (1 + r) / (1 - r)
    where residuals of neighbours correlate by r).

    Parameters
    ----------
    values : array, shape (batch, periods)
        Figures; a series with a negative one has no season.
    starts : Series of Date
        First days of the periods, consecutive.
    period_kind : {"week", "month"}
    festival : array, shape (periods,), optional
        Share of each period's days that belong to the Spring Festival's holiday.
    changes : tuple of date
        Days of declared changes: from each on the level is another one.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., ch. 9 (quasi-likelihood).
    """
    batch, periods = values.shape
    per_year = PER_YEAR[period_kind]
    none = Seasons(np.ones_like(values), np.zeros(batch, dtype=np.bool_), 0)
    if periods < FEWEST_YEARS * per_year:
        return none
    middle = starts.dt.offset_by("15d" if period_kind == "month" else "3d")
    season = yearly_waves(middle, HARMONICS)
    if festival is not None and np.ptp(festival) > 0:
        season = np.column_stack([season, festival - festival.mean()])
    year = (periods - 1 - np.arange(periods)) // per_year
    phase = sum(((starts >= change).to_numpy().astype(np.int64) for change in changes), np.zeros(periods, np.int64))
    _, level = np.unique(np.column_stack([phase, year]), axis=0, return_inverse=True)
    levels = (level[:, None] == np.arange(level.max() + 1)).astype(np.float64)
    # Growth within the years would else look like a season that falls back at each year's end.
    growth = np.arange(periods) / per_year - periods / per_year / 2
    design, spent = np.column_stack([levels, growth, season]), season.shape[1]
    if periods <= design.shape[1] + 1:
        return none
    # Differences may be negative, and then have no factor. The fit starts from logarithms of the values: shares of one
    # are scaled up, which changes no factor.
    is_positive = values.min(axis=1) >= 0
    held = np.maximum(values, 0.0)
    held = 100 * held / np.maximum(held.mean(axis=1, keepdims=True), 1e-300)
    fit = fit_quasi_poisson(design, held, np.ones_like(held))
    found = fit.coefficients[:, -spent:]
    spread = fit.covariance[:, -spent:, -spent:]
    able = fit.is_converged & (fit.degrees > 0) & (fit.dispersion > 0) & is_positive & (values.max(axis=1) > 0)
    solved = np.linalg.solve(np.where(able[:, None, None], spread, np.eye(spent)), found[:, :, None])[:, :, 0]
    residual = (held - fit.fitted) / np.sqrt(fit.fitted)
    squares, products = (residual**2).sum(axis=1), (residual[:, 1:] * residual[:, :-1]).sum(axis=1)
    # What drifts from period to period looks like a wave: neighbours that are alike are worth fewer points.
    alike = np.clip(np.divide(products, squares, out=np.zeros(batch), where=squares > 0), 0.0, MOST_ALIKE)
    variance = fit.dispersion * (1 + alike) / (1 - alike)
    wald = np.divide((found * solved).sum(axis=1), spent * variance, out=np.zeros(batch), where=able)
    p_value = special.fdtrc(spent, np.maximum(fit.degrees, 1.0), np.maximum(wald, 0.0))
    is_established = able & (p_value <= LARGEST_P_VALUE)
    factors = np.exp(np.where(is_established[:, None], found, 0.0) @ season.T)
    # Of the waves' exponentials the mean over a year exceeds 1 a little.
    factors /= factors[:, -per_year:].mean(axis=1, keepdims=True)
    return Seasons(factors, is_established, spent)


def festival_share(starts: pl.Series, period_kind: str, calendar: pl.DataFrame | None) -> Floats | None:
    """Share of each period's days that belong to the Spring Festival's holiday; None where no calendar tells."""
    if calendar is None:
        return None
    ends = pl.DataFrame({"start": starts}).with_columns(end=period_end(pl.col("start"), period_kind))
    days = calendar.filter(pl.col("day_type") == "spring_festival").select("day")
    held = ends.join_where(days, pl.col("day") >= pl.col("start"), pl.col("day") <= pl.col("end"))
    share = ends.join(held.group_by("start").len(), on="start", how="left", maintain_order="left").select(
        pl.col("len").fill_null(0) / ((pl.col("end") - pl.col("start")).dt.total_days() + 1)
    )
    return share.to_series().cast(pl.Float64).to_numpy()


def seasonal_centre(values: Floats, factors: Floats) -> float:
    """Level of one series at the time of the year whose factor is 1."""
    return float(values.sum() / factors.sum())


def without_season(values: Floats, factors: Floats, centre: float) -> Floats:
    """Points of one series as they would be at the time of the year whose factor is 1.

    The distance of each point from centre x factor is divided by the root of the factor: where a figure's variance
    grows with it, as that of counts does, the points then vary alike all the year.
    """
    return centre + (values - centre * factors) / np.sqrt(factors)
