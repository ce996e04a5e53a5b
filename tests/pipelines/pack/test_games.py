"""Games that a pack declares: what is wrong with one is told with its line and column, before anything is run."""

from pathlib import Path

import polars as pl
import pytest

from indicators.games.declared import Parameter, Scenario
from indicators.games.tables import profiles
from pipelines.errors import PackError
from pipelines.pack.games import EXAMPLE_NAME, example_game, games_of
from pipelines.pack.mistakes import listed
from pipelines.publishing.games import TABLES, played
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

FIGURES = pl.DataFrame(
    schema={
        "indicator_id": pl.String, "area_id": pl.String, "period_kind": pl.String, "period_start": pl.Date,
        "value": pl.Float64, "status": pl.String,
    }
)  # fmt: skip
DECLARED = """\
games:
  rewarded:
    title: {en: Does it pay, zh: 是否划算}
    populations:
      office: {title: {en: Office, zh: 街道办}, cooperates: {en: Pay, zh: 奖}, otherwise: {en: No, zh: 否}, start: 0.6}
      firms: {title: {en: Firms, zh: 企业}, cooperates: {en: Join, zh: 参与}, otherwise: {en: No, zh: 否}}
    parameters:
      reward: {title: {en: Reward, zh: 奖励}, value: 4, low: 0, high: 6.5, source: {en: Budget, zh: 预算}}
      cost:
        title: {en: Cost, zh: 成本}
        indicator: E2
        value: 3
        factor: 0.01
        low: 0
        high: 9
        source: {en: Assumed, zh: 假设}
    payoffs:
      "0,0": {office: 0, firms: 0}
      "0,1": {office: 4, firms: -cost}
      "1,0": {office: -1, firms: 0}
      "1,1":
        office: 9.5 - reward
        firms: (reward - cost) / 2
    goal: "1,1"
    scenarios:
      double_reward:
        title: {en: Double, zh: 加倍}
        multiplied: {reward: 2}
        given: {cost: 1}
"""


def text(part: str = "", new: str = "") -> str:
    assert not part or DECLARED.count(part) == 1, part
    return CITY_YML.replace("sources:\n", DECLARED.replace(part, new) + "sources:\n", 1)


def test_a_game_is_what_the_statistics_take(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, city_yml=text())
    game = games_of(pack)["rewarded"].played("rewarded")
    assert game.game.populations == ("office", "firms")
    assert game.game.payoffs[1, 1][1].text == "(reward - cost) / 2"
    assert game.parameters["reward"] == Parameter(0, 6.5, 4.0)
    assert game.parameters["cost"] == Parameter(0, 9, 3.0, "E2", "city", 0.01)
    assert [*game.scenarios] == ["today", "double_reward"]
    assert game.scenarios["double_reward"] == Scenario({"cost": 1.0}, {"reward": 2.0})
    assert (game.goal, [each.text for each in game.start]) == ((1, 1), ["0.6", "0.5"])


def test_what_is_published_has_titles_and_the_source_of_every_parameter(tmp_path: Path) -> None:
    found = played(write_pack(tmp_path, city_yml=text()), FIGURES)
    assert tuple(found) == TABLES
    (game,) = found["games"].to_dicts()
    assert (game["game_id"], game["title_zh"], game["is_example"], game["goal"]) == (
        "rewarded",
        "是否划算",
        False,
        "1,1",
    )
    parameters = found["game_parameters"].select("parameter_id", "position", "title_en", "source_zh", "status", "high")
    # The second scenario takes the reward beyond its declared range.
    assert parameters.rows() == [
        ("reward", 0, "Reward", "预算", "given", 8.0), ("cost", 1, "Cost", "假设", "stand_in", 9.0)
    ]  # fmt: skip
    scenarios = found["game_scenarios"].select("scenario_id", "position", "title_en", "goal_is_stable").rows()
    assert scenarios == [("today", 0, "Today's parameters", True), ("double_reward", 1, "Double", False)]


@pytest.mark.slow
def test_a_pack_that_says_nothing_has_the_example_and_one_that_says_none_has_none(tmp_path: Path) -> None:
    silent = write_pack(tmp_path / "a")
    assert [*games_of(silent)] == [EXAMPLE_NAME]
    (game,) = played(silent, FIGURES)["games"].to_dicts()
    assert game["is_example"]
    none = write_pack(tmp_path / "b", city_yml=CITY_YML.replace("sources:\n", "games: {}\nsources:\n", 1))
    assert games_of(none) == {}
    assert {frame.height for frame in played(none, FIGURES).values()} == {0}


def test_every_parameter_of_the_example_states_its_source_and_matters() -> None:
    example = example_game()
    game = example.played("example")
    assert game.parameters.keys() == game.game.names
    assert all(parameter.source for parameter in example.parameters.values())
    assert set(game.game.payoffs) == set(profiles(3))


@pytest.mark.parametrize(
    ("part", "new", "marker", "field", "problem"),
    [
        ("  rewarded:\n", "  Rewarded:\n", "Rewarded", "", "cannot be a name"),
        ("office: 9.5 - reward", "office: 9.5 - rewrd", "9.5", "payoffs.1,1.office", "'rewrd' is no parameter"),
        ("office: 9.5 - reward", "office: 9.5 - reward ** 2", "9.5", "payoffs.1,1.office", "column 14"),
        ("office: 9.5 - reward", 'office: "9.5 - max(reward)"', "9.5", "payoffs.1,1.office", "no functions"),
        ("start: 0.6", "start: half", "start:", "populations.office.start", "'half' is no parameter"),
        ('      "1,0": {office: -1, firms: 0}\n', "", "payoffs:", "payoffs", "the payoffs of 1,0 are missing"),
        ('"1,0": {office: -1, firms: 0}', '"1,0": {office: -1}', '"1,0"', "payoffs.1,0", "firms is missing"),
        ("firms: (reward - cost) / 2", "firms: 1\n        shops: cost", "shops", "payoffs.1,1.shops", "no population"),
        ('"0,1": {', '"0,1,1": {', '"0,1,1"', "payoffs.0,1,1", "does not say who cooperates"),
        ('goal: "1,1"', 'goal: "2,1"', "goal:", "goal", "does not say who cooperates"),
        (", source: {en: Budget, zh: 预算}", "", "reward: {title", "parameters.reward", "needs its source"),
        ("value: 4, ", "", "reward: {title", "parameters.reward", "give a value"),
        ("value: 4, low: 0, high: 6.5", "value: 4, low: 7, high: 6.5", "reward: {title", "parameters.reward", "below"),
        ("value: 4, low: 0", "value: 4, low: 5", "reward: {title", "parameters.reward", "not between"),
        ("indicator: E2", "indicator: E22", "indicator:", "parameters.cost.indicator", "not in the catalogue"),
        ("indicator: E2", "indicator: E2\n        area: moon", "area: moon", "parameters.cost.area", "no area"),
        ("multiplied: {reward: 2}", "multiplied: {rewad: 2}", "multiplied:", "scenarios.double_reward.multiplied.rewad",
         "'rewad' is no parameter"),
        ("multiplied: {reward: 2}", "multiplied: {cost: 2}", "multiplied:", "scenarios.double_reward.multiplied.cost",
         "both given and multiplied"),
        ("      double_reward:", "      today:", "  today:", "scenarios.today", "in any case"),
        ("(reward - cost) / 2", "(reward - 1) / 2\n      \"0,9\": {office: 0, firms: 0}", '"0,9"', "payoffs.0,9",
         "does not say"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(
    part: str, new: str, marker: str, field: str, problem: str, tmp_path: Path
) -> None:
    wrong = text(part, new)
    with pytest.raises(PackError) as caught:
        write_pack(tmp_path, city_yml=wrong)
    wanted = ".".join(filter(None, ["games", "Rewarded" if "Rewarded" in new else "rewarded", field]))
    found = [each for each in listed(caught.value) if each.field == wanted]
    assert found, str(caught.value)
    assert problem in found[0].problem
    assert found[0].line == line_of(wrong, marker)
    assert found[0].remedy


def test_a_parameter_that_nothing_uses_and_a_third_population_too_many_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no payoff and no start uses cost"):
        write_pack(
            tmp_path,
            city_yml=text().replace("-cost", "0").replace("(reward - cost)", "reward").replace("{cost: 1}", "{}"),
        )
    one = text().split("      firms: {title")
    with pytest.raises(PackError, match="1 populations cannot be played"):
        write_pack(tmp_path, city_yml=one[0] + one[1].split("\n", 1)[1])
