"""A changed day moves no figure beyond the footprint that its kind declares."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from benchmarks.figures import entries, simulate
from indicators.catalogue.entries import COMPUTED
from indicators.compute import compute
from indicators.footprints import FOOTPRINTS
from indicators.inputs import Figures, Inputs
from tests.indicators.test_repeats import addressed

DAY = date(2024, 3, 1)
KEY = ["indicator_id", "area_id", "period_kind", "period_start"]
PERIODS = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "3mo", "year": "1y", "rolling_12m": "12mo"}
NUMBERS = ("value", "lower", "upper", "numerator", "denominator")


def test_every_kind_that_is_computed_declares_one() -> None:
    assert FOOTPRINTS.keys() == COMPUTED.keys()


def moved(before: Figures, after: Figures) -> pl.DataFrame:
    """Figures that differ: `KEY` and the period's end."""
    was, now = (each.values.select(*KEY, *NUMBERS) for each in (before, after))
    both = was.join(now, on=KEY, how="full", suffix="_now", coalesce=True)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in NUMBERS)
    end = pl.coalesce(
        pl.when(pl.col("period_kind") == kind).then(pl.col("period_start").dt.offset_by(length))
        for kind, length in PERIODS.items()
    ).dt.offset_by("-1d")
    return both.filter(differs).select(*KEY, period_end=end)


def without(inputs: Inputs, day: date, area: str) -> Inputs:
    kept = ~((pl.col("day") == day) & (pl.col("area_id") == area))
    return replace(inputs, measures={name: frame.filter(kept) for name, frame in inputs.measures.items()})


@pytest.mark.slow
def test_what_counts_days_is_moved_in_the_periods_that_hold_the_day() -> None:
    given = simulate(areas=4, years=2, busy=6)
    chosen = [entry for entry in entries(47) if FOOTPRINTS[entry.kind] == "period"]
    found = moved(compute(chosen, given), compute(chosen, without(given, DAY, "beat:001")))
    kinds = {entry.id: entry.kind for entry in chosen}
    by_kind = found.with_columns(kind=pl.col("indicator_id").replace_strict(kinds))
    # The kinds that count records, all moved; stocks count none.
    assert set(by_kind["kind"]) == {*kinds.values()} - {"stock_ratio"}
    assert set(found["period_kind"]) == set(PERIODS)
    holds = pl.lit(DAY).is_between("period_start", "period_end")
    assert found.filter(~holds).is_empty()
    assert set(found["area_id"]) == {"beat:001", "district:1", "city"}


@pytest.mark.slow
def test_what_is_held_against_a_calendar_year_is_moved_within_it() -> None:
    incidents = [
        ("n1", date(year, month, day), f"address {(month * day) % 7}")
        for year in (2021, 2022)
        for month in range(1, 13)
        for day in (3, 12, 21)
    ]
    found = moved(addressed(incidents), addressed([each for each in incidents if each[1] != date(2021, 10, 12)]))
    assert found.filter(pl.col("period_start").dt.year() != 2021).is_empty()
    # Beyond the periods that hold the day.
    assert found.filter(pl.col("period_end") < date(2021, 10, 1)).height > 0
