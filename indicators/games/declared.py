"""Declared games: parameters, where their values come from, scenarios, and all that is published of them.

Belongs here: from a declaration and published figures to the frames of a release. Not here: the methods themselves,
nor titles and sources, which are words of whoever declares the game.

A game reads figures and never makes one: it is an illustrative scenario, and no index, signal or rank sees it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from indicators.games.basins import UNDECIDED, basins, destinations
from indicators.games.expressions import Expression, Floats
from indicators.games.replicator import Advantages, advantages
from indicators.games.rest_points import rest_points, stable_vertices
from indicators.games.sensitivity import cooperation, sensitivity
from indicators.games.tables import Game, GameError, Profile, checked, profiles, written
from indicators.games.thresholds import everywhere
from indicators.rounding import SIGNIFICANT_DIGITS

STARTS = {2: 41, 3: 13}
"""Starts a population behind basins, by the number of populations: 1 681 and 2 197 in all."""
MOVED_STARTS = {2: 21, 3: 7}
PERIOD_KINDS = {"rolling_12m": "1y", "year": "1y", "quarter": "1q", "month": "1mo"}
"""Kinds of period that a parameter may be read off, and how long each is."""
LEAST_START = 0.01
"""A share that nobody, or everybody, holds would never change: starts keep this far from both."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a game.

    Attributes
    ----------
    low, high : float
        Range that is looked at.
    value : float or None
        As given; of one that is read, what stands for it where there is no figure.
    indicator_id, area_id : str or None
        Figure that it is read off.
    factor : float
        What the figure is multiplied by.
    """

    low: float
    high: float
    value: float | None = None
    indicator_id: str | None = None
    area_id: str | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class Scenario:
    """Parameters that are otherwise than today.

    Attributes
    ----------
    given : mapping of str to float
        New values.
    multiplied : mapping of str to float
        Multiples of today's values.
    """

    given: Mapping[str, float] = field(default_factory=dict)
    multiplied: Mapping[str, float] = field(default_factory=dict)

    def values(self, today: Mapping[str, float]) -> dict[str, float]:
        """Return all values in this scenario."""
        return {**today, **{name: today[name] * by for name, by in self.multiplied.items()}, **self.given}


@dataclass(frozen=True)
class DeclaredGame:
    """A game with its parameters and scenarios, by name.

    Attributes
    ----------
    start : tuple of Expression
        Share of each population that cooperates today.
    goal : tuple of int
        Profile that is hoped for.
    """

    id: str
    game: Game
    parameters: Mapping[str, Parameter]
    scenarios: Mapping[str, Scenario]
    start: tuple[Expression, ...]
    goal: Profile


_NUMBERED = ("share", "eigenvalue", "imaginary")
SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "game_parameters": {
        "game_id": pl.String,
        "parameter_id": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "indicator_id": pl.String,
        "area_id": pl.String,
        "period_kind": pl.String,
        "period_start": pl.Date,
        "status": pl.String,
    },
    "game_scenarios": {
        "game_id": pl.String,
        "scenario_id": pl.String,
        "position": pl.Int32,
        "settings": pl.String,
        "goal": pl.String,
        "goal_is_stable": pl.Boolean,
        "goal_share": pl.Float64,
        "undecided_share": pl.Float64,
        "cooperation": pl.Float64,
        "starts": pl.Int32,
        **{f"{name}_{n}": pl.Float64 for name in ("start", "end") for n in (1, 2, 3)},
        "destination": pl.String,
        "status": pl.String,
        "reason": pl.String,
    },
    "game_rest_points": {
        "game_id": pl.String,
        "scenario_id": pl.String,
        "point": pl.Int32,
        "kind": pl.String,
        **{f"{name}_{n}": pl.Float64 for name in _NUMBERED for n in (1, 2, 3)},
        "stability": pl.String,
        "is_isolated": pl.Boolean,
        "basin_share": pl.Float64,
    },
    "game_thresholds": {
        "game_id": pl.String,
        "scenario_id": pl.String,
        "parameter_id": pl.String,
        "profile": pl.String,
        "low": pl.Float64,
        "high": pl.Float64,
        "low_by": pl.String,
        "high_by": pl.String,
        "is_exact": pl.Boolean,
    },
    "game_sensitivity": {
        "game_id": pl.String,
        "scenario_id": pl.String,
        "parameter_id": pl.String,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "cooperation_lower": pl.Float64,
        "cooperation_upper": pl.Float64,
        "next_below": pl.Float64,
        "next_above": pl.Float64,
    },
}
"""Columns of the frames that are published, by table."""


def play(games: Sequence[DeclaredGame], figures: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Work out every scenario of every game.

    Parameters
    ----------
    games : sequence of DeclaredGame
    figures : DataFrame
        `indicator_values` as published.

    Returns
    -------
    dict of str to DataFrame
        As SCHEMAS: parameters with their values, scenarios with their outcome, rest points, thresholds, sensitivity.
        A scenario that cannot be played has status `not_available` and a reason (`no_figure:<parameter>` or
        `not_playable:<why>`), and no rows in the last three.
    """
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    for declared in games:
        read = {name: _read(parameter, figures) for name, parameter in declared.parameters.items()}
        today = {name: found["value"] for name, found in read.items()}
        unknown = sorted(name for name, value in today.items() if value is None)
        ranges = _ranges(declared, today, unknown)
        for name, parameter in declared.parameters.items():
            low, high = ranges[name]
            rows["game_parameters"].append(
                {"game_id": declared.id, "parameter_id": name, "low": low, "high": high}
                | {"indicator_id": parameter.indicator_id, "area_id": parameter.area_id}
                | read[name]
            )
        for position, (name, scenario) in enumerate(declared.scenarios.items()):
            key = {"game_id": declared.id, "scenario_id": name}
            row: dict[str, Any] = key | {
                "position": position,
                "goal": written(declared.goal),
                "status": "not_available",
            }
            if unknown:
                rows["game_scenarios"].append(row | {"reason": ";".join(f"no_figure:{each}" for each in unknown)})
                continue
            values = scenario.values(today)
            row["settings"] = json.dumps({each: float(f"{value:.10g}") for each, value in values.items()})
            try:
                played = _scenario(declared, values, ranges)
            except GameError as error:
                rows["game_scenarios"].append(row | {"reason": f"not_playable:{error}".replace(";", ",")})
                continue
            rows["game_scenarios"].append(row | {"status": "final"} | played.pop("game_scenarios")[0])
            for table, found in played.items():
                rows[table] += [key | each for each in found]
    rounded = pl.selectors.float().round_sig_figs(SIGNIFICANT_DIGITS) + 0.0
    return {
        name: pl.DataFrame([dict.fromkeys(schema) | row for row in rows[name]], schema=schema).with_columns(rounded)
        for name, schema in SCHEMAS.items()
    }


def _read(parameter: Parameter, figures: pl.DataFrame) -> dict[str, Any]:
    """Value of a parameter, and which figure it is: the newest final one, of those that end together the longest."""
    if parameter.indicator_id is None:
        return {"value": parameter.value, "status": "given"}
    length = pl.col("period_kind").replace_strict(PERIOD_KINDS, default=None, return_dtype=pl.String)
    found = (
        figures.filter(
            (pl.col("indicator_id") == parameter.indicator_id)
            & (pl.col("area_id") == parameter.area_id)
            & pl.col("period_kind").is_in([*PERIOD_KINDS])
            & pl.col("value").is_not_null()
        )
        .with_columns(ends=pl.col("period_start").dt.offset_by(length))
        .sort(pl.col("status") == "final", "ends", -pl.col("period_start").to_physical(), descending=[True, True, True])
        .head(1)
    )
    if found.is_empty():
        return {"value": parameter.value, "status": "no_figure" if parameter.value is None else "stand_in"}
    row = found.row(0, named=True)
    return {
        "value": float(f"{row['value'] * parameter.factor:.10g}"),
        "period_kind": row["period_kind"],
        "period_start": row["period_start"],
        "status": "read",
    }


def _ranges(
    declared: DeclaredGame, today: Mapping[str, float | None], unknown: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Declared ranges, wide enough for today's value and those of all scenarios."""
    known = {name: value for name, value in today.items() if value is not None}
    taken: list[dict[str, float]] = [known]
    if not unknown:
        taken += [scenario.values(known) for scenario in declared.scenarios.values()]
    return {
        name: (
            min([parameter.low, *(values[name] for values in taken if name in values)]),
            max([parameter.high, *(values[name] for values in taken if name in values)]),
        )
        for name, parameter in declared.parameters.items()
    }


def starting_shares(start: Sequence[Expression], values: Mapping[str, float]) -> Floats:
    """Return today's shares, kept off 0 and 1, shape (populations,).

    Raises
    ------
    GameError
        If one is no share.
    """
    shares = np.array([float(each.value(values)) for each in start])
    if not np.all(np.isfinite(shares)) or np.any((shares < 0) | (shares > 1)):
        raise GameError(f"a start is no share from 0 to 1: {', '.join(f'{share:g}' for share in shares)}")
    kept: Floats = np.clip(shares, LEAST_START, 1 - LEAST_START)
    return kept


def _scenario(
    declared: DeclaredGame, values: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> dict[str, list[dict[str, Any]]]:
    game = declared.game
    count = len(game.populations)
    found = advantages(checked(game.values(values)))
    shares, levels = basins(found, STARTS[count])
    start = starting_shares(declared.start, values)
    ends, end = destinations(found, start[None, :])
    numbers = {written(profile): number for number, profile in enumerate(profiles(count))}
    outcome = {
        "goal_is_stable": bool(stable_vertices(found)[numbers[written(declared.goal)]]),
        "goal_share": float(shares[numbers[written(declared.goal)]]),
        "undecided_share": max(float(1 - shares.sum()), 0.0),
        "cooperation": float(cooperation(levels)),
        "starts": STARTS[count] ** count,
        "destination": None if ends[0] == UNDECIDED else written(profiles(count)[ends[0]]),
        **{f"start_{n}": float(share) for n, share in enumerate(start, start=1)},
        **{f"end_{n}": float(share) for n, share in enumerate(end[0], start=1)},
    }
    used = {name: ranges[name] for name in declared.parameters if name in game.names}
    thresholds = [
        {
            "parameter_id": name,
            "profile": written(profile),
            "low": each.low,
            "high": each.high,
            "low_by": each.low_by,
            "high_by": each.high_by,
            "is_exact": each.is_exact,
        }
        for name, (low, high) in used.items()
        for profile, those in everywhere(game, values, name, low, high).items()
        for each in those
    ]
    return {
        "game_scenarios": [outcome],
        "game_rest_points": _points(found, shares),
        "game_thresholds": thresholds,
        "game_sensitivity": [
            {("parameter_id" if key == "parameter" else key): value for key, value in vars(effect).items()}
            for effect in sensitivity(game, values, used, MOVED_STARTS[count])
        ],
    }


def _points(found: Advantages, shares: Floats) -> list[dict[str, Any]]:
    rows = []
    for number, point in enumerate(rest_points(found)):
        row: dict[str, Any] = {"point": number, "kind": point.kind, "stability": point.stability}
        row["is_isolated"] = point.is_isolated
        if point.kind == "vertex":
            row["basin_share"] = float(shares[number])
        for at, (share, eigenvalue) in enumerate(zip(point.shares, point.eigenvalues, strict=True), start=1):
            row |= {f"share_{at}": share, f"eigenvalue_{at}": eigenvalue.real, f"imaginary_{at}": eigenvalue.imag}
        rows.append(row)
    return rows
