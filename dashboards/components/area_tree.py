"""Areas as a tree: which lie in which, and which are the districts of a city."""

from typing import Any

import polars as pl

from dashboards.components.context import Context

DISTRICT = "district"
"""Level that a city's districts usually are of."""


def shown(context: Context) -> pl.DataFrame:
    """Areas that a reader may choose: all but those that stand for records of no known area."""
    return context.release.areas.filter(~pl.col("is_unallocated"))


def options(context: Context, areas: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Areas as a select takes them: the name of the level, id and title."""
    words = context.words
    return [
        (words.known("level", row["area_level"]), row["area_id"], words.of(row, "title")) for row in areas.to_dicts()
    ]


def districts(context: Context) -> pl.DataFrame:
    """The areas of level district; where there are none, those that lie in the city itself, of its first level."""
    areas = shown(context)
    named = areas.filter(area_level=DISTRICT)
    if named.height:
        return named
    below = areas.filter(parent_id=context.release.city_id)
    return below.filter(pl.col("area_level") == below["area_level"][0]) if below.height else areas


def area(context: Context) -> dict[str, Any] | None:
    """The area that the view asks for, else the first district; None where the release has none of that id."""
    asked = context.view.areas[0] if context.view.areas else None
    found = districts(context) if asked is None else shown(context).filter(area_id=asked)
    return found.row(0, named=True) if found.height else None


def inside(context: Context, area_id: str) -> pl.DataFrame:
    """Areas directly in an area, in natural order."""
    return shown(context).filter(parent_id=area_id)


def everything_inside(context: Context, area_id: str) -> list[str]:
    """Ids of all areas in an area, at any depth."""
    below: dict[str | None, list[str]] = {}
    for each, row in context.release.area_rows.items():
        if not row["is_unallocated"]:
            below.setdefault(row["parent_id"], []).append(each)
    found, above = list[str](), [area_id]
    while above:
        above = [each for one in above for each in below.get(one, ())]
        found += above
    return found
