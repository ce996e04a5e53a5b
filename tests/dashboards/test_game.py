"""The game lab: what is told and drawn follows from the release's games, at the values in the address."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plotly.utils import PlotlyJSONEncoder

from dashboards.address import LANGUAGES, View, parse
from dashboards.data import Release
from dashboards.figures import theme
from dashboards.figures.games import band_figure, placed, scenario_figure
from dashboards.game_live import moved, scenario_settings
from dashboards.pages.game import ADDRESS, AXIS, FIGURE, LEVER, PART, SCENARIO, slider_step
from dashboards.releases import Releases
from dashboards.rendering import draw_page, render
from dashboards.wording import Words
from indicators.games.basins import corners
from indicators.games.replicator import advantages
from indicators.games.rest_points import stable_vertices
from indicators.games.tables import profiles
from tests.dashboards import reading, sample_release
from tests.pace import pace

AXES = ("reward", "penalty")


def page(home: Path, query: str = "") -> Any:
    return render(Releases(home), "/game", query)[0]


def part(content: Any, name: str) -> str:
    return reading.words(reading.find(content, {PART: name}))


def figure(content: Any, name: str) -> dict[str, Any]:
    found = reading.find(content, {FIGURE: name}).figure
    assert isinstance(found, dict)
    return {trace["meta"]: trace for trace in found["data"]}


def follow(release: Release, query: str = "", **levers: float) -> dict[str, Any]:
    view = parse("/game", query)
    declared = release.games.game(view.game)
    assert declared is not None
    assert declared.today is not None
    made = moved(release, view, "light", declared.today | levers, AXES)
    assert made is not None
    return made


def test_the_page_says_that_it_is_an_illustration_and_what_is_stable(home: Path) -> None:
    content = page(home)
    text = reading.words(content)
    assert "An illustration, not a measurement." in text
    assert part(content, "verdict") == (
        'It depends on the beginning: "everyone cooperates" is stable, and so is "nobody cooperates". 13% of all '
        "beginnings lead to the former. From today's shares (Government 60%, Enterprises 40%, The public 40%) it ends "
        'with "nobody cooperates". These are the values of the scenario "Today\'s parameters".'
    )
    assert "every number is an assumption, none describes this city" in text


def test_a_doubled_reward_is_told_as_the_release_has_it(home: Path, release: Release) -> None:
    content = page(home, "?set=reward:3")
    declared = release.games.game("cooperation")
    assert declared is not None
    doubled = declared.scenarios[1]
    assert (doubled["scenario_id"], doubled["goal_is_stable"]) == ("double_reward", False)
    assert doubled["settings"]["reward"] == 3
    told = part(content, "verdict")
    assert told.startswith('It does not last: from "everyone cooperates", Government would lose nothing by leaving.')
    assert 'These are the values of the scenario "Double the reward".' in told
    assert "no scenario" in part(page(home, "?set=reward:2.5"), "verdict")


def test_what_circles_is_said_to_settle_nowhere_and_drawn_round_its_centre(home: Path) -> None:
    content = page(home, "?game=inspection")
    told = part(content, "verdict")
    assert "Nothing is stable, so shares go round and round." in told
    assert "it settles nowhere" in told
    points = part(content, "points")
    # Indifferent at trouble / fine and 1 − effort / fine.
    assert "24% 60% Two mixed Centre: paths go round it" in points
    drawn = figure(content, "portrait")
    assert "paths_goal" not in drawn
    assert "paths_other" not in drawn
    assert (drawn["centre"]["x"], drawn["centre"]["y"]) == ([pytest.approx(0.2415, abs=1e-3)], [0.6])


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("query", ["", "game=inspection&", "game=unread&"])
def test_every_text_is_there_in_both_languages(home: Path, language: str, query: str) -> None:
    text = reading.words(page(home, f"?{query}lang={language}"))
    words = Words(language)
    assert "None" not in text
    assert words("game.illustration") in text
    assert words("game.sources_note") in text


@pytest.mark.slow
def test_every_parameter_states_its_source(home: Path) -> None:
    text = reading.words(page(home, "?game=inspection"))
    assert "Made up" in text
    assert "Self-initiated stops (New York City, 2016)" in re.sub(r"\s+", " ", text)
    assert reading.words(page(home)).count("Assumed for the example") == 8


def test_a_game_without_its_figure_says_which_is_missing(home: Path) -> None:
    text = reading.words(page(home, "?game=unread"))
    assert "This game cannot be played: there is no figure to read benefit off." in text
    assert "no figure yet" in text
    assert reading.find(page(home, "?game=unread"), {FIGURE: "portrait"}) is None


def test_an_unknown_game_and_a_release_without_games_say_so(home: Path, tmp_path: Path) -> None:
    assert "This release has no game chess." in reading.words(page(home, "?game=chess"))
    sample_release.write_changed(tmp_path, home, "delete from games")
    text = reading.words(page(tmp_path))
    assert "This release holds no game." in text
    assert "city.yml" in text


def test_a_wrong_address_still_opens(home: Path) -> None:
    content = page(home, "?set=reward:99&set=nothing:1&set=cost_public:x&set=penalty:inf&map=nothing")
    # Clamped to the slider's end; what is not known is left out.
    assert reading.find(content, {LEVER: "reward"}).value == 6
    assert reading.find(content, {LEVER: "penalty"}).value == 2
    assert [reading.find(content, {AXIS: name}).value for name in ("across", "up")] == ["reward", "penalty"]


def test_what_cannot_be_played_offers_the_way_back(home: Path, tmp_path: Path) -> None:
    broken = "update games set payoffs = replace(payoffs, '\"2 * shared_benefit\"', '\"1 / (reward - 3)\"')"
    sample_release.write_changed(tmp_path, home, broken)
    assert "Where it leads" in reading.words(page(tmp_path))
    text = reading.words(page(tmp_path, "?set=reward:3"))
    assert "These values cannot be played." in text
    assert "Back to today's parameters" in text


def test_paths_begin_where_they_should_and_end_in_stable_states(home: Path, release: Release) -> None:
    drawn = figure(page(home), "portrait")
    declared = release.games.game("cooperation")
    assert declared is not None
    begun, ended = [], []
    for name in ("paths_goal", "paths_other"):
        x, y = drawn[name]["x"], drawn[name]["y"]
        breaks = [at for at, value in enumerate(x) if value is None]
        starts = [0, *(at + 1 for at in breaks[:-1])]
        begun += [(x[at], y[at]) for at in starts]
        ended += [(name, x[at - 1], y[at - 1]) for at in breaks]
    assert sorted(begun) == sorted(map(tuple, placed(corners(3)).round(4).tolist()))
    everyone, nobody = placed([[1, 1, 1], [0, 0, 0]]).round(4).tolist()
    assert set(ended) == {("paths_goal", *everyone), ("paths_other", *nobody)}
    assert (drawn["start"]["x"][0], drawn["start"]["y"][0]) == tuple(placed([0.6, 0.4, 0.4]).round(4))
    stable = set(zip(drawn["stable"]["x"], drawn["stable"]["y"], strict=True))
    assert stable == {tuple(everyone), tuple(nobody)}


def test_the_map_says_for_each_cell_what_is_stable_there(home: Path, release: Release) -> None:
    drawn = figure(page(home), "map")["map"]
    declared = release.games.game("cooperation")
    assert declared is not None
    assert declared.today is not None
    goal = profiles(3).index((1, 1, 1))
    for row, column in ((0, 0), (10, 12), (24, 40), (48, 14), (48, 48), (5, 16)):
        values = declared.today | {"reward": drawn["x"][column], "penalty": drawn["y"][row]}
        stable = stable_vertices(advantages(declared.game.values(values)))
        others = bool(np.delete(stable, goal).any())
        expected = (2 if others else 3) if stable[goal] else (0 if others else 1)
        assert drawn["z"][row][column] == expected
    assert {each for row in drawn["z"] for each in row} == {0, 1, 2, 3}
    # The table says the same: at a reward of 1 everyone's cooperation lasts from a penalty of 1 on.
    assert "1 from 1 on" in part(page(home), "map")
    assert "3 at no value" in part(page(home), "map")


def test_thresholds_are_drawn_and_told_as_published(home: Path, release: Release) -> None:
    content = page(home)
    table = part(content, "thresholds")
    rows = release._con.cursor().execute(
        "select parameter_id, low, high from game_thresholds where game_id = 'cooperation' and scenario_id = 'today' "
        "and profile = '1,1,1'"
    )
    told = {name: (low, high) for name, low, high in rows.fetchall()}
    assert told["reward"] == (0.2, 2.0)
    assert "1.5 0.2 to 2 below: The public; above: Government" in table
    stable = figure(content, "bands")["stable"]
    spans = dict(zip(stable["y"][::3], zip(stable["x"][::3], stable["x"][1::3], strict=True), strict=True))
    declared = release.games.game("cooperation")
    assert declared is not None
    for row, parameter in enumerate(declared.parameters):
        low, high = told[parameter["parameter_id"]]
        width = parameter["high"] - parameter["low"]
        ends = [
            0 if low is None else (low - parameter["low"]) / width,
            1 if high is None else (high - parameter["low"]) / width,
        ]
        assert spans[row] == pytest.approx(np.clip(ends, 0, 1), abs=1e-3), parameter["parameter_id"]


def test_sliders_move_all_that_follows_and_nothing_else(home: Path, release: Release) -> None:
    made = follow(release, "?lang=en", reward=3)
    content = page(home, "?set=reward:3&map=reward&map=penalty")
    for name in ("portrait", "map", "bands"):
        drawn = reading.find(content, {FIGURE: name}).figure
        assert json.dumps(made["figures"][name], cls=PlotlyJSONEncoder) == json.dumps(drawn, cls=PlotlyJSONEncoder)
    for name in ("verdict", "payoffs", "points", "thresholds", "map"):
        assert reading.words(made["parts"][name]) == part(content, name)
    assert made["amounts"]["reward"] == "3"
    assert made["address"] == "/game?set=reward%3A3&map=reward&map=penalty&lang=en"
    assert made["links"] == {
        "language": "/game?set=reward%3A3&map=reward&map=penalty&lang=zh",
        "scheme": "/game?set=reward%3A3&map=reward&map=penalty&lang=en&scheme=dark",
    }


def test_back_at_today_s_values_the_address_holds_none(release: Release) -> None:
    assert follow(release, "?set=reward:3&lang=en")["address"] == "/game?map=reward&map=penalty&lang=en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_sliders_answer_in_the_reader_s_language(release: Release, language: str) -> None:
    told = reading.words(follow(release, f"?lang={language}", reward=3)["parts"]["verdict"])
    assert ("不能持久" in told) is (language == "zh")


def test_sliders_of_another_game_or_release_move_nothing(release: Release) -> None:
    view = parse("/game", "?game=inspection")
    assert moved(release, view, "light", {"reward": 1.0}, AXES) is None
    assert moved(release, replace(view, game="chess"), "light", {"fine": 1.0}, AXES) is None
    assert moved(release, replace(view, game="unread"), "light", {"benefit": 1.0}, AXES) is None


@pytest.mark.slow
def test_what_follows_a_slider_is_made_in_time(release: Release) -> None:
    """Counted is the processor's time: how long a reader waits hangs on what else the machine does."""
    follow(release)
    taken = []
    for step in range(9):
        begun = time.process_time()
        json.dumps(follow(release, reward=1 + step / 10), cls=PlotlyJSONEncoder)
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.05 * pace()


def test_a_scenario_sets_all_of_its_values(release: Release) -> None:
    declared = release.games.game("cooperation")
    settings = scenario_settings(declared, "double_reward")
    assert declared is not None
    assert declared.today is not None
    assert settings == declared.today | {"reward": 3}
    assert scenario_settings(declared, "chess") == scenario_settings(None, "today") == {}


def test_controls_are_named_for_who_cannot_see_them(home: Path) -> None:
    content = page(home)
    sliders = [
        each for each in reading.parts(content) if isinstance(getattr(each, "id", None), dict) and LEVER in each.id
    ]
    assert len(sliders) == 8
    assert all(slider.thumbLabel and slider.min < slider.value < slider.max for slider in sliders)
    buttons = [
        each for each in reading.parts(content) if isinstance(getattr(each, "id", None), dict) and SCENARIO in each.id
    ]
    assert [reading.words(button) for button in buttons] == ["Today's parameters", "Double the reward"]
    assert reading.find(content, {ADDRESS: "view"}) is not None


@pytest.mark.parametrize(
    ("low", "high", "step"), [(0, 1, 0.01), (0, 6, 0.05), (0, 16, 0.2), (0, 100, 1), (-3, 3, 0.05), (0, 0.002, 2e-5)]
)
def test_a_slider_has_round_steps(low: float, high: float, step: float) -> None:
    assert slider_step(low, high) == pytest.approx(step)


def test_scenarios_and_sensitivity_are_those_of_the_release(home: Path, release: Release) -> None:
    content = page(home)
    drawn = {
        trace["meta"]: trace
        for name in ("scenarios", "sensitivity")
        for trace in reading.find(content, {"game-published": name}).figure["data"]
    }
    declared = release.games.game("cooperation")
    assert declared is not None
    assert drawn["scenarios"]["x"] == [pytest.approx(100 * row["goal_share"], abs=1e-3) for row in declared.scenarios]
    effects = release.games.sensitivity("cooperation", "today")
    assert drawn["lower"]["x"] == pytest.approx((100 * effects["cooperation_lower"]).to_list(), abs=1e-3)
    assert drawn["upper"]["x"] == pytest.approx((100 * effects["cooperation_upper"]).to_list(), abs=1e-3)
    grids = {each.id["grid"]: each for each in reading.parts(content) if isinstance(getattr(each, "id", None), dict) and "grid" in each.id}  # fmt: skip  # noqa: E501
    assert grids["sensitivity"].rowData[0]["cooperation_upper"] == pytest.approx(drawn["upper"]["x"][0], abs=1e-3)
    assert [row["stable"] for row in grids["scenarios"].rowData] == ["yes", "no"]


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK])
def test_figures_of_nothing_are_empty(scheme: theme.Palette) -> None:
    assert band_figure([], scheme)["data"][0]["x"] == []
    assert scenario_figure([], [], [], [], scheme)["data"][0]["x"] == []


def test_a_page_and_its_links_hold_the_view(release: Release) -> None:
    view = View("game", game="inspection", settings=(("fine", 7.0),), axes=("effort", "fine"), language="en")
    text = json.dumps(draw_page(release, view, "light"), cls=PlotlyJSONEncoder)
    assert re.search(r"/game\?game=inspection&set=fine%3A7&map=effort&map=fine&lang=zh", text)
