"""Networks of agencies: how many of the possible links there are, and how far they run through one.

Belongs here: density and degree centralisation of counted links; these and betweenness centralisation rarefied to a
number of cases, with bootstrap limits. Not here: which records link two agencies (the extract), and of which area and
period (`co_handling`, `linkage`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from indicators.centrality import adjacency, betweenness_centralisation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Statistic = Literal["density", "degree_centralisation", "betweenness_centralisation"]

# Drawings of cases behind a mean, and behind that of one resample.
DRAWINGS = 400
DRAWINGS_EACH = 30
# Resamples behind limits: the fewer, the more often those miss the truth; centralisation has to draw networks for each.
RESAMPLES_OF_DENSITY, RESAMPLES = 999, 199


@dataclass(frozen=True)
class Links:
    """Pairs of agencies that had cases together, or of which one handed cases on to the other.

    Attributes
    ----------
    ends : array of int, shape (e, 2)
        Numbers of the agencies, from 0; never one with itself. Of undirected links each pair comes once.
    cases : array of int, shape (e,)
    agencies : int
        All there are, those without any link included.
    is_directed : bool
        Whether a link leads from the first agency to the second.
    """

    ends: Ints
    cases: Ints
    agencies: int
    is_directed: bool = False

    def __post_init__(self) -> None:
        if self.ends.shape != (len(self.cases), 2) or np.any(self.ends[:, 0] == self.ends[:, 1]):
            raise ValueError(f"links need two different ends each, of shape ({len(self.cases)}, 2)")
        if np.any(self.ends < 0) or np.any(self.ends >= self.agencies):
            raise ValueError(f"the ends of links are numbers of agencies, from 0 to {self.agencies - 1}")
        if np.any(self.cases < 0):
            raise ValueError("a link cannot have fewer than no cases")
        pairs = self.ends if self.is_directed else np.sort(self.ends, axis=1)
        if len(np.unique(pairs, axis=0)) < len(pairs):
            raise ValueError("a link comes twice: add its cases up")


@dataclass(frozen=True)
class Estimate:
    """A figure with its limits."""

    value: float
    lower: float
    upper: float


def density(present: npt.ArrayLike, links: Links) -> Floats:
    """Links as a share of those possible, E / n(n - 1), and twice that where they have no direction.

    Parameters
    ----------
    present : array_like, shape (..., e)
        How much of each link there is, from 0 to 1.
    links : Links
        Of two agencies at least.

    References
    ----------
    Wasserman & Faust (1994), Social Network Analysis, sec. 4.1.1 and 4.3.
    """
    if links.agencies < 2:
        raise ValueError("the density of a network needs two agencies")
    possible = links.agencies * (links.agencies - 1) / (1 if links.is_directed else 2)
    share: Floats = np.asarray(present, dtype=np.float64).sum(axis=-1) / possible
    return share


def degree_centralisation(present: npt.ArrayLike, links: Links) -> Floats:
    """Sum of (highest degree - degree), as a share of that of a star: 1 where all links run through one agency.

    Parameters
    ----------
    present : array_like, shape (..., e)
        As in `density`.
    links : Links
        Without direction, of three agencies at least.

    References
    ----------
    Freeman (1978), Social Networks 1:215-239.
    """
    n = links.agencies
    if links.is_directed or n < 3:
        raise ValueError("degree centralisation needs links without direction, between three agencies at least")
    incident = np.zeros((len(links.ends), n))
    for end in (0, 1):
        incident[np.arange(len(links.ends)), links.ends[:, end]] = 1
    degree = np.asarray(present, dtype=np.float64) @ incident
    gaps: Floats = (degree.max(axis=-1, keepdims=True) - degree).sum(axis=-1) / ((n - 1) * (n - 2))
    return gaps


def centralisation(shown: npt.ArrayLike, links: Links, statistic: Statistic) -> Floats:
    """Degree or betweenness centralisation of networks that have some of the links.

    Parameters
    ----------
    shown : array_like of bool, shape (..., e)
    links : Links
        Without direction, of three agencies at least.
    statistic : {"degree_centralisation", "betweenness_centralisation"}
    """
    if statistic == "degree_centralisation":
        return degree_centralisation(shown, links)
    return betweenness_centralisation(adjacency(shown, links.ends, links.agencies))


def undirected(links: Links) -> Links:
    """The links with cases of both directions together."""
    pairs, number = np.unique(np.sort(links.ends, axis=1), axis=0, return_inverse=True)
    cases = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(cases, number.reshape(-1), links.cases)
    return Links(pairs.reshape(-1, 2), cases, links.agencies)


def presence(cases: npt.ArrayLike, drawn: int, fewest: int = 1) -> Floats:
    """Probability that so many cases drawn at random, without putting back, hold each link at least `fewest` times.

    Parameters
    ----------
    cases : array_like of int, shape (..., e)
        At least `drawn` along the last axis.
    drawn, fewest : int

    References
    ----------
    Hurlbert (1971), Ecology 52:577-586 (rarefaction).
    """
    c = np.asarray(cases, dtype=np.float64)
    total = c.sum(axis=-1, keepdims=True)
    if np.any(total < drawn):
        raise ValueError(f"{int(total.min())} cases cannot be rarefied to {drawn}")
    fewer = np.zeros_like(c)
    for held in range(fewest):
        is_possible = (held <= c) & (drawn - held <= total - c) & (held <= drawn)
        with np.errstate(invalid="ignore"):
            log = _log_choose(c, held) + _log_choose(total - c, drawn - held) - _log_choose(total, drawn)
        fewer += np.where(is_possible, np.exp(np.where(is_possible, log, 0.0)), 0.0)
    return np.clip(1 - fewer, 0.0, 1.0)


def _log_choose(n: Floats, k: int) -> Floats:
    chosen: Floats = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return chosen


def rarefied(
    links: Links,
    statistic: Statistic,
    drawn: int,
    fewest: int = 1,
    confidence: float = 0.95,
    resamples: int | None = None,
    seed: int = 0,
) -> Estimate:
    """The mean of a statistic over the networks that a fixed number of the cases shows, with bootstrap limits.

    More cases show more links, so that networks of different volume compare only at one number of cases. The mean is
    without bias: exact for density, over DRAWINGS drawings for degree centralisation, which is no sum over links. The
    limits resample the cases, each of which is one pair of agencies, and centre what comes out on the value
    (docs/methods/intervals.md tells how often they hold the truth). Of those of centralisation, the noise
    of the few drawings behind each resample is taken out.

    Parameters
    ----------
    links : Links
    statistic : str
    drawn : int
        Cases that are drawn, at most all there are.
    fewest : int
        Cases from which on a link counts: one may be a slip of the pen.
    confidence : float
        Between 0 and 1.
    resamples : int, optional
        None of them, and there are no limits; by default as many as the statistic needs.
    seed : int

    References
    ----------
    Hurlbert (1971), Ecology 52:577-586; Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 10 (bias);
    Davison & Hinkley (1997), Bootstrap Methods and their Application, sec. 5.3 (which resamples are the limits).
    """
    random, total = np.random.default_rng(seed), int(links.cases.sum())
    if total < drawn:
        raise ValueError(f"{total} cases cannot be rarefied to {drawn}")
    if statistic == "density":
        value = float(density(presence(links.cases, drawn, fewest), links))
    else:
        shown = drawings(links.cases, drawn, DRAWINGS, random) >= fewest
        value = float(centralisation(shown, links, statistic).mean())
    if resamples is None:
        resamples = RESAMPLES_OF_DENSITY if statistic == "density" else RESAMPLES
    if not total or not resamples:
        return Estimate(value, value, value)
    dealt = random.multinomial(total, links.cases / total, resamples)
    if statistic == "density":
        resampled = density(presence(dealt, drawn, fewest), links)
    else:
        shown = drawings(dealt, drawn, DRAWINGS_EACH, random) >= fewest
        each = centralisation(shown, links, statistic)
        resampled = each.mean(axis=-1)
        resampled = resampled.mean() + (resampled - resampled.mean()) * _share_of_spread(each)
    # Of R resamples the (R + 1) p-th, as they are ordered.
    ends = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2], method="weibull")
    tails = ends - resampled.mean() + value
    low, high = np.clip(tails, 0.0, 1.0)
    return Estimate(value, min(float(low), value), max(float(high), value))


def _share_of_spread(each: Floats) -> float:
    """How far resamples would lie apart, were the mean of each that of DRAWINGS, as the value is, and not of these few.

    Parameters
    ----------
    each : array, shape (resamples, drawings)
    """
    spread, noise = each.mean(axis=-1).var(ddof=1), each.var(axis=-1, ddof=1).mean()
    wanted = max(spread - noise / each.shape[-1], 0.0) + noise / DRAWINGS
    return float(np.sqrt(min(wanted / spread, 1.0))) if spread else 1.0


def drawings(cases: Ints, drawn: int, times: int, random: np.random.Generator) -> Ints:
    """So many cases drawn without putting back, so many times: shape (..., times, e) of cases of shape (..., e)."""
    shown = np.empty((*cases.shape[:-1], times, cases.shape[-1]), dtype=np.int64)
    rest = np.broadcast_to(cases.sum(axis=-1)[..., None], shown.shape[:-1])
    asked = np.full(shown.shape[:-1], drawn)
    for link in range(cases.shape[-1]):
        of_link = cases[..., link, None]
        rest = rest - of_link
        shown[..., link] = random.hypergeometric(of_link, rest, asked)
        asked = asked - shown[..., link]
    return shown
