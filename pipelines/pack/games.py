"""Declared games: what a pack may say of who has which reason to cooperate, and what cannot be played.

Here: the payoff table as expressions, parameters with their sources, scenarios. Not here: what comes of it
(`indicators/games`). A pack that says nothing of games has the documented example, `example_game.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic

from indicators.catalogue.reading import load_catalogue
from indicators.games.declared import PERIOD_KINDS, DeclaredGame, Parameter, Scenario
from indicators.games.expressions import Expression, ExpressionError, parse
from indicators.games.tables import Game, Profile, profiles, written
from pipelines.pack.marked_yaml import read_yaml
from pipelines.pack.mistakes import nearest
from pipelines.pack.parts import Part, Text

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack

EXAMPLE = Path(__file__).with_name("example_game.yml")
EXAMPLE_NAME = "cooperation"
TODAY = "today"
"""The scenario that every game has: parameters as they are."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SHARE = "Expression for the share that cooperates today, from 0 to 1, such as 0.3 or the name of a parameter"
_Entry = str | int | float


class GamePopulation(Part):
    """One of the two or three subjects of a game."""

    title: Annotated[Text, pydantic.Field(description="What it is called, such as Enterprises")]
    cooperates: Annotated[Text, pydantic.Field(description="What it does where it cooperates, such as Join in patrols")]
    otherwise: Annotated[Text, pydantic.Field(description="What it does otherwise, such as Stay away")]
    start: Annotated[_Entry, pydantic.Field(description=_SHARE)] = "0.5"


class GameParameter(Part):
    """A number of the payoff table, with where it comes from: given, or read off a figure."""

    title: Annotated[Text, pydantic.Field(description="What it is, such as Reward for taking part")]
    value: Annotated[
        float | None,
        pydantic.Field(description="Its value; of one that is read, what stands in where there is no figure"),
    ] = None
    source: Annotated[
        Text | None, pydantic.Field(description="Where the value comes from, such as a study, a budget, an assumption")
    ] = None
    indicator: Annotated[
        str | None, pydantic.Field(description="Id of an indicator whose newest figure it is read off, such as E2")
    ] = None
    area: Annotated[str, pydantic.Field(description="Id of the area whose figure is read; by default the city")] = (
        "city"
    )
    factor: Annotated[
        float, pydantic.Field(description="What the figure is multiplied by, such as 0.01 to make a share of per cent")
    ] = 1.0
    low: Annotated[float, pydantic.Field(description="Least value that is looked at")]
    high: Annotated[float, pydantic.Field(description="Greatest value that is looked at")]

    @pydantic.model_validator(mode="after")
    def _sourced(self) -> GameParameter:
        if self.value is None and self.indicator is None:
            raise ValueError("give a value with its source, or an indicator to read it off")
        if self.value is not None and self.source is None:
            raise ValueError("a value needs its source: say where it comes from, be it an assumption")
        if not self.low < self.high:
            raise ValueError(f"low must be below high, and {self.low:g} is not below {self.high:g}")
        if self.value is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"the value {self.value:g} is not between low {self.low:g} and high {self.high:g}")
        return self


class GameScenario(Part):
    """What would be otherwise than today."""

    title: Annotated[Text, pydantic.Field(description="Its name, such as Double the reward")]
    given: Annotated[dict[str, float], pydantic.Field(description="New values, by parameter")] = {}
    multiplied: Annotated[
        dict[str, float], pydantic.Field(description="Multiples of today's values, by parameter, such as {reward: 2}")
    ] = {}


class GameOfPack(Part):
    """An illustrative scenario: who gets what where each cooperates or not. It never enters a score."""

    title: Annotated[Text, pydantic.Field(description="What the game is about")]
    note: Annotated[Text | None, pydantic.Field(description="What a reader must know of it")] = None
    populations: Annotated[
        dict[str, GamePopulation], pydantic.Field(description="Two or three subjects, by name, in the table's order")
    ]
    parameters: Annotated[
        dict[str, GameParameter], pydantic.Field(description="Numbers of the table, by the name it uses for them")
    ] = {}
    payoffs: Annotated[
        dict[str, dict[str, _Entry]],
        pydantic.Field(
            description="Payoff of each population by who cooperates (1) and who does not (0) in the order of the "
            "populations, such as '1,0,1'; expressions of + - * / over numbers and parameters"
        ),
    ]
    goal: Annotated[
        str | None, pydantic.Field(description="Who is hoped to cooperate, such as '0,1,1'; by default everyone")
    ] = None
    scenarios: Annotated[
        dict[str, GameScenario], pydantic.Field(description="What would be otherwise than today, by name")
    ] = {}

    @property
    def goal_profile(self) -> Profile:
        """What is hoped for."""
        return tuple(int(each) for each in self.goal.split(",")) if self.goal else (1,) * len(self.populations)

    def played(self, name: str) -> DeclaredGame:
        """Return it as `indicators/games` takes it."""
        count = len(self.populations)
        payoffs = {
            profile: tuple(parse(str(self.payoffs[written(profile)][each])) for each in self.populations)
            for profile in profiles(count)
        }
        return DeclaredGame(
            id=name,
            game=Game(tuple(self.populations), payoffs),
            parameters={
                each: Parameter(
                    parameter.low,
                    parameter.high,
                    parameter.value,
                    parameter.indicator,
                    parameter.area if parameter.indicator else None,
                    parameter.factor,
                )
                for each, parameter in self.parameters.items()
            },
            scenarios={
                TODAY: Scenario(),
                **{each: Scenario(made.given, made.multiplied) for each, made in self.scenarios.items()},
            },
            start=tuple(parse(str(each.start)) for each in self.populations.values()),
            goal=self.goal_profile,
        )


@cache
def example_game() -> GameOfPack:
    """Return the documented example."""
    return GameOfPack.model_validate(read_yaml(EXAMPLE)[0])


def games_of(pack: CityPack) -> dict[str, GameOfPack]:
    """Return the games of a pack by name; the example where it says nothing of games."""
    return {EXAMPLE_NAME: example_game()} if pack.games is None else pack.games


def wrong_games(pack: CityPack) -> Iterator[PackError]:
    """Find games that cannot be played, whatever the figures are."""
    for name, game in (pack.games or {}).items():
        here = ("games", name)
        for section, names in (
            ((), [name]),
            (("populations",), [*game.populations]),
            (("parameters",), [*game.parameters]),
            (("scenarios",), [*game.scenarios]),
        ):
            for each in names:
                if not _NAME.fullmatch(each):
                    place = (*here, *section, each) if section else here
                    yield pack.error(f"{each!r} cannot be a name", *place, remedy="use a-z, 0-9 and _ (first a letter)")
        if len(game.populations) not in (2, 3):
            yield pack.error(
                f"{len(game.populations)} populations cannot be played",
                *(*here, "populations"),
                remedy="name two or three",
            )
            continue
        yield from _wrong_table(pack, name, game)
        yield from _wrong_goal(pack, name, game)
        yield from _wrong_entries(pack, name, game)
        yield from _wrong_parameters(pack, name, game)
        yield from _wrong_scenarios(pack, name, game)


def _wrong_table(pack: CityPack, name: str, game: GameOfPack) -> Iterator[PackError]:
    wanted = [written(profile) for profile in profiles(len(game.populations))]
    here = ("games", name, "payoffs")
    for profile in game.payoffs:
        if profile not in wanted:
            yield pack.error(
                f"{profile!r} does not say who cooperates", *(*here, profile), remedy=f"write one of {' '.join(wanted)}"
            )
    for profile in wanted:
        row = game.payoffs.get(profile)
        if row is None:
            yield pack.error(f"the payoffs of {profile} are missing", *here, remedy=f"add '{profile}'")
            continue
        for population in game.populations:
            if population not in row:
                yield pack.error(
                    f"the payoff of {population} is missing", *(*here, profile), remedy=f"add {population}"
                )
        for population in row:
            if population not in game.populations:
                yield pack.error(
                    f"{population!r} is no population of this game",
                    *(*here, profile, population),
                    remedy=f"name one of {', '.join(game.populations)}",
                )


def _wrong_goal(pack: CityPack, name: str, game: GameOfPack) -> Iterator[PackError]:
    wanted = [written(profile) for profile in profiles(len(game.populations))]
    if game.goal is not None and game.goal not in wanted:
        yield pack.error(
            f"{game.goal!r} does not say who cooperates",
            *("games", name, "goal"),
            remedy=f"write one of {' '.join(wanted)}",
        )


def _entries(game: GameOfPack) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every expression of a game with its place."""
    for profile, row in game.payoffs.items():
        for population, entry in row.items():
            yield ("payoffs", profile, population), str(entry)
    for population, declared in game.populations.items():
        yield ("populations", population, "start"), str(declared.start)


def _wrong_entries(pack: CityPack, name: str, game: GameOfPack) -> Iterator[PackError]:
    used: set[str] = set()
    for place, text in _entries(game):
        try:
            expression: Expression = parse(text)
        except ExpressionError as error:
            yield pack.error(
                f"column {error.column} of {text!r}: {error.problem}", *("games", name, *place), remedy="mend it there"
            )
            continue
        used |= expression.names
        for unknown in sorted(expression.names - game.parameters.keys()):
            close = nearest(unknown, game.parameters)
            yield pack.error(
                f"{unknown!r} is no parameter of this game (column {text.find(unknown) + 1} of {text!r})",
                *("games", name, *place),
                remedy=f"did you mean {close}?" if close else "declare it under parameters",
            )
    for parameter in game.parameters:
        if parameter not in used:
            yield pack.error(
                f"no payoff and no start uses {parameter}",
                *("games", name, "parameters", parameter),
                remedy="use it or take it out",
            )


def _wrong_parameters(pack: CityPack, name: str, game: GameOfPack) -> Iterator[PackError]:
    kinds = {entry.id: entry.period_kinds for entry in load_catalogue()}
    for each, parameter in game.parameters.items():
        here = ("games", name, "parameters", each)
        if parameter.indicator is None:
            continue
        if parameter.indicator not in kinds:
            close = nearest(parameter.indicator, kinds)
            yield pack.error(
                f"indicator {parameter.indicator!r} is not in the catalogue",
                *(*here, "indicator"),
                remedy=f"did you mean {close}?" if close else "name one of indicators/catalogue",
            )
        elif not set(kinds[parameter.indicator]) & set(PERIOD_KINDS):
            yield pack.error(
                f"indicator {parameter.indicator} has no figures by {', '.join(PERIOD_KINDS)}",
                *(*here, "indicator"),
                remedy="name another",
            )
        geography = parameter.area.partition("-")[0]
        if parameter.area != "city" and parameter.area not in pack.groups and geography not in pack.geographies:
            yield pack.error(
                f"{parameter.area!r} is no area of this city",
                *(*here, "area"),
                remedy="write city, the id of a group, or geography-key",
            )


def _wrong_scenarios(pack: CityPack, name: str, game: GameOfPack) -> Iterator[PackError]:
    for each, scenario in game.scenarios.items():
        here = ("games", name, "scenarios", each)
        if each == TODAY:
            yield pack.error(f"{TODAY} is there in any case", *here, remedy="give the scenario another name")
        ways: tuple[tuple[Literal["given", "multiplied"], dict[str, float]], ...] = (
            ("given", scenario.given),
            ("multiplied", scenario.multiplied),
        )
        for way, changes in ways:
            for parameter in changes:
                if parameter not in game.parameters:
                    close = nearest(parameter, game.parameters)
                    yield pack.error(
                        f"{parameter!r} is no parameter of this game",
                        *(*here, way, parameter),
                        remedy=f"did you mean {close}?" if close else f"name one of {', '.join(game.parameters)}",
                    )
        for parameter in scenario.given.keys() & scenario.multiplied.keys():
            yield pack.error(
                f"{parameter} is both given and multiplied", *(*here, "multiplied", parameter), remedy="keep one"
            )
