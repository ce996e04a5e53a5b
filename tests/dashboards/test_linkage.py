"""The linkage of agencies on the page Cooperation: drawn and told as the release has it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboards.address import LANGUAGES
from dashboards.data import Release
from dashboards.figures import theme
from dashboards.figures.network import Line, Node, network_figure, spread
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release


def page(home: Path, query: str = "") -> Any:
    return render(Releases(home), "/cooperation", query)[0]


def test_who_is_missing_is_told_by_name_and_why(home: Path) -> None:
    told = reading.words(reading.find(page(home), "linkage-missing"))
    assert (
        "Without any case in both years, though the city declares them or they work elsewhere: Market office." in told
    )
    assert "Handled cases in the twelve months before, and none now: left." in told
    assert "Handle cases, but none with another agency: hermit." in told
    assert "3 pairs hand nothing on, though both handle the same kind of case: " in told
    assert "Police and b (noise)" in told
    assert "Street office brings the most others together: 2 pairs" in told


def test_every_change_is_told_with_its_p_value(home: Path, release: Release) -> None:
    words = Words("en")
    told = reading.words(reading.find(page(home), "linkage-change"))
    rows = {row["statistic"]: row for row in release.cooperation.linkage.statistics("city").to_dicts()}
    assert rows.keys() == {"density", "degree_centralisation", "betweenness_centralisation", "mix"}
    for name, row in rows.items():
        p = row["p_value"]
        assert f"p = {words.number(p, 3 if p < 0.1 else 2)}" in told or "p < 0.001" in told
        if name != "mix":
            assert f"{words.number(row['value'], 2)} (interval {words.number(row['lower'], 2)} to" in told
            assert f"against {words.number(row['before'], 2)} the year before" in told


def test_delays_of_every_pair_are_in_the_table(home: Path, release: Release) -> None:
    rows = {(row["from"], row["to"]): row for row in reading.find(page(home), {"grid": "pairs"}).rowData}
    told = release.cooperation.linkage.pairs("city").to_dicts()
    assert len(rows) == len(told)
    assert rows["Street office", "Police"]["delay_hours"] == pytest.approx(2.0, rel=0.01)
    assert rows["Street office", "Police"]["delay_before"] == pytest.approx(4.0, rel=0.01)
    assert rows["Street office", "Police"]["handoffs"] == 72


def test_an_area_without_a_network_shows_that_above_it(home: Path) -> None:
    text = reading.words(page(home, "?area=1"))
    assert "Agencies are told of areas made up of others: this is New York City." in text


def test_a_release_without_links_says_nothing_of_them(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "delete from linkage")
    assert "Who works with whom" not in reading.words(page(tmp_path))


@pytest.mark.slow
def test_of_too_few_cases_and_of_no_year_before_it_is_said(home: Path, tmp_path: Path) -> None:
    few, alone = tmp_path / "few", tmp_path / "alone"
    sample_release.write_changed(few, home, "update linkage set status = 'withheld', value = null, cases = 12")
    assert "With 12 cases the network is too small" in reading.words(reading.find(page(few), "linkage-change"))
    sql = "update linkage set p_value = null, before = null; delete from linkage where statistic = 'mix'"
    sample_release.write_changed(alone, home, sql)
    told = reading.words(reading.find(page(alone), "linkage-change"))
    assert "not every source covers the twelve months before" in told
    assert "against" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(home: Path, language: str) -> None:
    words = Words(language)
    for standing in ("linked", "alone", "few", "gone", "absent"):
        assert words(f"linkage.standing.{standing}")
    for standing in ("hands_on", "together", "nothing_handed_on", "withheld"):
        assert words(f"linkage.pair.{standing}")
    assert "None" not in reading.words(page(home, f"?lang={language}"))


def nodes(count: int) -> list[Node]:
    return [Node(f"agency {at}", f"agency {at}", at / count) for at in range(count)]


def test_every_link_and_agency_is_drawn_and_those_alone_stand_apart() -> None:
    lines = [Line(0, 1, 100, "a"), Line(0, 2, 25, "b")]
    drawing = network_figure(nodes(5), lines, theme.LIGHT)
    widths = sorted(trace.line.width for trace in drawing.checked.data if trace.meta == "link")
    assert widths == [pytest.approx(5.0), pytest.approx(9.0)]
    by_meta = {trace.meta: trace for trace in drawing.checked.data}
    assert list(by_meta["between"].text) == ["a", "b"]
    assert len(by_meta["agency"].x) == 3
    assert list(by_meta["alone"].hovertext) == ["agency 3", "agency 4"]
    assert max(by_meta["alone"].y) < min(by_meta["agency"].y)
    assert by_meta["alone"].marker.symbol != by_meta["agency"].marker.symbol
    assert drawing.to_plotly_json() == network_figure(nodes(5), lines, theme.LIGHT).to_plotly_json()


def test_without_any_link_all_stand_alone() -> None:
    drawing = network_figure(nodes(3), [], theme.DARK)
    assert len({trace.meta: trace for trace in drawing.checked.data}["alone"].x) == 3


@pytest.mark.parametrize("count", [4, 7])
def test_the_hub_of_a_star_stands_in_the_middle(count: int) -> None:
    apart = np.full((count, count), 2.0)
    apart[0], apart[:, 0] = 1.0, 1.0
    np.fill_diagonal(apart, 0.0)
    placed = np.linalg.norm(spread(apart), axis=1)
    assert placed[0] < 0.2
    assert placed[1:].min() > 0.6
    assert placed.max() == pytest.approx(1)


def test_no_two_agencies_of_a_full_network_stand_in_one_place() -> None:
    places = spread(1.0 - np.eye(8))
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)[np.triu_indices(8, 1)]
    assert apart.min() > 0.2
