"""The small city with agencies that work together: so many cases in every month of a year."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from indicators.disclosure import EXACT, Disclosure
from indicators.inputs import Inputs
from tests.indicators.conftest import make_inputs

FIRST, AS_OF = date(2020, 1, 1), date(2021, 12, 31)
PLACE = {"geography": pl.String, "area_id": pl.String, "day": pl.Date, "source": pl.String}
EDGE = {**PLACE, "kind": pl.String, "from_agency": pl.String, "to_agency": pl.String, "cases": pl.Int64}
CASE = {**PLACE, "kind": pl.String, "category": pl.String, "agency": pl.String, "cases": pl.Int64}
WAIT = {
    **PLACE, "from_agency": pl.String, "to_agency": pl.String, "bucket": pl.Int64, "handoffs": pl.Int64,
    "closed_seconds": pl.Int64,
}  # fmt: skip
Way = tuple[str, str, int]
Handled = tuple[str, str, int]


def months(year: int) -> list[date]:
    return [date(year, month, 1) for month in range(1, 13)]


def city(
    handed: dict[int, Iterable[Way]],
    together: dict[int, Iterable[Way]] | None = None,
    handled: dict[int, Iterable[Handled]] | None = None,
    waits: Iterable[tuple[int, str, str, float | None, int]] = (),
    begun: date = FIRST,
    agencies: tuple[str, ...] = (),
    disclosure: Disclosure = EXACT,
    area: str = "n1",
) -> Inputs:
    """The small city with cases by year, so many in every month; waits in hours, None while open, in June."""

    def rows(given: dict[int, Iterable[tuple[str, str, int]]], source: str, kind: str) -> list[tuple[Any, ...]]:
        return [
            ("beat", area, month, source, kind, one, other, cases)
            for year, listed in given.items()
            for one, other, cases in listed
            for month in months(year)
        ]

    edges = rows(handed, "hand", "handoff") + rows(together or {}, "inc", "incident")
    cases = rows(handled or {}, "req", "service")
    waiting = [
        ("beat", area, date(year, 6, 15), "hand", one, other, None if hours is None else round(hours * 100), n,
         0 if hours is None else round(n * hours * 3600))
        for year, one, other, hours, n in waits
    ]  # fmt: skip
    spans = [
        (name, kind, begun, AS_OF) for name, kind in (("hand", "handoff"), ("inc", "incident"), ("req", "service"))
    ]
    frames = {
        "ext_agency_edge_month": pl.DataFrame(edges, schema=EDGE, orient="row"),
        "ext_agency_case_month": pl.DataFrame(cases, schema=CASE, orient="row"),
        "ext_handoff_wait_day": pl.DataFrame(waiting, schema=WAIT, orient="row"),
    }
    inputs = make_inputs({}, spans, as_of=AS_OF)
    return replace(inputs, extracts=frames, agencies=agencies, disclosure=disclosure)


STAR: list[Way] = [("hub", other, 5) for other in ("a", "b", "c")]
RING: list[Way] = [("a", "b", 5), ("b", "c", 5), ("c", "hub", 5)]
