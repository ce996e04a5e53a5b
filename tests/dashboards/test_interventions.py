"""The page of interventions: what is told is what the release holds, and never more than it shows."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.address import LANGUAGES
from dashboards.data import Release
from dashboards.figures import theme
from dashboards.figures.interventions import HALF_MONTH, intervention_figure
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release

TITLES = {"treated": "here", "buffer": "around", "difference": "difference"}


def page(home: Path, query: str = "") -> Any:
    return render(Releases(home), "/interventions", query)[0]


def result(content: Any, intervention: str) -> str:
    return reading.words(reading.find(content, {"result": intervention}))


def trust(content: Any, intervention: str) -> str:
    return reading.words(reading.find(content, {"trust": intervention}))


def test_a_result_is_told_as_a_person_would(home: Path) -> None:
    content = page(home)
    assert result(content, "lights") == (
        "From January 2016 to December 2016, Precinct 75 had about 24 fewer events than a change like that of the "
        "control areas would have brought (95% interval −33 to −15). Around them there were about 6 fewer events (95% "
        "interval −31 to 19); together that makes about 30 fewer events (95% interval −44 to −16). Weighed by harm "
        "(Vehicle theft rate: 10 each; Severity-weighted incidents: 500 each), that comes to −1,240 beyond the "
        "controls' change "
        "(95% interval −4,100 to 1,620). That is more than chance explains: something "
        "here went down, whatever the reason."
    )
    assert result(content, "patrols") == (
        "From June 2016 to December 2016, Precinct 40, Precinct 41 had about 3 more events than a change like that of "
        "the control areas would have brought (95% interval −17 to 23). Chance alone explains a difference of that "
        "size, so neither success nor harm is shown."
    )
    assert result(content, "cameras") == (
        "Nothing can be said yet: no whole month after the start is over before 31 January 2017."
    )
    text = reading.words(content)
    assert "Precinct 75, from 1 January 2016. Judged by: Vehicle theft rate." in text
    assert "the period was not over" in text  # why the second is provisional


def test_how_far_a_result_can_be_believed_is_told(home: Path) -> None:
    content = page(home)
    lights = trust(content, "lights")
    assert "no different course of the areas was seen (p = 0.41)" in lights
    assert "A fall of 21 events (12%) would be found four times out of five" in lights
    assert "1.2% of 1,000 evaluations show as large a difference there as here" in lights
    assert "vary 1.8 times as much" in lights
    patrols = trust(content, "patrols")
    assert "already went different ways (p = 0.01)" in patrols
    assert "Not even a fall to zero" in patrols
    assert "too few areas to evaluate others" in patrols
    # Where nothing came of it yet, only the time before is judged.
    assert trust(content, "cameras").count("p = ") == 1
    assert "four times out of five" not in trust(content, "cameras")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_in_both_languages(home: Path, language: str) -> None:
    content = page(home, f"?lang={language}")
    text = reading.words(content)
    words = Words(language)
    assert "None" not in text
    assert words("interventions.caveat.chosen") in text
    assert words("interventions.verdict.fall") in result(content, "lights")
    assert words.day(date(2017, 1, 31)) in result(content, "cameras")


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(1.0, 9.0, "rise"), (-9.0, -1.0, "fall"), (-9.0, 0.0, "chance"), (0.0, 9.0, "chance")]
)
def test_a_verdict_is_given_only_where_the_interval_of_all_areas_leaves_zero_out(
    home: Path, tmp_path: Path, low: float, high: float, verdict: str
) -> None:
    """Of the treated areas alone it would say nothing of what has only moved."""
    changed = f"update intervention_results set total_low = {low}, total_high = {high} where intervention_id = 'lights'"
    sample_release.write_changed(tmp_path, home, changed)
    assert result(page(tmp_path), "lights").endswith(Words("en")(f"interventions.verdict.{verdict}"))


def test_a_city_that_declares_none_says_how(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "delete from intervention_results; delete from intervention_months")
    text = reading.words(page(tmp_path))
    assert "This city declares no intervention." in text
    assert "city.yml" in text


def test_the_latest_comes_first(release: Release) -> None:
    starts = release.interventions.results["start"].to_list()
    assert starts == sorted(starts, reverse=True)
    assert len(starts) == 3


def drawn(release: Release, intervention: str, start: date) -> Any:
    months = release.interventions.months(intervention)
    return months, intervention_figure(months, start, TITLES, ["hover"] * months.height, [], theme.LIGHT)


def test_the_chart_draws_every_month_once_and_marks_the_start(release: Release) -> None:
    start = date(2016, 1, 1)
    months, figure = drawn(release, "lights", start)
    by_meta = {trace.meta: trace for trace in figure.checked.data if trace.meta != "chance"}
    for name in ("treated", "treated_expected", "buffer", "buffer_expected", "difference"):
        assert list(by_meta[name].y) == months[name].to_list()
        assert list(by_meta[name].x) == [month + HALF_MONTH for month in months["month"]]
    # A start on the first lies between the last month before and the first after.
    position = months["phase"].to_list().index("after")
    assert by_meta["treated"].x[position - 1] < start < by_meta["treated"].x[position]
    lines = [shape for shape in figure.checked.layout.shapes if shape.name == "start"]
    assert [(shape.x0, shape.yref) for shape in lines] == [
        (start, "y domain"),
        (start, "y2 domain"),
        (start, "y3 domain"),
    ]
    assert not [shape for shape in figure.checked.layout.shapes if shape.name == "left_out"]


def test_a_month_that_counts_neither_way_is_shaded_and_no_empty_row_is_drawn(release: Release) -> None:
    months, figure = drawn(release, "patrols", date(2016, 5, 16))
    assert "buffer" not in {trace.meta for trace in figure.checked.data}
    shaded = [shape for shape in figure.checked.layout.shapes if shape.name == "left_out"]
    assert {(shape.x0, shape.x1) for shape in shaded} == {(date(2016, 5, 1), date(2016, 6, 1))}
    assert months.filter(pl.col("phase") == "start")["month"].to_list() == [date(2016, 5, 1)]
    assert len({shape.yref for shape in shaded}) == 2
    assert timedelta(0) < HALF_MONTH < timedelta(days=28)
