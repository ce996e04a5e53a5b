from datetime import date, timedelta

import polars as pl
import pytest

from indicators.day_types import DAY_TYPES, day_types, weekday_types


def types(frame: pl.DataFrame) -> dict[date, str]:
    return dict(frame.select("day", "day_type").iter_rows())


@pytest.fixture(scope="module")
def china() -> pl.DataFrame:
    return day_types(date(2023, 1, 1), date(2025, 12, 31), "CN")


@pytest.fixture(scope="module")
def america() -> pl.DataFrame:
    return day_types(date(2022, 1, 1), date(2024, 12, 31), "US")


def test_spring_festival_2024_as_in_the_notice_of_the_state_council(china: pl.DataFrame) -> None:
    # 10 to 17 February off; Sunday 4 and Sunday 18 February are working days.
    found = types(china.filter(pl.col("day").is_between(date(2024, 2, 3), date(2024, 2, 19))))
    festival = [day for day, kind in found.items() if kind == "spring_festival"]
    assert festival == [date(2024, 2, 10) + timedelta(days=n) for n in range(8)]
    assert [day for day, kind in found.items() if kind == "make_up_workday"] == [date(2024, 2, 4), date(2024, 2, 18)]
    assert found[date(2024, 2, 3)] == "weekend"
    assert found[date(2024, 2, 19)] == "workday"


def test_national_day_2024_as_in_the_notice_of_the_state_council(china: pl.DataFrame) -> None:
    # 1 to 7 October off, the weekend in it too; Sunday 29 September and Saturday 12 October are working days.
    found = types(china.filter(pl.col("day").is_between(date(2024, 9, 28), date(2024, 10, 13))))
    assert [day.day for day, kind in found.items() if kind == "holiday"] == [1, 2, 3, 4, 5, 6, 7]
    assert [day for day, kind in found.items() if kind == "make_up_workday"] == [date(2024, 9, 29), date(2024, 10, 12)]


def test_every_day_has_one_known_type(china: pl.DataFrame, america: pl.DataFrame) -> None:
    for frame in (china, america):
        assert frame["day"].is_sorted()
        assert frame["day"].to_list() == pl.date_range(frame["day"][0], frame["day"][-1], eager=True).to_list()
        assert set(frame["day_type"]) <= set(DAY_TYPES)
    assert set(america["day_type"]) == {"workday", "weekend", "holiday"}
    # 365 days less weekends, plus made-up ones, less holidays: 2024 had 251 working days.
    assert china.filter(pl.col("day").dt.year() == 2024)["day_type"].is_in(["workday", "make_up_workday"]).sum() == 251


def test_federal_holidays(america: pl.DataFrame) -> None:
    found = types(america)
    for day in (date(2024, 7, 4), date(2024, 11, 28), date(2022, 12, 26), date(2024, 1, 15)):
        assert found[day] == "holiday", day
    # A long weekend's Saturday and Sunday stay what they are.
    assert found[date(2024, 9, 1)] == "weekend"
    assert america["days_from_new_year"].null_count() == america.height


def test_spring_festival_compares_by_distance_from_the_new_year(china: pl.DataFrame) -> None:
    compared = dict(china.select("day", "compared_day").iter_rows())
    # New year's days: 22 January 2023, 10 February 2024, 29 January 2025.
    assert compared[date(2024, 2, 10)] == date(2023, 1, 22)
    assert compared[date(2024, 2, 5)] == date(2023, 1, 17)
    assert compared[date(2025, 2, 5)] == date(2024, 2, 17)
    # 22 January 2024 is an ordinary Monday, and all three Mondays about it in 2023 were near the new year.
    assert compared[date(2024, 1, 22)] is None
    # Far from it, the same weekday.
    assert compared[date(2024, 6, 19)] == date(2023, 6, 21)
    # The Dragon Boat Festival with itself.
    assert compared[date(2024, 6, 10)] == date(2023, 6, 22)


def test_a_moving_holiday_compares_with_itself(america: pl.DataFrame) -> None:
    compared = dict(america.select("day", "compared_day").iter_rows())
    assert compared[date(2024, 11, 28)] == date(2023, 11, 23)
    # 52 weeks before 21 November 2024 lies Thanksgiving: 51 weeks then.
    assert compared[date(2024, 11, 21)] == date(2023, 11, 30)
    assert compared[date(2024, 3, 13)] == date(2023, 3, 15)


def test_compared_days_are_a_year_earlier_and_of_one_type(china: pl.DataFrame) -> None:
    plain = china.drop_nulls("compared_day").filter(
        pl.col("days_from_new_year").is_null() & pl.col("holiday").is_null()
    )
    assert (plain["day"] - plain["compared_day"]).dt.total_days().is_in([364, 357, 371]).all()
    known = china.select(compared_day="day", compared_type="day_type")
    pairs = plain.join(known, on="compared_day")
    assert pairs.height > 500
    assert (pairs["day_type"] == pairs["compared_type"]).all()


def test_the_pack_knows_better() -> None:
    given = pl.DataFrame({"day": [date(2024, 6, 19)], "day_type": ["holiday"]})
    found = day_types(date(2024, 6, 1), date(2024, 6, 30), "CN", given)
    assert types(found)[date(2024, 6, 19)] == "holiday"
    assert types(found)[date(2024, 6, 18)] == "workday"
    assert found.height == 30


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"day": [date(2024, 6, 19)], "day_type": ["feast"]}, "feast.*workday, weekend"),
        ({"day": [date(2024, 6, 19)] * 2, "day_type": ["holiday", "workday"]}, "2024-06-19 has two types"),
    ],
)
def test_impossible_overrides_are_refused(given: dict[str, list[object]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        day_types(date(2024, 6, 1), date(2024, 6, 30), "CN", pl.DataFrame(given))


def test_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match="'XX'"):
        day_types(date(2024, 6, 1), date(2024, 6, 30), "XX")


def test_without_a_country_days_are_weekdays_or_weekend() -> None:
    found = weekday_types(date(2024, 1, 1), date(2024, 1, 14))
    assert [day.day for day, kind in types(found).items() if kind == "weekend"] == [6, 7, 13, 14]
    assert found.schema == day_types(date(2024, 1, 1), date(2024, 1, 2), "US").schema
    # 52 weeks before, and so of the same kind.
    assert found["compared_day"].to_list() == [day - timedelta(days=364) for day in found["day"]]
