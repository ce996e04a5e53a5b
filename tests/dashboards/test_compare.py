"""The compare page: what is drawn and told is what the release holds."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.address import LANGUAGES
from dashboards.data import Release
from dashboards.figures import theme
from dashboards.figures.comparison import funnel_figure, order_figure, standing_colour
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release

RANKED, CONTEXT = sample_release.COMPARED


def page(home: Path, query: str = "") -> Any:
    return render(Releases(home), "/compare", query)[0]


def areas(release: Release, indicator_id: str = RANKED) -> pl.DataFrame:
    start = release.comparisons.there_are.filter(pl.col("indicator_id") == indicator_id)["period_start"][0]
    return release.comparisons.areas(indicator_id, "precinct", "year", start)


def test_the_newest_period_of_the_first_compared_indicator_is_shown(home: Path) -> None:
    text = reading.words(page(home))
    assert "Vehicle theft rate, 2016" in text
    summary = reading.words(reading.find(page(home), "comparison-summary"))
    assert summary.startswith("Areas compared (Police precinct): 76.")
    assert "1 area of this level has no part" in text  # precinct 22 is withheld


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_counts_areas_by_their_standing(home: Path, release: Release, language: str) -> None:
    counts = dict(areas(release)["standing"].value_counts().iter_rows())
    outer = counts.get("high", 0) + counts.get("low", 0)
    inner = counts.get("rather_high", 0) + counts.get("rather_low", 0)
    assert inner + outer  # the sample has areas that stand out
    words = Words(language)
    expected = words(
        "compare.summary",
        count="76",
        level=words("level.precinct"),
        outer=outer,
        inner=inner,
        expected="4",
    )
    assert reading.words(reading.find(page(home, f"?lang={language}"), "comparison-summary")) == expected


def test_context_is_shown_without_ranks(home: Path) -> None:
    text = reading.words(page(home, f"?indicator={CONTEXT}"))
    assert "so nothing is ranked" in text
    assert "Rank interval: where the area may stand" not in text
    assert "Rank interval: where the area may stand" in reading.words(page(home))


def test_an_indicator_that_is_not_compared_says_so(home: Path) -> None:
    text = reading.words(page(home, "?indicator=F5"))
    assert "Required fields filled is not compared across areas." in text
    assert "at least five areas" in text
    assert "What required fields filled tells" in text


def test_a_release_without_any_comparison_says_so(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "delete from comparisons")
    assert "No indicator of this release is compared." in reading.words(page(tmp_path))


def test_the_funnel_draws_every_area_once_between_its_limits(release: Release) -> None:
    frame = areas(release)
    hovers = [f"area {n}" for n in range(frame.height)]
    figure = funnel_figure(frame, hovers, "rate", "size", "lower", theme.LIGHT)
    markers = [trace for trace in figure.checked.data if trace.mode == "markers"]
    drawn = {area: (x, y) for trace in markers for area, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)}
    told = {row["area_id"]: (row["denominator"], row["value"]) for row in frame.to_dicts()}
    assert drawn == told
    lines = [trace for trace in figure.checked.data if trace.mode == "lines"]
    assert [trace.meta for trace in lines] == ["outer", "outer", "inner", "inner", "target"]
    assert all(list(trace.x) == sorted(trace.x) for trace in lines)
    assert set(lines[-1].y) == {frame["target"][0]}


def test_rows_show_interval_shrunken_figure_and_rank(release: Release) -> None:
    frame = areas(release)
    titles = frame["title_en"].to_list()
    figure = order_figure(frame, titles, titles, "rate", "rank", "lower", theme.LIGHT)
    by_meta = {trace.meta: trace for trace in figure.checked.data}
    assert list(by_meta["shrunken"].x) == frame["shrunken"].to_list()
    assert list(by_meta["rank"].x) == frame["rank"].to_list()
    interval = by_meta["rank_interval"]
    assert list(interval.x[:3]) == [frame["rank_low"][0], frame["rank_high"][0], None]
    assert frame["value"].is_sorted(descending=True)
    context = areas(release, CONTEXT)
    bare = order_figure(
        context, titles[: context.height], titles[: context.height], "%", "rank", "context", theme.LIGHT
    )
    assert "rank" not in {trace.meta for trace in bare.checked.data}


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK])
def test_colours_judge_only_where_an_end_is_better(scheme: theme.Palette) -> None:
    assert standing_colour(scheme, "high", "higher") == standing_colour(scheme, "low", "lower") == scheme.favourable
    assert standing_colour(scheme, "low", "higher") == standing_colour(scheme, "high", "lower") == scheme.unfavourable
    assert standing_colour(scheme, "high", "context") == scheme.ink
    assert standing_colour(scheme, "expected", "lower") == scheme.line
