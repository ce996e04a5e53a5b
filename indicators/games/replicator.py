"""Replicator dynamics of populations with two strategies: ẋ = x (1 − x) ΔE for the share x that cooperates.

Belongs here: the advantage of cooperating, and paths over time, for many starts and many tables at once. Not here:
where paths end (`basins`), and where nothing moves (`rest_points`).

Paths are integrated in u = ln(x / (1 − x)), for which u̇ = ΔE: there is no stiffness near the borders, no share leaves
[0, 1], and borders stay what they are. ΔE is multilinear in the others' shares, which bounds how fast u̇ can change
and so gives the step of the classical Runge–Kutta method.

References
----------
Taylor & Jonker (1978), Evolutionarily stable strategies and game dynamics, Mathematical Biosciences 40:145–156.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indicators.games.expressions import Floats
from indicators.games.tables import Profile, profiles

# Step times the rate that it must resolve: errors of a path stay near 1e-6.
_STEP = 0.2
_LONGEST = 200_000
_FIRST, _SECOND = np.array([1, 0, 0]), np.array([2, 2, 1])
ROUNDING = 1e-10
"""A difference of payoffs smaller than this share of the greatest payoff is none."""


@dataclass(frozen=True)
class Advantages:
    """What cooperating brings beyond not cooperating, as polynomials in the shares of the others.

    Attributes
    ----------
    terms : array of float, shape (populations, terms, ...)
        Of two populations: constant, and that of the other's share; of three: constant, those of the first and
        second of the others in order, and that of their product.
    rounding : array of float, shape (...)
        What is no difference.
    """

    terms: Floats
    rounding: Floats

    @property
    def populations(self) -> int:
        """How many there are."""
        return len(self.terms)

    @property
    def bend(self) -> float:
        """Bound of the rate at which u̇ changes with u, over all shares and tables."""
        if self.populations == 2:
            slopes = np.abs(self.terms[:, 1])
        else:
            first, second = (
                np.maximum(np.abs(self.terms[:, one]), np.abs(self.terms[:, one] + self.terms[:, 3])) for one in (1, 2)
            )
            slopes = first + second
        return float(np.max(slopes, initial=0.0)) / 4

    @property
    def greatest(self) -> float:
        """Greatest advantage or disadvantage in any pure state of any table: how fast u can change."""
        return max(float(np.max(np.abs(self.at_profile(each)))) for each in profiles(self.populations))

    @property
    def fastest(self) -> float:
        """Rate that a step must resolve: of u̇, and of shares that turn over while u passes."""
        return max(self.bend, self.greatest / 3)

    def at_profile(self, profile: Profile) -> Floats:
        """Return the advantages where each population is pure, shape (populations, ...)."""
        shape = (self.populations, *(1,) * (self.terms.ndim - 2))
        pure = np.array(profile, dtype=np.float64).reshape(shape)
        return self.at(np.broadcast_to(pure, (self.populations, *self.terms.shape[2:])))

    def at(self, shares: Floats) -> Floats:
        """Return the advantages at shares of shape (populations, ...); the terms' trailing shape broadcasts."""
        terms = self.terms.reshape(*self.terms.shape, *(1,) * (shares.ndim - self.terms.ndim + 1))
        return _advantage(terms, shares)


def advantages(payoffs: npt.ArrayLike, populations: int | None = None) -> Advantages:
    """Return the advantages of cooperating.

    Parameters
    ----------
    payoffs : array_like, shape (..., populations, 2, 2[, 2])
        Tables, as `Game.values` gives them.
    populations : int, optional
        How many they have; of one table its shape tells.

    Notes
    -----
    Differences within rounding are taken for zero, so that what is a tie on paper is one here.
    """
    table = np.asarray(payoffs, dtype=np.float64)
    count = populations or table.ndim - 1
    batch = table.shape[: table.ndim - count - 1]
    axes = tuple(range(len(batch) + 1, table.ndim))
    rounding = ROUNDING * np.max(np.abs(table), axis=(len(batch), *axes))
    terms = []
    for population in range(count):
        own = np.take(table, population, len(batch))
        gain = np.take(own, 1, len(batch) + population) - np.take(own, 0, len(batch) + population)
        if count == 2:
            terms.append([gain[..., 0], gain[..., 1] - gain[..., 0]])
        else:
            none, second, first, both = gain[..., 0, 0], gain[..., 0, 1], gain[..., 1, 0], gain[..., 1, 1]
            terms.append([none, first - none, second - none, both - first - second + none])
    found = np.array(terms)
    found[np.abs(found) < rounding] = 0.0
    return Advantages(found, rounding)


def paths(found: Advantages, starts: npt.ArrayLike, times: npt.ArrayLike) -> Floats:
    """Follow starts over time.

    Parameters
    ----------
    found : Advantages
        Of one table.
    starts : array_like, shape (starts, populations)
        Shares from 0 to 1.
    times : array_like, shape (times,)
        Increasing, the first not below 0, the start being at 0.

    Returns
    -------
    array of float, shape (times, starts, populations)

    Raises
    ------
    ValueError
        If starts or times are otherwise, or the time is too long for payoffs of such size.
    """
    shares, moments = np.asarray(starts, dtype=np.float64), np.asarray(times, dtype=np.float64)
    if shares.ndim != 2 or shares.shape[1] != found.populations or np.any((shares < 0) | (shares > 1)):
        raise ValueError(f"starts are shares from 0 to 1 of shape (starts, {found.populations})")
    if not len(moments) or moments[0] < 0 or np.any(np.diff(moments) <= 0):
        raise ValueError("times must increase from 0 on")
    if moments[-1] * found.fastest > _LONGEST * _STEP:
        raise ValueError("too long a time for payoffs of this size: give a shorter one")
    place = logit(shares.T)
    kept = np.empty((len(moments), *shares.shape))
    now = 0.0
    for index, moment in enumerate(moments):
        steps = int(np.ceil((moment - now) * found.fastest / _STEP)) or 1
        place = advance(found, place, (moment - now) / steps, steps)
        kept[index] = logistic(place).T
        now = moment
    return kept


def step_length(found: Advantages, accuracy: float = _STEP) -> float:
    """Return the length of a step; where nothing moves any would do."""
    return min(accuracy / max(found.fastest, 1e-300), 1e6)


def advance(found: Advantages, place: Floats, step: float, steps: int) -> Floats:
    """Go on by some steps of one length.

    Parameters
    ----------
    place : array of float, shape (populations, ...)
        Log odds of the shares.
    """
    terms = found.terms.reshape(*found.terms.shape, *(1,) * (place.ndim - found.terms.ndim + 1))
    with np.errstate(over="ignore"):
        for _ in range(steps):
            first = _advantage(terms, logistic(place))
            second = _advantage(terms, logistic(place + step / 2 * first))
            third = _advantage(terms, logistic(place + step / 2 * second))
            fourth = _advantage(terms, logistic(place + step * third))
            place = place + step / 6 * (first + 2 * (second + third) + fourth)
    return place


def logit(shares: Floats) -> Floats:
    """Log odds; infinite at the borders."""
    with np.errstate(divide="ignore"):
        found: Floats = np.log(shares) - np.log1p(-shares)
    return found


def logistic(place: Floats) -> Floats:
    """Shares of log odds."""
    with np.errstate(over="ignore"):
        found: Floats = 1.0 / (1.0 + np.exp(-place))
    return found


def _advantage(terms: Floats, shares: Floats) -> Floats:
    if len(terms) == 2:
        found: Floats = terms[:, 0] + terms[:, 1] * shares[::-1]
    else:
        one, other = shares[_FIRST], shares[_SECOND]
        found = terms[:, 0] + terms[:, 1] * one + other * (terms[:, 2] + terms[:, 3] * one)
    return found
