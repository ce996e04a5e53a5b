"""The page Public: what is drawn and told of the survey is what the release holds."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.address import LANGUAGES, choose, href, parse
from dashboards.data import Release
from dashboards.figures import theme
from dashboards.figures.survey import gap_figure, importance_figure, level_figure, wave_figure
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release, sample_survey


def page(home: Path, query: str = "") -> Any:
    return render(Releases(home), "/public", query)[0]


def test_the_first_question_of_the_city_is_told_with_interval_answers_and_change(home: Path) -> None:
    sentence = reading.words(reading.find(page(home), "survey-sentence"))
    assert sentence == (
        "In 2016-11: 50.0% (95% interval 46.0 to 54.0; 560 answers, worth 467 of a simple sample). "
        "Since the wave before: +9.0 (5.0 to 13.0): more than chance explains."
    )


def test_a_change_that_chance_explains_says_so(home: Path) -> None:
    assert "chance may explain it" in reading.words(reading.find(page(home, "?topic=satisfied"), "survey-sentence"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_asked_is_told_or_said_to_be_held_back(home: Path, language: str) -> None:
    words, text = Words(language), reading.words(page(home, f"?lang={language}"))
    for name in sample_survey.LEVELS:
        title = words.known("public.question" if name in ("feels_safe", "reported") else "dimension", name)
        assert title in text or name in ("satisfied", "aware", "takes_part")
    assert words("reason.small_denominator", detail="30") in text
    assert words("reason.unreliable_scale", detail="0.7") in text


def test_an_area_and_a_question_of_the_address_are_shown(home: Path) -> None:
    shown = page(home, "?area=75&topic=mechanism")
    assert "Mechanism, Precinct 75" in reading.words(shown)
    assert "In no year have both groups 30 effective answers" in reading.words(shown)
    assert "Told where the scales of the foundations are reliable" in reading.words(shown)


def test_a_question_that_there_is_not_shows_the_first(home: Path) -> None:
    assert "Feel safe after dark, New York City" in reading.words(page(home, "?area=nowhere&topic=weather"))


def test_the_address_holds_area_and_question() -> None:
    view = choose(choose(parse("/public", ""), "areas", "75"), "topic", "aware")
    assert href(view) == "/public?area=75&topic=aware"
    assert parse("/public", "area=75&topic=aware") == view


def test_a_gap_that_closes_because_both_fell_is_no_better(home: Path) -> None:
    text = reading.words(page(home))
    assert "narrower, but both groups fell: no better" in text
    assert Words("en")("public.gap_verdict.narrower") not in text.replace("narrower, but", "")


def test_a_scale_that_is_held_back_is_marked(home: Path) -> None:
    text = reading.words(page(home))
    assert text.count("✓ told") == 3
    assert text.count("✗ held back") == 1


def test_weights_that_could_not_be_raked_are_told(home: Path) -> None:
    text = reading.words(page(home))
    assert "⚠ not raked: a class of the population has nobody in the sample" in text
    assert "raked in 4 rounds, strongest factor 1.21" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("delete from survey_waves", "This city declares no survey."),
        ("update survey_estimates set value = null", "No wave of the survey has enough answers"),
        ("delete from survey_importance", "Told where the scales of the foundations are reliable"),
        ("delete from survey_reliability", "too few complete answers"),
        (
            "update survey_estimates set value = null, status = 'withheld', reason = 'small_denominator:30' "
            "where measured = 'feels_safe'",
            "Nothing can be told here. too small a base",
        ),
    ],
)
def test_empty_parts_say_what_is_missing(change: str, expected: str, home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, change)
    assert expected in reading.words(page(tmp_path))


def test_waves_are_drawn_by_group_with_their_intervals(release: Release) -> None:
    rows = release.survey.estimates("city", "aware").filter(pl.col("value").is_not_null())
    drawing = wave_figure(rows, [f"{n}" for n in range(rows.height)], "%", theme.LIGHT)
    assert [trace.meta for trace in drawing.checked.data] == ["all", "residents", "new_citizens"]
    for trace in drawing.checked.data:
        own = rows.filter(pl.col("person_group") == trace.meta)
        assert list(trace.y) == own["value"].to_list()
        assert [y + up for y, up in zip(trace.y, trace.error_y.array, strict=True)] == pytest.approx(
            own["upper"].to_list()
        )
        assert [y - down for y, down in zip(trace.y, trace.error_y.arrayminus, strict=True)] == pytest.approx(
            own["lower"].to_list()
        )
    assert len({trace.marker.symbol for trace in drawing.checked.data}) == 3
    assert list(drawing.checked.layout.xaxis.ticktext) == list(sample_survey.WAVES)


def test_levels_and_gaps_are_drawn_as_they_are(release: Release) -> None:
    newest = release.survey.newest("city").filter(pl.col("value").is_not_null())
    names = newest["measured"].to_list()
    (level,) = level_figure(newest, names, names, "%", theme.DARK).checked.data
    assert dict(zip(level.y, level.x, strict=True)) == dict(newest.select("measured", "value").iter_rows())
    gaps = release.survey.gaps("city").filter(pl.col("year") == 2016)
    titles = gaps["measured"].to_list()
    by_group = {trace.meta: trace for trace in gap_figure(gaps, titles, titles, "%", theme.LIGHT).checked.data}
    assert set(by_group) == {"residents", "new_citizens"}
    for group, trace in by_group.items():
        assert list(trace.x) == gaps[group].to_list()
        assert [round(y) for y in trace.y] == list(range(gaps.height))


def test_foundations_stand_where_they_are_judged_and_matter(release: Release) -> None:
    rows = release.survey.importance("city")
    titles = rows["foundation"].to_list()
    drawing = importance_figure(rows, titles, titles, ("x", "y"), theme.LIGHT)
    drawn = {name: (trace.x[0], trace.y[0], trace.meta) for trace in drawing.checked.data for name in trace.text}
    assert drawn == {
        row["foundation"]: (row["performance"], row["importance"], row["quarter"]) for row in rows.to_dicts()
    }
    lines = [shape for shape in drawing.checked.layout.shapes if shape.name == "mean"]
    assert [lines[0].x0, lines[1].y0] == pytest.approx([rows["performance"].mean(), rows["importance"].mean()])


def test_the_newest_reliability_has_its_items(release: Release) -> None:
    rows = release.survey.reliability("city")
    for foundation, items in sample_survey.SCALES.items():
        assert rows.filter(pl.col("foundation") == foundation)["item"].to_list() == [None, *sorted(items)]


def test_gaps_are_told_by_wave_where_waves_are_apart(home: Path, tmp_path: Path) -> None:
    waves = (
        "insert into survey_gaps select * replace ('2016-05' as wave) from survey_gaps where year = 2016; "
        "insert into survey_gaps select * replace ('2016-11' as wave, gap = 3.25) from survey_gaps where year = 2016 "
        "and wave is null"
    )
    sample_release.write_changed(tmp_path, home, waves.replace("gap = 3.25", "3.25 as gap"))
    text = reading.words(page(tmp_path))
    assert "2016-11 " in text
    assert "Year or wave" in text
    assert " 2015 Feels" not in text
