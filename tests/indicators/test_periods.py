from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.periods import PERIOD_KINDS, latest_complete_month, membership, period_end, period_start


def start(day: date, kind: str, week_start: int = 1) -> date:
    return pl.DataFrame({"day": [day]}).select(period_start(pl.col("day"), kind, week_start)).item()


@pytest.mark.parametrize(
    ("kind", "week_start", "first"),
    [
        ("day", 1, date(2016, 2, 29)),
        ("week", 1, date(2016, 2, 29)),
        ("week", 7, date(2016, 2, 28)),
        ("week", 3, date(2016, 2, 24)),
        ("month", 1, date(2016, 2, 1)),
        ("quarter", 1, date(2016, 1, 1)),
        ("year", 1, date(2016, 1, 1)),
    ],
)
def test_periods_of_a_leap_day(kind: str, week_start: int, first: date) -> None:
    assert start(date(2016, 2, 29), kind, week_start) == first


@given(
    st.dates(date(1990, 1, 1), date(2060, 1, 1)),
    st.sampled_from(["day", "week", "month", "quarter", "year"]),
    st.integers(1, 7),
)
def test_periods_tile_the_calendar(day: date, kind: str, week_start: int) -> None:
    first = start(day, kind, week_start)
    last = pl.DataFrame({"d": [first]}).select(period_end(pl.col("d"), kind)).item()
    assert first <= day <= last
    assert start(last, kind, week_start) == first
    assert start(last + timedelta(days=1), kind, week_start) == last + timedelta(days=1)
    if kind == "week":
        assert first.isoweekday() == week_start


def test_each_day_is_in_one_period_of_each_calendar_kind() -> None:
    found = membership(date(2015, 12, 30), date(2016, 3, 2), ("day", "week", "month", "quarter", "year"), 1)
    assert found.group_by("day").len()["len"].unique().to_list() == [5]


def test_rolling_windows_are_whole_and_twelve_months_long() -> None:
    found = membership(date(2015, 3, 10), date(2016, 4, 15), ("rolling_12m",), 1)
    assert found["period_start"].unique().sort().to_list() == [date(2015, 3, 1), date(2015, 4, 1)]
    assert found["period_end"].unique().sort().to_list() == [date(2016, 2, 29), date(2016, 3, 31)]
    # March 2015 is held by the first window only, and from its 10th on.
    march = found.filter(pl.col("day") < date(2015, 4, 1))
    assert march.height == 22


def test_kinds_are_those_of_the_contract() -> None:
    assert PERIOD_KINDS == ("day", "week", "month", "quarter", "year", "rolling_12m")
    with pytest.raises(ValueError, match="no calendar period"):
        period_start(pl.col("day"), "decade", 1)


@pytest.mark.parametrize(
    ("as_of", "month"),
    [
        (date(2016, 12, 31), date(2016, 12, 1)),
        (date(2016, 12, 30), date(2016, 11, 1)),
        (date(2016, 1, 1), date(2015, 12, 1)),
    ],
)
def test_latest_complete_month(as_of: date, month: date) -> None:
    assert latest_complete_month(as_of) == month
