"""What an index is made of: its indicators, goalposts, weights and the tree above them.

Belongs here: the rules, and how a catalogue and a pack's wishes become them. Not here: any figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from indicators.catalogue.entries import Entry

OVERALL = "overall"
FOUNDATIONS = ("mechanism", "social_linkage", "information_sharing", "prevention_foundation")
MEANS = ("team", "technology", "rule_of_law", "public_perception")
SUBJECTS = ("government", "enterprises", "new_citizens")
DIMENSIONS = (*FOUNDATIONS, *MEANS, *SUBJECTS)
SETS = {"subjects": SUBJECTS, "foundations": FOUNDATIONS}
"""Dimensions whose coordination is judged."""

Aggregation = Literal["arithmetic", "geometric"]
Imputation = Literal["none", "mean", "median", "peer_mean", "previous"]


@dataclass(frozen=True)
class IndexRules:
    """The choices behind an index.

    Attributes
    ----------
    goalposts : mapping of str to (float, float)
        Declared minimum and maximum by indicator, in its unit, in place of the catalogue's.
    weights : mapping of str to float
        By indicator (within its dimension) or dimension (in the whole); 1 where not named.
    consistency : mapping of str to float
        Consistency ratio of the comparisons behind the weights, by dimension or `overall`, where they come from such.
    left_out : tuple of str
        Indicators that take no part.
    aggregation : {"arithmetic", "geometric"}
        Within dimensions and above them. For the geometric mean a score below 1 of 100 counts as 1.
    impute : {"none", "mean", "median", "peer_mean", "previous"}
        What a gap is filled with: nothing; the mean or median of the level's areas, or the mean of those of the peer
        group, in the period; the area's figure of the period before. What is withheld is never filled.
    least : float
        Share of the weight that must have figures, of the indicators that the level carries at all.
    periods : mapping of str to int
        Kinds of period, and how many of the latest.
    draws : int
        Monte Carlo draws.
    weight_noise, goalpost_noise : float
        What the draws make of the choices: weights up to this share more or less, each end of the goalposts moved by
        up to this share of their distance.
    settling_days : int
        Indicators that take longer to settle are left out of a period until they have: what is still open of them
        would count as failed, or as done for good.
    fewest_areas : int
        Areas that are needed to rank them.
    seed : int
    """

    goalposts: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    consistency: Mapping[str, float] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    aggregation: Aggregation = "arithmetic"
    impute: Imputation = "none"
    least: float = 0.66
    periods: Mapping[str, int] = field(default_factory=lambda: {"quarter": 12, "year": 5})
    draws: int = 1000
    weight_noise: float = 0.25
    goalpost_noise: float = 0.05
    settling_days: int = 60
    fewest_areas: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Component:
    """One indicator of an index: `low` and `high` its goalposts, `direction` 1 where more is better, else -1."""

    indicator_id: str
    dimension: str
    direction: int
    low: float
    high: float
    weight: float


def components(entries: Sequence[Entry], rules: IndexRules) -> list[Component]:
    """The indicators of an index, by dimension and id: those with goalposts that are not context.

    Raises
    ------
    ValueError
        If a rule names an indicator that there is not, or that is context.
    """
    known = {entry.id: entry for entry in entries}
    for name in {*rules.goalposts, *rules.left_out}:
        if name not in known:
            raise ValueError(f"there is no indicator {name} to give goalposts to or to leave out")
        if known[name].polarity == "context" and name in rules.goalposts:
            raise ValueError(f"{name} is context: it has no better end and belongs in no index")
    found = []
    for entry in entries:
        posts = rules.goalposts.get(entry.id, entry.goalposts)
        weight = rules.weights.get(entry.id, 1.0)
        if posts is None or entry.id in rules.left_out or weight <= 0 or rules.weights.get(entry.dimension, 1.0) <= 0:
            continue
        direction = 1 if entry.polarity == "higher" else -1
        low, high = map(float, posts)
        found.append(Component(entry.id, entry.dimension, direction, low, high, weight))
    return sorted(found, key=lambda each: (DIMENSIONS.index(each.dimension), each.indicator_id))
