"""The page of one area: every figure as the release has it, what is missing in words, and its story in order."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.address import LANGUAGES, View, parse
from dashboards.components.area_tree import districts, everything_inside, inside
from dashboards.components.context import Context
from dashboards.components.scorecard import interval
from dashboards.components.scores import Score, scores
from dashboards.components.story import events
from dashboards.data import Release
from dashboards.figures.positions import positions_figure
from dashboards.figures.theme import DARK, LIGHT, palette
from dashboards.periods import last_period, period_end
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release

NOVEMBER = date(2016, 11, 1)
BOROUGH = """
insert into areas select 'brooklyn', 'city', null, 'borough', 'Brooklyn', '布鲁克林', 140000, false, null;
update areas set parent_id = 'brooklyn' where area_id in ('73', '75', '77');
insert into indicator_values select * replace ('brooklyn' as area_id, 'borough' as area_level) from indicator_values
  where area_id = '73'
"""
"""Puts three precincts into a borough whose figures are those of one of them."""


def page(home: Path, query: str = "") -> Any:
    return render(Releases(home), "/district", query)[0]


def context(release: Release, language: str = "en") -> Context:
    return Context(release, View("district"), Words(language), "light", palette("light"))


def rows(content: Any) -> dict[str, Any]:
    """The rows of the first scorecard by the name in front."""
    table = reading.by_class(content, "scores")[0]
    found = [part for part in reading.parts(table) if type(part).__name__ == "Tr"][1:]
    return {reading.words(row.children[0].children[0].children): row for row in found if len(row.children) > 1}


@pytest.mark.parametrize(("language", "open_end"), [("en", "0.0 to no end"), ("zh", "无界")])
def test_a_worst_case_that_ends_nowhere_is_told_as_open(release: Release, language: str, open_end: str) -> None:
    told = context(release, language)
    row = dict.fromkeys(("lower", "upper", "quality_grade", "signal", "reason", "bound_high", "grade_reason"))
    row |= {"value": 1.0, "bound_low": 0.0, "unusable": 3, "status": "final"}
    indicator = {"unit": "ratio", "decimals": 1}
    assert any(open_end in line for line in told.figure_lines(row, indicator))
    score = Score("city", indicator, "year", NOVEMBER, row, [], None, None)
    assert any(open_end.removeprefix("0.0 to ") in line for line, _ in interval(told, score))


@pytest.fixture(scope="module")
def borough_home(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    changed = tmp_path_factory.mktemp("borough")
    sample_release.write_changed(changed, home, BOROUGH)
    return changed


def test_each_figure_is_the_release_s_with_its_interval_grade_and_place(home: Path, release: Release) -> None:
    """Asked of the release by another query than the page's."""
    content = page(home, "?area=5&period=2016-11")
    shown = rows(content)
    told = release._con.cursor().execute(
        "select i.title_en, i.unit, i.decimals, v.value, v.lower, v.upper, v.quality_grade from indicator_values v "
        "join indicator_catalogue i using (indicator_id) where v.area_id = '5' and v.period_kind = 'month' "
        "and v.period_start = '2016-11-01' and v.value is not null"
    )
    checked = 0
    for title, unit, decimals, value, lower, upper, grade in told.fetchall():
        figure = f"{value:,.{decimals}f}" + ("%" if unit == "%" else "")
        text = reading.words(shown[title])
        assert f"{figure} " in text, title
        assert f"{lower:,.{decimals}f} – {upper:,.{decimals}f}" in text, title
        assert text.endswith(f" {grade}"), title
        checked += 1
    assert checked == 11
    place = release._con.cursor().execute(
        "select rank, rank_low, rank_high, areas_compared from comparisons where area_id = '5' "
        "and indicator_id = 'B1_theft' and period_start = '2015-01-01'"
    )
    rank, low, high, count = place.fetchone()  # type: ignore[misc]
    # The year 2016 was not over by the end of November.
    assert f"{rank} of {count}, somewhere from {low} to {high}" in reading.words(shown["Vehicle theft rate"])


def test_what_is_withheld_or_missing_is_said_in_words_with_the_last_figure(home: Path) -> None:
    shown = rows(page(home, "?area=5&period=2016-11"))
    missing = reading.words(shown["Stops filed on the spot"])
    assert "not available no records from the source Stops 2014 in this period Last: " in missing
    assert "December 2014" in missing
    withheld = reading.words(rows(page(home, "?area=22"))["Vehicle theft rate"])
    assert "withheld too small a base: under 1000 no figure is published" in withheld
    text = reading.words(page(home, "?area=5"))
    assert "5 indicators that this city has no records for" in text
    assert "Officers: needs profile.officers, which no source of this city provides" in text


def test_a_special_cause_has_a_sign_and_a_name_and_the_few_are_named_first(home: Path) -> None:
    content = page(home, "?area=75&period=2016-11")
    badges = [reading.words(badge) for badge in reading.by_class(content, "badge")]
    assert "▲ above expected range" in badges
    first = reading.find(content, "look-here")
    assert reading.words(first).startswith("Vehicle theft rate ▲ above expected range")
    summary = reading.words(reading.find(content, "district-summary"))
    assert "5 stand out from their usual range (unwelcome: 4, welcome: 0)." in summary
    assert "2 are provisional." in summary
    calm = reading.words(reading.find(page(home, "?area=5&period=2016-10"), "district-summary"))
    assert "None stands out from its usual range." in calm


def test_nothing_is_called_usual_that_was_not_held_against_its_range(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "update indicator_values set signal = null where area_id = '5'")
    summary = reading.words(reading.find(page(tmp_path, "?area=5&period=2016-10"), "district-summary"))
    assert "0 could be held against their usual range" in summary
    assert "None stands out" not in summary


def test_the_story_is_dated_in_order_and_tells_each_thing_once(release: Release) -> None:
    here = context(release)
    found = scores(here, "75", "month", NOVEMBER).own
    told = events(here, "75", [], found)
    assert [event.day for event in told] == sorted((event.day for event in told), reverse=True)
    assert {event.kind for event in told} == {"change", "intervention", "break", "revision", "silence"}
    texts = [event.text for event in told]
    assert len(set(texts)) == len(texts)
    assert not any("Precinct 75: " in text for text in texts)
    (revised,) = [event for event in told if event.kind == "revision"]
    assert (revised.when, revised.text[:35]) == ("30 December 2016", "1 figure published before was revis")
    assert "1.4 " not in revised.text
    quiet = events(here, "1", [], scores(here, "1", "month", NOVEMBER).own)
    # What is on the list of changes is not told as a mark of its chart again.
    marks = [event for event in quiet if event.kind == "chart"]
    assert marks
    assert {event.when for event in marks} == {"May 2016"}


def test_an_alarm_that_is_no_listed_change_is_told(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "update alarms set alarm = true where area_id = '75'")
    here = context(Releases(tmp_path).current())
    told = events(here, "75", [], scores(here, "75", "month", NOVEMBER).own)
    (alarm,) = [event for event in told if event.kind == "alarm"]
    assert alarm.text.startswith("Vehicle theft rate: 8.1 per 10,000 residents a year in December 2016, where season,")


def test_areas_in_an_area_are_shown_with_the_same_and_lead_to_their_own_page(borough_home: Path) -> None:
    content = page(borough_home, "?area=brooklyn&indicator=B1_theft&period=2016-11")
    table = reading.by_class(content, "scores")[1]
    links = [part for part in reading.parts(table) if "/district?" in (getattr(part, "href", None) or "")]
    assert [reading.words(link) for link in links] == ["Precinct 73", "Precinct 75", "Precinct 77"]
    assert parse(*links[1].href.split("?")).areas == ("75",)
    # Its interventions are those of the areas in it, and its special causes are told by area.
    text = reading.words(content)
    assert "Street lights begins (Precinct 75)" in text
    assert "Precinct 75 : 5 special causes (unwelcome: 4)" in text


def test_the_districts_are_the_level_of_that_name_else_the_one_under_the_city(
    home: Path, borough_home: Path, tmp_path: Path
) -> None:
    flat, nested = (context(Releases(folder).current()) for folder in (home, borough_home))
    assert districts(flat).height == 77
    assert districts(nested)["area_level"].unique().to_list() == [districts(nested)["area_level"][0]]
    assert inside(nested, "brooklyn")["area_id"].to_list() == ["73", "75", "77"]
    assert set(everything_inside(nested, "city")) >= {"brooklyn", "73", "1"}
    sample_release.write_changed(tmp_path, home, "update areas set area_level = 'district' where area_id in ('1', '5')")
    assert districts(context(Releases(tmp_path).current()))["area_id"].to_list() == ["1", "5"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?area=atlantis", "There is no area atlantis in this release"),
        ("?area=75&period=2031-01", "Precinct 75, December 2016"),
        ("?area=75&by=year", "Precinct 75, 2016"),
        ("?area=75&by=week", "Precinct 75, December 2016"),
        ("?area=city&lang=zh", "纽约市，2016年12月"),
        ("?area=precinct:unallocated", "There is no area precinct:unallocated"),
    ],
)
def test_odd_addresses_get_a_clear_page(home: Path, query: str, said: str) -> None:
    assert said in reading.words(page(home, query))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_names_its_column_and_every_course_is_described(home: Path, language: str) -> None:
    content = page(home, f"?area=75&lang={language}")
    table = reading.by_class(content, "scores")[0]
    cells = [part for part in reading.parts(table) if type(part).__name__ == "Td"]
    titles = {Words(language)(f"district.column.{name}") for name in ("value", "interval", "course", "grade")}
    assert titles <= {getattr(cell, "data-title") for cell in cells}
    images = [part for part in reading.parts(table) if type(part).__name__ == "Img"]
    assert len(images) > 8
    assert all(len(image.alt) > 20 for image in images)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_places_are_drawn_with_their_intervals_from_the_top(colours: Any) -> None:
    places = pl.DataFrame(
        {
            "title": ["a", "b"],
            "hover": ["A", "B"],
            "polarity": ["lower", "higher"],
            "standing": ["high", None],
            "areas_compared": [76, 5],
            "rank": [70, 2],
            "rank_low": [60, 1],
            "rank_high": [76, 4],
        }
    )
    by_meta = {trace.meta: trace for trace in positions_figure(places, "rank", colours).checked.data}
    assert list(by_meta["track"].x) == [1, 76, None, 1, 5, None]
    assert list(by_meta["interval"].x) == [60, 76, None, 1, 4, None]
    assert list(by_meta["rank"].x) == [70, 2]
    assert list(by_meta["rank"].y) == [0, 1]
    assert by_meta["rank"].marker.color == (colours.unfavourable, colours.line)
    assert by_meta["rank"].marker.symbol == ("triangle-up", "circle")


@given(st.sampled_from(("month", "quarter", "year", "rolling_12m")), st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_the_last_period_ends_before_a_day_and_no_later_one_does(kind: str, day: date) -> None:
    end = day.replace(day=1)
    start = last_period(kind, end)
    assert period_end(kind, start) <= end
    step = {"month": "month", "quarter": "quarter", "year": "year", "rolling_12m": "month"}[kind]
    assert period_end(kind, period_end(step, start)) > end
