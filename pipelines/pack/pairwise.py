"""Weights of the index by pairwise comparisons (AHP), as a pack may declare them.

Here: reading the comparisons, and which cannot be meant. The method is in `indicators/composites/weights`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pydantic

from indicators.catalogue.entries import Entry
from indicators.composites.rules import DIMENSIONS, OVERALL
from indicators.composites.weights import RANDOM_INDEX, Judgement, ahp_weights
from pipelines.pack.mistakes import nearest

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack

MOST_INCONSISTENT = 0.1
"""Consistency ratio above which comparisons contradict each other too much to be weights (Saaty)."""
LARGEST = 9


def _ratio(given: object) -> float:
    """Read a number from 1/9 to 9, also as the text of a fraction."""
    try:
        ratio = float(Fraction(str(given).replace(" ", "")))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("must be a number such as 3, or a fraction such as 1/3") from error
    if not 1 / LARGEST - 1e-9 <= ratio <= LARGEST:
        raise ValueError(f"must lie from 1/{LARGEST} to {LARGEST}")
    return ratio


Ratio = Annotated[float, pydantic.BeforeValidator(_ratio, json_schema_input_type=float | str)]
Comparisons = dict[str, dict[str, Ratio]]


def members(comparisons: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return what is compared, in the order in which it is first named."""
    return list(dict.fromkeys(name for one, others in comparisons.items() for name in (one, *others)))


def judge(comparisons: Mapping[str, Mapping[str, float]]) -> Judgement:
    """Weigh what is compared; every pair must be there once."""
    return ahp_weights(_matrix(comparisons))


def pairwise_weights(pairwise: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """Return weights by name, 1 on average in each set: as much as what is not compared."""
    found: dict[str, float] = {}
    for comparisons in pairwise.values():
        named = members(comparisons)
        found |= {name: float(w) * len(named) for name, w in zip(named, judge(comparisons).weights, strict=True)}
    return found


def wrong_pairwise(pack: CityPack, entries: Mapping[str, Entry]) -> Iterator[PackError]:
    """Find comparisons of what does not belong together, pairs that are missing or told twice, and contradictions."""
    for name, comparisons in pack.index.pairwise.items():
        here = ("index", "pairwise", name)
        if name not in (OVERALL, *DIMENSIONS):
            yield pack.error(
                f"{name!r} is neither {OVERALL} nor a dimension", *here, remedy=_hint(name, {OVERALL, *DIMENSIONS})
            )
            continue
        fitting = {*DIMENSIONS} if name == OVERALL else {e.id for e in entries.values() if e.dimension == name}
        problems = [*_misplaced(pack, name, comparisons, fitting)]
        yield from problems
        if problems:
            continue
        found = judge(comparisons)
        if found.consistency_ratio > MOST_INCONSISTENT:
            one, other, ratio, implied = _oddest(comparisons, found)
            yield pack.error(
                f"the comparisons contradict each other: consistency ratio {found.consistency_ratio:.2f}, above "
                f"{MOST_INCONSISTENT:g}",
                *here,
                *((one, other) if other in comparisons.get(one, {}) else (other, one)),
                remedy=f"look again at {one} against {other}: it says {_shown(ratio)}, the others make it "
                f"{_shown(implied)}",
            )


def _misplaced(
    pack: CityPack, name: str, comparisons: Mapping[str, Mapping[str, float]], fitting: set[str]
) -> Iterator[PackError]:
    here = ("index", "pairwise", name)
    named = members(comparisons)
    if not 2 <= len(named) <= len(RANDOM_INDEX):
        yield pack.error(
            f"{len(named)} are compared: it must be from 2 to {len(RANDOM_INDEX)}",
            *here,
            remedy="compare fewer, or more",
        )
    for each in named:
        place = (
            (*here, each)
            if each in comparisons
            else (*here, next(one for one in comparisons if each in comparisons[one]), each)
        )
        if each not in fitting:
            what = "dimension" if name == OVERALL else f"indicator of {name}"
            yield pack.error(f"{each!r} is no {what}", *place, remedy=_hint(each, fitting))
        elif each in pack.index.weights:
            yield pack.error(f"{each} has a weight under weights, too", *place, remedy="keep one of them")
    for one, other in itertools.combinations(named, 2):
        told = [pair for pair in ((one, other), (other, one)) if pair[1] in comparisons.get(pair[0], {})]
        if len(told) == 2:
            yield pack.error(f"{one} and {other} are compared twice", *here, *told[1], remedy="keep one of them")
        elif not told:
            yield pack.error(f"{one} and {other} are not compared", *here, remedy=f"add {other} under {one}")
    for one in comparisons:
        if one in comparisons[one]:
            yield pack.error(f"{one} is compared with itself", *here, one, one, remedy="leave it out")


def _matrix(comparisons: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    named = members(comparisons)
    at = {name: number for number, name in enumerate(named)}
    matrix = np.eye(len(named))
    for one, others in comparisons.items():
        for other, ratio in others.items():
            matrix[at[one], at[other]], matrix[at[other], at[one]] = ratio, 1 / ratio
    return matrix


def _oddest(comparisons: Mapping[str, Mapping[str, float]], found: Judgement) -> tuple[str, str, float, float]:
    """The pair whose comparison is farthest from what the weights make of it: its names, what is said, what follows."""
    named, matrix = members(comparisons), _matrix(comparisons)
    implied = found.weights[:, None] / found.weights[None, :]
    # Of three that contradict each other each is as odd as the others: then the first is named.
    apart = np.abs(np.log(matrix / implied)).round(9)
    one, other = np.unravel_index(int(np.argmax(np.triu(apart))), apart.shape)
    return named[one], named[other], float(matrix[one, other]), float(implied[one, other])


def _shown(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio >= 1 else f"1/{1 / ratio:.2g}"


def _hint(name: str, known: set[str]) -> str:
    close = nearest(name, known)
    return (f"did you mean {close}? " if close else "") + "docs/methods/composite-index.md names them"
