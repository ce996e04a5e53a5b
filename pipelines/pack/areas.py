"""Areas as a pack declares them: geographies that tile the city, groups above them, and residents.

Whether the files hold what they must is found out by loading (`loading/areas`).
"""

from datetime import date
from typing import Annotated

import pydantic

from pipelines.pack.parts import Part, Text


class Population(Part):
    """Table of residents by area, a CSV file in UTF-8."""

    file: Annotated[str, pydantic.Field(description="CSV file in the pack's folder")]
    key: Annotated[str, pydantic.Field(description="Column with the area's key")]
    value: Annotated[str, pydantic.Field(description="Column with the number of residents")]
    valid_from: Annotated[date, pydantic.Field(description="Day from which the numbers hold, such as 2020-04-01")]


class Geography(Part):
    """A set of areas that tile the city, from a GeoJSON file; expressions are SQL over its properties, as text.

    With `dissolve`, features of one key are one area, with the properties of the first.
    """

    title: Annotated[Text, pydantic.Field(description="What one of its areas is called, such as Police precinct")]
    file: Annotated[str, pydantic.Field(description="GeoJSON file in WGS 84, gzipped or not, in the pack's folder")]
    key: Annotated[str, pydantic.Field(description="Property that identifies an area")]
    title_en: Annotated[str, pydantic.Field(description="SQL expression that gives an area's English name")]
    title_zh: Annotated[str, pydantic.Field(description="SQL expression that gives an area's Chinese name")]
    parent: Annotated[
        str | None, pydantic.Field(description="SQL expression that gives the id of an area's group; by default city")
    ] = None
    peer_group: Annotated[
        str | None,
        pydantic.Field(
            description="SQL expression that gives the areas that one is fairly compared with, such as "
            "case when density > '5000' then 'dense' else 'open' end"
        ),
    ] = None
    dissolve: Annotated[bool, pydantic.Field(description="Put features of one key together as one area")] = False
    population: Annotated[
        Population | None, pydantic.Field(description="Residents by area: rates per resident need them")
    ] = None


class AreaGroup(Part):
    """An area without a shape of its own, between the city and the geographies, or between the city and a group."""

    title: Annotated[Text, pydantic.Field(description="Name of the group")]
    level: Annotated[str, pydantic.Field(description="What it is, such as borough")]
    parent: Annotated[str | None, pydantic.Field(description="Id of the group above it; by default the city")] = None
