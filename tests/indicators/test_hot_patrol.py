"""Patrol in hot cells and how well these foretell incidents, month by month."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
import pytest

from indicators.catalogue.entries import Entry
from indicators.catalogue.parts import HotCells, Unusable
from indicators.compute import compute
from indicators.inputs import Inputs
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import row

BEGIN, END = date(2020, 1, 1), date(2021, 3, 31)
JAN, FEB = date(2021, 1, 1), date(2021, 2, 1)
EARTH = 6_371_009
INCIDENT = {
    "geography": pl.String, "area_id": pl.String, "day": pl.Date, "last_day": pl.Date, "source": pl.String,
    "category": pl.String, "found_by": pl.String, "x_metres": pl.Int64, "y_metres": pl.Int64, "z_metres": pl.Int64,
    "incidents": pl.Int64,
}  # fmt: skip
PATROL = {
    "geography": pl.String, "area_id": pl.String, "day": pl.Date, "source": pl.String, "x_metres": pl.Int64,
    "y_metres": pl.Int64, "z_metres": pl.Int64, "patrols": pl.Int64, "patrol_seconds": pl.Int64,
}  # fmt: skip
# One square kilometre is 16 cells of 250 m: two of them are hot.
HOT = HotCells(side_metres=250.0, area_share=0.125, reported_by=("call", "volunteer"))


def incidents(number: int, east: int, north: int, day: date = date(2020, 5, 1), found_by: str = "call") -> Any:
    return {
        "geography": "beat", "area_id": "n1", "day": day, "last_day": day, "source": "reports", "found_by": found_by,
        "x_metres": EARTH, "y_metres": east, "z_metres": north, "incidents": number,
    }  # fmt: skip


def patrol(area: str, east: int, north: int, minutes: int, day: date = JAN) -> Any:
    return {
        "geography": "beat", "area_id": area, "day": day, "source": "legs", "x_metres": EARTH, "y_metres": east,
        "z_metres": north, "patrols": 1, "patrol_seconds": minutes * 60,
    }  # fmt: skip


def in_hot_cells(measure: str = "msr_patrol_day", **changed: Any) -> Entry:
    kind: dict[str, Any] = {"interval": "cluster", "scale": 60.0, "per": 100.0}
    if measure == "msr_incident_basis_day":
        kind = {"interval": "wilson", "scale": 1.0, "per": 1.0}
    return make_entry(
        kind="hot_cells", measure=measure, numerator=None, hot=HOT, needs=["patrol.lat", "incident.found_by"],
        period_kinds=["month", "year"], unusable=Unusable(worst_per_record=720.0),
        **{"min_denominator": 0, **kind, **changed},
    )  # fmt: skip


def city(
    reported: list[Any],
    patrols: list[Any],
    unlocated: int = 0,
    first: date = BEGIN,
    unplaced: int = 0,
    doubtful: Iterable[dict[str, Any]] = (),
) -> Inputs:
    """Inputs of these points, and so many more patrols and incidents of n1 without one."""
    legs = [{key: each[key] for key in ("area_id", "day", "source", "patrols")} for each in patrols]
    legs += [{"area_id": "n1", "day": JAN, "source": "legs", "patrols": unlocated}] * (unlocated > 0)
    basis = [
        {**{key: each[key] for key in ("area_id", "day", "source", "incidents")}, "with_point": each["incidents"]}
        for each in reported
    ]
    basis += [{"area_id": "n1", "day": BEGIN, "source": "reports", "incidents": unplaced}] * (unplaced > 0)
    profile = pl.DataFrame({"area_id": ["city"], "valid_from": [BEGIN], "population": [1000], "area_km2": [1.0]})
    inputs = make_inputs(
        {"msr_patrol_day": legs, "msr_incident_basis_day": basis},
        [("legs", "patrol", BEGIN, END), ("reports", "incident", first, END)], profile=profile, as_of=END,
        doubtful=doubtful,
        mapped=[("patrol", "lat", "legs"), ("incident", "found_by", "reports")],
    )  # fmt: skip
    extracts = {
        "ext_near_repeat_point": pl.DataFrame(reported, schema=INCIDENT),
        "ext_patrol_point": pl.DataFrame(patrols, schema=PATROL),
    }
    return Inputs(**{**vars(inputs), "extracts": extracts})


# Most is reported from the cells in the south-west corner and east of it; what patrol finds makes no cell hot.
REPORTED = [
    incidents(3, 10, 10), incidents(1, 240, 249, found_by="volunteer"), incidents(2, 300, 10), incidents(1, 700, 700),
    incidents(50, 990, 990, found_by="patrol"),
]  # fmt: skip


def test_minutes_in_the_cells_where_most_was_reported() -> None:
    patrols = [
        patrol("n1", 20, 20, 10), patrol("n1", 510, 510, 30), patrol("n1", 990, 990, 20, date(2021, 1, 5)),
        patrol("n2", 260, 100, 15),
    ]  # fmt: skip
    found = compute([in_hot_cells()], city(REPORTED, patrols))
    one, two, whole = (row(found, area, JAN) for area in ("n1", "n2", "city"))
    assert (one["numerator"], one["denominator"], one["value"]) == (10, 60, pytest.approx(100 / 6))
    assert (two["numerator"], two["value"]) == (15, 100)
    assert (whole["numerator"], whole["denominator"], whole["value"]) == (25, 75, pytest.approx(100 / 3))
    lost = row(compute([in_hot_cells()], city(REPORTED, patrols, unlocated=1)), "n1", JAN)
    assert (lost["value"], lost["unusable"]) == (one["value"], 1)


@pytest.mark.slow
def test_bounds_hold_for_patrols_in_doubt_and_are_open_where_an_incident_is() -> None:
    """Of twenty days alike ten minutes each lie in a hot cell and thirty elsewhere; no patrol is longer than 720."""
    days = [date(2021, 1, day) for day in range(1, 21)]
    patrols = [patrol("n1", east, 20, minutes, day) for day in days for east, minutes in ((20, 10), (990, 30))]
    sure = row(compute([in_hot_cells()], city(REPORTED, patrols)), "n1", JAN)
    # Days that do not differ have no limits: the bounds stand around the value.
    assert (sure["value"], sure["bound_low"], sure["bound_high"], sure["upper"]) == (25, 25, 25, None)
    lost = row(compute([in_hot_cells()], city(REPORTED, patrols, unlocated=1)), "n1", JAN)
    assert lost["bound_low"] == pytest.approx(100 * 200 / 1520)
    assert lost["bound_high"] == pytest.approx(100 * 920 / 1520)
    nameless = {**incidents(1, 700, 700), "found_by": None}
    for given in (
        city(
            REPORTED,
            patrols,
            doubtful=[{"source": "reports", "kind": "incident", "area_id": "n1", "day": BEGIN, "refused": 1}],
        ),
        city([*REPORTED, nameless], patrols),
        city(REPORTED, patrols, unplaced=1),
    ):
        found = row(compute([in_hot_cells()], given), "n1", JAN)
        assert (found["value"], found["bound_low"], found["bound_high"]) == (25, 0, 100)
        accuracy = row(compute([in_hot_cells("msr_incident_basis_day")], given), "city", JAN)
        assert accuracy["value"] is None
    # What patrol alone needs to know of an incident makes no cell hot.
    other = [
        {"source": "reports", "kind": "incident", "area_id": "n1", "field": "category", "day": BEGIN, "contested": 1}
    ]
    assert row(compute([in_hot_cells()], city(REPORTED, patrols, doubtful=other)), "n1", JAN)["bound_high"] < 26


def test_accuracy_has_its_limits_as_bounds_where_no_incident_is_in_doubt_and_else_open_ones() -> None:
    reported = [*REPORTED, incidents(6, 700, 700, JAN), incidents(2, 10, 10, JAN)]
    entry, patrols = in_hot_cells("msr_incident_basis_day"), [patrol("n1", 0, 0, 1)]
    sure = row(compute([entry], city(reported, patrols)), "city", JAN)
    assert (sure["bound_low"], sure["bound_high"]) == (sure["lower"], sure["upper"])
    doubtful = [{"source": "reports", "kind": "incident", "area_id": "n1", "day": BEGIN, "refused": 1}]
    found = row(compute([entry], city(reported, patrols, doubtful=doubtful)), "city", JAN)
    assert (found["value"], found["bound_low"], found["bound_high"]) == (sure["value"], 0, None)


def test_each_month_has_the_hot_cells_of_the_twelve_months_before_it() -> None:
    """Reports of January make another cell hot in February, not in January itself; a year is the sum of its months."""
    reported = [*REPORTED, incidents(6, 700, 700, JAN)]
    patrols = [patrol("n1", 300, 10, 10, day) for day in (JAN, FEB)] + [
        patrol("n1", 700, 700, 5, d) for d in (JAN, FEB)
    ]
    found = compute([in_hot_cells()], city(reported, patrols))
    assert [row(found, "n1", month)["numerator"] for month in (JAN, FEB)] == [10, 5]
    year = row(found, "n1", JAN, "year")
    assert (year["numerator"], year["denominator"], year["value"]) == (15, 30, 50)


def test_months_without_twelve_months_of_incidents_before_them_have_no_figure() -> None:
    patrols = [patrol("n1", 20, 20, 10, day) for day in (date(2020, 6, 1), JAN, FEB)]
    found = compute([in_hot_cells()], city(REPORTED, patrols, first=date(2020, 1, 15)))
    reasons = {start: row(found, "n1", start)["reason"] for start in (date(2020, 6, 1), JAN)}
    assert reasons == {date(2020, 6, 1): "partial_records:0/30", JAN: "partial_records:0/31"}
    assert row(found, "n1", FEB)["value"] == 100
    year = row(found, "n1", JAN, "year")
    # February and March of the year so far.
    assert (year["numerator"], year["status"], year["reason"]) == (
        10,
        "provisional",
        "partial_records:59/90;period_open",
    )


def test_accuracy_is_how_many_times_more_the_hot_cells_have_than_their_area_would() -> None:
    """Two of 16 cells and, in January, two of eight reports: one would lie there, were they spread evenly."""
    reported = [*REPORTED, incidents(6, 700, 700, JAN), incidents(2, 10, 10, JAN), incidents(9, 10, 10, JAN, "camera")]
    found = compute([in_hot_cells("msr_incident_basis_day")], city(reported, [patrol("n1", 0, 0, 1)]))
    figure = row(found, "city", JAN)
    assert (figure["numerator"], figure["denominator"], figure["value"]) == (2, 1, 2)
    # Wilson's limits of 2 of 8, .0715 and .5907, times 8.
    assert figure["lower"] == pytest.approx(8 * 0.07149, rel=1e-3)
    assert figure["upper"] == pytest.approx(8 * 0.59072, rel=1e-3)
    assert set(found.values["area_id"]) == {"city"}


def test_without_the_way_of_finding_there_are_no_hot_cells() -> None:
    inputs = city(REPORTED, [patrol("n1", 0, 0, 1)])
    unmapped = inputs.field_map.with_columns(is_mapped=pl.col("field") != "found_by")
    found = compute([in_hot_cells()], Inputs(**{**vars(inputs), "field_map": unmapped}))
    assert found.availability["reason"].to_list() == ["needs_field:incident.found_by"]
