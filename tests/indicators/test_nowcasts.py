"""Nowcasts of an indicator: which figures have one, and that it foretells what the records will make of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from indicators.catalogue.entries import Entry
from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.inputs import Figures, Inputs
from indicators.nowcasts import DELAY_MEASURE
from tests.indicators.conftest import days
from tests.indicators.small_city import DEC, M, incident, reports, row

FIRST = date(2020, 10, 1)
DELAYS = (0, 0, 1, 3)
"""Of four incidents a day, one is recorded the next day and one after three."""


def world(inputs: Callable[..., Inputs], as_of: date, known: float = 1.0, first: date = FIRST) -> Inputs:
    """Records of n1 as they were known at `as_of`; the times of recording of a share of them only."""
    incidents, delays = [], []
    for day in days(first, as_of):
        for number, delay in enumerate(DELAYS):
            if day + timedelta(days=delay) <= as_of:
                incidents.append(incident("n1", day))
                is_known = number < known * len(DELAYS)
                delays.append(("reports", day, "0101", "murder", None, delay if is_known else None, M))
    schema = ["source", "day", "category", "local_category", "found_by", "delay_days", "incidents_ppm"]
    given = inputs({"msr_incident_day": incidents}, reports(first, as_of), as_of=as_of)
    types: dict[str, Any] = {"found_by": pl.String, "delay_days": pl.Int64}
    measure = pl.DataFrame(delays, schema=schema, schema_overrides=types, orient="row")
    return replace(given, measures={**given.measures, DELAY_MEASURE: measure})


@pytest.fixture
def figures(entry: Callable[..., Entry], inputs: Callable[..., Inputs]) -> Figures:
    return compute([entry(maturity_days=10)], world(inputs, DEC))


def test_provisional_figures_have_a_nowcast_of_what_they_will_be(figures: Figures) -> None:
    december = date(2021, 12, 1)
    found = figures.nowcasts.filter(area_id="n1", period_kind="month").to_dicts()
    assert [each["period_start"] for each in found] == [december]
    now, figure = found[0], row(figures, "n1", december)
    # 4 a day, of the last three days 2, 3 and 3 so far.
    assert (now["counted"], figure["numerator"]) == (120, 120)
    assert now["expected"] == pytest.approx(124)
    assert 120 <= now["expected_low"] <= 124 <= now["expected_high"] < 135
    assert now["value"] == pytest.approx(figure["value"] * 124 / 120)
    assert now["lower"] <= now["value"] <= now["upper"]
    assert now["recorded_share"] == pytest.approx(120 / 124)
    assert now["cutoff"] == DEC
    # Nothing is told of figures that are final.
    told = figures.nowcasts.join(figures.values, on=["indicator_id", "area_id", "period_kind", "period_start"])
    assert set(told["status"]) == {"provisional"}
    assert told.height == figures.nowcasts.height


def test_the_next_release_counts_what_was_foretold(
    figures: Figures, entry: Callable[..., Entry], inputs: Callable[..., Inputs]
) -> None:
    later = compute([entry(maturity_days=10)], world(inputs, date(2022, 1, 20)))
    for area in ("n1", "north", "city"):
        foretold = figures.nowcasts.filter(area_id=area, period_kind="month")["expected"].item()
        assert foretold == pytest.approx(row(later, area, date(2021, 12, 1))["numerator"])


def test_delays_are_told_with_their_limits(figures: Figures) -> None:
    assert figures.delays["delay_days"].to_list() == list(range(11))
    assert figures.delays["share"].to_list()[:4] == pytest.approx([0.5, 0.75, 0.75, 1.0])
    assert (figures.delays["lower"] <= figures.delays["share"]).all()
    assert figures.delays["cutoff"].unique().to_list() == [DEC]


@pytest.mark.parametrize(
    ("changes", "known", "first"),
    [
        ({"maturity_days": 0}, 1.0, FIRST),
        ({"maturity_days": 10}, 0.75, FIRST),
        ({"maturity_days": 10}, 1.0, date(2021, 11, 1)),
        ({"maturity_days": 10, "numerator": {"column": "victims_ppm"}}, 1.0, FIRST),
    ],
    ids=["never provisional", "recording times unknown", "short history", "amounts"],
)
def test_where_delays_are_not_known_there_is_no_nowcast(
    entry: Callable[..., Entry], inputs: Callable[..., Inputs], changes: dict[str, Any], known: float, first: date
) -> None:
    figures = compute([entry(**changes)], world(inputs, DEC, known, first))
    assert figures.values["value"].is_not_null().any()
    assert figures.nowcasts.is_empty()
    assert figures.delays.is_empty()


def test_the_delays_are_those_of_the_records_that_the_indicator_counts(
    entry: Callable[..., Entry], inputs: Callable[..., Inputs]
) -> None:
    given = world(inputs, DEC)
    others = given.measures[DELAY_MEASURE].with_columns(
        category=pl.lit("05"), delay_days=pl.lit(9, pl.Int64), incidents_ppm=pl.lit(100 * M, pl.Int64)
    )
    both = pl.concat([given.measures[DELAY_MEASURE], others])
    chosen = entry(
        maturity_days=10, numerator={"column": "incidents_ppm", "where": [{"category": {"values": ["0101"]}}]}
    )
    alone, beside = (
        compute([chosen], replace(given, measures={**given.measures, DELAY_MEASURE: measure}))
        for measure in (given.measures[DELAY_MEASURE], both)
    )
    assert alone.delays.height == 11
    assert beside.delays.equals(alone.delays)


def test_of_a_rare_event_the_cutoff_is_that_of_its_source(
    entry: Callable[..., Entry], inputs: Callable[..., Inputs]
) -> None:
    """None of it came in the last two weeks of the year, but other records did: it is no older for that."""
    given = world(inputs, DEC)
    quiet = date(2021, 12, 17)
    before = pl.col("day") < quiet
    others = given.measures[DELAY_MEASURE].filter(~before).with_columns(category=pl.lit("05"))
    measures = {
        "msr_incident_day": given.measures["msr_incident_day"].filter(before),
        DELAY_MEASURE: pl.concat([given.measures[DELAY_MEASURE].filter(before), others]),
    }
    chosen = entry(
        maturity_days=10, numerator={"column": "incidents_ppm", "where": [{"category": {"values": ["0101"]}}]}
    )
    found = compute([chosen], replace(given, measures=measures))
    assert found.delays["cutoff"].unique().to_list() == [DEC]
    month = found.nowcasts.filter(area_id="n1", period_kind="month").row(0, named=True)
    assert month["recorded_share"] == pytest.approx(120 / 124)
    assert month["counted"] == 64


def test_under_a_profile_that_protects_small_counts_nothing_is_foretold(
    entry: Callable[..., Entry], inputs: Callable[..., Inputs]
) -> None:
    given = replace(world(inputs, DEC), disclosure=Disclosure("hes"))
    figures = compute([entry(maturity_days=10)], given)
    assert figures.values["value"].is_not_null().any()
    assert figures.nowcasts.is_empty()
    assert figures.delays.is_empty()
