"""The composite index as a pack may declare it: goalposts, weights, and what fills a gap.

What the index does with it is in `indicators/composites`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic

from indicators.catalogue.reading import load_catalogue
from indicators.composites.rules import DIMENSIONS, IndexRules
from pipelines.pack.mistakes import nearest
from pipelines.pack.pairwise import Comparisons, judge, pairwise_weights, wrong_pairwise
from pipelines.pack.parts import Part

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack


class DeclaredIndex(Part):
    """How the scores of dimensions and of the whole are made; everything has a default."""

    goalposts: Annotated[
        dict[str, tuple[float, float]],
        pydantic.Field(
            description="Minimum and maximum between which an indicator counts, in its unit, by its id, such as "
            "B2: [0, 2500]; they must not change from run to run, or scores change their meaning"
        ),
    ] = {}
    weights: Annotated[
        dict[str, Annotated[float, pydantic.Field(ge=0)]],
        pydantic.Field(
            description="Weight of a dimension in the whole, or of an indicator in its dimension, by name or id; 1 "
            "where not named, 0 to leave it out"
        ),
    ] = {}
    pairwise: Annotated[
        dict[str, Comparisons],
        pydantic.Field(
            description="Weights by pairwise comparisons (AHP), of the dimensions under overall or of a dimension's "
            "indicators under its name: how many times the first matters more, from 1/9 to 9, every pair once"
        ),
    ] = {}
    aggregation: Annotated[
        Literal["arithmetic", "geometric"],
        pydantic.Field(description="Mean by which scores are put together; a geometric one punishes imbalance"),
    ] = "arithmetic"
    impute: Annotated[
        Literal["none", "mean", "median", "peer_mean", "previous"],
        pydantic.Field(
            description="What fills a gap: nothing, the mean or median of the level's areas, the mean of the peer "
            "group, or the area's figure of the period before; withheld figures are never filled"
        ),
    ] = "none"
    min_coverage: Annotated[
        float,
        pydantic.Field(gt=0, le=1, description="Share of the weight, of what the city can carry, that a score needs"),
    ] = 0.66
    settling_days: Annotated[
        int,
        pydantic.Field(
            ge=0,
            description="Indicators that take longer to settle, such as clearance within 180 days, are left out of a "
            "period's score until they have",
        ),
    ] = 60
    periods: Annotated[
        dict[Literal["month", "quarter", "year"], Annotated[int, pydantic.Field(ge=1, le=120)]],
        pydantic.Field(min_length=1, description="Kinds of period, and how many of the latest get a score"),
    ] = {"quarter": 12, "year": 5}
    draws: Annotated[int, pydantic.Field(ge=200, le=10_000, description="Monte Carlo draws behind an interval")] = 1000

    def rules(self) -> IndexRules:
        """Return it as the statistics take it."""
        return IndexRules(
            goalposts=self.goalposts,
            weights={**self.weights, **pairwise_weights(self.pairwise)},
            consistency={name: judge(each).consistency_ratio for name, each in self.pairwise.items()},
            aggregation=self.aggregation,
            impute=self.impute,
            least=self.min_coverage,
            settling_days=self.settling_days,
            periods=dict(self.periods.items()),
            draws=self.draws,
        )


def wrong_index(pack: CityPack) -> Iterator[PackError]:
    """Find goalposts and weights of what is no indicator of an index."""
    entries = {entry.id: entry for entry in load_catalogue()}
    for name, (low, high) in pack.index.goalposts.items():
        here = ("index", "goalposts", name)
        if name not in entries:
            yield pack.error(f"there is no indicator {name!r}", *here, remedy=_hint(name, {*entries}))
        elif entries[name].polarity == "context":
            yield pack.error(f"{name} is context: more of it is neither better nor worse", *here, remedy="leave it out")
        elif low >= high:
            yield pack.error(
                f"the minimum {low:g} is not below the maximum {high:g}", *here, remedy="give both in order"
            )
    for name in pack.index.weights:
        if name not in entries and name not in DIMENSIONS:
            yield pack.error(
                f"{name!r} is neither a dimension nor an indicator",
                *("index", "weights", name),
                remedy=_hint(name, {*entries, *DIMENSIONS}),
            )
    yield from wrong_pairwise(pack, entries)


def _hint(name: str, known: set[str]) -> str:
    close = nearest(name, known)
    return (f"did you mean {close}? " if close else "") + "docs/methods/composite-index.md names them"
