"""Which figure is meant: periods as they are written, ids and titles, and what comes near."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.data import Release
from dashboards.figure_names import Figure, UnknownFigureError, find_figure, period_code, read_period
from dashboards.releases import Releases
from tests.dashboards import sample_release

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
FIRST_DAYS = {
    "day": DAYS,
    "month": DAYS.map(lambda day: day.replace(day=1)),
    "quarter": DAYS.map(lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)),
    "year": DAYS.map(lambda day: day.replace(month=1, day=1)),
    "rolling_12m": DAYS.map(lambda day: day.replace(day=1)),
}


@given(st.sampled_from(sorted(FIRST_DAYS)).flatmap(lambda kind: FIRST_DAYS[kind].map(lambda start: (kind, start))))
def test_what_is_written_is_read(period: tuple[str, date]) -> None:
    assert read_period(period_code(*period)) == period


@given(DAYS, st.integers(1, 7))
def test_a_week_is_found_by_its_number_whatever_day_it_begins_on(day: date, first: int) -> None:
    start = day - timedelta(days=(day.isoweekday() - first) % 7)
    read = read_period(period_code("week", start))
    assert read is not None
    assert read[0] == "week"
    assert start <= read[1] < start + timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "kind", "day"),
    [
        ("2025", "year", date(2025, 1, 1)),
        ("2025-Q3", "quarter", date(2025, 7, 1)),
        ("2025q1", "quarter", date(2025, 1, 1)),
        ("2025-9", "month", date(2025, 9, 1)),
        ("2025-W37", "week", date(2025, 9, 11)),
        ("2025-09-14", "day", date(2025, 9, 14)),
        ("2025-09/12m", "rolling_12m", date(2024, 10, 1)),
        ("2025-12/12M", "rolling_12m", date(2025, 1, 1)),
    ],
)
def test_periods_are_read_as_people_write_them(text: str, kind: str, day: date) -> None:
    assert read_period(text) == (kind, day)


@pytest.mark.parametrize("text", ["", "25", "2025-13", "2025-Q5", "2025-W60", "2025-02-30", "Q3 2025", "2025-09/6m"])
def test_other_texts_are_no_periods(text: str) -> None:
    assert read_period(text) is None


@pytest.mark.parametrize(
    ("indicator", "area"),
    [("B1_theft", "city"), ("b1_THEFT", "City"), ("Vehicle theft rate", "new york city"), ("机动车盗窃率", "纽约市")],
)
def test_ids_and_titles_of_both_languages_mean_the_figure(release: Release, indicator: str, area: str) -> None:
    assert find_figure(release, indicator, area, "2016-03") == Figure("B1_theft", "city", "month", date(2016, 3, 1))


@pytest.mark.parametrize(
    ("typed", "problem", "remedy"),
    [
        (
            ("B1_thefts", "city", "2016"),
            "there is no indicator 'B1_thefts'",
            "did you mean B1_theft (Vehicle theft rate)",
        ),
        (("theft", "city", "2016"), "there is no indicator 'theft'", "B1_theft (Vehicle theft rate)"),
        (("qqqq", "city", "2016"), "there is no indicator 'qqqq'", "the catalogue's ids: "),
        (
            ("M1", "city", "2016"),
            "M1 (Time to arrive, 90th percentile) is not available",
            "map incident.reported_at in",
        ),
        (("S1", "city", "2016"), "needs_kind:survey", "it needs "),
        (("B1_theft", "Precinct 7x", "2016"), "there is no area 'Precinct 7x'", "did you mean 7"),
        (("B1_theft", "75", "2016-Q1"), "B1_theft is not told by quarter", "it is told by "),
        (
            ("B1_theft", "75", "1999-04"),
            "no row for 75 and 1999-04",
            "it has 2014-01 to 2016-12; the nearest are 2014-01",
        ),
        (("B1_theft", "75", "April"), "'April' is no period", "write 2025, 2025-Q3"),
    ],
)
def test_what_there_is_not_is_refused_with_what_comes_near(
    release: Release, typed: tuple[str, str, str], problem: str, remedy: str
) -> None:
    with pytest.raises(UnknownFigureError) as refused:
        find_figure(release, *typed)
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy


def test_where_weeks_are_not_told_months_are_named(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(
        tmp_path, home, "delete from indicator_values where period_kind = 'week' and area_id = '75'"
    )
    with pytest.raises(UnknownFigureError) as refused:
        find_figure(Releases(tmp_path).current(), "B1_theft", "75", "2016-W10")
    assert "B1_theft has no figure of 75 by week" in refused.value.problem
    assert refused.value.remedy.endswith("it has months")
