"""Atoms: published counts share what is shown of the smallest groups that they tell apart."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from indicators.atoms import atoms_of, published_counts, split
from indicators.catalogue.entries import Entry
from indicators.cells import daily_counts
from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.feeds import Feed, find_feed
from indicators.inputs import Figures, Inputs
from indicators.tellings import Tellings
from tests.indicators.conftest import make_entry, make_inputs, measure_frame
from tests.indicators.small_city import M, incident, reports, row

HES = Disclosure("hes")
MONTH = date(2021, 3, 1)
THEFT, SHOOTING = {"category": "050211", "local_category": "theft"}, {"category": "0101", "local_category": "shooting"}
PEOPLE = {"n1": 100_000, "n2": 60_000, "s1": 50_000}
EVERYTHING = make_entry(id="X")
THEFTS = make_entry(id="X_thefts", numerator={"column": "incidents_ppm", "where": {"category": {"prefix": ["05"]}}})
SHOOTINGS = make_entry(
    id="X_shootings", numerator={"column": "incidents_ppm", "where": {"local_category": ["shooting"]}}
)
MURDERS_AND_THEFTS = make_entry(
    id="X_both", numerator={"column": "incidents_ppm", "where": {"category": {"prefix": ["0502", "0101"]}}}
)
LOCATED = make_entry(
    id="X_located",
    kind="proportion",
    unit="%",
    interval="wilson",
    min_denominator=1,
    numerator={"column": "valid_coordinates_ppm"},
    denominator={"column": "incidents_ppm"},
    per=100.0,
)
COUNTS = {"n1": (37, 6), "n2": (52, 11), "s1": (12, 2)}


def inputs(**given: object) -> Inputs:
    rows = [
        incident(area, date(2021, 3, 3), ppm=count * M, **what)
        for area, counts in COUNTS.items()
        for count, what in zip(counts, (THEFT, SHOOTING), strict=True)
    ]
    return replace(make_inputs({"msr_incident_day": rows}, reports(), population=PEOPLE), disclosure=HES, **given)


def feed_of(entry: Entry, given: Inputs) -> Feed:
    feed = find_feed(entry, given)
    assert isinstance(feed, Feed)
    return feed


def counted(figures: Figures, indicator: str, area: str) -> float | None:
    return row(figures, area, MONTH, indicator=indicator)["numerator"]


def test_rows_are_told_apart_by_what_counts_them() -> None:
    given = inputs()
    published = published_counts([EVERYTHING, THEFTS, SHOOTINGS], given)
    feed = feed_of(EVERYTHING, given)
    atoms = atoms_of(feed, given, published, "X numerator")
    assert set(atoms) == {"X_thefts numerator", "X_shootings numerator"}
    daily, names = split(daily_counts(feed), "numerator", atoms)
    assert list(names) == sorted(set(atoms))
    assert daily["numerator"].to_list() == daily.select(pl.sum_horizontal(*names.values())).to_series().to_list()


def test_what_is_one_atom_is_not_split() -> None:
    given = inputs()
    feed = feed_of(THEFTS, given)
    daily = daily_counts(feed)
    atoms = atoms_of(feed, given, published_counts([EVERYTHING, THEFTS, SHOOTINGS], given), "X_thefts numerator")
    assert split(daily, "numerator", atoms) == (daily, {})


@pytest.mark.parametrize("beside", [[THEFTS], [THEFTS, MURDERS_AND_THEFTS], []])
def test_one_part_alone_or_parts_that_overlap_split_nothing(beside: list[Entry]) -> None:
    given = inputs()
    atoms = atoms_of(feed_of(EVERYTHING, given), given, published_counts([EVERYTHING, *beside], given), "X numerator")
    assert set(atoms) == {"others"}


def test_what_no_part_counts_is_an_atom_of_its_own() -> None:
    given = inputs()
    burglary = incident("n1", date(2021, 3, 4), category="0501", local_category="burglary")
    rows = pl.concat([given.measures["msr_incident_day"], measure_frame("msr_incident_day", [burglary])])
    given = replace(given, measures={"msr_incident_day": rows})
    vehicles = make_entry(id="X_thefts", numerator={"column": "incidents_ppm", "where": {"local_category": ["theft"]}})
    published = published_counts([EVERYTHING, vehicles, SHOOTINGS], given)
    atoms = atoms_of(feed_of(EVERYTHING, given), given, published, "X numerator")
    assert set(atoms) == {"X_thefts numerator", "X_shootings numerator", "others"}


def test_amounts_of_work_and_what_is_not_available_tell_nothing_apart() -> None:
    minutes = make_entry(id="X_minutes", count="incidents_ppm")
    unmapped = make_entry(id="X_unmapped", needs=["incident.found_by"])
    hours = make_entry(**{**LOCATED.model_dump(exclude_unset=True), "id": "X_hours", "interval": "cluster"})
    assert published_counts([minutes, unmapped, hours], inputs()) == ()


def test_a_whole_is_the_sum_of_what_is_shown_of_its_parts() -> None:
    alone = compute([EVERYTHING], inputs())
    # 43 to 47, less 33 to 37 thefts, would leave 6 shootings at least.
    assert counted(alone, "X", "n1") == 45
    together = compute([EVERYTHING, THEFTS, SHOOTINGS], inputs())
    assert counted(together, "X_thefts", "n1") == 35
    assert row(together, "n1", MONTH, indicator="X_shootings")["status"] == "withheld"
    assert counted(together, "X", "n1") == 35 + 4
    assert counted(together, "X", "n2") == 50 + 10
    # Exact figures are not touched.
    exact = compute([EVERYTHING, THEFTS, SHOOTINGS], replace(inputs(), disclosure=Disclosure("open")))
    assert counted(exact, "X", "n1") == 43


def test_a_denominator_is_the_sum_of_the_same_atoms() -> None:
    given = inputs()
    rows = given.measures["msr_incident_day"].with_columns(valid_coordinates_ppm="incidents_ppm")
    given = replace(given, measures={"msr_incident_day": rows})
    figures = compute([EVERYTHING, THEFTS, SHOOTINGS, LOCATED], given)
    assert row(figures, "n1", MONTH, indicator="X_located")["denominator"] == counted(figures, "X", "n1") == 39


def test_atoms_are_told_as_they_were_told_before() -> None:
    first = Tellings()
    before = compute([EVERYTHING, THEFTS, SHOOTINGS], inputs(tellings=first))
    noted = first.noted()
    assert {
        "numerator: X_shootings numerator",
        "numerator: X_thefts numerator",
        "numerator",
    } == set(noted["counted"])
    second = Tellings(noted.with_columns(telling=pl.lit(1, pl.Int64)))
    after = compute([EVERYTHING, THEFTS, SHOOTINGS], inputs(tellings=second))
    assert after.values.equals(before.values)
    assert second.noted().equals(noted)


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
def test_figures_hold_what_they_stand_for(profile: str) -> None:
    exact, shown = (
        compute([EVERYTHING, THEFTS, SHOOTINGS], replace(inputs(), disclosure=Disclosure(each))).values
        for each in ("open", profile)
    )
    key = ["indicator_id", "area_id", "period_kind", "period_start"]
    both = shown.filter(pl.col("value").is_not_null()).join(exact, on=key, suffix="_exact")
    assert both.height > 0
    assert both.filter(~pl.col("value_exact").is_between("bound_low", "bound_high")).is_empty()
