"""A game at some values of its parameters: what is worked out of them, in words and figures that follow the sliders.

Here: everything on the page that changes with a slider. Not here: the sliders and what is published of the declared
scenarios (`pages/game`), nor the callback (`game_live`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import table
from dashboards.figures.games import Band, Corner, band_figure, map_figure, portrait_figure
from dashboards.game_data import DeclaredGame
from indicators.games.basins import UNDECIDED, basins, corners, grid, portrait
from indicators.games.declared import starting_shares
from indicators.games.expressions import Floats
from indicators.games.replicator import Advantages, advantages
from indicators.games.rest_points import RestPoint, rest_points, stable_vertices
from indicators.games.tables import GameError, Profile, checked, profiles
from indicators.games.thresholds import StableRange, stability_map, stable_ranges

STARTS = {2: 15, 3: 7}
"""Starts a population behind the share of starts that is told, by the number of populations."""
MAP_CELLS = 49
MAP_ROWS = 7
REGIONS = ("other", "nothing", "either", "goal")


@dataclass(frozen=True)
class Play:
    """A game at some values; raises GameError where it cannot be played.

    Attributes
    ----------
    context : Context
    declared : DeclaredGame
    values : mapping of str to float
        Of every parameter.
    """

    context: Context
    declared: DeclaredGame
    values: Mapping[str, float]

    @cached_property
    def payoffs(self) -> Floats:
        """The table in numbers."""
        return checked(self.declared.game.values(self.values))

    @cached_property
    def found(self) -> Advantages:
        """What cooperating brings."""
        return advantages(self.payoffs)

    @cached_property
    def points(self) -> list[RestPoint]:
        """Where nothing moves."""
        return rest_points(self.found)

    @cached_property
    def stable(self) -> list[Profile]:
        """Stable profiles."""
        marks = stable_vertices(self.found)
        return [each for each, is_stable in zip(profiles(self.found.populations), marks, strict=True) if is_stable]

    @cached_property
    def start(self) -> Floats:
        """Today's shares."""
        return starting_shares(self.declared.start, self.values)

    # Words -----------------------------------------------------------------------------------------------------------
    def population(self, number: int) -> str:
        """Title of a population."""
        return self.context.words.of(self.declared.populations[number], "title")

    def profile(self, profile: Profile) -> str:
        """Say who cooperates."""
        words = self.context.words
        if all(profile):
            return words("game.everyone")
        if not any(profile):
            return words("game.nobody")
        who = words("list.comma").join(self.population(at) for at, does in enumerate(profile) if does)
        return words("game.only", who=who)

    def verdict(self) -> list[str]:
        """Sentences on what is stable, and on where it goes from today."""
        words, goal = self.context.words, self.declared.goal
        share = words.number(100 * self._goal_share())
        others = words.join([self.profile(each) for each in self.stable if each != goal])
        if goal in self.stable:
            key = "both" if others else "goal"
            first = words(f"game.verdict.{key}", goal=self.profile(goal), others=others, share=share)
        else:
            pulls = self.found.at(np.array(goal, dtype=np.float64)) * (2 * np.array(goal) - 1)
            who = words("list.comma").join(self.population(at) for at, pull in enumerate(pulls) if pull <= 0)
            first = words("game.verdict.leaves", goal=self.profile(goal), who=who)
            first += words("interventions.space") + (
                words("game.verdict.others", others=others) if others else words("game.verdict.nothing")
            )
        shown = words("list.comma").join(
            words("game.share_of", who=self.population(at), share=words.number(100 * value))
            for at, value in enumerate(self.start)
        )
        end = self.lines[1][-1]
        second = (
            words("game.today_round", shares=shown)
            if end == UNDECIDED
            else words("game.today_end", shares=shown, end=self.profile(profiles(len(goal))[end]))
        )
        return [first, second]

    def _goal_share(self) -> float:
        """Share of all starts that ends in the goal: as published where the values are a scenario's."""
        if (row := self.scenario) and row["goal_share"] is not None:
            return float(row["goal_share"])
        shares, _ = basins(self.found, STARTS[self.found.populations])
        return float(shares[profiles(self.found.populations).index(self.declared.goal)])

    @cached_property
    def scenario(self) -> dict[str, Any] | None:
        """Scenario that has these values."""
        for row in self.declared.scenarios:
            settings = row["settings"]
            if settings and all(math.isclose(settings[name], value, rel_tol=1e-6, abs_tol=1e-9)
                                for name, value in self.values.items()):  # fmt: skip
                return row
        return None

    # Figures ---------------------------------------------------------------------------------------------------------
    @cached_property
    def lines(self) -> tuple[Floats, list[int]]:
        """Paths of the portrait and where each ends; the last one is today's."""
        count = self.found.populations
        starts = corners(3) if count == 3 else grid(2, 5)
        drawn = portrait(self.found, np.vstack([starts, self.start[None, :]]))
        return drawn.lines, drawn.destinations.tolist()

    def portrait(self) -> dict[str, Any]:
        """Draw paths and rest points."""
        words = self.context.words
        lines, numbers = self.lines
        every = profiles(self.found.populations)
        ends = ["none" if at == UNDECIDED else "goal" if every[at] == self.declared.goal else "other" for at in numbers]
        marks = [
            Corner(
                point.shares,
                point.stability,
                self._hover(point),
                self._name(point),
                point.shares == tuple(map(float, self.declared.goal)),
            )
            for point in self.points
            if point.is_isolated
        ]
        titles = [
            words("game.axis", who=self.population(at), does=words.of(each, "cooperates"))
            for at, each in enumerate(self.declared.populations)
        ]
        return portrait_figure(
            lines[:-1], ends[:-1], lines[-1], marks, titles, words("game.legend.start"), self.context.colours
        )

    def _name(self, point: RestPoint) -> str:
        words = self.context.words
        if point.kind == "vertex":
            return self.profile(tuple(round(share) for share in point.shares))
        return words("list.comma").join(words("game.per_cent", share=words.number(100 * each)) for each in point.shares)

    def _hover(self, point: RestPoint) -> str:
        words = self.context.words
        shares = [
            words("game.share_of", who=self.population(at), share=words.number(100 * each))
            for at, each in enumerate(point.shares)
        ]
        return "<br>".join([f"<b>{self._name(point)}</b>", words(f"game.stability.{point.stability}"), *shares])

    def bands(self) -> dict[str, Any]:
        """Draw where the goal is stable, parameter by parameter."""
        return band_figure([self._band(row) for row in self.used], self.context.colours)

    @property
    def used(self) -> list[dict[str, Any]]:
        """Parameters that the table uses."""
        return [each for each in self.declared.parameters if each["parameter_id"] in self.declared.game.names]

    @cached_property
    def ranges(self) -> dict[str, list[StableRange]]:
        """Where the goal is stable as each parameter changes."""
        return {
            row["parameter_id"]: stable_ranges(
                self.declared.game, self.values, row["parameter_id"], self.declared.goal, row["low"], row["high"]
            )
            for row in self.used
        }

    def _band(self, row: dict[str, Any]) -> Band:
        low, high, name = row["low"], row["high"], row["parameter_id"]

        def scaled(value: float) -> float:
            return round(float(min(max((value - low) / (high - low), 0.0), 1.0)), 4)

        spans, now = [], self.values[name]
        for each in self.ranges[name]:
            first = low if each.low is None else each.low
            last = high if each.high is None else each.high
            if first < high and last > low:
                spans.append((scaled(first), scaled(last)))
        title = self.context.words.of(row, "title")
        hover = f"<b>{title}</b><br>{self.amount(now)}<br>{self._range_words(self.ranges[name])}"
        return Band(title, spans, scaled(now), self.declared.goal in self.stable, hover, *map(self.amount, (low, high)))

    def _range_words(self, ranges: Sequence[StableRange]) -> str:
        words = self.context.words
        told = []
        for each in ranges:
            low, high = (None if end is None else self.amount(end) for end in (each.low, each.high))
            key = "always" if low is high is None else "to" if low is None else "from" if high is None else "between"
            told.append(words(f"game.range.{key}", low=low, high=high))
        return words.join(told) if told else words("game.range.never")

    def amount(self, value: float) -> str:
        """Write a value of a parameter with three digits that say something."""
        if value == 0:
            return "0"
        decimals = min(max(2 - math.floor(math.log10(abs(value))), 0), 4)
        text = self.context.words.number(value, decimals)
        return text.rstrip("0").rstrip(".") if "." in text else text

    def map(self, axes: tuple[str, str]) -> dict[str, Any]:
        """Draw the outcome over two parameters."""
        rows = {row["parameter_id"]: row for row in self.declared.parameters}
        across, up = (rows[name] for name in axes)
        x, y = (np.linspace(row["low"], row["high"], MAP_CELLS) for row in (across, up))
        marks = stability_map(self.declared.game, self.values, (axes[0], x), (axes[1], y))
        goal = profiles(self.found.populations).index(self.declared.goal)
        others = np.delete(marks, goal, axis=0).any(axis=0)
        regions = np.where(marks[goal], np.where(others, 2, 3), np.where(others, 0, 1))
        words = self.context.words
        here = words("game.here", across=self.amount(self.values[axes[0]]), up=self.amount(self.values[axes[1]]))
        return map_figure(
            x.round(6).tolist(),
            y.round(6).tolist(),
            regions,
            (self.values[axes[0]], self.values[axes[1]]),
            (words.of(across, "title"), words.of(up, "title")),
            [words(f"game.region.{each}") for each in REGIONS],
            here,
            self.context.colours,
        )

    # Tables ----------------------------------------------------------------------------------------------------------
    def map_table(self, axes: tuple[str, str]) -> Any:
        """The map in a table: where the goal is stable in one parameter, at some values of the other."""
        words = self.context.words
        rows = {row["parameter_id"]: row for row in self.declared.parameters}
        across, up = (rows[name] for name in axes)
        body = []
        for value in np.linspace(across["low"], across["high"], MAP_ROWS).tolist():
            held = {**self.values, axes[0]: value}
            found = stable_ranges(self.declared.game, held, axes[1], self.declared.goal, up["low"], up["high"])
            body.append([self.amount(value), self._range_words(found)])
        columns = [
            (words.of(across, "title"), "number"),
            (words("game.column.stable_in", of=words.of(up, "title")), ""),
        ]
        return table(columns, body, words("game.map"))

    def threshold_table(self) -> Any:
        """Thresholds of the goal, parameter by parameter."""
        words = self.context.words
        body = [
            [
                words.of(row, "title"),
                self.amount(self.values[row["parameter_id"]]),
                self._range_words(self.ranges[row["parameter_id"]]),
                self._leavers(row["parameter_id"]),
            ]
            for row in self.used
        ]
        columns = [
            (words("game.column.parameter"), ""), (words("game.column.value"), "number"),
            (words("game.column.stable"), ""), (words("game.column.leaves"), ""),
        ]  # fmt: skip
        return table(columns, body, words("game.thresholds"))

    def _leavers(self, name: str) -> str:
        words = self.context.words
        titles = {each["id"]: words.of(each, "title") for each in self.declared.populations}
        told = []
        for each in self.ranges[name]:
            if each.low_by:
                told.append(words("game.leaves.below", who=titles[each.low_by]))
            if each.high_by:
                told.append(words("game.leaves.above", who=titles[each.high_by]))
        return words.join(told)

    def payoff_table(self) -> Any:
        """The payoff table: who cooperates, what each gets, as written and at these values."""
        words, count = self.context.words, self.found.populations
        body = []
        for profile in profiles(count):
            cells: list[Any] = [
                words.of(self.declared.populations[at], "cooperates" if does else "otherwise")
                for at, does in enumerate(profile)
            ]
            for at in range(count):
                text = self.declared.game.payoffs[profile][at].text
                cells.append(_entry(words.number(float(self.payoffs[(at, *profile)]), 2), text))
            body.append(cells)
        titles = [self.population(at) for at in range(count)]
        columns = [(title, "") for title in titles]
        columns += [(words("game.column.payoff", who=title), "number") for title in titles]
        return table(columns, body, words("game.payoffs"))

    def point_table(self) -> Any:
        """Rest points with eigenvalues."""
        words, count = self.context.words, self.found.populations
        body = []
        for point in self.points:
            kind = words(f"game.kind.{point.kind}") if point.is_isolated else words("game.kind.line")
            shares = [words("game.per_cent", share=words.number(100 * each)) for each in point.shares]
            body.append(
                [*shares, kind, words(f"game.stability.{point.stability}"),
                 words("list.comma").join(self._eigenvalue(each) for each in point.eigenvalues)]
            )  # fmt: skip
        columns = [(self.population(at), "number") for at in range(count)]
        columns += [(words(f"game.column.{name}"), "") for name in ("kind", "stability", "eigenvalues")]
        return table(columns, body, words("game.points"))

    def _eigenvalue(self, value: complex) -> str:
        number = self.context.words.number
        if abs(value.imag) < 1e-9:
            return number(value.real, 2)
        real = number(value.real, 2) if abs(value.real) > 1e-9 else ""
        return f"{real}{'+' if value.imag > 0 and real else '−' if value.imag < 0 else ''}{number(abs(value.imag), 2)}i"


def _entry(value: str, text: str) -> Any:
    return [html.Span(value, className="payoff"), html.Span(text, className="payoff-text")]


def playable(play: Play) -> str | None:
    """Say why a game cannot be played at its values; None if it can."""
    try:
        _ = play.found, play.start
    except GameError as error:
        return str(error)
    return None
