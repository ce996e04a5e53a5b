"""Figures under disclosure control: what is published tells nothing that may not be shown."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.inputs import Figures
from tests.indicators.small_city import JAN, incident, reports, row

pytestmark = pytest.mark.slow

KEY = ["indicator_id", "area_id", "period_kind", "period_start"]
# Incidents by area and month of 2021; of s1, a few in each.
COUNTS = {
    "n1": [40, 52, 38, 61, 44, 50, 47, 39, 58, 66, 41, 49],
    "n2": [21, 30, 19, 26, 33, 25, 28, 22, 31, 27, 18, 24],
    "s1": [3, 5, 2, 4, 6, 3, 1, 0, 2, 5, 4, 3],
}


def measures(counts: dict[str, list[int]]) -> dict[str, list[dict[str, object]]]:
    return {
        "msr_incident_day": [
            incident(area, date(2021, month, 3), ppm=count * 1_000_000)
            for area, row_of_counts in counts.items()
            for month, count in enumerate(row_of_counts, start=1)
            if count
        ]
    }


def published(inputs, entries, profile: str, counts: dict[str, list[int]] | None = None, **given) -> Figures:
    everything = inputs(measures(counts or COUNTS), reports(), population={"n1": 1e5, "n2": 6e4, "s1": 5e4}, **given)
    return compute(entries, replace(everything, disclosure=Disclosure(profile)))


def test_no_small_count_and_no_day_is_published(inputs, entry) -> None:
    entries = [entry(period_kinds=["day", "month", "quarter", "year", "rolling_12m"])]
    values = published(inputs, entries, "acro").values
    assert set(values["period_kind"]) == {"month", "quarter", "year", "rolling_12m"}
    shown = values.filter(pl.col("numerator").is_not_null())["numerator"]
    assert shown.filter(shown.is_between(1, 9)).is_empty()
    small = values.filter((pl.col("area_id") == "s1") & (pl.col("period_kind") == "month"))
    assert set(small["reason"]) == {"small_count:10", None}
    assert small.filter(pl.col("reason") == "small_count:10")["value"].is_null().all()
    assert set(small.filter(pl.col("reason") == "small_count:10")["status"]) == {"withheld"}
    assert small.filter(pl.col("period_start") == date(2021, 8, 1)).row(0, named=True)["value"] == 0


@pytest.mark.parametrize("month", [0, 4, 10])
def test_what_is_published_does_not_depend_on_a_withheld_count(inputs, entry, month: int) -> None:
    """Two cities that differ in a withheld count alone, and whose totals round alike, publish the same."""
    entries = [entry(period_kinds=["month", "quarter", "year"])]
    first = published(inputs, entries, "acro")
    totals = {name: sum(column) for name, column in zip(range(12), zip(*COUNTS.values(), strict=True), strict=True)}
    changed = {area: list(counts) for area, counts in COUNTS.items()}
    # One step that leaves the rounded total as it was.
    step = 1 if totals[month] % 5 != 2 else -1
    changed["s1"][month] += step
    second = published(inputs, entries, "acro", changed)
    assert_frame_equal(first.values, second.values)
    assert_frame_equal(first.limits, second.limits)
    assert_frame_equal(first.changes, second.changes)
    exact = [published(inputs, entries, "open", each).values for each in (COUNTS, changed)]
    assert not exact[0].equals(exact[1])


def test_bounds_allow_for_what_rounding_leaves_open(inputs, entry) -> None:
    doubtful = [
        {"source": "reports", "kind": "incident", "area_id": "n1", "day": date(2021, 3, 3), "refused": 3},
        {"source": "reports", "kind": "incident", "area_id": "n2", "day": date(2021, 3, 3), "contested": 2},
    ]
    entries = [entry(period_kinds=["month", "quarter", "year"])]
    exact = published(inputs, entries, "open", doubtful=doubtful).values
    for profile in ("hes", "acro", "census"):
        shown = published(inputs, entries, profile, doubtful=doubtful).values
        both = shown.join(exact, on=KEY, suffix="_exact").filter(pl.col("value").is_not_null())
        assert both.height > 20
        # Of ten events and more one limit is approximate, and may lie a hair above the exact one.
        assert (both["bound_low"] <= both["bound_low_exact"] * 1.001).all()
        assert (both["bound_high"] >= both["bound_high_exact"] * 0.999).all()
        assert shown.filter(pl.col("unusable").is_between(1, 7)).is_empty()


def test_a_proportion_is_computed_from_the_counts_shown(inputs, entry) -> None:
    share = entry(
        kind="proportion",
        interval="wilson",
        measure="msr_patrol_day",
        numerator={"column": "self_initiated"},
        denominator={"column": "initiation_known"},
        scale=1,
        per=100,
        min_denominator=0,
    )
    rows = [
        {
            "area_id": area,
            "day": date(2021, 1, 5),
            "source": "patrols",
            "self_initiated": part,
            "initiation_known": whole,
        }
        for area, part, whole in (("n1", 33, 62), ("n2", 4, 70), ("s1", 0, 41))
    ]
    given = inputs({"msr_patrol_day": rows}, [("patrols", "patrol", JAN, date(2021, 12, 31))])
    figures = compute([share], replace(given, disclosure=Disclosure("hes")))
    assert row(figures, "n1", JAN)["value"] == pytest.approx(35 / 60 * 100)
    assert row(figures, "n2", JAN)["reason"] == "small_count:8"
    assert (row(figures, "n2", JAN)["numerator"], row(figures, "n2", JAN)["denominator"]) == (None, None)
    assert row(figures, "s1", JAN)["value"] == 0
    assert row(figures, "n1", JAN)["bound_low"] < 31 / 62 * 100 < row(figures, "n1", JAN)["bound_high"]


def test_what_cannot_be_told_from_protected_counts_is_the_whole_citys_alone(inputs, entry) -> None:
    weighted = entry(kind="weighted_rate", interval="gamma", period_kinds=["month"])
    given = inputs(measures(COUNTS), reports(), weights={"0701": 10})
    figures = compute([weighted], replace(given, disclosure=Disclosure("hes")))
    assert set(figures.values["area_id"]) <= {"city"}


def of_months(counts: list[tuple[int, int]]) -> dict[str, list[dict[str, object]]]:
    """Make incidents of 2021, by month so many light ones and so many grave ones."""
    rows = [
        incident("n1", date(2021, month, 3), ppm=count * 1_000_000, category=category)
        for month, by_gravity in enumerate(counts, start=1)
        for category, count in zip(("05", "0101"), by_gravity, strict=True)
        if count
    ]
    return {"msr_incident_day": rows}


@pytest.mark.parametrize("profile", ["hes", "acro"])
def test_a_weighted_sum_of_few_records_or_of_one_grave_one_is_withheld_with_every_sum_that_holds_it(
    inputs, entry, profile: str
) -> None:
    # February is of five records, which a sum may hold; March and May are mostly of one grave one.
    withheld, grave = {2, 3, 5}, {3, 5}
    counts = [(40, 0), (5, 0), (40, 1), (60, 0), (12, 1), (50, 0), *[(40, 0)] * 6]
    weighted = entry(kind="weighted_rate", interval="gamma", period_kinds=["month", "quarter", "year", "rolling_12m"])
    given = inputs(of_months(counts), reports(), weights={"05": 10, "0101": 7000})
    values = compute([weighted], replace(given, disclosure=Disclosure(profile))).values
    assert set(values["area_id"]) == {"city"}
    of_kind = {
        kind: {
            start.month: value is None
            for start, value in values.filter(pl.col("period_start").dt.year() == 2021, period_kind=kind)
            .select("period_start", "value")
            .iter_rows()
        }
        for kind in ("month", "quarter", "year")
    }
    assert {month for month, is_hidden in of_kind["month"].items() if is_hidden} == withheld
    assert {quarter for quarter, is_hidden in of_kind["quarter"].items() if is_hidden} == {
        (month - 1) // 3 * 3 + 1 for month in withheld
    }
    assert of_kind["year"] == {1: True}
    rolling = values.filter(period_kind="rolling_12m").select("period_start", "value").rows()
    hidden = {date(2021, month, 1) for month in grave}
    for start, value in rolling:
        months = pl.date_range(start, pl.select(pl.lit(start).dt.offset_by("11mo")).item(), "1mo", eager=True)
        assert (value is None) == bool(hidden & set(months)), start


@pytest.mark.parametrize(
    ("profile", "light", "grave", "shown"),
    [
        ("hes", 213, 12, 213 * 10 + 12 * 7000),
        ("hes", 0, 12, 12 * 7000),
        ("acro", 213, 12, 215 * 10 + 10 * 7000),
        # What may be from 1 to 7 grave ones tells nobody how many there are.
        ("hes", 213, 3, None),
        ("hes", 99_213, 3, 99_213 * 10 + 4 * 7000),
        ("hes", 99_213, 5, 99_213 * 10 + 4 * 7000),
    ],
)
def test_a_weighted_sum_is_of_what_is_shown_of_each_category(
    inputs, entry, profile: str, light: int, grave: int, shown: int | None
) -> None:
    weighted = entry(kind="weighted_rate", interval="gamma", period_kinds=["month"])
    given = inputs(of_months([(light, grave)]), reports(), weights={"05": 10, "0101": 7000})
    values = compute([weighted], replace(given, disclosure=Disclosure(profile)))
    found = row(values, "city", JAN)
    assert found["numerator"] == shown
    if shown is None:
        assert found["status"] == "withheld"
    else:
        assert found["bound_low"] <= found["lower"] < found["value"] < found["upper"] <= found["bound_high"]


@settings(max_examples=200)
@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=30))
def test_no_sum_that_is_shown_is_dominated(parts: list[float]) -> None:
    """By ACRO's rules as they are written, which need the contributors one by one."""
    acro = Disclosure("acro")
    if acro.is_dominated([sum(parts)], [sum(each * each for each in parts)])[0]:
        return
    largest, *others = sorted(parts, reverse=True)
    assert largest + sum(others[:1]) <= 0.9 * sum(parts) * (1 + 1e-9)
    assert sum(others[1:]) >= 0.1 * largest * (1 - 1e-9)


def test_equal_parts_are_not_dominated_from_three_on() -> None:
    counts = [1, 2, 3, 10]
    assert Disclosure("acro").is_dominated(counts, counts).tolist() == [True, True, False, False]
    assert not Disclosure("hes").is_dominated(counts, counts).any()


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Disclosure("hes").show([-1])
