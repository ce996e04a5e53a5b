"""How far volunteers have come in twelve months, without telling of few people."""

import dataclasses
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from indicators.catalogue.entries import Entry
from indicators.catalogue.parts import Condition, Unusable
from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.inputs import Inputs
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import DEC, JAN, row

SCHEMA = {
    "geography": pl.String, "area_id": pl.String, "day": pl.Date, "source": pl.String, "subject": pl.String,
    "person_key": pl.String, "level": pl.Int32,
}  # fmt: skip
REGISTER = {"n1": 40, "n2": 20, "s1": 3}


def ladder(**changed: Any) -> Entry:
    return make_entry(
        kind="participation", interval="bootstrap", measure="msr_participation_day", numerator=None, scale=1.0,
        per=1.0, needs=["participation.level"], period_kinds=["rolling_12m"],
        where={"subject": Condition(values=["new_citizen"])},
        unusable=Unusable(unreadable=("level",)), **{"min_denominator": 4, **changed},
    )  # fmt: skip


def took_part(area: str, who: str, *levels: int | None, month: int = 3, subject: str = "new_citizen") -> Any:
    return [
        {
            "geography": "beat", "area_id": area, "day": date(2021, month, 1), "source": "v", "subject": subject,
            "person_key": who, "level": level,
        }
        for level in levels
    ]  # fmt: skip


def city(people: list[dict[str, Any]], unknown: int = 0, **changed: Any) -> Inputs:
    """Inputs with these activities, and so many more of n1 of no known person."""
    counted = [
        {key: each[key] for key in ("area_id", "day", "source", "subject")}
        | {"activities": 1, "with_level": int(each["level"] is not None)}
        for each in people
    ]
    counted += [{"area_id": "n1", "day": JAN, "source": "v", "subject": "new_citizen", "activities": 1}] * unknown
    profile = pl.DataFrame(
        [(area, JAN, count) for area, count in REGISTER.items()],
        schema={"area_id": pl.String, "valid_from": pl.Date, "registered_volunteers": pl.Int64},
        orient="row",
    ).with_columns(population=pl.lit(1000, pl.Int64))
    inputs = make_inputs(
        {"msr_participation_day": counted}, [("v", "participation", JAN, DEC)], profile=profile,
        mapped=[("participation", "level", "v")], **changed,
    )  # fmt: skip
    monthly = (
        pl.DataFrame(people, schema=SCHEMA)
        .group_by("geography", "area_id", "day", "source", "subject", "person_key")
        .agg(pl.col("level").max())
    )
    return Inputs(**{**vars(inputs), "extracts": {"ext_volunteer_level_month": monthly}})


PEOPLE = [
    *took_part("n1", "a", 1, 2),
    *took_part("n1", "a", 4, month=9),
    *took_part("n1", "b", 3),
    *took_part("n1", "c", 0),
    *took_part("n1", "d", None),
    *took_part("n1", "e", 4, subject="resident"),
    *took_part("n2", "b", 1),
    *took_part("n2", "f", 2),
]


def test_each_counts_once_at_the_highest_level_and_the_register_is_the_whole() -> None:
    """In n1 levels 4, 3, 0 and unknown: 7 of 4 × 40. Above it b of both beats counts once: 9 of 4 × 60."""
    found = compute([ladder()], city(PEOPLE))
    beat, north, whole = (row(found, area, JAN, "rolling_12m") for area in ("n1", "north", "city"))
    assert (beat["numerator"], beat["denominator"], beat["value"]) == (7 / 4, 40, pytest.approx(7 / 160))
    assert (north["numerator"], north["denominator"], north["value"]) == (9 / 4, 60, pytest.approx(9 / 240))
    assert (whole["denominator"], whole["value"]) == (63, pytest.approx(9 / 4 / 63))
    assert 0 <= beat["lower"] < beat["value"] < beat["upper"]


def test_few_people_are_not_told_of_however_many_are_registered() -> None:
    found = row(compute([ladder()], city(PEOPLE)), "n2", JAN, "rolling_12m")
    assert (found["status"], found["reason"].partition(";")[0]) == ("withheld", "small_denominator:4")
    assert [found[name] for name in ("value", "numerator", "denominator", "unusable", "lower")] == [None] * 5
    # Where nobody took part nobody is told of; a register too small is held back all the same.
    assert row(compute([ladder()], city(took_part("n1", "a", 1))), "n2", JAN, "rolling_12m")["value"] == 0.0
    assert row(compute([ladder()], city(PEOPLE)), "s1", JAN, "rolling_12m")["status"] == "withheld"


def test_more_people_than_are_registered_are_the_whole() -> None:
    people = [each for n in range(30) for each in took_part("n2", f"p{n}", 2)]
    found = row(compute([ladder()], city(people)), "n2", JAN, "rolling_12m")
    assert (found["denominator"], found["value"], found["lower"]) == (30, 0.5, None)
    assert (found["bound_low"], found["bound_high"]) == (0.5, 0.5)


def test_an_activity_of_an_unknown_person_may_have_brought_one_all_the_way() -> None:
    known = row(compute([ladder()], city(PEOPLE)), "n1", JAN, "rolling_12m")
    doubtful = [{"source": "v", "kind": "participation", "area_id": "n1", "day": JAN, "refused": 2, "contested": 1}]
    found = row(compute([ladder()], city(PEOPLE, unknown=3, doubtful=doubtful)), "n1", JAN, "rolling_12m")
    # One level is unknown in either case.
    assert known["bound_high"] == pytest.approx(known["upper"] + 1 / 40)
    assert found["bound_high"] == pytest.approx(known["upper"] + (1 + 3 + 2) / 40)
    assert found["bound_low"] == pytest.approx(max(known["lower"] - 1 / 40, 0))
    assert found["value"] == known["value"]


def test_under_protection_bounds_do_not_tell_how_many_activities_are_in_doubt() -> None:
    """One activity of an unknown person, or seven: both are shown as a few, of up to seven."""
    people = [each for n in range(60) for each in took_part("n1", f"p{n}", 1 + n % 4)]
    bounds = [
        row(
            compute([ladder()], dataclasses.replace(city(people, unknown), disclosure=Disclosure("hes"))),
            "city", JAN, "rolling_12m",
        )["bound_high"]
        for unknown in (1, 7, 8)
    ]  # fmt: skip
    assert bounds[0] == bounds[1] < bounds[2]


def test_the_limits_are_those_of_resampled_volunteers() -> None:
    """Half of 200 at level 2: the mean is 1/4, its standard error 1/4 / √200."""
    people = [each for n in range(100) for each in took_part("n1", f"p{n}", 2)]
    inputs = city(people)
    profile = inputs.profile.with_columns(registered_volunteers=pl.lit(200, pl.Int64))
    found = row(compute([ladder()], Inputs(**{**vars(inputs), "profile": profile})), "n1", JAN, "rolling_12m")
    half = 1.96 * 0.25 / np.sqrt(200)
    assert (found["lower"], found["upper"]) == (
        pytest.approx(0.25 - half, abs=0.004),
        pytest.approx(0.25 + half, abs=0.004),
    )


def test_under_protection_only_the_whole_city_is_told() -> None:
    inputs = Inputs(**{**vars(city(PEOPLE)), "disclosure": Disclosure("acro")})
    found = compute([ladder()], inputs).values
    assert found["area_id"].unique().to_list() == ["city"]
    # Levels of few people add up to too small a number.
    assert found.filter(period_start=JAN).select("status", "numerator", "value").rows() == [("withheld", None, None)]


def test_without_a_register_there_is_no_figure() -> None:
    inputs = city(PEOPLE)
    empty = inputs.profile.with_columns(registered_volunteers=pl.lit(None, pl.Int64))
    found = row(compute([ladder()], Inputs(**{**vars(inputs), "profile": empty})), "n1", JAN, "rolling_12m")
    assert (found["status"], found["reason"]) == ("not_available", "nothing_to_count")
