"""How sure the order of areas is, and which areas are alike enough to be compared.

Belongs here: rank intervals and the probability of being among the first or the last, by Monte Carlo; peers.
Not here: the posterior that is drawn from (`shrinkage`). No rank is given without its interval.
"""

from typing import Literal

import numpy as np
import polars as pl
from scipy import stats
from scipy.spatial import distance

from indicators.intervals import Floats, checked_confidence

Distribution = Literal["gamma", "beta", "normal"]
Polarity = Literal["higher", "lower", "context"]

RANK_SCHEMA = {
    "areas_ranked": pl.Int64,
    "rank": pl.Int64,
    "rank_lower": pl.Int64,
    "rank_upper": pl.Int64,
    "probability_best": pl.Float64,
    "probability_worst": pl.Float64,
}


def rank_intervals(
    figures: pl.DataFrame,
    by: list[str],
    distribution: Distribution,
    parameters: tuple[str, str],
    polarity: Polarity,
    top: int,
    draws: int = 4000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """Rank of each area within its group, best first, with its Monte Carlo interval.

    In every draw each area's figure comes from its own posterior or sampling distribution, independently of the
    others; ranks are those of the draws. A group's result depends neither on other groups nor on the order of rows.

    Parameters
    ----------
    figures : DataFrame
        `area_id`, `by`, and the two `parameters`. Rows in which one of these is null take no part.
    by : list of str
        Columns that name a group of comparable areas: at least one.
    distribution : {"gamma", "beta", "normal"}
        What a figure is drawn from.
    parameters : tuple of str
        Columns with shape and rate (gamma, as `shrinkage.shrunken_rates` gives them), the two shapes (beta:
        successes + ½ and failures + ½, say), or mean and standard error (normal).
    polarity : {"higher", "lower", "context"}
        Which end is the best.
    top : int
        How many areas count as the best, and as the worst.
    draws, seed : int
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        The rows of `figures`, in their order, with `areas_ranked` (in the group), `rank` (of the distributions'
        means, equal ones sharing the smallest), `rank_lower` and `rank_upper` (they hold it), `probability_best` and
        `probability_worst` (of being among the `top` areas at that end); nulls where a row took no part.

    Raises
    ------
    ValueError
        If the polarity is context, an area repeats in a group, or a parameter is impossible.
    """
    if polarity == "context":
        raise ValueError("an indicator of polarity context has no better end: show its figures without ranks")
    if top < 1 or draws < 1:
        raise ValueError("top and draws must be at least 1")
    if figures.select("area_id", *by).is_duplicated().any():
        raise ValueError("an area has several rows in a group: keep one row per area_id and group")
    numbered = figures.with_row_index("place")
    known = numbered.drop_nulls(["area_id", *by, *parameters]).sort("area_id")
    _check(known, distribution, parameters)
    ranked = [
        part.select("place").hstack(_ranked(part, distribution, parameters, polarity, top, draws, seed, confidence))
        for part in known.partition_by(by)
    ]
    found = pl.concat(ranked) if ranked else pl.DataFrame(schema={"place": pl.UInt32, **RANK_SCHEMA})
    return numbered.join(found, on="place", how="left", maintain_order="left").drop("place")


def peers(covariates: pl.DataFrame, count: int) -> pl.DataFrame:
    """Areas nearest to each area by Euclidean distance of standardised covariates.

    Parameters
    ----------
    covariates : DataFrame
        `area_id` and numeric columns (transformed as they should count: the log of a population, say). Areas of
        which one is null have no peers and are none.
    count : int
        Peers per area; fewer where there are not so many.

    Returns
    -------
    DataFrame
        area_id, peer_id, position (1 is the nearest), distance (in standard deviations), sorted; of equally
        distant areas the first in id order comes first.

    Raises
    ------
    ValueError
        If an area repeats, or there is no covariate.
    """
    columns = [c for c in covariates.columns if c != "area_id"]
    if not columns or count < 1:
        raise ValueError("peers need at least one covariate beside area_id, and a count of at least 1")
    if covariates["area_id"].is_duplicated().any():
        raise ValueError("an area has several rows of covariates: keep one row per area_id")
    known = covariates.drop_nulls().sort("area_id")
    x = known.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    spread = x.std(axis=0) if len(x) else np.ones(len(columns))
    # A covariate that does not vary tells no area from another.
    standardised = x / np.where(spread > 0, spread, 1.0)
    apart = distance.cdist(standardised, standardised)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=1, kind="stable")[:, : min(count, max(len(x) - 1, 0))]
    ids = known["area_id"]
    rows, places = np.indices(nearest.shape)
    return pl.DataFrame(
        {
            "area_id": ids.gather(rows.ravel()),
            "peer_id": ids.gather(nearest.ravel()),
            "position": places.ravel() + 1,
            "distance": np.take_along_axis(apart, nearest, axis=1).ravel(),
        }
    )


def _ranked(
    part: pl.DataFrame,
    distribution: Distribution,
    parameters: tuple[str, str],
    polarity: Polarity,
    top: int,
    draws: int,
    seed: int,
    confidence: float,
) -> pl.DataFrame:
    first, second = (part[name].cast(pl.Float64).to_numpy() for name in parameters)
    sign = -1.0 if polarity == "higher" else 1.0
    drawn = _drawn(first, second, distribution, draws, seed)
    # Equal draws (of figures without an error) share the mean of their ranks.
    ranks = stats.rankdata(sign * drawn, method="average", axis=0)
    tail = (1 - checked_confidence(confidence)) / 2
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=1)
    rank = stats.rankdata(sign * _means(first, second, distribution), method="min")
    return pl.DataFrame(
        {
            "areas_ranked": np.full(len(first), len(first)),
            "rank": rank.astype(np.int64),
            # Of skewed distributions the mean may lie at an end where hardly any draw does.
            "rank_lower": np.minimum(np.floor(low), rank).astype(np.int64),
            "rank_upper": np.maximum(np.ceil(high), rank).astype(np.int64),
            "probability_best": (ranks <= top).mean(axis=1),
            "probability_worst": (ranks > len(first) - top).mean(axis=1),
        },
        schema=RANK_SCHEMA,
    )


def _drawn(first: Floats, second: Floats, distribution: Distribution, draws: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    shape = (len(first), draws)
    a, b = first[:, None], second[:, None]
    if distribution == "gamma":
        return random.gamma(a, 1 / b, shape)
    return random.beta(a, b, shape) if distribution == "beta" else random.normal(a, b, shape)


def _means(first: Floats, second: Floats, distribution: Distribution) -> Floats:
    if distribution == "normal":
        return first
    return first / second if distribution == "gamma" else first / (first + second)


def _check(known: pl.DataFrame, distribution: Distribution, parameters: tuple[str, str]) -> None:
    first, second = (known[name].cast(pl.Float64) for name in parameters)
    if not (first.is_finite().all() and second.is_finite().all()):
        raise ValueError(f"{' and '.join(parameters)} must be finite; leave unknown ones null")
    # A gamma of shape 0 is the point zero, an error of 0 a figure known for certain.
    possible = {
        "gamma": (first >= 0).all() and (second > 0).all(),
        "beta": (first > 0).all() and (second > 0).all(),
        "normal": (second >= 0).all(),
    }[distribution]
    if not possible:
        raise ValueError(f"{' and '.join(parameters)} are no parameters of a {distribution} distribution")
