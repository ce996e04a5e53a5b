"""Declared targets: what an indicator is to reach, and by when. Not here: what came of it (`indicators/targets`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

import pydantic

from indicators.catalogue.reading import load_catalogue
from indicators.declared import Target
from pipelines.pack.mistakes import nearest
from pipelines.pack.parts import Part

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack


class DeclaredTarget(Part):
    """What an indicator is to reach, and by when."""

    value: Annotated[float, pydantic.Field(ge=0, description="In the indicator's unit, such as 90 for 90 %")]
    since: Annotated[date, pydantic.Field(description="First day of the way to it, such as 2025-01-01")]
    due: Annotated[date, pydantic.Field(description="Day by which it is to be reached, such as 2026-12-31")]
    baseline: Annotated[
        float | None,
        pydantic.Field(
            ge=0, description="Where the way begins; by default the figure of the twelve months that end before since"
        ),
    ] = None
    everywhere: Annotated[bool, pydantic.Field(description="Hold every area to it, not the city alone")] = False


def targets_of(pack: CityPack) -> tuple[Target, ...]:
    """Return the pack's targets as the statistics take them."""
    return tuple(
        Target(indicator, each.value, each.since, each.due, each.baseline, each.everywhere)
        for indicator, each in pack.targets.items()
    )


def wrong_targets(pack: CityPack) -> Iterator[PackError]:
    """Find targets that nothing can be held against."""
    entries = {entry.id: entry for entry in load_catalogue()} if pack.targets else {}
    for indicator, declared in pack.targets.items():
        here = ("targets", indicator)
        if indicator not in entries:
            close = nearest(indicator, entries)
            yield pack.error(
                f"indicator {indicator!r} is not in the catalogue",
                *here,
                remedy=f"did you mean {close}?" if close else "name one of `wardlight` indicators, such as M4",
            )
            continue
        entry = entries[indicator]
        if entry.polarity == "context":
            yield pack.error(
                f"indicator {indicator!r} is context: no end of it is better",
                *here,
                remedy="declare a target for an indicator that is better higher or lower",
            )
        if entry.kind == "proportion" and entry.unit == "%" and declared.value > 100:
            yield pack.error(f"{declared.value:g} is more than the whole, 100", *(*here, "value"), remedy="mend it")
        if declared.due <= declared.since:
            yield pack.error(
                f"due on {declared.due}, before it begins on {declared.since}",
                *(*here, "due"),
                remedy="mend either day",
            )
