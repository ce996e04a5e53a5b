"""What follows the sliders of the game lab, a few dozen milliseconds after each move.

Only what changes is sent, never the sliders themselves, so that a reader can go on dragging; the address follows
without a new entry in the browser's history, and so do the links to the other language and scheme.
"""

import logging
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from dashboards.address import LANGUAGES, SCHEMES, View, href, parse
from dashboards.components.context import Context
from dashboards.components.game_play import Play, playable
from dashboards.components.header import OTHER_LANGUAGE, SWITCH
from dashboards.data import Release, ReleaseError
from dashboards.figures.theme import palette
from dashboards.game_data import DeclaredGame
from dashboards.pages.game import (
    ADDRESS,
    AXIS,
    FIGURE,
    LEVER,
    LEVER_VALUE,
    PART,
    SCENARIO,
    chosen_axes,
    chosen_values,
    settings_of,
    verdict,
)
from dashboards.releases import Releases
from dashboards.wording import Words

LOG = logging.getLogger(__name__)


def register(app: Dash, releases: Releases) -> None:
    """Add the callbacks of the game lab to the application."""

    def follow(
        _values: list[Any], _axes: list[Any], pathname: str | None, query: str | None, visit: dict[str, str] | None
    ) -> Any:
        nothing = [[no_update] * len(group) for group in ctx.outputs_list]
        levers = {each["id"][LEVER]: each.get("value") for each in ctx.inputs_list[0]}
        axes = tuple(each.get("value") for each in ctx.inputs_list[1])
        if not levers:
            return nothing
        view = parse(pathname, query)
        system = (visit or {}).get("system", "light")
        try:
            made = moved(releases.named(view.release), view, system if system in SCHEMES else "light", levers, axes)
        except ReleaseError:
            LOG.warning("The release went away while a slider moved", exc_info=True)
            return nothing
        if made is None:
            return nothing
        figures, parts, amounts, links, address = ctx.outputs_list
        return [
            [made["figures"].get(each["id"][FIGURE], no_update) for each in figures],
            [made["parts"].get(each["id"][PART], no_update) for each in parts],
            [made["amounts"].get(each["id"][LEVER_VALUE], no_update) for each in amounts],
            [made["links"].get(each["id"][SWITCH], no_update) for each in links],
            [made["address"] for _ in address],
        ]

    app.callback(
        Output({FIGURE: ALL}, "figure"),
        Output({PART: ALL}, "children"),
        Output({LEVER_VALUE: ALL}, "children"),
        Output({SWITCH: ALL}, "href"),
        Output({ADDRESS: ALL}, "data"),
        Input({LEVER: ALL}, "value"),
        Input({AXIS: ALL}, "value"),
        State("address", "pathname"),
        State("address", "search"),
        State("visit", "data"),
        prevent_initial_call=True,
    )(follow)

    def set_levers(_clicks: list[Any], pathname: str | None, query: str | None) -> list[Any]:
        outputs = ctx.outputs_list
        chosen = ctx.triggered_id
        if not isinstance(chosen, dict) or not any(each["value"] for each in ctx.triggered):
            return [no_update] * len(outputs)
        view = parse(pathname, query)
        try:
            declared = releases.named(view.release).games.game(view.game)
        except ReleaseError:
            return [no_update] * len(outputs)
        settings = scenario_settings(declared, chosen[SCENARIO])
        return [settings.get(each["id"][LEVER], no_update) for each in outputs]

    app.callback(
        Output({LEVER: ALL}, "value"),
        Input({SCENARIO: ALL}, "n_clicks"),
        State("address", "pathname"),
        State("address", "search"),
        prevent_initial_call=True,
    )(set_levers)

    app.clientside_callback(
        ClientsideFunction("wardlight", "follow_address"),
        Output({ADDRESS: ALL}, "modified_timestamp"),
        Input({ADDRESS: ALL}, "data"),
        prevent_initial_call=True,
    )


def scenario_settings(declared: DeclaredGame | None, scenario: str) -> dict[str, float]:
    """Values of a declared scenario, none where there is no such."""
    found = (
        (each["settings"] for each in declared.scenarios if each["scenario_id"] == scenario) if declared else iter(())
    )
    return next(found, {})


def moved(
    release: Release, view: View, system: str, levers: dict[str, Any], axes: tuple[Any, ...]
) -> dict[str, Any] | None:
    """Make everything that follows the sliders.

    Parameters
    ----------
    view
        As the address had it when the page was drawn.
    system
        Colour scheme of the reader's system.
    levers
        Value of each slider by parameter.
    axes
        The two parameters of the map, none where there is no map.

    Returns
    -------
    dict or None
        `figures`, `parts` and `amounts` by name, `links` to the other language and scheme, and `address`; None where
        the release has no such game, or no longer these parameters.
    """
    declared = release.games.game(view.game)
    if declared is None or declared.today is None or not levers.keys() <= declared.today.keys():
        return None
    numbers = {name: float(value) for name, value in levers.items() if isinstance(value, int | float)}
    asked = view.to("game", settings=tuple(numbers.items()), axes=tuple(each for each in axes if isinstance(each, str)))
    scheme = view.scheme or system
    words = Words(view.language or (release.info.language if release.info.language in LANGUAGES else "en"))
    context = Context(release, asked, words, scheme, palette(scheme))
    values = chosen_values(context, declared)
    if values is None:
        return None
    kept = asked.to("game", settings=settings_of(declared, values))
    play = Play(context, declared, values)
    made: dict[str, Any] = {
        "figures": {},
        "parts": {},
        "amounts": {name: play.amount(value) for name, value in values.items()},
        "links": {
            "language": href(kept.to("game", language=OTHER_LANGUAGE[words.language][0])),
            "scheme": href(kept.to("game", scheme="light" if scheme == "dark" else "dark")),
        },
        "address": href(kept),
    }
    if playable(play):
        made["parts"]["verdict"] = words("game.not_playable")
        return made
    made["figures"] |= {"portrait": play.portrait(), "bands": play.bands()}
    made["parts"] |= {
        "verdict": verdict(play),
        "payoffs": play.payoff_table(),
        "points": play.point_table(),
        "thresholds": play.threshold_table(),
    }
    if over := chosen_axes(context, declared):
        made["figures"]["map"] = play.map(over)
        made["parts"]["map"] = play.map_table(over)
    return made
