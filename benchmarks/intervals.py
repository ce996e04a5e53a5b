"""Measure how often each kind of interval holds the truth: `python -m benchmarks.intervals [--cells N]`.

Prints the rows of the table in docs/methods/intervals.md. Of each kind some truths are declared, cells are drawn from
each, and the interval that the release would publish is asked whether it holds the truth. Beside it stands what the
method must cover, worked out from the distribution without drawing, wherever that can be done. Not here: the methods
(`indicators.intervals`, `survival`, `survey_design`, `near_pairs`, `concentration`, `network`, `participation`), their
published numbers.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from indicators.concentration import BeyondChance, gini, gini_limits, repeats_in_part
from indicators.intervals import (
    byar_limits,
    cluster_ratio_limits,
    daily_cluster_limits,
    poisson_exact_limits,
    poisson_limits,
    ratio_of_counts_limits,
    weighted_limits,
    wilson_limits,
)
from indicators.near_pairs import NearPairs, near_pairs
from indicators.near_repeat import Events
from indicators.network import Links, Statistic, centralisation, density, rarefied
from indicators.participation import HIGHEST, level_limits
from indicators.survey_design import Design, mean, proportion_limits, t_limits
from indicators.survival import kaplan_meier_quantiles

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Limits = tuple[Floats, Floats]

CELLS = 10_000
CONFIDENCE = 0.95
FEW, MANY = (0.5, 1.0, 2.0, 5.0, 9.0), (10.0, 12.0, 16.0, 20.0, 30.0, 50.0, 100.0, 300.0)
# Trials and shares, with ten successes and ten failures expected at least.
SHARES = ((20, 0.5), (40, 0.25), (60, 0.8), (100, 0.1), (100, 0.5), (400, 0.05), (1000, 0.99))
RATIOS = ((10.0, 10.0), (10.0, 40.0), (30.0, 12.0), (100.0, 25.0), (200.0, 200.0))
# Weights, and events expected of each.
WEIGHTED = (
    ((10, 30, 60), (8.0, 6.0, 4.0)),
    ((2, 10, 30), (20.0, 10.0, 5.0)),
    ((1, 5), (30.0, 10.0)),
    ((2, 365, 5475), (20.0, 40.0, 5.0)),
    ((2, 365, 5475), (30.0, 10.0, 2.0)),
    ((2, 365, 5475), (30.0, 5.0, 0.5)),
)
# Records and the quantile asked for: ten expected on either side.
QUANTILES = ((40, 0.5), (100, 0.5), (100, 0.9))
DAYS = (28, 91, 365)
LEGS_PER_DAY, LOG_SPREAD = 3.0, 0.8
CLUSTERS, PER_CLUSTER, STRATA = 60, 5, 3
ANSWERS = (0.1, 0.3, 0.5)
PLACES = (30, 100)
# How many of a hundred volunteers come to each level, from none on; and volunteers.
LEVELS, VOLUNTEERS = (40, 30, 15, 10, 5), (30, 100, 300)
# Cases of which a network is told, of agencies and cases drawn.
CASES, AGENCIES, DRAWN, FEWEST = (120, 400, 2_000), 8, 100, 2
# Incidents of a year in a square, its side in metres, the share that begins a series, and how many follow on average.
NEAR = (
    *((100, 2000, 0.0, 0), (300, 2000, 0.0, 0), (1000, 4000, 0.0, 0)),
    *((150, 2000, 0.03, 4), (300, 2000, 0.05, 4), (1000, 2000, 0.02, 8), (1000, 4000, 0.02, 8)),
)
# Addresses, incidents of a year at each, and the share that is followed by one more within eight days.
REPEATS = (
    *((300, 2.0, 0.0), (1000, 1.5, 0.0), (3000, 1.0, 0.0), (3000, 2.0, 0.0)),
    *((300, 2.0, 0.05), (3000, 1.0, 0.03), (1000, 1.5, 0.1), (3000, 1.0, 0.1)),
)


class Measured(NamedTuple):
    """Coverage of one kind over its truths: what the method must have (None where unknown), and what was drawn."""

    kind: str
    truths: str
    analytic: Floats | None
    simulated: Floats
    cells: int

    @property
    def error(self) -> float:
        """Standard error of the mean of the drawn coverages."""
        spread = self.simulated * (1 - self.simulated) / self.cells
        return float(np.sqrt(spread.sum()) / len(spread))

    def row(self) -> str:
        """The kind's row of the table."""
        analytic = "–" if self.analytic is None else f"{self.analytic.mean():.2%} (least {self.analytic.min():.2%})"
        drawn = f"{self.simulated.mean():.2%} ± {self.error:.2%} (least {self.simulated.min():.2%})"
        figures = f"{analytic} | {drawn}".replace("%", " %")
        return f"| {self.kind} | {self.truths} | {figures} |"


@dataclass(frozen=True)
class Kind:
    """A kind of interval: its truths, and for one of them the coverage drawn and the coverage it must have."""

    name: str
    truths: str
    of: Sequence[object]
    measure: Callable[..., tuple[float, float | None]]

    def measured(self, cells: int = CELLS, seed: int = 1) -> Measured:
        """Draw so many cells of each truth."""
        random = np.random.default_rng(seed)
        found = [self.measure(truth, cells, random) for truth in self.of]
        known = [must for _, must in found if must is not None]
        analytic = np.array(known) if len(known) == len(found) else None
        return Measured(self.name, self.truths, analytic, np.array([share for share, _ in found]), cells)


def holds(limits: Limits, truth: float) -> Bools:
    """Whether each interval holds the truth."""
    return np.asarray((limits[0] <= truth) & (truth <= limits[1]))


def _share(held: Bools) -> float:
    return float(np.mean(held))


def of_counts(method: Callable[[npt.ArrayLike], Limits]) -> Callable[..., tuple[float, float]]:
    """Coverage of limits of a Poisson count, and the sum of the probabilities of all counts whose limits hold."""

    def measure(truth: float, cells: int, random: np.random.Generator) -> tuple[float, float]:
        every = np.arange(int(truth + 12 * np.sqrt(truth) + 30))
        must = stats.poisson.pmf(every, truth) @ holds(method(every), truth)
        return _share(holds(method(random.poisson(truth, cells)), truth)), float(must)

    return measure


def of_share(truth: tuple[int, float], cells: int, random: np.random.Generator) -> tuple[float, float]:
    """Wilson's limits, and the binomial probabilities."""
    n, p = truth
    every = np.arange(n + 1)
    must = stats.binom.pmf(every, n, p) @ holds(wilson_limits(every, np.full(n + 1, n)), p)
    drawn = random.binomial(n, p, cells)
    return _share(holds(wilson_limits(drawn, np.full(cells, n)), p)), float(must)


def of_ratio(truth: tuple[float, float], cells: int, random: np.random.Generator) -> tuple[float, float]:
    """Limits of the ratio of two counts, and the probabilities of all pairs of them."""
    above, below = truth
    x, y = (np.arange(int(each + 10 * np.sqrt(each) + 30)) for each in truth)
    pairs = np.meshgrid(x, y, indexing="ij")
    held = holds(ratio_of_counts_limits(*pairs), above / below)
    must = stats.poisson.pmf(x, above) @ held @ stats.poisson.pmf(y, below)
    drawn = ratio_of_counts_limits(random.poisson(above, cells), random.poisson(below, cells))
    return _share(holds(drawn, above / below)), float(must)


def of_weighted(
    truth: tuple[Sequence[int], Sequence[float]], cells: int, random: np.random.Generator
) -> tuple[float, float]:
    """Limits of weighted sums, and the probabilities of all sets of counts."""
    weights, expected = (np.array(each, dtype=np.float64) for each in truth)
    largest = float(weights.max())

    def limits(counts: npt.NDArray[np.int64]) -> Limits:
        return weighted_limits(counts @ weights, counts @ weights**2, largest)

    axes = [np.arange(int(each + 6 * np.sqrt(each) + 8)) for each in expected]
    grid = np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1)
    must = np.exp(stats.poisson.logpmf(grid, expected).sum(axis=1)) @ holds(limits(grid), float(weights @ expected))
    drawn = random.poisson(expected, (cells, len(expected)))
    return _share(holds(limits(drawn), float(weights @ expected))), float(must)


def of_quantile(truth: tuple[int, float], cells: int, random: np.random.Generator) -> tuple[float, float]:
    """Limits of a quantile of durations all of which are known: two of them in order, so that the rest is binomial."""
    n, probability = truth
    times = random.exponential(size=(cells, n))
    ones = np.ones(n, dtype=np.int64)
    # The same limits whatever the durations: their ranks among n.
    ranked = pl.DataFrame({"cell": 0, "time": np.arange(1.0, n + 1), "events": ones, "censored": 0 * ones})
    (_, _, low, high), *_ = kaplan_meier_quantiles(ranked, ["cell"], probability, CONFIDENCE).rows()
    below = np.arange(n + 1)
    must = stats.binom.pmf(below, n, probability) @ ((below >= low) & (below < (high or np.inf)))
    return _quantile_held(times, np.ones_like(times, dtype=np.bool_), probability), float(must)


def of_censored_quantile(truth: tuple[int, float], cells: int, random: np.random.Generator) -> tuple[float, None]:
    """The same where a record is censored at an age of its own: some 15 % of them, and few beyond the quantile."""
    n, probability = truth
    times, ages = random.exponential(size=(cells, n)), random.uniform(0, 7, (cells, n))
    return _quantile_held(np.minimum(times, ages), times <= ages, probability), None


def _quantile_held(times: Floats, is_closed: Bools, probability: float) -> float:
    counts = pl.DataFrame(
        {
            "cell": np.repeat(np.arange(len(times)), times.shape[1]),
            "time": times.ravel(),
            "events": is_closed.ravel().astype(np.int64),
            "censored": (~is_closed).ravel().astype(np.int64),
        }
    )
    found = kaplan_meier_quantiles(counts, ["cell"], probability, CONFIDENCE)
    # A limit that is not reached is one that the truth cannot lie beyond.
    lower, upper = found["lower"].fill_null(0.0).to_numpy(), found["upper"].fill_null(np.inf).to_numpy()
    return _share(holds((lower, upper), -np.log1p(-probability)))


def of_even_days(days: int, cells: int, random: np.random.Generator) -> tuple[float, float]:
    """Sums of days whose amounts are normal, of which Student's t is exact."""
    daily = random.normal(480.0, 60.0, (cells, days))
    limits = daily_cluster_limits(daily.sum(axis=1), (daily**2).sum(axis=1), np.full(cells, days))
    return _share(holds(limits, 480.0 * days)), CONFIDENCE


def _legs(shape: tuple[int, int], random: np.random.Generator) -> Floats:
    """Minutes on patrol by cell and day: a Poisson number of legs of log-normal length."""
    legs = random.poisson(LEGS_PER_DAY, shape)
    minutes = random.lognormal(np.log(40.0), LOG_SPREAD, int(legs.sum()))
    return np.bincount(np.repeat(np.arange(legs.size), legs.ravel()), minutes, legs.size).reshape(shape)


def of_patrol_days(days: int, cells: int, random: np.random.Generator) -> tuple[float, None]:
    """Sums of patrol minutes."""
    daily = _legs((cells, days), random)
    limits = daily_cluster_limits(daily.sum(axis=1), (daily**2).sum(axis=1), np.full(cells, days))
    truth = days * LEGS_PER_DAY * 40.0 * np.exp(LOG_SPREAD**2 / 2)
    return _share(holds(limits, truth)), None


def of_patrol_shares(days: int, cells: int, random: np.random.Generator) -> tuple[float, None]:
    """Share of patrol minutes in one of two parts, whose legs are drawn apart."""
    part, rest = _legs((cells, days), random), _legs((cells, days), random)
    whole = part + rest
    squares = tuple((a * b).sum(axis=1) for a, b in ((part, part), (part, whole), (whole, whole)))
    limits = cluster_ratio_limits(part.sum(axis=1), whole.sum(axis=1), squares, (whole > 0).sum(axis=1))  # type: ignore[arg-type]
    return _share(holds(limits, 0.5)), None


def _survey(answers: Floats) -> Design:
    cluster = np.repeat(np.arange(CLUSTERS), PER_CLUSTER)
    return Design(np.ones(len(answers)), cluster % STRATA, cluster)


def of_normal_answers(spread: float, cells: int, random: np.random.Generator) -> tuple[float, float]:
    """Means of normal answers, alike within clusters: Student's t is exact on as many clusters in each stratum."""
    held = []
    for _ in range(cells):
        answers = np.repeat(random.normal(0.0, spread, CLUSTERS), PER_CLUSTER) + random.normal(
            size=CLUSTERS * PER_CLUSTER
        )
        low, high = t_limits(mean(_survey(answers), answers))
        held.append(low <= 0 <= high)
    return _share(np.array(held)), CONFIDENCE


def of_answers(share: float, cells: int, random: np.random.Generator) -> tuple[float, None]:
    """Shares of those who say yes, alike within clusters (intraclass correlation .05)."""
    held, more = [], 1 / 0.05 - 1
    for _ in range(cells):
        of_cluster = random.beta(share * more, (1 - share) * more, CLUSTERS)
        answers = (random.random(CLUSTERS * PER_CLUSTER) < np.repeat(of_cluster, PER_CLUSTER)).astype(np.float64)
        low, high = proportion_limits(mean(_survey(answers), answers))
        held.append(low <= share <= high)
    return _share(np.array(held)), None


def of_places(places: int, cells: int, random: np.random.Generator) -> tuple[float, None]:
    """Gini coefficients of counts of places, themselves drawn from many: the truth is that of very many."""
    drawn = random.poisson(_rates(places * cells, random)).reshape(cells, places)
    truth = gini(random.poisson(_rates(2_000_000, random)))
    found = [gini_limits(each, expanded=True) for each in drawn]
    held = [limits is not None and limits[0] <= (truth or 0) <= limits[1] for limits in found]
    return _share(np.array(held)), None


def of_levels(volunteers: int, cells: int, random: np.random.Generator) -> tuple[float, None]:
    """Mean levels of volunteers, who are drawn from many."""
    shares = np.array(LEVELS) / sum(LEVELS)
    truth = float(shares @ np.arange(len(LEVELS))) / HIGHEST
    drawn = random.multinomial(volunteers, shares, cells).astype(np.float64)
    return _share(
        np.array([low <= truth <= high for low, high in (level_limits(each, random) for each in drawn)])
    ), None


def of_network(statistic: Statistic) -> Callable[..., tuple[float, None]]:
    """Networks that a hundred cases show, of agencies of which few pairs have most of the cases."""

    def measure(cases: int, cells: int, random: np.random.Generator) -> tuple[float, None]:
        ends = np.array([(one, other) for one in range(AGENCIES) for other in range(one)])
        shares = np.random.default_rng(3).pareto(1.0, len(ends))
        shares[np.argsort(shares)[: len(ends) // 3]] = 0
        shares /= shares.sum()
        none = Links(ends, np.zeros(len(ends), dtype=np.int64), AGENCIES)
        # Of cases without end: each of the drawn is of a pair with its share.
        shown = random.multinomial(DRAWN, shares, 100_000) >= FEWEST
        truth = float(
            (density(shown, none) if statistic == "density" else centralisation(shown, none, statistic)).mean()
        )
        held = []
        for number in range(cells):
            links = Links(ends, random.multinomial(cases, shares), AGENCIES)
            found = rarefied(links, statistic, DRAWN, FEWEST, seed=number)
            held.append(found.lower <= truth <= found.upper)
        return _share(np.array(held)), None

    return measure


def of_near_pairs(truth: tuple[int, int, float, int], cells: int, random: np.random.Generator) -> tuple[float, None]:
    """Knox ratios of incidents strewn about, some of which begin a series; the truth is that of all cells together."""
    found = [_near_pairs(*truth, random) for _ in range(cells)]
    ratio = sum(each.observed for each in found) / sum(each.expected for each in found)
    return _share(np.array([each.lower <= ratio <= each.upper for each in found])), None


def _near_pairs(incidents: int, side: int, begins: float, follow: int, random: np.random.Generator) -> NearPairs:
    metres, days = random.uniform(0, side, (incidents, 2)), random.integers(0, 365, incidents)
    of = np.repeat(np.arange(incidents), random.poisson(follow, incidents) * (random.random(incidents) < begins))
    metres = np.vstack([metres, metres[of] + random.uniform(-60, 60, (len(of), 2))])
    days = np.append(days, days[of] + random.integers(0, 10, len(of)))
    return near_pairs(Events(metres, days), 200, 14, permutations=0)


def of_repeats(truth: tuple[int, float, float], cells: int, random: np.random.Generator) -> tuple[float, None]:
    """Addresses with repeats in a month beyond what chance brings; the truth is the mean of all cells."""
    found = [_repeats(*truth, random) for _ in range(cells)]
    excess = float(np.mean([each.excess for each in found]))
    held = [each.chance_low <= each.observed - excess <= each.chance_high for each in found]
    return _share(np.array(held)), None


def _repeats(addresses: int, mean: float, follow: float, random: np.random.Generator) -> BeyondChance:
    at = np.repeat(np.arange(addresses), random.poisson(mean, addresses))
    days = random.integers(0, 365, len(at))
    again = random.random(len(at)) < follow
    at = np.append(at, at[again])
    days = np.append(days, (days[again] + random.integers(0, 8, np.count_nonzero(again))) % 365)
    in_month = (days >= 150) & (days < 180)
    year, month = (np.bincount(each, minlength=addresses) for each in (at, at[in_month]))
    return repeats_in_part(int(np.sum(month > 1)), year[year > 1], len(at), int(np.count_nonzero(in_month)))


def _rates(places: int, random: np.random.Generator) -> Floats:
    return np.asarray(random.gamma(4.0, 5.0, places), dtype=np.float64)


KINDS = (
    Kind("exact", ".5 to 300 events", (*FEW, *MANY), of_counts(poisson_exact_limits)),
    Kind("Byar", "10 to 300 events", MANY, of_counts(byar_limits)),
    Kind("as published: exact below 10, Byar from 10", ".5 to 9 events", FEW, of_counts(poisson_limits)),
    Kind("as published: exact below 10, Byar from 10", "10 to 300 events", MANY, of_counts(poisson_limits)),
    Kind("Wilson", "20 to 1 000 trials, 10 of either outcome or more", SHARES, of_share),
    Kind("ratio of counts", "10 to 200 events on either side", RATIOS, of_ratio),
    Kind("gamma, mid-p", "weights 5 to 2 700 times apart, 18 to 65 events", WEIGHTED, of_weighted),
    Kind("Kaplan–Meier, all closed", "median of 40 and 100, P90 of 100", QUANTILES, of_quantile),
    Kind("Kaplan–Meier, 15 % open", "the same", QUANTILES, of_censored_quantile),
    Kind("days as clusters, normal days", "28, 91, 365 days", DAYS, of_even_days),
    Kind("days as clusters, minutes on patrol", "28, 91, 365 days", DAYS, of_patrol_days),
    Kind("days as clusters, share of minutes", "28, 91, 365 days", DAYS, of_patrol_shares),
)
# Each cell is a sample of its own, and takes milliseconds.
SLOW_KINDS = (
    Kind("survey, means of normal answers", "60 clusters of 5 in 3 strata", (0.0, 0.5), of_normal_answers),
    Kind("survey, shares", "the same, 10, 30 and 50 % say yes", ANSWERS, of_answers),
    Kind(
        "places as clusters (near repeats)", "10 to 1 500 pairs expected, without and with series", NEAR, of_near_pairs
    ),
    Kind(
        "permutation (repeats at one address)", "300 to 3 000 addresses, without and with repeats", REPEATS, of_repeats
    ),
    Kind("bootstrap (Gini)", "30 and 100 places, 20 events each", PLACES, of_places),
    Kind("bootstrap (levels of volunteers)", "30, 100 and 300 volunteers", VOLUNTEERS, of_levels),
    Kind("bootstrap (density of a network)", "120, 400 and 2 000 cases", CASES, of_network("density")),
    Kind("bootstrap (centralisation)", "the same", CASES, of_network("degree_centralisation")),
)


def main() -> int:
    """Parse the arguments, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intervals", description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=CELLS)
    args = parser.parse_args()
    for kind in itertools.chain(KINDS, SLOW_KINDS):
        print(kind.measured(args.cells).row(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
