"""Estimates from a sample survey: means, proportions, totals, ratios and domains, with design-based standard errors.

Belongs here: the design (strata, clusters, weights, finite population) and what is estimated under it by Taylor
linearisation. Not here: weights brought to known margins (`raking`), scales (`reliability`), answers as they come
(`survey_answers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Degrees of freedom under which a variance between clusters is not trusted to be small.
FEW_FREEDOM = 30


@dataclass(frozen=True)
class Design:
    """A sample, drawn by clusters within strata; one entry a respondent in every array.

    Attributes
    ----------
    weights : array of float, shape (n,)
        People that each respondent stands for, above 0.
    strata : array of int, shape (n,)
        0 throughout where the sample is not stratified.
    clusters : array of int, shape (n,)
        First-stage units; equal numbers in different strata are different clusters. Each respondent's own where people
        are drawn one by one.
    population : array of float, shape (n,), or None
        Clusters that the respondent's stratum has in the population; None for no finite population correction.
    margins : array of float, shape (n, k), or None
        Indicators of the classes that the weights were raked to: what these explain does not vary any more.
    """

    weights: Floats
    strata: Ints
    clusters: Ints
    population: Floats | None = None
    margins: Floats | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        n = len(self.weights)
        if n == 0:
            raise ValueError("a survey needs respondents")
        if not (np.all(np.isfinite(self.weights)) and np.all(self.weights > 0)):
            raise ValueError("weights must be numbers above 0: leave out respondents who stand for nobody")
        for name in ("strata", "clusters", "population", "margins"):
            given = getattr(self, name)
            if given is not None and len(given) != n:
                raise ValueError(f"{name} must be as many as weights, {n}")
        if self.population is not None:
            sampled = self._clusters_per_stratum[self._stratum]
            if np.any(self.population < sampled):
                raise ValueError("a stratum of the population has fewer clusters than were drawn from it")

    @cached_property
    def _stratum(self) -> Ints:
        """Number of each respondent's stratum, from 0."""
        return np.unique(self.strata, return_inverse=True)[1].reshape(-1)

    @cached_property
    def _cluster(self) -> tuple[Ints, Ints]:
        """Number of each respondent's cluster, from 0, and the stratum of each cluster."""
        pairs = np.column_stack([self._stratum, self.clusters])
        found, number = np.unique(pairs, axis=0, return_inverse=True)
        return number.reshape(-1), found[:, 0]

    @cached_property
    def _clusters_per_stratum(self) -> Ints:
        return np.bincount(self._cluster[1])

    @cached_property
    def _of_margins(self) -> Floats:
        """What turns weighted values into the share of each that the margins explain, shape (k, n)."""
        margins = self.margins if self.margins is not None else np.zeros((len(self.weights), 0))
        weighted = margins * self.weights[:, None]
        # Classes of one margin add up to those of another: hence no plain inverse.
        inverse = np.linalg.pinv(margins.T @ weighted / self.weights.sum(), rcond=1e-9, hermitian=True)
        regression: Floats = inverse @ weighted.T / self.weights.sum()
        return regression

    def degrees_of_freedom(self, domain: Bools) -> int:
        """Clusters less strata that the domain has a respondent in."""
        cluster, stratum = self._cluster
        present = np.unique(cluster[domain])
        return len(present) - len(np.unique(stratum[present]))

    def variance(self, scores: Floats) -> float:
        """Variance of the sum of linearised scores, the weights in them, shape (n,).

        A stratum with one cluster is judged by how far that lies from the mean of all, which errs on the safe side.
        """
        if self.margins is not None:
            # Residuals of a regression on the classes (Deville & Särndal 1992, JASA 87:376-382).
            values = scores / self.weights
            scores = self.weights * (values - self.margins @ (self._of_margins @ values))
        cluster, stratum = self._cluster
        totals = np.bincount(cluster, scores, minlength=len(stratum))
        per_stratum = self._clusters_per_stratum
        centres = np.asarray(np.bincount(stratum, totals) / per_stratum, dtype=np.float64)
        is_lonely = per_stratum == 1
        centres[is_lonely] = totals.mean()
        squares = np.bincount(stratum, (totals - centres[stratum]) ** 2)
        drawn = np.asarray(per_stratum, dtype=np.float64)
        spread: Floats = np.asarray(squares, dtype=np.float64) * np.where(
            is_lonely, 1.0, drawn / np.maximum(drawn - 1, 1)
        )
        if self.population is not None:
            of_stratum = np.zeros(len(per_stratum))
            of_stratum[self._stratum] = self.population
            spread = spread * (1 - drawn / of_stratum)
        return float(spread.sum())


@dataclass(frozen=True)
class Estimate:
    """An estimate with what the design leaves open.

    Attributes
    ----------
    value, standard_error : float
    design_effect : float
        Its variance over that of a simple random sample as large; NaN where nothing varies.
    respondents : int
    effective : float
        Respondents of a simple random sample that tells as much; never more than there are. Where nothing varies, what
        the weights leave of them; 0 where one cluster alone leaves no degree of freedom.
    freedom : int
        Degrees of freedom, clusters less strata.
    simple_error : float
        The standard error of that simple random sample.
    """

    value: float
    standard_error: float
    design_effect: float
    respondents: int
    effective: float
    freedom: int
    simple_error: float = 0.0

    def cautious(self) -> "Estimate":
        """With FEW_FREEDOM degrees of freedom or more as it is, else not told to be surer than a simple random sample.

        Between a few clusters the variance is itself a guess, and now and then far too small: of 65 estimates for
        districts of four clusters a stratum, with a design effect under .3, the limits held the truth of 60 %.
        """
        if self.freedom >= FEW_FREEDOM or self.standard_error >= self.simple_error:
            return self
        return replace(self, standard_error=self.simple_error, design_effect=1.0)


def total(design: Design, answers: Floats) -> Estimate:
    """The population's sum of answers, shape (n,).

    References
    ----------
    Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, sec. 2.8 and 3.7.
    """
    everyone = np.ones(len(answers), dtype=np.bool_)
    people = float(design.weights.sum())
    simple = people**2 * _simple_variance(design, answers, everyone)
    return _estimate(design, float(design.weights @ answers), design.weights * answers, simple, everyone)


def mean(design: Design, answers: Floats, domain: Bools | None = None) -> Estimate:
    """The mean of the answers, shape (n,), or with answers of 0 and 1 a proportion, of all or of a domain.

    A domain is estimated with the whole sample's design: who would fall into it is chance, too.

    References
    ----------
    Woodruff (1971), JASA 66:411-414; Särndal et al. (1992), sec. 5.6 and 5.8.
    """
    chosen = np.ones(len(answers), dtype=np.bool_) if domain is None else domain
    value, scores = _linearised_mean(design, answers, chosen)
    return _estimate(design, value, scores, _simple_variance(design, answers, chosen), chosen)


def ratio(design: Design, numerator: Floats, denominator: Floats) -> Estimate:
    """The population's total of one variable over that of another, both of shape (n,); as in `mean`."""
    whole = float(design.weights @ denominator)
    if whole == 0:
        raise ValueError("the denominator of a ratio adds up to zero")
    value = float(design.weights @ numerator) / whole
    residuals = numerator - value * denominator
    everyone = np.ones(len(numerator), dtype=np.bool_)
    people = float(design.weights.sum())
    simple = (people / whole) ** 2 * _simple_variance(design, residuals, everyone)
    return _estimate(design, value, design.weights * residuals / whole, simple, everyone)


def contrast(design: Design, answers: Floats, parts: Sequence[tuple[float, Bools]]) -> Estimate:
    """A sum of domains' means, each times a factor, with what they share of clusters and strata in the variance.

    Parameters
    ----------
    design : Design
    answers : array, shape (n,)
    parts : sequence of float and array of bool, shape (n,)
        Factor and domain, such as 1 and -1 for a difference; domains have no respondent in common.
    """
    means = [_linearised_mean(design, answers, domain) for _, domain in parts]
    value = sum(factor * mean for (factor, _), (mean, _) in zip(parts, means, strict=True))
    scores = np.sum([factor * each for (factor, _), (_, each) in zip(parts, means, strict=True)], axis=0)
    simple = sum(factor**2 * _simple_variance(design, answers, domain) for factor, domain in parts)
    return _estimate(design, value, scores, simple, np.any([domain for _, domain in parts], axis=0))


def difference(design: Design, answers: Floats, one: Bools, other: Bools) -> Estimate:
    """The mean of one domain less that of another, as `contrast`."""
    return contrast(design, answers, [(1.0, one), (-1.0, other)])


def correlation(design: Design, one: Floats, other: Floats, domain: Bools | None = None) -> Estimate:
    """The correlation of two variables, shape (n,), by linearisation.

    References
    ----------
    Särndal et al. (1992), sec. 5.5 (functions of totals).
    """
    chosen = np.ones(len(one), dtype=np.bool_) if domain is None else domain
    weights = np.where(chosen, design.weights, 0.0)
    weights = weights / weights.sum()
    u, v = (each - weights @ np.where(chosen, each, 0.0) for each in (one, other))
    u, v = np.where(chosen, u, 0.0), np.where(chosen, v, 0.0)
    spread = np.sqrt([weights @ u**2, weights @ v**2])
    if np.any(spread == 0):
        raise ValueError("a variable that does not vary has no correlation")
    u, v = u / spread[0], v / spread[1]
    value = float(weights @ (u * v))
    scores = weights * (u * v - value / 2 * (u**2 + v**2))
    simple = (1 - value**2) ** 2 / int(chosen.sum())
    return _estimate(design, value, scores, simple, chosen)


def normal_limits(estimate: Estimate, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of a total, ratio or mean by the normal distribution."""
    reach = float(stats.norm.ppf((1 + confidence) / 2)) * estimate.standard_error
    return estimate.value - reach, estimate.value + reach


def t_limits(estimate: Estimate, confidence: float = 0.95) -> tuple[float, float]:
    """Limits by Student's distribution on the design's degrees of freedom; NaN where there is none."""
    reach = _t_quantile(estimate, confidence) * estimate.standard_error
    return estimate.value - reach, estimate.value + reach


def proportion_limits(estimate: Estimate, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of a proportion, within 0 and 1: on the logit scale, by Student's distribution.

    Where all answers are equal, that scale has no end, and the limits are the exact binomial ones of the effective
    number of answers. NaN without a degree of freedom.

    References
    ----------
    Lumley (2010), Complex Surveys, sec. 2.2; Korn & Graubard (1998), Survey Methodology 24:193-201.
    """
    p, se = min(max(estimate.value, 0.0), 1.0), estimate.standard_error
    if estimate.freedom > 0 and p in {0.0, 1.0}:
        return _exact_limits(p, estimate.effective, confidence)
    if estimate.freedom < 1:
        return float("nan"), float("nan")
    reach = _t_quantile(estimate, confidence) * se / (p * (1 - p))
    centre = np.log(p / (1 - p))
    low, high = (1 / (1 + np.exp(-(centre + side * reach))) for side in (-1, 1))
    return float(low), float(high)


def correlation_limits(estimate: Estimate, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of a correlation, on Fisher's scale."""
    if abs(estimate.value) >= 1:
        return estimate.value, estimate.value
    reach = _t_quantile(estimate, confidence) * estimate.standard_error / (1 - estimate.value**2)
    centre = np.arctanh(estimate.value)
    return float(np.tanh(centre - reach)), float(np.tanh(centre + reach))


def p_value(estimate: Estimate) -> float:
    """Two-sided p-value against zero, by Student's distribution; NaN without a degree of freedom."""
    if estimate.freedom < 1:
        return float("nan")
    if estimate.standard_error == 0:
        return 1.0 if estimate.value == 0 else 0.0
    return float(2 * stats.t.sf(abs(estimate.value) / estimate.standard_error, estimate.freedom))


def _linearised_mean(design: Design, answers: Floats, domain: Bools) -> tuple[float, Floats]:
    if not domain.any():
        raise ValueError("nobody of the sample is in the domain")
    people = float(design.weights[domain].sum())
    value = float(design.weights[domain] @ answers[domain]) / people
    return value, np.where(domain, design.weights * (np.where(domain, answers, 0.0) - value) / people, 0.0)


def _simple_variance(design: Design, answers: Floats, domain: Bools) -> float:
    """Variance of the mean of a simple random sample as large, with replacement."""
    n = int(domain.sum())
    if n < 2:
        return 0.0
    weights, values = design.weights[domain], answers[domain]
    centre = weights @ values / weights.sum()
    return float(weights @ (values - centre) ** 2 / weights.sum() / (n - 1))


def _estimate(design: Design, value: float, scores: Floats, simple: float, domain: Bools) -> Estimate:
    variance, n = design.variance(scores), int(domain.sum())
    weights = design.weights[domain]
    by_weights = float(weights.sum() ** 2 / (weights @ weights))
    effect = variance / simple if simple > 0 else float("nan")
    effective = n / effect if effect > 0 else by_weights
    freedom = design.degrees_of_freedom(domain)
    return Estimate(
        value=value,
        standard_error=float(np.sqrt(variance)),
        design_effect=effect,
        respondents=n,
        effective=min(float(n), effective) if freedom > 0 else 0.0,
        freedom=freedom,
        simple_error=float(np.sqrt(simple)),
    )


def _t_quantile(estimate: Estimate, confidence: float) -> float:
    return float(stats.t.ppf((1 + confidence) / 2, estimate.freedom)) if estimate.freedom > 0 else float("nan")


def _exact_limits(p: float, n: float, confidence: float) -> tuple[float, float]:
    tail, x = (1 - confidence) / 2, p * n
    low = float(stats.beta.ppf(tail, x, n - x + 1)) if x > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, x + 1, n - x)) if x < n else 1.0
    return low, high
