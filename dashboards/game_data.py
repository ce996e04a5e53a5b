"""Questions to one release about games: as declared, ready to be played, and what is published of their scenarios.

Here: games with their tables and parameters. Not here: opening a release (`data`), nor what comes of other values than
the published ones, which `indicators.games` works out and `components/game_play` puts together; nothing here words.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from dashboards.questions import Questions
from indicators.games.expressions import Expression, parse
from indicators.games.tables import Game, Profile


@dataclass(frozen=True)
class DeclaredGame:
    """One game of a release.

    Attributes
    ----------
    row : dict
        As `games` has it: titles, note, is_example.
    populations : list of dict
        id, start and title, cooperates, otherwise in both languages, in the order of the table.
    game : Game
    goal : tuple of int
        Profile that is hoped for.
    parameters : list of dict
        As `game_parameters` has them, with the title of the indicator that each is read off.
    scenarios : list of dict
        As `game_scenarios` has them, `settings` by parameter, empty where there are none.
    """

    row: dict[str, Any]
    populations: list[dict[str, Any]]
    game: Game
    goal: Profile
    parameters: list[dict[str, Any]]
    scenarios: list[dict[str, Any]]

    @property
    def game_id(self) -> str:
        """Name of the game in its pack."""
        return str(self.row["game_id"])

    @property
    def start(self) -> tuple[Expression, ...]:
        """Share of each population that cooperates today."""
        return tuple(parse(each["start"]) for each in self.populations)

    @property
    def today(self) -> dict[str, float] | None:
        """Value of every parameter; None where one is not known."""
        values = {each["parameter_id"]: each["value"] for each in self.parameters}
        return None if None in values.values() else values


class GameData(Questions):
    """The games of one release."""

    @cached_property
    def games(self) -> list[DeclaredGame]:
        """Every game in the order of the pack."""
        parameters = self._query(
            """select p.*, i.title_en as indicator_en, i.title_zh as indicator_zh from game_parameters p
            left join indicator_catalogue i using (indicator_id) order by p.game_id, p.position"""
        ).to_dicts()
        scenarios = self._query("select * from game_scenarios order by game_id, position").to_dicts()
        return [
            _declared(
                row,
                [each for each in parameters if each["game_id"] == row["game_id"]],
                [each for each in scenarios if each["game_id"] == row["game_id"]],
            )
            for row in self._query("select * from games order by position").to_dicts()
        ]

    def game(self, game_id: str | None) -> DeclaredGame | None:
        """A game by its name; the first without one, None if there is no such."""
        if game_id is None:
            return next(iter(self.games), None)
        return next((each for each in self.games if each.game_id == game_id), None)

    def sensitivity(self, game_id: str, scenario_id: str) -> pl.DataFrame:
        """What each parameter moves in a scenario, as `game_sensitivity` has it, the strongest first."""
        return self._query(
            """select * exclude (game_id, scenario_id) from game_sensitivity where game_id = ? and scenario_id = ?
            order by abs(cooperation_upper - cooperation_lower) desc, parameter_id""",
            game_id,
            scenario_id,
        )


def _declared(row: dict[str, Any], parameters: list[dict[str, Any]], scenarios: list[dict[str, Any]]) -> DeclaredGame:
    populations = json.loads(row["populations"])
    payoffs = {
        tuple(int(each) for each in profile.split(",")): tuple(parse(entry) for entry in entries)
        for profile, entries in json.loads(row["payoffs"]).items()
    }
    return DeclaredGame(
        row=row,
        populations=populations,
        game=Game(tuple(each["id"] for each in populations), payoffs),
        goal=tuple(int(each) for each in row["goal"].split(",")),
        parameters=parameters,
        scenarios=[each | {"settings": json.loads(each["settings"] or "{}")} for each in scenarios],
    )
