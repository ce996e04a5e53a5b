"""Games that a pack declares, played on what is published, with their titles and sources.

The statistics are in `indicators/games`; what a pack may declare is in `pack/games`. Nothing else reads what is made
here: a game is an illustration and enters no figure.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from indicators.games.declared import SCHEMAS, play
from indicators.games.tables import profiles, written
from pipelines.pack.city import CityPack
from pipelines.pack.games import TODAY, GameOfPack, games_of
from pipelines.pack.parts import Text

TABLES = ("games", *SCHEMAS)
_TODAY = Text(en="Today's parameters", zh="当前参数")
_GAMES: dict[str, Any] = {
    "game_id": pl.String,
    "position": pl.Int32,
    **dict.fromkeys(("title_en", "title_zh", "note_en", "note_zh"), pl.String),
    "is_example": pl.Boolean,
    **dict.fromkeys(("populations", "payoffs", "goal"), pl.String),
}


def played(pack: CityPack, values: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Play the games of a pack.

    Parameters
    ----------
    values
        `indicator_values` as published.

    Returns
    -------
    dict of str to DataFrame
        By the names in TABLES: `games` as declared, and those of `play`, with titles and sources.
    """
    declared = games_of(pack)
    found = play([game.played(name) for name, game in declared.items()], values)
    games = [_game(name, position, game, pack.games is None) for position, (name, game) in enumerate(declared.items())]
    parameters = {
        (name, each): {**_text("title", parameter.title), **_text("source", parameter.source)}
        for name, game in declared.items()
        for each, parameter in game.parameters.items()
    }
    scenarios = {
        (name, each): _text("title", title)
        for name, game in declared.items()
        for each, title in {TODAY: _TODAY, **{key: made.title for key, made in game.scenarios.items()}}.items()
    }
    return {
        "games": pl.DataFrame(games, schema=_GAMES),
        **found,
        "game_parameters": _worded(found["game_parameters"], "parameter_id", parameters, ("title", "source")),
        "game_scenarios": _worded(found["game_scenarios"], "scenario_id", scenarios, ("title",)),
    }


def _game(name: str, position: int, game: GameOfPack, is_example: bool) -> dict[str, Any]:
    populations = [
        {
            "id": each,
            "start": str(population.start),
            **_text("title", population.title),
            **_text("cooperates", population.cooperates),
            **_text("otherwise", population.otherwise),
        }
        for each, population in game.populations.items()
    ]
    table = {
        written(profile): [str(game.payoffs[written(profile)][each]) for each in game.populations]
        for profile in profiles(len(game.populations))
    }
    return {
        "game_id": name,
        "position": position,
        **_text("title", game.title),
        **_text("note", game.note),
        "is_example": is_example,
        "populations": json.dumps(populations, ensure_ascii=False),
        "payoffs": json.dumps(table, ensure_ascii=False),
        "goal": written(game.goal_profile),
    }


def _text(field: str, text: Text | None) -> dict[str, str | None]:
    return {f"{field}_en": text.en if text else None, f"{field}_zh": text.zh if text else None}


def _worded(
    frame: pl.DataFrame, key: str, words: Mapping[tuple[str, str], dict[str, str | None]], fields: tuple[str, ...]
) -> pl.DataFrame:
    """Put titles behind the keys, and the order of the declaration in a column `position` where there is none."""
    columns = [f"{field}_{language}" for field in fields for language in ("en", "zh")]
    told = pl.DataFrame(
        [{"game_id": game, key: name, "_at": at, **text} for at, ((game, name), text) in enumerate(words.items())],
        schema={"game_id": pl.String, key: pl.String, "_at": pl.Int32, **dict.fromkeys(columns, pl.String)},
    )
    joined = frame.join(told, on=["game_id", key], how="left", maintain_order="left")
    first = (pl.col("_at") - pl.col("_at").min().over("game_id")).alias("position")
    others = [column for column in frame.columns if column not in ("game_id", key, "position")]
    return joined.select("game_id", key, first, *columns, *others)
