"""Game lab: a declared game at values that a reader moves, always as an illustration."""

import math
from typing import Any

import dash_mantine_components as dmc
from dash import dcc

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.controls import choice_of, control_row
from dashboards.components.game_play import REGIONS, Play, playable
from dashboards.components.grid import grid, number_column, text_column, wrapped_column
from dashboards.components.layout import empty_state, graph, page_head, panel, table
from dashboards.figures.games import LETTERS, SYMBOLS, scenario_figure, sensitivity_figure
from dashboards.game_data import DeclaredGame

LEVER, LEVER_VALUE, SCENARIO, AXIS = "lever", "lever-value", "game-scenario", "game-axis"
"""Keys of the ids of sliders, of the values beside them, of the scenarios' buttons, and of the map's two axes."""
FIGURE, PART, ADDRESS = "game-figure", "game-part", "game-address"
"""Keys of the ids of what follows the sliders: figures, texts and tables, the address of the view."""
GLYPHS = {"stable": "●", "saddle": "×", "unstable": "○", "centre": "◎", "undetermined": "◇"}
CAVEATS = ("illustration", "assumed", "differences", "learning", "mixed")


def page(context: Context) -> Any:
    """Lay out the view's game at the view's values."""
    words, games = context.words, context.release.games.games
    head = page_head(words("game.title"), words("game.lead"))
    mark = html.Div(
        [html.Span("▲", className="alarm-sign", **{"aria-hidden": "true"}), html.Span(words("game.illustration"))],
        className="illustration",
        role="note",
    )
    declared = context.release.games.game(context.view.game)
    if declared is None:
        text = words("game.unknown", game=context.view.game) if games else words("game.none")
        return [head, mark, empty_state(text, words("game.how"))]
    values = chosen_values(context, declared)
    choice = [control_row(_game_select(context, games, declared))] if len(games) > 1 else []
    note = words.of(declared.row, "note")
    about = panel(words.of(declared.row, "title"), *([html.P(note)] if note else []), class_name="game-about")
    above = [head, mark, *choice, about]
    if values is None:
        codes = next((each["reason"] for each in declared.scenarios if each["reason"]), None)
        why = words("game.no_values", reasons=context.joined_reasons(codes))
        return [*above, empty_state(why), _sources(context, declared)]
    play = Play(context, declared, values)
    if problem := playable(play):
        again = html.InnerLink(words("game.reset"), href=context.link("game", game=declared.game_id))
        return [*above, empty_state(words("game.not_playable"), problem, again)]
    axes = chosen_axes(context, declared)
    return [
        *above,
        html.Div([_portrait(context, play), _levers(context, declared, values)], className="game-columns"),
        *([_map(context, declared, play, axes)] if axes else []),
        _thresholds(context, play),
        _scenarios(context, declared),
        _sensitivity(context, declared),
        panel(
            words("game.payoffs"),
            html.Div(play.payoff_table(), id={PART: "payoffs"}),
            note=words("game.payoffs_note"),
        ),
        panel(words("game.points"), html.Div(play.point_table(), id={PART: "points"}), note=words("game.points_note")),
        _sources(context, declared),
        panel(
            words("game.caveats"),
            html.Ul([html.Li(words(f"game.caveat.{name}")) for name in CAVEATS], className="prose"),
        ),
        dcc.Store(id={ADDRESS: "view"}, data=None),
    ]


def chosen_values(context: Context, declared: DeclaredGame) -> dict[str, float] | None:
    """Value of every parameter in the view: today's but for what the reader has set, within the sliders' ends."""
    today = declared.today
    if today is None:
        return None
    ends = {each["parameter_id"]: (each["low"], each["high"]) for each in declared.parameters}
    given = {
        name: min(max(value, ends[name][0]), ends[name][1]) for name, value in context.view.settings if name in ends
    }
    return {**today, **given}


def settings_of(declared: DeclaredGame, values: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """What of some values is otherwise than today, as a view holds it."""
    today = declared.today or {}
    return tuple(
        sorted(
            (name, float(f"{value:.10g}"))
            for name, value in values.items()
            if not math.isclose(value, today[name], rel_tol=1e-9, abs_tol=1e-12)
        )
    )


def chosen_axes(context: Context, declared: DeclaredGame) -> tuple[str, str] | None:
    """The two parameters of the map: the view's, else the first ones that stand for incentives; None for too few."""
    used = [each["parameter_id"] for each in declared.parameters if each["parameter_id"] in declared.game.names]
    if len(used) < 2:
        return None
    known = [name for name in context.view.axes if name in used]
    wanted = [*known, *(name for name in ("reward", "subsidy", "penalty", "fine") if name in used), *used]
    first, second, *_ = dict.fromkeys(wanted)
    return first, second


def _game_select(context: Context, games: list[DeclaredGame], declared: DeclaredGame) -> Any:
    options = [(each.game_id, context.words.of(each.row, "title")) for each in games]
    return choice_of("game", context.words("game.which"), options, declared.game_id)


def _portrait(context: Context, play: Play) -> Any:
    words = context.words
    marks = [
        ("legend-goal", "", words("game.legend.goal")),
        ("legend-other", "", words("game.legend.other")),
        ("legend-none", "", words("game.legend.none")),
        ("legend-today", "", words("game.legend.today")),
        ("legend-sign", "★", words("game.legend.start")),
        *(("legend-sign", GLYPHS[name], words(f"game.stability.{name}")) for name in SYMBOLS),
    ]
    items = [
        html.Li([html.Span(glyph, className=f"legend-mark {look}", **{"aria-hidden": "true"}), html.Span(text)])
        for look, glyph, text in marks
    ]
    return panel(
        words("game.portrait"),
        html.Div(verdict(play), id={PART: "verdict"}, role="status", className="game-verdict"),
        graph(play.portrait(), words("game.portrait_description"), {FIGURE: "portrait"}, "chart-portrait"),
        html.Div([html.H3(words("legend.title")), html.Ul(items, className="legend")], className="reading"),
        class_name="game-main",
    )


def verdict(play: Play) -> list[Any]:
    """What is stable, and where it goes from today."""
    words = play.context.words
    first, *others = play.verdict()
    same = None if play.scenario is None else words.of(play.scenario, "title")
    return [
        html.P(first, className="result"),
        *(html.P(each) for each in others),
        html.P(words("game.same", scenario=same) if same else words("game.own"), className="note"),
    ]


def _levers(context: Context, declared: DeclaredGame, values: dict[str, float]) -> Any:
    words = context.words
    buttons = [
        html.Button(words.of(row, "title"), id={SCENARIO: row["scenario_id"]}, className="button", type="button")
        for row in declared.scenarios
        if row["settings"]
    ]
    return panel(
        words("game.levers"),
        html.Div(buttons, className="game-buttons", role="group", **{"aria-label": words("game.scenarios")}),
        html.Div([_lever(context, declared, each, values) for each in declared.parameters], className="levers"),
        note=words("game.levers_note"),
        class_name="game-side",
    )


def _lever(context: Context, declared: DeclaredGame, row: dict[str, Any], values: dict[str, float]) -> Any:
    words, name = context.words, row["parameter_id"]
    title, step = words.of(row, "title"), slider_step(row["low"], row["high"])
    play = Play(context, declared, values)
    slider = dmc.Slider(
        id={LEVER: name},
        value=values[name],
        min=row["low"],
        max=row["high"],
        step=step,
        precision=max(0, -math.floor(math.log10(step))),
        marks=[{"value": row["value"]}],
        label=None,
        thumbLabel=title,
        updatemode="drag",
        size="sm",
        thumbSize=18,
    )
    head = [html.Span(title), html.Span(play.amount(values[name]), id={LEVER_VALUE: name}, className="lever-value")]
    return html.Div([html.Div(head, className="lever-head"), slider], className="lever")


def slider_step(low: float, high: float) -> float:
    """A round step, of which a slider has between 80 and 200."""
    size = (high - low) / 100
    power = 10.0 ** math.floor(math.log10(size))
    return min((each * power for each in (0.5, 1.0, 2.0, 5.0)), key=lambda each: abs(math.log(each / size)))


def _map(context: Context, declared: DeclaredGame, play: Play, axes: tuple[str, str]) -> Any:
    words = context.words
    options = [
        {"value": each["parameter_id"], "label": words.of(each, "title")}
        for each in declared.parameters
        if each["parameter_id"] in declared.game.names
    ]
    selects = [
        dmc.Select(
            id={AXIS: name}, label=words(f"game.{name}"), data=options, value=axes[at], allowDeselect=False,
            className="control control-wide", size="sm",
        )
        for at, name in enumerate(("across", "up"))
    ]  # fmt: skip
    marks = [
        *((LETTERS[at], f"region region-{name}", words(f"game.region.{name}")) for at, name in enumerate(REGIONS)),
        ("★", "legend-sign", words("game.legend.now")),
    ]
    items = [
        html.Li([html.Span(glyph, className=f"legend-mark {look}", **{"aria-hidden": "true"}), html.Span(text)])
        for glyph, look, text in marks
    ]
    twin = [html.Summary(words("game.as_table")), html.Div(play.map_table(axes), id={PART: "map"})]
    return panel(
        words("game.map"),
        control_row(*selects),
        html.Ul(items, className="legend"),
        graph(play.map(axes), words("game.map_description"), {FIGURE: "map"}),
        html.Details(twin, className="twin"),
        note=words("game.map_note"),
    )


def _thresholds(context: Context, play: Play) -> Any:
    words = context.words
    items = [
        html.Li([html.Span(className="legend-mark legend-stable"), html.Span(words("game.legend.stable"))]),
        html.Li([html.Span("●", className="legend-mark legend-sign"), html.Span(words("game.legend.now_stable"))]),
        html.Li([html.Span("✕", className="legend-mark legend-sign"), html.Span(words("game.legend.now_not"))]),
    ]
    return panel(
        words("game.thresholds"),
        html.Ul(items, className="legend"),
        html.Div(
            [
                graph(play.bands(), words("game.thresholds_description"), {FIGURE: "bands"}),
                html.Div(play.threshold_table(), id={PART: "thresholds"}),
            ],
            className="game-halves",
        ),
        note=words("game.thresholds_note"),
    )


def _scenarios(context: Context, declared: DeclaredGame) -> Any:
    words = context.words
    shown = [row for row in declared.scenarios if row["status"] == "final"]
    titles = [words.of(row, "title") for row in shown]
    texts = [words("game.per_cent", share=words.number(100 * row["goal_share"])) for row in shown]
    hovers = [
        f"<b>{title}</b><br>{words('game.goal_share', share=text)}" for title, text in zip(titles, texts, strict=True)
    ]
    any_play = Play(context, declared, declared.today or {})
    rows = [
        {
            "scenario": words.of(row, "title"),
            "stable": ""
            if row["goal_is_stable"] is None
            else words("game.yes" if row["goal_is_stable"] else "game.no"),
            "goal_share": _per_cent(row["goal_share"]),
            "cooperation": _per_cent(row["cooperation"]),
            "destination": (
                context.joined_reasons(row["reason"])
                if row["status"] != "final"
                else any_play.profile(tuple(int(each) for each in row["destination"].split(",")))
                if row["destination"]
                else words("game.no_end")
            ),
        }
        for row in declared.scenarios
    ]
    columns = [
        text_column("scenario", words("game.column.scenario"), minWidth=150),
        text_column("stable", words("game.column.goal_stable"), width=110, minWidth=96),
        number_column("goal_share", words("game.column.goal_share"), 1, width=120, minWidth=110),
        number_column("cooperation", words("game.column.cooperation"), 1, width=120, minWidth=110),
        wrapped_column("destination", words("game.column.destination"), minWidth=150),
    ]
    return panel(
        words("game.scenarios"),
        graph(
            scenario_figure(titles, [row["goal_share"] for row in shown], hovers, texts, context.colours),
            words("game.scenarios_description"),
            {"game-published": "scenarios"},
        ),
        grid(context, "scenarios", columns, rows, f"{declared.game_id}_scenarios"),
        note=words("game.scenarios_note", count=words.number(shown[0]["starts"] if shown else 0)),
    )


def _per_cent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 6)


def _sensitivity(context: Context, declared: DeclaredGame) -> Any:
    words = context.words
    scenario = declared.scenarios[0]
    effects = context.release.games.sensitivity(declared.game_id, scenario["scenario_id"]).to_dicts()
    titles = {each["parameter_id"]: words.of(each, "title") for each in declared.parameters}
    play = Play(context, declared, declared.today or {})
    names = [titles[row["parameter_id"]] for row in effects]
    hovers = [
        words(
            "game.effect", parameter=titles[row["parameter_id"]], lower=play.amount(row["lower"]),
            upper=play.amount(row["upper"]), low=words.number(100 * row["cooperation_lower"]),
            high=words.number(100 * row["cooperation_upper"]),
        )
        for row in effects
    ]  # fmt: skip
    rows = [
        {
            "parameter": titles[row["parameter_id"]],
            "value": play.values[row["parameter_id"]],
            "lower": row["lower"],
            "upper": row["upper"],
            "cooperation_lower": _per_cent(row["cooperation_lower"]),
            "cooperation_upper": _per_cent(row["cooperation_upper"]),
            "next_below": row["next_below"],
            "next_above": row["next_above"],
        }
        for row in effects
    ]
    columns = [
        wrapped_column("parameter", words("game.column.parameter"), minWidth=190),
        *(
            number_column(name, words(f"game.column.{name}"), decimals, width=104, minWidth=92)
            for name, decimals in (
                ("value", 2), ("lower", 2), ("upper", 2), ("cooperation_lower", 1), ("cooperation_upper", 1),
                ("next_below", 2), ("next_above", 2),
            )
        ),
    ]  # fmt: skip
    items = [
        html.Li([html.Span(glyph, className="legend-mark legend-sign"), html.Span(words(f"game.legend.{name}"))])
        for glyph, name in (("○", "lower"), ("●", "upper"), ("┊", "at_today"))
    ]
    if not effects:
        return panel(words("game.sensitivity"), empty_state(words("game.no_effects")))
    drawing = sensitivity_figure(
        names,
        [row["cooperation_lower"] for row in effects],
        [row["cooperation_upper"] for row in effects],
        scenario["cooperation"],
        hovers,
        context.colours,
    )
    return panel(
        words("game.sensitivity"),
        html.Ul(items, className="legend"),
        graph(drawing, words("game.sensitivity_description"), {"game-published": "sensitivity"}),
        grid(context, "sensitivity", columns, rows, f"{declared.game_id}_sensitivity"),
        note=words("game.sensitivity_note"),
    )


def _sources(context: Context, declared: DeclaredGame) -> Any:
    """Every parameter with where it comes from."""
    words = context.words
    play = Play(context, declared, {})
    body = [
        [
            words.of(row, "title"),
            words("game.unknown_value") if row["value"] is None else play.amount(row["value"]),
            words("game.range.between", low=play.amount(row["low"]), high=play.amount(row["high"])),
            _source(context, row),
        ]
        for row in declared.parameters
    ]
    columns = [
        (words("game.column.parameter"), ""), (words("game.column.today"), "number"),
        (words("game.column.looked_at"), ""), (words("game.column.source"), ""),
    ]  # fmt: skip
    return panel(words("game.sources"), table(columns, body, words("game.sources")), note=words("game.sources_note"))


def _source(context: Context, row: dict[str, Any]) -> Any:
    words, given = context.words, context.words.of(row, "source")
    if row["indicator_id"] is None:
        return given
    link = html.InnerLink(
        words.of(row, "indicator") or row["indicator_id"], href=context.link("catalogue", indicator=row["indicator_id"])
    )
    if row["status"] == "read":
        period = words.period(row["period_kind"], row["period_start"])
        return [link, words("game.read_off", area=context.area_title(row["area_id"]), period=period)]
    return [link, words("game.stand_in", source=given) if row["status"] == "stand_in" else words("game.no_figure")]
