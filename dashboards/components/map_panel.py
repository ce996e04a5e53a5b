"""The map of an indicator with its legend and the same figures as a table."""

from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components import controls
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, range_column, text_column
from dashboards.components.layout import empty_state, graph, panel
from dashboards.components.timeliness import why_no_newer
from dashboards.figures.map import area_map, class_breaks, class_colours, class_of
from dashboards.wording import Words

MAP = "map"
"""Key of the map's id; its value says under which period kind an area was clicked."""


def map_panel(context: Context, indicator: dict[str, Any], kind: str, periods: pl.DataFrame, period: date) -> Any:
    """Controls, map and table of one indicator and period; says so when the period is old or the map empty."""
    words = context.words
    identity = indicator["indicator_id"]
    levels = context.release.levels(identity)
    bar = [
        controls.indicator_select(context, identity),
        controls.kind_select(context, context.release.period_kinds(identity), kind),
        controls.period_select(context, kind, periods, period),
    ]
    title = words("overview.map", indicator=words.of(indicator, "title"), period=words.period(kind, period))
    if not levels:
        return panel(title, controls.control_row(*bar), empty_state(words("overview.not_by_area")))
    level = context.view.level if context.view.level in levels else levels[0]
    if len(levels) > 1:
        bar.append(controls.level_select(context, levels, level))
    frame = context.release.map_values(identity, kind, period, level)
    warning = _warning(context, indicator, kind, period, level, frame)
    hovers = [
        "<br>".join([f"<b>{words.of(row, 'title')}</b>", *context.figure_lines(row, indicator)])
        for row in frame.to_dicts()
    ]
    drawn = frame.with_columns(pl.Series("hover", hovers, dtype=pl.String))
    decimals = indicator["decimals"]
    breaks = class_breaks(frame["value"].drop_nulls().to_list(), decimals)
    figure = area_map(drawn, context.release.outlines, breaks, decimals, context.colours)
    drawing = html.Div(
        [
            _legend(context, frame, breaks, indicator),
            graph(figure, words("overview.map_description", title=title, count=frame.height), {MAP: kind}, "chart-map"),
        ],
        className="map-frame",
    )
    return panel(
        title,
        controls.control_row(*bar),
        *([html.P(warning, className="map-warning", role="status")] if warning else []),
        html.Div([drawing, _table(context, frame, indicator, kind, period)], className="map-columns"),
        note=[
            words("overview.map_note"),
            " ",
            html.InnerLink(words("overview.definition"), href=context.link("catalogue", indicator=identity)),
        ],
        class_name="map-panel",
    )


def _warning(
    context: Context, indicator: dict[str, Any], kind: str, period: date, level: str, frame: pl.DataFrame
) -> str | None:
    """Why nothing newer is shown, or nothing at all."""
    words, newest = context.words, context.release.newest_closed.get(kind)
    if frame["value"].null_count() == frame.height:
        reasons = [context.joined_reasons(codes) for codes in frame["reason"].drop_nulls().unique(maintain_order=True)]
        return words("overview.empty_map", reasons=words.join(reasons) or words("card.no_row"))
    if newest is None or period >= newest or period == context.view.period:
        return None
    missing = context.release.map_values(indicator["indicator_id"], kind, newest, level)["reason"].drop_nulls()
    usual = missing.mode().sort().to_list()[:1]
    reason = why_no_newer(context, indicator, {"reason": usual[0]} if usual else None)
    return words("overview.old_map", period=words.period(kind, period), reason=reason)


def _legend(context: Context, frame: pl.DataFrame, breaks: list[float], indicator: dict[str, Any]) -> Any:
    """Classes of the map with their ranges and how many areas each holds; unpublished areas apart."""
    words, decimals = context.words, indicator["decimals"]
    values = frame["value"].drop_nulls().to_list()
    if values:
        fills = class_colours(context.colours, len(breaks) + 1)
        members = [[value for value in values if class_of(value, breaks, decimals) == k] for k in range(len(fills))]
        items = [
            html.Li(
                [
                    html.Span(className="swatch", style={"backgroundColor": fill}),
                    _range(words, min(inside), max(inside), decimals),
                    html.Span(words.counted("overview.areas", len(inside)), className="note"),
                ]
            )
            for fill, inside in zip(fills, members, strict=True)
            if inside
        ]
    else:
        items = []
    missing = frame["value"].null_count()
    if missing:
        items.append(
            html.Li(
                [
                    html.Span(className="swatch swatch-missing"),
                    words("overview.missing"),
                    html.Span(words.counted("overview.areas", missing), className="note"),
                ]
            )
        )
    return html.Div(
        [html.P(words.unit(indicator["unit"]), className="legend-title"), html.Ul(items, className="map-legend")]
    )


def _range(words: Words, low: float, high: float, decimals: int) -> str:
    shown = [words.number(value, decimals) for value in (low, high)]
    return shown[0] if shown[0] == shown[1] else words("overview.range", low=shown[0], high=shown[1])


def _table(context: Context, frame: pl.DataFrame, indicator: dict[str, Any], kind: str, period: date) -> Any:
    words, decimals = context.words, indicator["decimals"]
    rows = [
        {
            "area": words.of(row, "title"),
            **{name: row[name] for name in ("value", "lower", "upper", "quality_grade")},
            "grade_reason": context.grade_reasons(row),
            "status": words.known("status", row["status"] or "not_available"),
            "reason": context.joined_reasons(row["reason"]),
        }
        for row in frame.to_dicts()
    ]
    columns = [
        text_column("area", words("column.area"), width=150, minWidth=120),
        number_column("value", words("column.value"), decimals, width=84),
        range_column("lower", "upper", words("column.interval"), decimals, rows),
        text_column("quality_grade", words("column.grade"), width=84, tooltipField="grade_reason"),
        text_column("status", words("column.status"), width=110, tooltipField="reason"),
        number_column("lower", words("column.lower"), decimals, hide=True),
        number_column("upper", words("column.upper"), decimals, hide=True),
        text_column("grade_reason", words("column.grade_reason"), hide=True),
        text_column("reason", words("column.reason"), hide=True),
    ]
    return grid(
        context, "map", columns, rows, f"{indicator['indicator_id']}_{kind}_{period}", indicator["indicator_id"]
    )
