"""Reliability of a scale: do the items of one scale hang together well enough for their mean to be published?

Belongs here: Cronbach's alpha with its limits, alpha without each item, sampling adequacy and sphericity. Not here:
which items make a scale (`questionnaire`), and the means of scales (`survey_design`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha.

    Attributes
    ----------
    value, lower, upper : float
        From the items' covariances; NaN where nothing varies.
    standardised : float
        From their correlations.
    without : tuple of float
        Alpha of the other items, for each item in turn; NaN where fewer than two are left.
    respondents : int
    """

    value: float
    lower: float
    upper: float
    standardised: float
    without: tuple[float, ...]
    respondents: int


@dataclass(frozen=True)
class Sphericity:
    """Bartlett's test that no two items are correlated.

    Attributes
    ----------
    chi_square : float
    freedom : int
    p_value : float
    """

    chi_square: float
    freedom: int
    p_value: float


def cronbach_alpha(
    answers: Floats, weights: Floats | None = None, effective: float | None = None, confidence: float = 0.95
) -> Alpha:
    """Cronbach's alpha of items, with limits by the distribution of Feldt.

    Parameters
    ----------
    answers : array, shape (n, k)
        Complete answers of n respondents to k items that point the same way; two items and two respondents at least.
    weights : array, shape (n,), optional
        What each respondent stands for.
    effective : float, optional
        Number of respondents that the limits rest on; by default n.
    confidence : float
        Of both limits together.

    References
    ----------
    Cronbach (1951), Psychometrika 16:297-334; Feldt (1965), Psychometrika 30:357-370.
    """
    n, k = answers.shape
    if n < 2 or k < 2:
        raise ValueError(f"alpha needs two respondents and two items, not {n} and {k}")
    covariance = _covariance(answers, weights)
    value = _alpha(covariance)
    number = max(min(float(n), effective if effective is not None else float(n)), 2.0)
    low, high = (1 + np.array([-confidence, confidence])) / 2
    freedom = (number - 1, (number - 1) * (k - 1))
    return Alpha(
        value=value,
        lower=1 - (1 - value) * float(stats.f.ppf(high, *freedom)),
        upper=1 - (1 - value) * float(stats.f.ppf(low, *freedom)),
        standardised=_alpha(_correlation(covariance)),
        without=tuple(_alpha(np.delete(np.delete(covariance, at, 0), at, 1)) for at in range(k)),
        respondents=n,
    )


def sampling_adequacy(answers: Floats, weights: Floats | None = None) -> tuple[float, tuple[float, ...]]:
    """The Kaiser-Meyer-Olkin measure, of all items and of each: squared correlations against those and partial ones.

    From .5 on, what the items share may be one factor; NaN where the correlations cannot be inverted.

    References
    ----------
    Kaiser (1974), Psychometrika 39:31-36.
    """
    correlation = _correlation(_covariance(answers, weights))
    k = len(correlation)
    if not np.all(np.isfinite(correlation)) or np.linalg.cond(correlation) > 1e12:
        return float("nan"), (float("nan"),) * k
    inverse = np.linalg.inv(correlation)
    scale = np.sqrt(np.diag(inverse))
    partial = inverse / np.outer(scale, scale)
    np.fill_diagonal(partial, 0)
    np.fill_diagonal(correlation, 0)
    shared, left = correlation**2, partial**2
    each = shared.sum(0) / (shared.sum(0) + left.sum(0))
    return float(shared.sum() / (shared.sum() + left.sum())), tuple(each.tolist())


def sphericity(answers: Floats, weights: Floats | None = None, effective: float | None = None) -> Sphericity:
    """Bartlett's test; parameters as `cronbach_alpha`.

    References
    ----------
    Bartlett (1951), Biometrika 38:337-344.
    """
    n, k = answers.shape
    number = min(float(n), effective if effective is not None else float(n))
    sign, log_determinant = np.linalg.slogdet(_correlation(_covariance(answers, weights)))
    statistic = -(number - 1 - (2 * k + 5) / 6) * float(log_determinant) if sign > 0 else float("nan")
    freedom = k * (k - 1) // 2
    return Sphericity(statistic, freedom, float(stats.chi2.sf(statistic, freedom)))


def _covariance(answers: Floats, weights: Floats | None) -> Floats:
    weighed = np.ones(len(answers)) if weights is None else weights
    weighed = weighed / weighed.sum()
    centred = answers - weighed @ answers
    # For equal weights the usual divisor, n - 1.
    covariance: Floats = (centred * weighed[:, None]).T @ centred / (1 - 1 / len(answers))
    return covariance


def _correlation(covariance: Floats) -> Floats:
    scale = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation: Floats = covariance / np.outer(scale, scale)
    return correlation


def _alpha(covariance: Floats) -> float:
    k, whole = len(covariance), float(covariance.sum())
    if k < 2 or not whole > 0:
        return float("nan")
    return k / (k - 1) * (1 - float(np.trace(covariance)) / whole)
