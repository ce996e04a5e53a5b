"""Published figures of a few areas, made by hand, for the index and its coordination."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.inputs import VALUE_SCHEMA
from tests.indicators.conftest import make_entry

FIRST, SECOND = date(2024, 1, 1), date(2024, 4, 1)


def percentage(name: str, dimension: str, polarity: str = "higher", **fields: Any) -> Entry:
    goalposts = None if polarity == "context" else (0, 100)
    given = {"goalposts": goalposts, "measure": None, "numerator": None, "period_kinds": ["quarter", "year"], **fields}
    return make_entry(id=name, dimension=dimension, polarity=polarity, **given)


def figure(indicator: str, area: str, value: float | None, half: float = 0.0, **fields: Any) -> dict[str, Any]:
    """One row of `indicator_values`: an interval of `half` on either side, and bounds of twice that."""
    known = value is not None
    return {
        "indicator_id": indicator,
        "area_id": area,
        "area_level": "beat",
        "period_kind": "quarter",
        "period_start": FIRST,
        "value": value,
        "lower": value - half if known else None,
        "upper": value + half if known else None,
        "bound_low": value - 2 * half if known else None,
        "bound_high": value + 2 * half if known else None,
        "status": "final" if known else "not_available",
        **fields,
    }


def published(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in VALUE_SCHEMA} for row in rows], schema=VALUE_SCHEMA)


def areas(names: Sequence[str], peers: Sequence[str | None] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {"area_id": names, "is_unallocated": False, "peer_group": peers or [None] * len(names)},
        schema={"area_id": pl.String, "is_unallocated": pl.Boolean, "peer_group": pl.String},
    )
