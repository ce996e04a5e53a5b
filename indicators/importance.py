"""Importance and performance: where judging better would go with being content, and where people judge badly.

Belongs here: how closely each foundation goes with the outcome, and which quarter of the map it lies in. Not here: the
answers (`survey_answers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A figure with its limits."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Placed:
    """A foundation on the map.

    Attributes
    ----------
    performance : Span
        How it is judged, 0 to 100.
    importance : Span
        Correlation of that with the outcome.
    quarter : str
        `improve` (goes closely with the outcome, judged badly), `keep` (closely, well), `low` (loosely, badly),
        `enough` (loosely, well), against the means of all foundations; `unclear` where limits reach over one of them.
    """

    performance: Span
    importance: Span
    quarter: str


_QUARTERS = {(True, False): "improve", (True, True): "keep", (False, False): "low", (False, True): "enough"}


def place(spans: Sequence[tuple[Span, Span]]) -> list[Placed]:
    """Place foundations, each with its performance and importance, against the means of all.

    Importance is derived from the answers, not stated: what goes with being content need not be what brings it about.

    References
    ----------
    Martilla & James (1977), Journal of Marketing 41(1):77-79.
    """
    if not spans:
        return []
    centres = [sum(each[at].value for each in spans) / len(spans) for at in (0, 1)]
    placed = []
    for performance, importance in spans:
        sides = [_side(span, centre) for span, centre in zip((performance, importance), centres, strict=True)]
        well, closely = sides
        quarter = "unclear" if well is None or closely is None else _QUARTERS[closely, well]
        placed.append(Placed(performance, importance, quarter))
    return placed


def _side(span: Span, centre: float) -> bool | None:
    """Whether a figure is above the centre for sure; None where its limits reach over it, or there are none."""
    if span.lower > centre:
        return True
    return False if span.upper < centre else None
