"""Declared breaks: days from which on a pack's figures are counted otherwise, or of something else.

Here: what a pack may say of them, and which indicators each concerns, with their titles for readers. Not here: charts
that begin anew (`indicators/charts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

import polars as pl
import pydantic

from indicators.catalogue.reading import load_catalogue
from indicators.declared import Break
from pipelines.pack.mistakes import nearest
from pipelines.pack.parts import Part, Text

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack

BREAK_SCHEMA = pl.Schema(
    {
        "break_id": pl.String,
        "indicator_id": pl.String,
        "start": pl.Date,
        "title_en": pl.String,
        "title_zh": pl.String,
    }
)


class DeclaredBreak(Part):
    """A lasting change after which figures are not to be held against those before: of a law, a form, an area."""

    title: Annotated[Text, pydantic.Field(description="What changed, for readers")]
    start: Annotated[date, pydantic.Field(description="First day of the new state, such as 2025-03-01")]
    indicators: Annotated[list[str], pydantic.Field(description="Ids of indicators that it changes, such as B2")] = []
    sources: Annotated[list[str], pydantic.Field(description="Sources that it changes: all that they feed")] = []


def breaks_of(pack: CityPack) -> tuple[Break, ...]:
    """Return the pack's breaks as the statistics take them."""
    return tuple(
        Break(name, declared.start, tuple(declared.indicators), tuple(declared.sources))
        for name, declared in pack.breaks.items()
    )


def break_frame(pack: CityPack, sources: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each break and indicator that it concerns, `BREAK_SCHEMA`.

    Parameters
    ----------
    sources
        indicator_id, source, part: of part `feeding`, the sources that an indicator is computed from.
    """
    indicators = sources["indicator_id"].unique().sort().to_list()
    feeding = sources.filter(part="feeding")
    rows = [
        (each.id, indicator, each.start, pack.breaks[each.id].title.en, pack.breaks[each.id].title.zh)
        for each in breaks_of(pack)
        for indicator in indicators
        if each.concerns(indicator, feeding.filter(indicator_id=indicator)["source"].to_list())
    ]
    return pl.DataFrame(rows, schema=BREAK_SCHEMA, orient="row")


def wrong_breaks(pack: CityPack) -> Iterator[PackError]:
    """Find breaks that concern nothing, or what is not there."""
    known = {"indicators": [entry.id for entry in load_catalogue()] if pack.breaks else [], "sources": [*pack.sources]}
    for name, declared in pack.breaks.items():
        here = ("breaks", name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield pack.error(f"{name!r} cannot be a name", *here, remedy="use a-z, 0-9 and _ (first a letter)")
        if not declared.indicators and not declared.sources:
            yield pack.error("a break that concerns nothing", *here, remedy="name its indicators or its sources")
        for part, named in (("indicators", declared.indicators), ("sources", declared.sources)):
            for at, each in enumerate(named):
                if each not in known[part]:
                    close = nearest(each, known[part])
                    yield pack.error(
                        f"there is no {part.removesuffix('s')} {each!r}",
                        *(*here, part, str(at)),
                        remedy=f"did you mean {close}?" if close else f"name one of {', '.join(known[part])}",
                    )
        if declared.start <= pack.first_day:
            yield pack.error(
                f"nothing is before {declared.start}: the first month is {pack.first_month}",
                *(*here, "start"),
                remedy="leave it out, or mend the day",
            )
