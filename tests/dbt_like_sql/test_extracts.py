"""Extracts against small inputs worked out by hand, and against the definitions of what they are for."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

import itertools
import math
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

pytestmark = pytest.mark.slow

DAY = datetime(2016, 3, 1, 9)
EARTH_RADIUS_METRES = 6_371_008.8


def test_agencies_that_take_part_together(warehouse: Any) -> None:
    warehouse.record("incident", DAY, agencies=["police", "fire", "police"])
    warehouse.record("incident", DAY, agencies=["police"])
    warehouse.record("service", DAY, lead_agency="streets", agencies=["parks"])
    warehouse.record("handoff", DAY, from_agency="streets", to_agency="police")
    warehouse.record("handoff", DAY + timedelta(days=30), from_agency="streets", to_agency="police")
    warehouse.build("ext_agency_edge_month")
    assert warehouse.rows("""
        select area_id, day, source, kind, from_agency, to_agency, cases from extracts.ext_agency_edge_month
        order by all
    """) == [
        ("precinct:1", date(2016, 3, 1), "handoffs", "handoff", "streets", "police", 2),
        ("precinct:1", date(2016, 3, 1), "incidents", "incident", "fire", "police", 1),
        ("precinct:1", date(2016, 3, 1), "services", "service", "parks", "streets", 1),
    ]


@pytest.mark.parametrize("months", [1, 3, 12])
def test_repeat_places_of_a_month_a_quarter_and_a_year_are_all_there(warehouse: Any, months: int) -> None:
    """Places with two incidents in a period, and their incidents, are those that the incidents themselves show."""
    draw = Random(months)
    for _ in range(400):
        at = datetime(2014, 12, 1) + timedelta(days=draw.randrange(500))
        warehouse.record("incident", at, area_id=f"precinct:{draw.randrange(2)}", address_key=f"a{draw.randrange(90)}")
    warehouse.build("ext_repeat_place_month")
    period = f"year(day) * 12 + (month(day) - 1) // {months} * {months}"
    repeated = (
        "select area_id, {period}, address_key, sum({count})::int from {table} group by all having sum({count}) > 1"
    )
    found, true = (
        warehouse.rows(f"{repeated.format(period=period, count=count, table=table)} order by all")
        for count, table in (("incidents", "extracts.ext_repeat_place_month"), ("1", "staging.incident"))
    )
    assert found == true
    assert found
    kept, whole = (
        warehouse.rows(f"select count(distinct (year(day), area_id, address_key)) from {table}")
        for table in ("extracts.ext_repeat_place_month", "staging.incident")
    )
    assert kept < whole


def test_distances_between_points_are_those_on_the_ground(warehouse: Any) -> None:
    """Against the haversine formula: to the rounding of whole metres, at any latitude and across the date line."""
    draw = Random(1)
    pairs = []
    for n, (lat, lon) in enumerate([(40.7, -74.0), (29.9, 121.6), (-33.9, 151.2), (0.0, 180.0), (69.6, 18.9)]):
        places = [(lat + draw.uniform(-0.05, 0.05), lon + draw.uniform(-0.05, 0.05)) for _ in range(20)]
        for at, (place_lat, place_lon) in enumerate(places):
            warehouse.record(
                "incident", DAY, incident_id=f"{n}-{at:02}", address_key=f"{n}-{at:02}", lat=place_lat,
                lon=(place_lon + 180) % 360 - 180, coords_in_area=True,
            )  # fmt: skip
        pairs += [(n, one, other) for one, other in itertools.combinations(enumerate(places), 2)]
    warehouse.build("ext_near_repeat_point")
    rows = warehouse.rows("select address_key, x_metres, y_metres, z_metres from extracts.ext_near_repeat_point")
    points = {key: point for key, *point in rows}
    for n, (one, (lat_one, lon_one)), (other, (lat_other, lon_other)) in pairs:
        low, high, across = map(math.radians, (lat_one, lat_other, lon_other - lon_one))
        half = math.sin((high - low) / 2) ** 2 + math.cos(low) * math.cos(high) * math.sin(across / 2) ** 2
        ground = 2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(half))
        assert math.dist(points[f"{n}-{one:02}"], points[f"{n}-{other:02}"]) == pytest.approx(ground, abs=math.sqrt(3))


def test_points_keep_their_days_category_and_address_and_leave_out_what_is_not_located(warehouse: Any) -> None:
    located = {"lat": 0, "lon": 90, "coords_in_area": True, "category": "0501", "found_by": "call"}
    warehouse.record("incident", DAY, **located, address_key="1f", occurred_until_local=DAY + timedelta(days=2))
    warehouse.record("incident", DAY, copies=3, **located)
    warehouse.record("incident", DAY, **(located | {"coords_in_area": False}))
    warehouse.record("incident", DAY)
    warehouse.build("ext_near_repeat_point")
    first, last = DAY.date(), date(2016, 3, 3)
    assert warehouse.rows("select * from extracts.ext_near_repeat_point order by incidents") == [
        ("precinct", "precinct:1", first, last, "incidents", "0501", "call", "1f", 0, 6_371_009, 0, 1),
        ("precinct", "precinct:1", first, first, "incidents", "0501", "call", None, 0, 6_371_009, 0, 3),
    ]


def test_volunteers_and_their_highest_level(warehouse: Any) -> None:
    shared = {"subject": "new_citizen", "person_key": "1f"}
    warehouse.record("participation", DAY, **shared, level=1, minutes=90)
    warehouse.record("participation", DAY + timedelta(days=30), **shared, level=3)
    warehouse.record("participation", DAY + timedelta(days=31), **shared, level=2, minutes=5)
    warehouse.record("participation", DAY, subject="enterprise", enterprise_key="2e", level=4, minutes=600)
    warehouse.build("ext_volunteer_level_month")
    assert warehouse.rows("""
        select day, subject, person_key, level, activities, minutes from extracts.ext_volunteer_level_month order by day
    """) == [
        (date(2016, 3, 1), "new_citizen", "1f", 3, 2, 90),
        (date(2016, 4, 1), "new_citizen", "1f", 2, 1, 5),
    ]


def test_answers_are_those_of_the_survey(warehouse: Any) -> None:
    for item, answer in (("safe", "4"), ("aware", None)):
        warehouse.record("survey", DAY, respondent_key="1f", wave="2016", weight=12.5, item=item, answer=answer)
    warehouse.build("ext_survey_answer")
    assert warehouse.rows("""
        select respondent_key, wave, weight, item, answer from extracts.ext_survey_answer order by item desc
    """) == [("1f", "2016", 12.5, "safe", "4"), ("1f", "2016", 12.5, "aware", None)]


def test_extracts_hold_no_text_that_could_name_a_person_or_a_place(project: Any) -> None:
    """Of a record there is what the extract is for: no exact coordinates, no words of the source but its categories."""
    held = {column.name for model in project.models if model.schema == "extracts" for column in model.columns}
    assert held.isdisjoint({"lat", "lon", "local_category", "outcome", "incident_id", "participation_id"})
