"""Agencies that a pack declares: who is to work together, and what readers call them.

Not here: what they did together (`indicators/linkage`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import polars as pl
import pydantic

from pipelines.pack.parts import Part, Text

if TYPE_CHECKING:
    from pipelines.pack.city import CityPack

_TITLES = {"agency": pl.String, "title_en": pl.String, "title_zh": pl.String}


class DeclaredAgency(Part):
    """An agency, by the name that records have for it."""

    title: Annotated[Text, pydantic.Field(description="The agency's name for readers")]


def agencies_of(pack: CityPack) -> tuple[str, ...]:
    """Return the declared agencies as the statistics take them."""
    return tuple(sorted(pack.agencies))


def with_titles(pack: CityPack, agencies: pl.DataFrame) -> pl.DataFrame:
    """Return `linkage_agencies` with the declared titles; null where records alone name an agency."""
    titles = pl.DataFrame(
        [(name, each.title.en, each.title.zh) for name, each in pack.agencies.items()], schema=_TITLES, orient="row"
    )
    return agencies.drop("title_en", "title_zh", strict=False).join(
        titles, on="agency", how="left", maintain_order="left"
    )
