"""Declared games: parameters read off figures, scenarios, and what is published of them."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from indicators import games
from indicators.games.declared import LEAST_START, SCHEMAS, DeclaredGame, Parameter, Scenario, play
from indicators.games.expressions import parse
from tests.indicators.games.tables_of_games import of_gains
from tests.indicators.games.test_thresholds import REWARDED, VALUES

pytestmark = pytest.mark.slow

FIGURES = pl.DataFrame(
    [
        ("E2", "city", "year", date(2024, 1, 1), 40.0, "final"),
        ("E2", "city", "quarter", date(2025, 4, 1), 50.0, "final"),
        ("E2", "city", "quarter", date(2025, 7, 1), 55.0, "provisional"),
        ("E2", "city", "day", date(2025, 6, 30), 99.0, "final"),
        ("E2", "east", "quarter", date(2025, 4, 1), 10.0, "final"),
        ("S1", "city", "year", date(2024, 1, 1), None, "withheld"),
        ("B2", "city", "rolling_12m", date(2024, 1, 1), 7.0, "final"),
        ("B2", "city", "month", date(2024, 12, 1), 9.0, "final"),
    ],
    schema={
        "indicator_id": pl.String, "area_id": pl.String, "period_kind": pl.String, "period_start": pl.Date,
        "value": pl.Float64, "status": pl.String,
    },
    orient="row",
)  # fmt: skip


def declared(parameters: dict[str, Parameter] | None = None, **changes: Any) -> DeclaredGame:
    given = {name: Parameter(0, 10, value) for name, value in VALUES.items()} | (parameters or {})
    settings: dict[str, Any] = {
        "id": "rewarded",
        "game": REWARDED,
        "parameters": given,
        "scenarios": {"today": Scenario(), "triple": Scenario(multiplied={"reward": 3.0})},
        "start": (parse("0.6"), parse("0.5")),
        "goal": (1, 1),
    }
    return DeclaredGame(**{**settings, **changes})


def rows(table: str, *games: DeclaredGame) -> list[dict[str, Any]]:
    found = play(games, FIGURES)
    assert found.keys() == SCHEMAS.keys()
    assert all(dict(frame.schema) == SCHEMAS[name] for name, frame in found.items())
    return found[table].to_dicts()


def test_scenarios_are_today_with_changes() -> None:
    today, triple = rows("game_scenarios", declared())
    assert json.loads(today["settings"]) == VALUES
    assert json.loads(triple["settings"]) == VALUES | {"reward": 3.0}
    assert (today["goal_is_stable"], triple["goal_is_stable"]) == (False, True)
    assert (today["goal_share"], today["destination"], today["goal"]) == (0.0, "0,0", "1,1")
    assert triple["goal_share"] > 0.2
    assert triple["cooperation"] == pytest.approx(triple["goal_share"], abs=0.01)
    assert (triple["start_1"], triple["start_2"], triple["start_3"]) == (0.6, 0.5, None)
    assert (triple["end_1"], triple["end_2"], triple["end_3"]) == (1.0, 1.0, None)
    assert today["starts"] == 41**2


def test_rest_points_thresholds_and_sensitivity_are_of_each_scenario() -> None:
    points = rows("game_rest_points", declared())
    assert {row["scenario_id"] for row in points} == {"today", "triple"}
    vertices = [row for row in points if row["scenario_id"] == "triple" and row["kind"] == "vertex"]
    assert [row["stability"] for row in vertices] == ["stable", "saddle", "saddle", "stable"] or len(vertices) == 4
    assert sum(row["basin_share"] for row in vertices) == pytest.approx(1, abs=0.02)
    (last,) = [row for row in vertices if (row["share_1"], row["share_2"]) == (1, 1)]
    assert (last["eigenvalue_1"], last["eigenvalue_2"]) == pytest.approx((-4, -1))
    reward = [row for row in rows("game_thresholds", declared())
              if (row["scenario_id"], row["parameter_id"], row["profile"]) == ("triple", "reward", "1,1")]  # fmt: skip
    assert [(row["low"], row["high"], row["low_by"], row["high_by"]) for row in reward] == [(2, 7, "B", "A")]
    effects = [row for row in rows("game_sensitivity", declared()) if row["scenario_id"] == "triple"]
    assert [row["parameter_id"] for row in effects] == list(VALUES)


def test_a_parameter_is_read_off_the_newest_final_figure() -> None:
    read = Parameter(0, 1, indicator_id="E2", area_id="city", factor=0.01)
    longest = Parameter(0, 10, indicator_id="B2", area_id="city")
    found = {row["parameter_id"]: row for row in rows("game_parameters", declared({"credit": read, "cost": longest}))}
    assert (found["credit"]["value"], found["credit"]["status"]) == (0.5, "read")
    assert (found["credit"]["period_kind"], found["credit"]["period_start"]) == ("quarter", date(2025, 4, 1))
    assert (found["cost"]["value"], found["cost"]["period_kind"]) == (7.0, "rolling_12m")
    assert (found["reward"]["value"], found["reward"]["status"]) == (1.0, "given")


def test_where_there_is_no_figure_another_value_stands_in_or_nothing_is_played() -> None:
    missing = Parameter(0, 10, indicator_id="S1", area_id="city")
    game = declared({"cost": missing, "effort": Parameter(0, 10, 3.0, "S9", "city")})
    status = {row["parameter_id"]: row["status"] for row in rows("game_parameters", game)}
    assert (status["cost"], status["effort"]) == ("no_figure", "stand_in")
    told = rows("game_scenarios", game)
    assert [(row["status"], row["reason"]) for row in told] == [("not_available", "no_figure:cost")] * 2
    assert rows("game_rest_points", game) == rows("game_thresholds", game) == rows("game_sensitivity", game) == []


def test_ranges_hold_today_and_every_scenario() -> None:
    game = declared({"reward": Parameter(2, 4, 1.0)}, scenarios={"today": Scenario(), "much": Scenario({"reward": 8})})
    (reward,) = [row for row in rows("game_parameters", game) if row["parameter_id"] == "reward"]
    assert (reward["low"], reward["high"]) == (1.0, 8.0)


def test_a_scenario_that_cannot_be_played_says_why() -> None:
    divided = declared(
        {"p": Parameter(0, 4, 1.0)}, game=of_gains(["1 / p", "1"]),
        scenarios={"today": Scenario(), "none": Scenario({"p": 0.0})},
    )  # fmt: skip
    _, none = rows("game_scenarios", divided)
    assert none["status"] == "not_available"
    assert none["reason"].startswith("not_playable:payoff 1 of profile 1,")
    (today, _) = rows("game_scenarios", declared(start=(parse("reward * 2"), parse("0.5"))))
    assert today["reason"] == "not_playable:a start is no share from 0 to 1: 2, 0.5"


def test_a_start_that_nobody_holds_is_kept_off_the_border() -> None:
    today, _ = rows("game_scenarios", declared(start=(parse("0"), parse("1"))))
    assert (today["start_1"], today["start_2"]) == (LEAST_START, 1 - LEAST_START)


def test_no_game_makes_empty_frames() -> None:
    assert [frame.height for frame in play([], FIGURES).values()] == [0] * len(SCHEMAS)


def test_no_figure_is_made_from_a_game() -> None:
    """Games read figures; nothing in the package outside them reads a game."""
    package = Path(games.__file__).parents[1]
    reading = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        if path.parent.name != "games"
        and re.search(r"^\s*(from|import) indicators\.games", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert reading == []
