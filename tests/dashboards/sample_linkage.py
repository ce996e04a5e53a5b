"""Linkage of the sample release's city: a hub, a hermit, one that left, and one that never came."""

from typing import Any

import polars as pl

from indicators.linkage import linkage_tables
from tests.indicators.small_linkage import city

TITLES = {"hub": ("Street office", "街道办事处"), "a": ("Police", "公安派出所"), "never": ("Market office", "市场监管")}


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Rows of the three tables, of the city alone."""
    handled = {
        2020: [("noise", "left", 2), ("noise", "hermit", 2)],
        2021: [("noise", "a", 4), ("noise", "hermit", 2), ("noise", "b", 2), ("0501", "b", 2)],
    }
    waits = [(2021, "hub", "a", hours, 10) for hours in (1.0, 2.0, 30.0)] + [(2020, "hub", "a", 4.0, 20)]
    found = linkage_tables(
        city(
            {2020: [("hub", "a", 5), ("b", "hub", 2)], 2021: [("hub", "a", 6), ("hub", "b", 2), ("c", "hub", 1)]},
            together={2020: [("a", "b", 3)], 2021: [("a", "c", 1)]},
            handled=handled,
            waits=waits,
            agencies=("a", "hub", "never"),
        )
    )
    titles = pl.DataFrame(
        [(agency, *both) for agency, both in TITLES.items()], schema=["agency", "title_en", "title_zh"], orient="row"
    )
    found["linkage_agencies"] = found["linkage_agencies"].join(titles, on="agency", how="left", maintain_order="left")
    return {name: frame.filter(area_id="city").rows() for name, frame in found.items()}
