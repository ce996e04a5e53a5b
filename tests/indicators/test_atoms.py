"""Atoms: published counts share what is shown of the smallest groups that they tell apart."""

from dataclasses import replace
from datetime import date
from typing import Any

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


def with_rows(given: Inputs, *further: dict[str, Any]) -> Inputs:
    rows = pl.concat([given.measures["msr_incident_day"], measure_frame("msr_incident_day", [*further])])
    return replace(given, measures={"msr_incident_day": rows})


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


@pytest.mark.parametrize(
    ("beside", "atoms"),
    [
        ([], {"others"}),
        ([THEFTS], {"X_thefts numerator", "others"}),
        # All there is: no difference tells more.
        ([MURDERS_AND_THEFTS], {"others"}),
        ([THEFTS, MURDERS_AND_THEFTS], {"X_thefts numerator", "others"}),
    ],
)
def test_a_part_alone_is_told_apart_from_the_rest(beside: list[Entry], atoms: set[str]) -> None:
    given = inputs()
    published = published_counts([EVERYTHING, *beside], given)
    assert set(atoms_of(feed_of(EVERYTHING, given), given, published, "X numerator")) == atoms


def test_where_parts_overlap_both_are_told_apart_from_what_they_share() -> None:
    burglary = incident("n1", date(2021, 3, 4), category="0501", local_category="burglary")
    given = with_rows(inputs(), burglary)
    published = published_counts([EVERYTHING, THEFTS, MURDERS_AND_THEFTS], given)
    both = "X_thefts numerator and X_both numerator"
    feeds = {entry.id: feed_of(entry, given) for entry in (EVERYTHING, THEFTS, MURDERS_AND_THEFTS)}
    atoms = {name: set(atoms_of(feed, given, published, f"{name} numerator")) for name, feed in feeds.items()}
    assert atoms == {
        "X": {"X_thefts numerator", both, "X_both numerator"},
        "X_thefts": {"others", "X_both numerator"},
        "X_both": {"others", "X_thefts numerator"},
    }


def test_the_part_of_one_share_is_shown_after_its_whole_and_those_of_two_are_told_apart() -> None:
    """Answers in time are no atom of all answers, unless those late are published, too."""

    def share(identity: str, category: str) -> Entry:
        where = {"category": {"prefix": [category]}}
        given = {"id": identity, "numerator": {"column": "incidents_ppm", "where": where}}
        return make_entry(**{**LOCATED.model_dump(exclude_unset=True), **given})

    given = inputs()
    thefts, murders = share("X_theft_share", "05"), share("X_murder_share", "01")
    alone, beside = published_counts([thefts], given), published_counts([thefts, murders], given)
    feed = feed_of(thefts, given)
    assert set(atoms_of(feed, given, alone, "X_theft_share denominator")) == {"others"}
    assert set(atoms_of(feed, given, alone, "X_theft_share numerator")) == {"others"}
    told_apart = {"X_theft_share numerator", "X_murder_share numerator"}
    assert set(atoms_of(feed, given, beside, "X_theft_share denominator")) == told_apart
    of_murders = feed_of(murders, given)
    assert set(atoms_of(of_murders, given, beside, "X_murder_share denominator")) == told_apart


def test_what_no_part_counts_is_an_atom_of_its_own() -> None:
    given = inputs()
    given = with_rows(given, incident("n1", date(2021, 3, 4), category="0501", local_category="burglary"))
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
