"""Rows of the small city's records, and a published figure of it, as tests of the engine write and read them."""

from datetime import date
from typing import Any

import polars as pl

from indicators.inputs import Figures

JAN, DEC = date(2021, 1, 1), date(2021, 12, 31)
M = 1_000_000


def incident(area: str, day: date, ppm: int = M, **dimensions: Any) -> dict[str, Any]:
    """One incident, or a part of one, of source `reports` unless `dimensions` say otherwise."""
    row = {"source": "reports", "category": "0101", "local_category": "murder", "found_by": None, **dimensions}
    return {"area_id": area, "day": day, "incidents_ppm": ppm, **row}


def reports(first: date = JAN, last: date = DEC) -> list[tuple[str, str, date, date]]:
    """The span of source `reports`."""
    return [("reports", "incident", first, last)]


def row(figures: Figures, area: str, start: date, kind: str = "month", indicator: str = "X") -> dict[str, Any]:
    """The one published figure of an indicator, area and period."""
    found = figures.values.filter(
        (pl.col("indicator_id") == indicator)
        & (pl.col("area_id") == area)
        & (pl.col("period_start") == start)
        & (pl.col("period_kind") == kind)
    )
    assert found.height == 1
    return found.row(0, named=True)
