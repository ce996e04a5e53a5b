"""Near repeats: are incidents that lie close in space also close in time, more often than their dates would have it?

Belongs here: the Knox table, its exact counts, its significance by permuted dates, and the events of an extract.
Not here: one band alone within bounds of time and memory (`near_pairs`), which bands an indicator takes, and repeats at
one address by themselves (`concentration`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special
from scipy.spatial import KDTree

from indicators.plane import east_north

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Pairs held at once, each twice: some 200 MB.
PAIRS_AT_ONCE = 2_000_000
# Sides of the squares that are clusters, in reaches: a series of incidents lies within one, mostly.
REACHES = 3


@dataclass(frozen=True)
class Bands:
    """Bands of distance and of time between the two incidents of a pair.

    Attributes
    ----------
    metres, days : tuple of float
        Edges, from 0 upwards; the last may be infinite.
    metric : str
        Distance along the axes (`manhattan`) or straight (`euclidean`).
    closed : str
        The end of a band that belongs to it, `left` or `right`. The first band of all always has its lower edge.
    """

    metres: tuple[float, ...]
    days: tuple[float, ...]
    metric: Literal["manhattan", "euclidean"] = "manhattan"
    closed: Literal["left", "right"] = "left"

    def __post_init__(self) -> None:
        for name, edges in (("metres", self.metres), ("days", self.days)):
            if len(edges) < 2 or edges[0] != 0 or not all(a < b for a, b in pairwise(edges)):
                raise ValueError(f"the edges of bands of {name} must start at 0 and rise, not {edges}")
        if self.metric not in {"manhattan", "euclidean"}:
            raise ValueError(f"the metric must be 'manhattan' or 'euclidean', not {self.metric!r}")
        if self.closed not in {"left", "right"}:
            raise ValueError(f"bands are closed on the 'left' or on the 'right', not {self.closed!r}")


@dataclass(frozen=True)
class Events:
    """Incidents in a plane.

    Attributes
    ----------
    metres : array, shape (n, 2)
    days : array of int, shape (n,)
        Days since any one day.
    addresses : array of int, shape (n,), or None
        Equal numbers stand for one address. None where pairs at one address are not to be told apart.
    left_out : int
        Incidents that are not among these because their day is not known well enough.
    """

    metres: Floats
    days: Ints
    addresses: Ints | None = None
    left_out: int = 0

    def __post_init__(self) -> None:
        n = len(self.days)
        if self.metres.shape != (n, 2) or not np.all(np.isfinite(self.metres)):
            raise ValueError(f"events need finite coordinates of shape ({n}, 2), as they have {n} days")
        if self.addresses is not None and self.addresses.shape != (n,):
            raise ValueError(f"addresses must be as many as days, {n}")
        if not all(np.issubdtype(a.dtype, np.integer) for a in (self.days, self.addresses) if a is not None):
            raise ValueError("days and addresses must be whole numbers")


def events_of(points: pl.DataFrame, longest_window_days: int = 1) -> Events:
    """Events of the extract of near-repeat points, on the plane that touches the Earth at their middle.

    An incident whose window of time is longer than allowed is left out: any day chosen for it would make up, or undo,
    a repeat. One without an address counts to an address at its very coordinates, or else stands for these.

    Parameters
    ----------
    points : DataFrame
        `ext_near_repeat_point`: `day`, `last_day`, `address_key`, `x_metres`, `y_metres`, `z_metres` (from the
        Earth's centre), `incidents`. Rows of one geography: another one has the same incidents again.
    longest_window_days : int
        From the first possible day to the last; 0 for incidents of which the day is known.

    Returns
    -------
    Events
        Sorted by place and day; the day is the first possible one.
    """
    if "geography" in points.columns and points["geography"].n_unique() > 1:
        raise ValueError("points of several geographies repeat incidents: choose one geography")
    place = ["x_metres", "y_metres", "z_metres"]
    is_known = (pl.col("last_day") - pl.col("day")).dt.total_days() <= longest_window_days
    address = pl.coalesce("address_key", pl.col("address_key").min().over(place))
    known = (
        points.filter(is_known)
        .with_columns(address=address)
        .select(
            *place, "day", "address", "incidents", *(pl.when(address.is_null()).then(c).alias(f"at_{c}") for c in place)
        )
        # Permutations start from this order.
        .sort(*place, "day", "address", "incidents")
    )
    addresses = known.select(pl.struct("address", pl.col("^at_.*$")).rank("dense")).to_series().to_numpy()
    each = np.repeat(np.arange(known.height), known["incidents"].to_numpy())
    return Events(
        metres=east_north(known.select(place).to_numpy()[each]),
        days=known["day"].to_physical().to_numpy().astype(np.int64)[each],
        addresses=addresses.astype(np.int64)[each],
        left_out=int(points.filter(~is_known)["incidents"].sum()),
    )


def knox_table(
    events: Events, bands: Bands, permutations: int = 999, seed: int = 0, confidence: float = 0.95
) -> pl.DataFrame:
    """Pairs of incidents by distance and time, against what their dates would give were they dealt out at random.

    Expected counts are exact: dealing the dates out at random, each of the pairs in a band of distance is in a band of
    time as often as pairs are altogether. The p-value is one-sided, (1 + permutations with as many pairs or more) /
    (1 + permutations), and not corrected for looking at several bands. The limits of the ratio are by
    `limits_over_squares`, which the incidents of one series do not fool; the p-value is for independent incidents.

    Parameters
    ----------
    events : Events
        Where addresses are given, pairs at one address are in bands of their own and in no band of distance.
    bands : Bands
    permutations : int
        0 for counts alone, without what rests on permutations.
    seed : int
        Of the permutations.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        `is_same_address`, `metres_from`, `metres_to` (null at one address), `days_from`, `days_to`, `observed` (pairs),
        `expected`, `ratio`, `lower`, `upper`, `chance_low`, `chance_high` (where permuted dates put the ratio with that
        confidence), `p_value`. One row per band, those at one address first. `ratio` is null where no pair is
        expected; its limits are, too, where they cannot be told, and in a band of distance without an end.

    References
    ----------
    Knox (1964), Applied Statistics 13:25-29; Besag & Diggle (1977), Applied Statistics 26:327-333; Townsley, Homel &
    Chaseling (2003), Br. J. Criminology 43:615-633.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if permutations < 0:
        raise ValueError(f"permutations must not be negative, but are {permutations}")
    n = len(events.days)
    counted = _Counted(events, bands, permutations, seed)
    # The last column holds the times beyond all bands, which belong to the pairs of a band of distance all the same.
    by_distance = counted.observed.sum(axis=1)
    by_time = totals(events.days, bands)
    pairs = n * (n - 1) // 2
    expected = by_distance[:, None] * by_time / max(pairs, 1)
    p_value = (1 + (counted.permuted >= counted.observed).sum(axis=0)) / (1 + permutations)
    lower, upper = limits_over_squares(
        counted.by_square, counted.by_square.sum(axis=1, keepdims=True) * by_time[:, None] / max(pairs, 1), confidence
    )
    chance = np.full((2, *expected.shape), np.nan)
    if permutations:
        chance = np.quantile(counted.permuted, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    low, high, lower, upper, observed, expected, p_value = (
        a[:, :-1] for a in (*chance, lower, upper, counted.observed, expected, p_value)
    )
    rows: list[tuple[bool, float | None, float | None]] = [(True, None, None)] if events.addresses is not None else []
    rows += [(False, *ends) for ends in pairwise(bands.metres)]
    labels = [(*row, *ends) for row in rows for ends in pairwise(bands.days)]
    names = ["is_same_address", "metres_from", "metres_to", "days_from", "days_to"]
    schema: dict[str, pl.DataType] = dict.fromkeys(names, pl.Float64()) | {"is_same_address": pl.Boolean()}
    is_expected = pl.col("expected") > 0
    return (
        pl.DataFrame(labels, schema=schema, orient="row")
        .with_columns(
            observed=pl.Series(observed.ravel()),
            expected=pl.Series(expected.ravel()),
            lower=pl.Series(lower.ravel(), nan_to_null=True),
            upper=pl.Series(upper.ravel(), nan_to_null=True),
            low=pl.Series(low.ravel(), nan_to_null=True),
            high=pl.Series(high.ravel(), nan_to_null=True),
            p_value=pl.Series(p_value.ravel()) if permutations else pl.lit(None, pl.Float64),
        )
        .with_columns(ratio=pl.when(is_expected).then(pl.col("observed") / pl.col("expected")))
        .select(
            *names,
            "observed",
            "expected",
            "ratio",
            "lower",
            "upper",
            chance_low=pl.when(is_expected).then(pl.col("low") / pl.col("expected")),
            chance_high=pl.when(is_expected).then(pl.col("high") / pl.col("expected")),
            p_value="p_value",
        )
    )


class _Counted:
    """Counts of an observed table, and of one table per permutation.

    `observed` and each of `permuted` have a row per band of distance (the first for one address, where told apart) and
    a column per band of time with one more for times beyond all; `by_square` has the pairs observed in each
    square, to which each of the two incidents brings half.
    """

    def __init__(self, events: Events, bands: Bands, permutations: int, seed: int) -> None:
        columns = len(bands.days)
        self.told_apart = events.addresses is not None
        rows = len(bands.metres) - 1 + self.told_apart
        codes = _codes(events.days, bands)
        square = squares(events, max((edge for edge in bands.metres if np.isfinite(edge)), default=0.0))
        count = int(square.max(initial=-1)) + 1
        by_square = np.zeros(rows * columns * count, dtype=np.int64)
        seeds = np.random.SeedSequence(seed).spawn(permutations)
        # One row per permutation, the observed dates first.
        tables = np.zeros((1 + permutations, rows, columns), dtype=np.int64)
        for i, j, row in close_pairs(events, bands):
            band = row * columns
            for number in range(1 + permutations):
                days = events.days if number == 0 else np.random.default_rng(seeds[number - 1]).permutation(events.days)
                cell = band + codes[np.abs(days[i] - days[j])]
                tables[number] += np.bincount(cell, minlength=rows * columns).reshape(rows, columns)
                if number == 0:
                    for end in (i, j):
                        by_square += np.bincount(cell * count + square[end], minlength=len(by_square))
        self.by_square = by_square.reshape(rows, columns, count) / 2
        if np.isinf(bands.metres[-1]):
            # Whatever is in no other band; the dates of all pairs are the same in every permutation.
            tables[:, -1] += totals(events.days, bands) - tables.sum(axis=1)
        self.observed, self.permuted = tables[0], tables[1:]


def squares(events: Events, reach: float) -> Ints:
    """Number of the square that each event lies in, of a grid from the outermost events on.

    Its sides are REACHES times the reach in metres.
    """
    if not len(events.days) or not reach:
        return np.zeros(len(events.days), dtype=np.int64)
    place = (events.metres - events.metres.min(axis=0)) / (REACHES * reach)
    _, number = np.unique(np.floor(place), axis=0, return_inverse=True)
    return np.asarray(number, dtype=np.int64).reshape(-1)


def limits_over_squares(
    observed: npt.ArrayLike, expected: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Limits of the ratio of observed to expected pairs, with squares of a grid as clusters.

    Incidents of one series make many pairs at once, so that pairs are no independent events. The limits are those of a
    ratio of sums over clusters, on the logarithm, with Student's quantiles of as many degrees of freedom as squares of
    even size would leave. docs/methods/intervals.md tells how often they hold the truth.

    Parameters
    ----------
    observed, expected : array_like, shape (..., squares)
        Pairs in each.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : arrays of float, shape (...)
        NaN where there is not one pair to expect, or most of those there are lie in one square. Without any pair, what
        a Poisson count of none leaves open.

    References
    ----------
    Cochran (1977), Sampling Techniques, sec. 6.3 (ratio of sums); Kish (1965), Survey Sampling, sec. 8.2 (sizes that
    are uneven).
    """
    seen, wanted = np.broadcast_arrays(np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    total, count, tail = wanted.sum(axis=-1), (wanted > 0).sum(axis=-1), (1 - confidence) / 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = seen.sum(axis=-1) / total
        freedom = total**2 / (wanted**2).sum(axis=-1) - 1
        variance = ((seen - ratio[..., None] * wanted) ** 2).sum(axis=-1) * count / (count - 1)
        half = special.stdtrit(freedom, 1 - tail) * np.sqrt(variance) / seen.sum(axis=-1)
        half = np.where(freedom >= 1, half, np.nan)
        lower = np.where(ratio > 0, ratio * np.exp(-half), 0.0)
        upper = np.where(ratio > 0, ratio * np.exp(half), -np.log(tail) / total)
    known = total > 0
    return np.where(known, lower, np.nan), np.where(known, upper, np.nan)


def close_pairs(events: Events, bands: Bands) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Pairs in the finite bands of distance, and those at one address, as (i, j, row of the table), in pieces."""
    n, reach = len(events.days), max(edge for edge in bands.metres if np.isfinite(edge))
    first = 0
    if events.addresses is not None:
        yield from _address_pairs(events.addresses)
        first = 1
    if n < 2 or reach == 0:
        return
    p = 1.0 if bands.metric == "manhattan" else 2.0
    finite = np.array([edge for edge in bands.metres if np.isfinite(edge)])
    tree = KDTree(events.metres)
    neighbours = tree.query_ball_point(events.metres, reach, p=p, return_length=True)
    for start, stop in _pieces(np.asarray(neighbours, dtype=np.int64)):
        found = KDTree(events.metres[start:stop]).sparse_distance_matrix(tree, reach, p=p, output_type="ndarray")
        i, j, metres = found["i"] + start, found["j"], found["v"]
        row = _band(metres, finite, bands.closed)
        keep = (i < j) & (row < len(finite) - 1)
        if events.addresses is not None:
            keep &= events.addresses[i] != events.addresses[j]
        yield i[keep], j[keep], row[keep] + first


def _address_pairs(addresses: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    order = np.argsort(addresses, kind="stable")
    at = addresses[order]
    # Pairs of each incident with those after it at the address.
    following = np.searchsorted(at, at, side="right") - np.arange(len(at)) - 1
    for start, stop in _pieces(following):
        many = following[start:stop]
        i = np.repeat(np.arange(start, stop), many)
        j = i + 1 + np.arange(len(i)) - np.repeat(np.cumsum(many) - many, many)
        yield order[i], order[j], np.zeros(len(i), dtype=np.int64)


def _pieces(pairs: Ints) -> Iterator[tuple[int, int]]:
    """Slices of incidents with at most PAIRS_AT_ONCE pairs together, or of one incident with more."""
    so_far, start = np.cumsum(pairs), 0
    while start < len(pairs):
        before = so_far[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(so_far, before + PAIRS_AT_ONCE, side="right")))
        yield start, stop
        start = stop


def _band(values: npt.ArrayLike, edges: npt.ArrayLike, closed: Literal["left", "right"]) -> Ints:
    """Number of the band of each value, that of bands where it is beyond all."""
    at = np.searchsorted(edges, values, side="right" if closed == "left" else "left") - 1
    return np.maximum(at, 0, dtype=np.int64)


def _codes(days: Ints, bands: Bands) -> Ints:
    """Band of time of each difference in whole days."""
    longest = int(np.ptp(days)) if len(days) else 0
    return _band(np.arange(longest + 1), bands.days, bands.closed)


def totals(days: Ints, bands: Bands) -> Ints:
    """Pairs of all incidents by band of time, whatever their distance, the last for times beyond all bands."""
    ordered = np.sort(days)
    # Whole days: up to the edge itself, or to the day before it.
    within = [np.ceil(edge) - 1 if bands.closed == "left" else np.floor(edge) for edge in bands.days[1:]]
    reach = np.minimum(np.array(within), float(np.ptp(days)) if len(days) else 0.0).astype(np.int64)[:, None]
    near = np.searchsorted(ordered, days + reach, side="right") - np.searchsorted(ordered, days - reach, side="left")
    edges = np.full((1, len(days)), 1), near, np.full((1, len(days)), len(days))
    # Each incident is near itself, which makes no pair; each pair is of two.
    pairs: Ints = np.diff(np.concatenate(edges), axis=0).sum(axis=1) // 2
    return pairs
