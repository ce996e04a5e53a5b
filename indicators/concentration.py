"""How unevenly incidents fall on places, and how much of that is chance.

Belongs here: Lorenz curve and Gini coefficient of counts over places, what both would be by chance, repeat addresses.
Not here: where the places lie (`hot_cells`, `near_repeat`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special, stats

Floats = npt.NDArray[np.float64]

# Numbers drawn at once.
DRAWN_AT_ONCE = 10_000_000


@dataclass(frozen=True)
class BeyondChance:
    """A figure, what chance alone makes of it, and the difference.

    Attributes
    ----------
    observed, expected, excess : float
        `excess` is `observed` - `expected`.
    chance_low, chance_high : float
        Where chance alone puts the figure with the confidence asked for.
    p_value : float
        One-sided: how often chance alone makes as much of it or more.
    """

    observed: float
    expected: float
    excess: float
    chance_low: float
    chance_high: float
    p_value: float


def lorenz_curve(counts: npt.ArrayLike, exposure: npt.ArrayLike | None = None) -> pl.DataFrame:
    """Share of the incidents in the places that have fewest of them, from none of the places to all.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Incidents of each place, the places without any included.
    exposure : array_like, shape (n,), optional
        What the incidents of a place are set against (staffed hours, residents), above zero. Places are then ordered by
        incidents per unit, and their share is that of the exposure. Without it every place counts the same.

    Returns
    -------
    DataFrame
        `place_share`, `event_share`: n + 1 rows from (0, 0) to (1, 1). No rows where there is no incident.

    References
    ----------
    Lorenz (1905), Publ. Am. Statist. Ass. 9:209-219.
    """
    x, h = _places(counts, exposure)
    if not x.sum() > 0:
        return pl.DataFrame(schema={"place_share": pl.Float64, "event_share": pl.Float64})
    order = np.argsort(x / h, kind="stable")
    shares = {name: np.append(0.0, np.cumsum(a[order])) for name, a in (("place_share", h), ("event_share", x))}
    return pl.DataFrame({name: share / share[-1] for name, share in shares.items()})


def top_shares(counts: npt.ArrayLike, tops: tuple[float, ...] = (0.01, 0.05, 0.1, 0.2, 0.5)) -> pl.DataFrame:
    """Share of the incidents in the top share of the places.

    A top that ends within a place takes that part of its incidents: ties need no resolving.

    Parameters
    ----------
    counts : array_like, shape (n,)
        As in `lorenz_curve`.
    tops : tuple of float
        Shares of the places, between 0 and 1.

    Returns
    -------
    DataFrame
        `top`, `event_share` (null where there is no incident).
    """
    if not all(0 <= top <= 1 for top in tops):
        raise ValueError(f"top shares must lie between 0 and 1, not {tops}")
    curve = lorenz_curve(counts)
    if not curve.height:
        return pl.DataFrame({"top": tops, "event_share": pl.Series([None] * len(tops), dtype=pl.Float64)})
    below = np.interp(1 - np.array(tops), curve["place_share"].to_numpy(), curve["event_share"].to_numpy())
    return pl.DataFrame({"top": tops, "event_share": 1 - below})


def gini(counts: npt.ArrayLike, exposure: npt.ArrayLike | None = None) -> float | None:
    """Gini coefficient: twice the area between the Lorenz curve and the line of equality; None without incidents.

    Parameters as in `lorenz_curve`.
    """
    values, h, places = _distinct(*_places(counts, exposure))
    return _number(_gini(values, h, places))


def adjusted_gini(counts: npt.ArrayLike, unbiased: bool = False) -> float | None:
    """Gini coefficient against the most even spread that whole incidents allow.

    Where places outnumber incidents, no spread is even: 5 incidents in 10 places have a Gini of .5 at least. This
    one is 0 there, and equals the ordinary one where there are as many incidents as places.

    Parameters
    ----------
    counts : array_like, shape (n,)
        As in `lorenz_curve`, in whole incidents.
    unbiased : bool
        Correct for few places or incidents, so that all incidents in one place make 1.

    Returns
    -------
    float or None
        None without incidents, and unbiased with fewer than two incidents or places.

    References
    ----------
    Bernasco & Steenbeek (2017), J. Quantitative Criminology 33:451-467; Deltas (2003), Rev. Econ. Statist. 85:226-234.
    """
    x, ones = _places(counts, None)
    values, h, places = _distinct(_whole(x), ones)
    return _number(_adjusted(values, h, places, unbiased))


def gini_limits(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike | None = None,
    adjusted: bool = False,
    unbiased: bool = False,
    expanded: bool = False,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Bootstrap limits of a Gini coefficient, bias-corrected and accelerated, places being resampled.

    Few places resampled vary less than others drawn in their stead would; `expanded` limits make up for that.

    Parameters
    ----------
    counts, exposure : array_like
        As in `lorenz_curve`.
    adjusted, unbiased : bool
        Limits of `adjusted_gini`, which knows no exposure, instead of `gini`.
    expanded : bool
        Take Student's quantiles on n - 1 degrees of freedom, times the root of n / (n - 1), for those of the normal.
    confidence : float
        Between 0 and 1.
    resamples : int
    seed : int

    Returns
    -------
    lower, upper : float
        None where places do not vary, so that nothing can be resampled.

    References
    ----------
    Efron (1987), JASA 82:171-185; Hesterberg (2015), American Statistician 69:371-386 (expanded percentiles).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if adjusted and exposure is not None:
        raise ValueError("the adjusted Gini counts incidents over places and knows no exposure")
    x, h = _places(counts, exposure)
    values, h, places = _distinct(_whole(x) if adjusted else x, h)
    n, kinds = int(places.sum()), len(values)

    def statistic(weights: Floats) -> Floats:
        return _adjusted(values, h, weights, unbiased) if adjusted else _gini(values, h, weights)

    if kinds < 2 or n < 3:
        return None
    # To resample places is to draw how often each kind of place comes.
    random, block = np.random.default_rng(seed), max(1, DRAWN_AT_ONCE // kinds)
    sizes = [min(block, resamples - start) for start in range(0, resamples, block)]
    drawn = np.concatenate([statistic(random.multinomial(n, places / n, size).astype(np.float64)) for size in sizes])
    drawn = drawn[np.isfinite(drawn)]
    here = statistic(places)
    # Leaving out a place, once for each kind of place.
    rows = [np.eye(min(block, kinds - start), kinds, start) for start in range(0, kinds, block)]
    left_out = np.concatenate([statistic(places - row) for row in rows])
    known = np.isfinite(left_out)
    gaps = np.average(left_out[known], weights=places[known]) - left_out[known]
    square = places[known] @ gaps**2
    below = np.mean(drawn < here) + np.mean(drawn == here) / 2
    if square <= 0 or not 0 < below < 1:
        return None
    bias, acceleration = special.ndtri(below), (places[known] @ gaps**3) / (6 * square**1.5)
    ends = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    tails = bias + (special.stdtrit(n - 1, ends) * np.sqrt(n / (n - 1)) if expanded else special.ndtri(ends))
    low, high = np.quantile(drawn, special.ndtr(bias + tails / (1 - acceleration * tails)))
    return float(low), float(high)


def gini_beyond_chance(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike | None = None,
    confidence: float = 0.95,
    draws: int = 1999,
    seed: int = 0,
) -> BeyondChance | None:
    """Gini coefficient less what it would be if all places had the same rate.

    Counts of one rate are Poisson; given their sum they are multinomial with the exposure as weights, and so they are
    drawn. Few incidents look concentrated by chance alone: 100 over 100 places have a Gini of .52.

    Parameters
    ----------
    counts, exposure : array_like, shape (n,)
        As in `lorenz_curve`, counts in whole incidents.
    confidence : float
        Between 0 and 1.
    draws, seed : int

    Returns
    -------
    BeyondChance or None
        None without incidents.

    References
    ----------
    Chalfin, Kaplan & Cuellar (2021), J. Research in Crime and Delinquency 58:467-504 (concentration against chance).
    """
    x, h = _places(counts, exposure)
    total = _whole(x).sum()
    observed = gini(x, h)
    if observed is None:
        return None
    random, block = np.random.default_rng(seed), max(1, DRAWN_AT_ONCE // len(x))
    drawn = np.empty(draws)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        dealt = random.multinomial(total, h / h.sum(), size)
        order = np.argsort(dealt / h, axis=1)
        sorted_counts = np.take_along_axis(dealt, order, axis=1).astype(np.float64)
        drawn[start : start + size] = _gini(sorted_counts, h[order], np.ones(len(x)))
    return _beyond_chance(observed, float(drawn.mean()), drawn, confidence)


def repeat_addresses(
    repeats: int, incidents: int, addresses: int, confidence: float = 0.95, draws: int = 1999, seed: int = 0
) -> BeyondChance | None:
    """Addresses with two incidents or more, less how many there would be if every address had the same risk.

    Addresses do differ in size and use, so that some excess is no sign of repeat victimisation; its change over time
    may be.

    Parameters
    ----------
    repeats : int
        Addresses with two incidents or more.
    incidents : int
        All incidents with a known address, those at addresses with only one included.
    addresses : int
        All addresses there are, those without any incident included.
    confidence : float
        Between 0 and 1.
    draws, seed : int

    Returns
    -------
    BeyondChance or None
        `expected` is exact. None without incidents.

    References
    ----------
    Feller (1968), An Introduction to Probability Theory and Its Applications I, 3rd ed., sec. IV.2 (occupancy).
    """
    if not (0 <= 2 * repeats <= incidents and repeats <= addresses):
        raise ValueError(f"{repeats} repeat addresses need {2 * repeats} incidents and as many addresses as that")
    if incidents == 0:
        return None
    if addresses < 1:
        raise ValueError("incidents need an address at least")
    share = 1 / addresses
    at_most_one = (1 - share) ** incidents + incidents * share * (1 - share) ** (incidents - 1)
    random, block = np.random.default_rng(seed), max(1, DRAWN_AT_ONCE // incidents)
    drawn = np.empty(draws)
    for start in range(0, draws, block):
        at = np.sort(random.integers(addresses, size=(min(block, draws - start), incidents)), axis=1)
        again = at[:, 1:] == at[:, :-1]
        # An address is counted at the second of its incidents alone.
        second = again.copy()
        second[:, 1:] &= ~again[:, :-1]
        drawn[start : start + block] = second.sum(axis=1)
    return _beyond_chance(float(repeats), addresses * (1 - at_most_one), drawn, confidence)


def repeats_in_part(
    repeats: int,
    at_addresses: npt.ArrayLike,
    incidents: int,
    in_part: int,
    confidence: float = 0.95,
    draws: int = 1999,
    seed: int = 0,
) -> BeyondChance:
    """Addresses with two incidents or more in a part of a year, less what the year's incidents of each would bring.

    How many addresses there are, and how they differ, need not be known: each has its own incidents of the year, which
    are dealt out to the parts of the year at random. What is beyond that is repeats that come soon. Addresses are drawn
    one by one: that one has its incidents in the part makes it hardly less likely for another.

    Parameters
    ----------
    repeats : int
        Addresses with two incidents or more in the part.
    at_addresses : array_like of int
        Incidents in the year of each address; those with one only may be left out, as they cannot repeat.
    incidents, in_part : int
        All incidents with a known address, in the year and in its part.
    confidence : float
        Between 0 and 1.
    draws, seed : int

    Returns
    -------
    BeyondChance
        `expected` is exact.
    """
    held, addresses = np.unique(_whole(np.asarray(at_addresses, dtype=np.float64)), return_counts=True)
    if not (0 <= 2 * repeats <= in_part <= incidents and held @ addresses <= incidents):
        raise ValueError(
            f"{repeats} repeat addresses need {2 * repeats} of {in_part} incidents, "
            f"and {held @ addresses} incidents at addresses as many among {incidents}"
        )
    share = stats.hypergeom.sf(1, incidents, held, in_part) if len(held) else np.zeros(0)
    share = np.clip(share, 0.0, 1.0)
    drawn = np.random.default_rng(seed).binomial(addresses, share, (draws, len(held))).sum(axis=1).astype(np.float64)
    return _beyond_chance(float(repeats), float(addresses @ share), drawn, confidence)


def _beyond_chance(observed: float, expected: float, drawn: Floats, confidence: float) -> BeyondChance:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    # Equal coefficients may differ in their last digit.
    as_much = int(np.count_nonzero(drawn >= observed - 1e-12))
    p_value = (1 + as_much) / (1 + len(drawn))
    return BeyondChance(observed, expected, observed - expected, float(low), float(high), p_value)


def _gini(values: Floats, exposure: Floats, weights: Floats) -> Floats:
    """Gini coefficients along the last axis, ordered by rate, `weights` places of each kind; NaN without incidents."""
    places, events = weights * exposure, weights * values
    below = np.cumsum(events, axis=-1)
    total = below[..., -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (places * (2 * below - events)).sum(axis=-1) / (places.sum(axis=-1) * total)
    return np.where(total > 0, np.clip(1 - area, 0.0, 1.0), np.nan)


def _adjusted(values: Floats, exposure: Floats, weights: Floats, unbiased: bool) -> Floats:
    places, events = weights.sum(axis=-1), (weights * values).sum(axis=-1)
    fewer = np.minimum(places, events)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.maximum(places / events, 1.0) * (_gini(values, exposure, weights) - 1) + 1
        corrected = np.where(fewer > 1, spread * fewer / (fewer - 1), np.nan) if unbiased else spread
    return np.maximum(corrected, 0.0)


def _places(counts: npt.ArrayLike, exposure: npt.ArrayLike | None) -> tuple[Floats, Floats]:
    x = np.asarray(counts, dtype=np.float64)
    h = np.ones_like(x) if exposure is None else np.asarray(exposure, dtype=np.float64)
    if x.ndim != 1 or x.shape != h.shape:
        raise ValueError(f"counts and exposure must be two lists of the same places, not of {x.shape} and {h.shape}")
    if not np.all(np.isfinite(x)) or np.any(x < 0):
        raise ValueError("counts must be finite and not negative")
    if not np.all(np.isfinite(h)) or np.any(h <= 0):
        raise ValueError("exposure must be finite and above zero: leave out a place that nothing can happen in")
    return x, h


def _distinct(x: npt.NDArray[Any], h: Floats) -> tuple[Floats, Floats, Floats]:
    """Kinds of place ordered by rate: counts, exposure, how many places are of that kind."""
    if not len(x):
        return np.zeros(1), np.ones(1), np.zeros(1)
    kinds, places = np.unique(np.column_stack([x, h]), axis=0, return_counts=True)
    order = np.argsort(kinds[:, 0] / kinds[:, 1], kind="stable")
    return kinds[order, 0], kinds[order, 1], places[order].astype(np.float64)


def _whole(x: Floats) -> npt.NDArray[np.int64]:
    if np.any(x != np.rint(x)):
        raise ValueError("counts must be whole incidents to tell what chance makes of them")
    return x.astype(np.int64)


def _number(value: npt.ArrayLike) -> float | None:
    number = float(np.asarray(value))
    return number if np.isfinite(number) else None
