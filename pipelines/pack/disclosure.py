"""Disclosure control as a pack declares it: which profile protects its counts, and what is published at all.

What a profile does to counts is known to `indicators.disclosure` and `indicators.protection`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic

from indicators.catalogue.reading import load_catalogue
from indicators.disclosure import Disclosure
from pipelines.pack.parts import Part

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack

ProfileName = Annotated[
    Literal["hes", "acro", "census", "open", "internal"],
    pydantic.Field(
        description="hes: 1 to 7 withheld, else rounded to 5; acro: 1 to 9 withheld, rounded to 5; census: under 15 "
        "withheld, rounded ever more coarsely; open: exact, of records that are public one by one; internal: exact, "
        "and shown on this machine alone"
    ),
]
Finest = Literal["month", "quarter", "year"]


class PublishedIndicator(Part):
    """What is published of one indicator under protection."""

    finest: Annotated[Finest | None, pydantic.Field(description="Shortest periods, in place of the pack's")] = None
    hidden_levels: Annotated[
        list[str], pydantic.Field(description="Area levels of which nothing is published, such as [precinct]")
    ] = []


class Protection(Part):
    """A profile with what is published under it."""

    profile: ProfileName = "hes"
    finest: Annotated[
        Finest, pydantic.Field(description="Shortest periods that are published; longer ones add them up")
    ] = "month"
    indicators: Annotated[
        dict[str, PublishedIndicator], pydantic.Field(description="Otherwise for single indicators, by id")
    ] = {}


def declared(given: str | Protection) -> Disclosure:
    """Return what a pack declares as the statistics take it."""
    protection = Protection.model_validate({"profile": given}) if isinstance(given, str) else given
    return Disclosure(
        protection.profile,
        protection.finest,
        {name: each.finest for name, each in protection.indicators.items() if each.finest},
        {name: frozenset(each.hidden_levels) for name, each in protection.indicators.items() if each.hidden_levels},
    )


def wrong_disclosure(pack: CityPack) -> Iterator[PackError]:
    """Find sources that may not be shown exactly, and indicators and levels that there are not."""
    if pack.protection.profile == "open":
        for name, source in pack.sources.items():
            if not source.public_record:
                yield pack.error(
                    f"disclosure: open would publish exact counts, and {name} is not declared as public record",
                    *("sources", name),
                    remedy="say `public_record: true` if every record of it is public already, one by one; else take "
                    "`disclosure: hes`",
                )
    if isinstance(pack.disclosure, str):
        return
    known = [entry.id for entry in load_catalogue()]
    levels = {"city", *pack.geographies, *(group.level for group in pack.groups.values())}
    for indicator, each in pack.disclosure.indicators.items():
        here = ("disclosure", "indicators", indicator)
        if indicator not in known:
            yield pack.error(
                f"indicator {indicator!r} is not in the catalogue", *here, remedy=f"name one of {', '.join(known)}"
            )
        for at, level in enumerate(each.hidden_levels):
            if level not in levels:
                yield pack.error(
                    f"there is no area level {level!r}",
                    *(*here, "hidden_levels", str(at)),
                    remedy=f"name one of {', '.join(sorted(levels))}",
                )
