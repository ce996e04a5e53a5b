"""What each indicator weighs: given, equal, told by the figures, or by pairwise judgement.

Belongs here: the weights, which always sum to one. Not here: combining figures with them (`aggregate`). Weights that
the figures give change whenever these do, so they serve the sensitivity analysis, not the published score.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from indicators.composites.screening import matrix
from indicators.intervals import Floats

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
"""Mean consistency index of random judgements of 1, 2, … 15 things (Saaty 1980)."""


def given_weights(weights: npt.ArrayLike) -> Floats:
    """Weights as shares of their sum.

    Raises
    ------
    ValueError
        If one is negative or not finite, or all are zero.
    """
    found = np.asarray(weights, dtype=np.float64)
    if not np.isfinite(found).all() or (found < 0).any() or found.sum() <= 0:
        raise ValueError("weights must be finite and not negative, and one of them positive")
    shares: Floats = found / found.sum()
    return shares


def entropy_weights(scaled: npt.ArrayLike) -> Floats:
    """Weights by how unevenly an indicator is spread over the units: 1 − its entropy, as a share.

    Parameters
    ----------
    scaled : array_like
        Units by indicators on its last two axes, not negative, more being better (min–max to [0, 1], or to a scale
        kept off zero such as [.002, .998]). Complete.

    Returns
    -------
    array of float
        Of the shape of `scaled` without its units; equal weights where no indicator differs between units.

    References
    ----------
    Shannon (1948); Hwang & Yoon (1981), Multiple Attribute Decision Making, ch. 3.
    """
    x = np.asarray(scaled, dtype=np.float64)
    if not np.isfinite(x).all() or (x < 0).any():
        raise ValueError("entropy weights need complete figures that are not negative")
    total = x.sum(axis=-2, keepdims=True)
    share = x / np.where(total > 0, total, 1.0)
    # 0 ln 0 is 0.
    terms = share * np.log(np.where(share > 0, share, 1.0))
    unevenness = 1 + terms.sum(axis=-2) / np.log(max(x.shape[-2], 2))
    unevenness = np.where(total[..., 0, :] > 0, np.maximum(unevenness, 0.0), 0.0)
    return _shares(unevenness)


def critic_weights(scaled: npt.ArrayLike) -> Floats:
    """Weights by an indicator's spread and how little others say the same: σ_j Σ_k (1 − r_jk).

    Parameters
    ----------
    scaled : array_like
        Units by indicators, min–max to [0, 1], complete. One that does not vary weighs nothing.

    References
    ----------
    Diakoulaki, Mavrotas & Papayannakis (1995), Computers & Operations Research 22:763-770.
    """
    x = _complete(scaled)
    varies = np.ptp(x, axis=0) > 0
    information = np.zeros(x.shape[1])
    if varies.any():
        kept = x[:, varies]
        alike = np.atleast_2d(np.corrcoef(kept, rowvar=False))
        # One indicator alone has no other to be unlike.
        conflict = (1 - alike).sum(axis=0) if varies.sum() > 1 else np.ones(1)
        information[varies] = kept.std(axis=0, ddof=1) * conflict
    return _shares(information)


def pca_weights(x: npt.ArrayLike) -> tuple[Floats, float]:
    """Squared loadings on the first principal component of the correlations, and the share of variance that it has.

    Parameters
    ----------
    x : array_like
        Units by indicators, complete. One that does not vary weighs nothing.

    References
    ----------
    OECD/JRC (2008), Handbook on Constructing Composite Indicators, section 6.1.
    """
    given = _complete(x)
    varies = np.ptp(given, axis=0) > 0
    weights = np.zeros(given.shape[1])
    if not varies.any():
        return _shares(weights), float("nan")
    values, vectors = np.linalg.eigh(np.atleast_2d(np.corrcoef(given[:, varies], rowvar=False)))
    weights[varies] = vectors[:, -1] ** 2
    return _shares(weights), float(values[-1] / values.sum())


@dataclass(frozen=True)
class Judgement:
    """Weights from pairwise comparisons, and how consistent these are.

    Attributes
    ----------
    weights : array of float
        Principal right eigenvector, as shares.
    largest_eigenvalue, consistency_index, consistency_ratio : float
        Above a ratio of 0.1 the judgements contradict each other too much to be used (Saaty).
    """

    weights: Floats
    largest_eigenvalue: float
    consistency_index: float
    consistency_ratio: float


def ahp_weights(comparisons: npt.ArrayLike) -> Judgement:
    """Weights of the analytic hierarchy process.

    Parameters
    ----------
    comparisons : array_like
        Square: how many times the row's indicator matters more than the column's. Reciprocal.

    Raises
    ------
    ValueError
        If it is not a positive reciprocal matrix of at most 15 rows.

    References
    ----------
    Saaty (1980), The Analytic Hierarchy Process.
    """
    a = matrix(comparisons)
    if a.shape[0] != a.shape[1] or len(a) > len(RANDOM_INDEX):
        raise ValueError(f"comparisons must be square, of at most {len(RANDOM_INDEX)} indicators")
    if not (a > 0).all() or not np.allclose(a * a.T, 1.0, rtol=1e-6):
        raise ValueError("comparisons must be positive, and each the reciprocal of its opposite")
    values, vectors = np.linalg.eig(a)
    first = int(np.argmax(values.real))
    largest, count = float(values[first].real), len(a)
    index = (largest - count) / (count - 1) if count > 1 else 0.0
    random = RANDOM_INDEX[count - 1]
    return Judgement(given_weights(np.abs(vectors[:, first].real)), largest, index, index / random if random else 0.0)


Combination = Literal["linear", "multiplicative", "geometric", "game"]


def combined_weights(first: npt.ArrayLike, second: npt.ArrayLike, how: Combination, share: float = 0.5) -> Floats:
    """Two sets of weights (of judgement and of the figures, say) in one.

    Parameters
    ----------
    first, second : array_like
        Each with the sum of one.
    how : {"linear", "multiplicative", "geometric", "game"}
        `share` of the first and the rest of the second; their product; its square root; or the linear combination
        nearest to both (least squares).
    share : float
        Of `linear` alone.
    """
    a, b = given_weights(first), given_weights(second)
    if how == "linear":
        return share * a + (1 - share) * b
    if how == "multiplicative":
        return given_weights(a * b)
    if how == "geometric":
        return given_weights(np.sqrt(a * b))
    products = np.array([[a @ a, a @ b], [b @ a, b @ b]])
    # The two may be the same: then any combination is.
    parts = np.linalg.lstsq(products, np.diag(products), rcond=None)[0]
    return given_weights(np.abs(parts[0]) * a + np.abs(parts[1]) * b)


def _complete(x: npt.ArrayLike) -> Floats:
    found = matrix(x)
    if np.isnan(found).any() or len(found) < 2:
        raise ValueError("weights from figures need at least two units, and every figure")
    return found


def _shares(weights: Floats) -> Floats:
    total = weights.sum(axis=-1, keepdims=True)
    equal = np.full_like(weights, 1 / weights.shape[-1])
    return np.where(total > 0, weights / np.where(total > 0, total, 1.0), equal)
