"""A small city: north with beats n1 and n2, south with the nearly empty s1, and wards of another geography."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from indicators.catalogue.entries import DURATIONS, Entry
from indicators.catalogue.measures import MEASURES
from indicators.inputs import Inputs

AS_OF = date(2021, 12, 31)
AREAS = [
    ("city", None, None, "city", False),
    ("north", "city", None, "borough", False),
    ("south", "city", None, "borough", False),
    ("n1", "north", "beat", "beat", False),
    ("n2", "north", "beat", "beat", False),
    ("s1", "south", "beat", "beat", False),
    ("beat:unallocated", "city", "beat", "beat", True),
    ("w1", "north", "ward", "ward", False),
    ("ward:unallocated", "city", "ward", "ward", True),
]
POPULATION = {"n1": 100_000, "n2": 60_000, "s1": 500}
TEXT = {"en": "x", "zh": "x"}
DOUBTFUL_TYPES = {
    **dict.fromkeys(("source", "kind", "geography", "area_id"), pl.String),
    **dict.fromkeys(("day", "last_day", "due_day"), pl.Date),
    "field": pl.String,
    **dict.fromkeys(("refused", "contested"), pl.Int64),
}
MEASURE_TYPES = {"geography": pl.String, "area_id": pl.String, "day": pl.Date}


def measure_frame(name: str, rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a measure: absent dimensions are null, absent counts zero."""
    measure = MEASURES[name]
    extra = ["bucket"] if name in DURATIONS else []
    schema = {
        **MEASURE_TYPES,
        **dict.fromkeys(measure.dimensions, pl.String),
        **dict.fromkeys([*measure.counts, *extra], pl.Int64),
    }
    full = [{"geography": "beat", **dict.fromkeys(measure.counts, 0), **row} for row in rows]
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in full], schema=schema)


def areas_frame() -> pl.DataFrame:
    return pl.DataFrame(
        AREAS, schema=["area_id", "parent_id", "geography", "area_level", "is_unallocated"], orient="row"
    )


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def make_inputs(
    measures: dict[str, list[dict[str, Any]]],
    spans: list[tuple[str, str, date, date]],
    *,
    mapped: Iterable[tuple[str, str, str]] = (),
    unmapped: Iterable[tuple[str, str, str]] = (),
    as_of: date = AS_OF,
    silent_after_days: int = 5,
    weights: dict[str, int] | None = None,
    population: dict[str, int] | None = None,
    profile: pl.DataFrame | None = None,
    doubtful: Iterable[dict[str, Any]] = (),
) -> Inputs:
    """Inputs of the small city; `spans` are (source, kind, first, last), `mapped` (kind, field, source).

    Every source has delivered a thousand records.
    """
    people = POPULATION if population is None else population
    return Inputs(
        measures={name: measure_frame(name, rows) for name, rows in measures.items()},
        areas=areas_frame(),
        profile=profile
        if profile is not None
        else pl.DataFrame(
            [(area, date(2020, 4, 1), count) for area, count in people.items()],
            schema={"area_id": pl.String, "valid_from": pl.Date, "population": pl.Int64},
            orient="row",
        ),
        field_map=pl.DataFrame(
            [(*m, True) for m in mapped] + [(*m, False) for m in unmapped],
            schema={"kind": pl.String, "field": pl.String, "source": pl.String, "is_mapped": pl.Boolean},
            orient="row",
        ),
        severity_weights=pl.DataFrame(
            list((weights or {}).items()), schema={"category": pl.String, "weight": pl.Int64}, orient="row"
        ),
        spans=pl.DataFrame(
            [(s, k, "beat", a, b, 1000) for s, k, a, b in spans],
            schema=["source", "kind", "geography", "first_day", "last_day", "records"],
            orient="row",
        ),
        sources=pl.DataFrame(
            sorted({(s, k, "beat", silent_after_days) for s, k, _, _ in spans}),
            schema=["source", "kind", "geography", "silent_after_days"],
            orient="row",
        ),
        doubtful=pl.DataFrame(
            [{"geography": "beat", "refused": 0, "contested": 0, **row} for row in doubtful], schema=DOUBTFUL_TYPES
        ),
        as_of=as_of,
    )


def make_entry(**fields: Any) -> Entry:
    """A rate of incidents per 10 000 and year, unless `fields` say otherwise."""
    base: dict[str, Any] = {
        "id": "X",
        "title": TEXT,
        "about": TEXT,
        "caveats": TEXT,
        "dimension": "mechanism",
        "subject": "all",
        "polarity": "lower",
        "unit": "%",
        "decimals": 1,
        "kind": "rate",
        "formula": TEXT,
        "interval": "byar",
        "min_denominator": 1000,
        "maturity_days": 0,
        "period_kinds": ["month", "year"],
        "reference": "x",
        "intended_use": TEXT,
        "forbidden_use": TEXT,
        "gaming": TEXT,
        "measure": "msr_incident_day",
        "numerator": {"column": "incidents_ppm"},
        "scale": 1e6,
        "per": 1e4,
    }
    return Entry.model_validate({**base, **fields})


@pytest.fixture
def inputs() -> Callable[..., Inputs]:
    return make_inputs


@pytest.fixture
def entry() -> Callable[..., Entry]:
    return make_entry


@pytest.fixture
def every_day() -> Callable[[date, date], list[date]]:
    return days
