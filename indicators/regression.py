"""Log-linear regression of over-dispersed counts, many series at once, and the tail of the next count.

Belongs here: the fit by iteratively reweighted least squares and the negative binomial with a given dispersion,
on arrays. Not here: what stands in the design (`surveillance`, `daily_alarms`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from indicators.intervals import Floats

MOST_ITERATIONS = 50
# Relative change of the deviance.
CONVERGED = 1e-10
# A level of a factor without any event drives its coefficient to minus infinity: stop where the mean is nothing.
LEAST_LOG_MEAN, LARGEST_LOG_MEAN = -25.0, 25.0


@dataclass(frozen=True)
class QuasiPoissonFit:
    """Fits of one design to a batch of series.

    Attributes
    ----------
    coefficients : array, shape (batch, columns)
    covariance : array, shape (batch, columns, columns)
        Of the coefficients, to be multiplied by the dispersion.
    fitted, leverage : array, shape (batch, rows)
    dispersion : array, shape (batch,)
        Pearson's; 0 where no degree of freedom is left.
    degrees : array, shape (batch,)
        Residual degrees of freedom.
    is_converged : array of bool, shape (batch,)
    """

    coefficients: Floats
    covariance: Floats
    fitted: Floats
    leverage: Floats
    dispersion: Floats
    degrees: Floats
    is_converged: npt.NDArray[np.bool_]


def fit_quasi_poisson(
    design: Floats, counts: Floats, weights: Floats, start: Floats | None = None, exposure: Floats | None = None
) -> QuasiPoissonFit:
    """Quasi-Poisson regression with logarithmic link.

    Each series of the batch is fitted as if alone. A column that is zero wherever the weight is not gets the
    coefficient 0 and costs no degree of freedom.

    Parameters
    ----------
    design : array, shape (rows, columns)
        Common to the batch.
    counts : array, shape (batch, rows)
        Not negative; anything finite where the weight is 0.
    weights : array, shape (batch, rows)
        Prior weights, 0 for rows to leave out.
    start : array, shape (batch, rows), optional
        Log means to start from.
    exposure : array, shape (batch, rows), optional
        What the mean is proportional to, above zero; anything above zero where the weight is 0. Coefficients are then
        those of the rate.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., ch. 2.5, 6 and 9.
    """
    batch, columns = len(counts), design.shape[1]
    # Information matrices are symmetric: their upper triangles are summed, all in one product of matrices.
    upper = np.triu_indices(columns)
    products = design[:, upper[0]] * design[:, upper[1]]
    coefficients, is_converged = np.zeros((batch, columns)), np.zeros(batch, dtype=np.bool_)
    log_mean = np.log(counts + 0.1) if start is None else start.copy()
    offset = np.zeros_like(counts) if exposure is None else np.log(exposure)
    deviance = np.full(batch, np.inf)
    running = np.arange(batch)
    for _ in range(MOST_ITERATIONS):
        y, w, eta, known = counts[running], weights[running], log_mean[running], offset[running]
        mean = np.exp(eta)
        inverse = _inverse((w * mean) @ products, upper)
        score = (w * (mean * (eta - known) + y - mean)) @ design
        found = np.einsum("bpq,bq->bp", inverse, score)
        eta = np.clip(found @ design.T + known, LEAST_LOG_MEAN, LARGEST_LOG_MEAN)
        after = _deviance(y, eta, w)
        done = np.abs(after - deviance[running]) <= CONVERGED * (np.abs(after) + 0.1)
        coefficients[running], log_mean[running], deviance[running] = found, eta, after
        is_converged[running] = done
        running = running[~done]
        if not len(running):
            break
    mean = np.exp(log_mean)
    working = weights * mean
    covariance = _inverse(working @ products, upper)
    both = np.where(upper[0] == upper[1], 1.0, 2.0)
    leverage = working * ((covariance[:, upper[0], upper[1]] * both) @ products.T)
    estimated = ((weights > 0).astype(np.float64) @ np.abs(design) > 0).sum(axis=1)
    degrees = np.maximum((weights > 0).sum(axis=1) - estimated, 0).astype(np.float64)
    pearson = (weights * (counts - mean) ** 2 / mean).sum(axis=1)
    dispersion = np.divide(pearson, degrees, out=np.zeros(batch), where=degrees > 0)
    return QuasiPoissonFit(coefficients, covariance, mean, leverage, dispersion, degrees, is_converged)


def fit_reweighted(
    design: Floats, counts: Floats, weights: Floats, down_weight_above: float, exposure: Floats | None = None
) -> QuasiPoissonFit:
    """Fit twice, the second time with less weight for rows that lie far above the first fit: likely outbreaks.

    Parameters
    ----------
    design, counts, weights, exposure : arrays
        As in `fit_quasi_poisson`.
    down_weight_above : float
        Standardised Anscombe residual s above which a row gets the weight 1/s²; at infinity the first fit is the last.

    References
    ----------
    Farrington, Andrews, Beale & Catchpole (1996), J. R. Statist. Soc. A 159:547-563, section 3.6.
    """
    fit = fit_quasi_poisson(design, counts, weights, exposure=exposure)
    if not np.isfinite(down_weight_above):
        return fit
    phi = np.maximum(fit.dispersion, 1.0)[:, None]
    anscombe = 1.5 * (np.cbrt(counts) ** 2 / fit.fitted ** (1 / 6) - np.sqrt(fit.fitted))
    residual = anscombe / np.sqrt(phi * np.maximum(1 - fit.leverage, 1e-9))
    relative = weights * np.where(residual > down_weight_above, 1 / np.maximum(residual, 1e-9) ** 2, 1.0)
    observed, total = weights.sum(axis=1), relative.sum(axis=1)
    rescaled = np.divide(observed, total, out=np.ones_like(total), where=total > 0)
    return fit_quasi_poisson(design, counts, relative * rescaled[:, None], np.log(fit.fitted), exposure)


def count_upper_tail(count: npt.ArrayLike, mean: npt.ArrayLike, dispersion: npt.ArrayLike) -> Floats:
    """Probability of a count at least as large, for a negative binomial with variance dispersion x mean.

    At a dispersion of 1 it is the Poisson distribution.

    Parameters
    ----------
    count : array_like
        Whole numbers, not negative.
    mean : array_like, above zero
    dispersion : array_like, at least 1
    """
    y, mu, phi = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (count, mean, dispersion)))
    over = phi > 1
    size = np.divide(mu, phi - 1, out=np.ones_like(mu), where=over)
    some = np.maximum(y, 1.0)
    tail = np.where(over, special.betainc(some, size, 1 - 1 / phi), special.gammainc(some, mu))
    return np.where(y <= 0, 1.0, tail)


def count_quantile(probability: float | Floats, mean: npt.ArrayLike, dispersion: npt.ArrayLike) -> Floats:
    """Smallest count whose probability of not being exceeded is at least `probability`; see `count_upper_tail`."""
    mu, phi = np.broadcast_arrays(np.asarray(mean, dtype=np.float64), np.asarray(dispersion, dtype=np.float64))
    over = phi > 1
    size = np.divide(mu, phi - 1, out=np.ones_like(mu), where=over)
    spread = stats.nbinom.ppf(probability, size, np.where(over, 1 / phi, 0.5))
    return np.where(over, spread, stats.poisson.ppf(probability, mu))


def _inverse(information: Floats, upper: tuple[npt.NDArray[np.intp], ...]) -> Floats:
    """Inverse of each information matrix, given as its upper triangle; scaled to a unit diagonal first."""
    columns = int(upper[0][-1]) + 1
    matrix = np.empty((len(information), columns, columns))
    matrix[:, upper[0], upper[1]] = information
    matrix[:, upper[1], upper[0]] = information
    diagonal = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
    scale = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    scaled = matrix * scale[:, :, None] * scale[:, None, :]
    # Columns without information get a diagonal of one, and hence the coefficient 0; the rest of it keeps columns
    # that say the same from making the matrix singular.
    ridge = np.where(diagonal > 0, 1e-10, 1.0)
    inverse = np.linalg.inv(scaled + ridge[:, :, None] * np.eye(columns))
    return np.asarray(inverse * scale[:, :, None] * scale[:, None, :])


def _deviance(counts: Floats, log_mean: Floats, weights: Floats) -> Floats:
    terms = special.xlogy(counts, counts) - counts * log_mean - counts + np.exp(log_mean)
    return np.asarray(2 * (weights * terms).sum(axis=1))
