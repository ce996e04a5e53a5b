"""How the parts of a set do together: in one period, and over time."""

from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.cooperation_tables import series_table
from dashboards.components.cooperation_words import (
    DECIMALS,
    SETS,
    Row,
    indicator_title,
    legend,
    limits_text,
    parts_missing,
    scope_title,
)
from dashboards.components.layout import badge, empty_state, graph, panel, table
from dashboards.figures.cooperation import coordination_figure


def together_panel(
    context: Context, name: str, series: pl.DataFrame, scores: pl.DataFrame, period: date, gives: pl.DataFrame
) -> Any:
    """How the parts of one set do together in the period."""
    words = context.words
    found = series.filter((pl.col("parts") == name) & (pl.col("period_start") == period)).to_dicts()
    by_scope = {row["scope"]: row for row in scores.to_dicts()}
    members = [
        [
            scope_title(context, each),
            words.number(by_scope[each]["score"], DECIMALS) if each in by_scope else words("cooperation.nothing"),
            limits_text(context, by_scope[each], "lower", "upper")
            if each in by_scope and by_scope[each]["score"] is not None
            else "",
        ]
        for each in SETS[name]
    ]
    heads = [
        (words("cooperation.column.part"), ""),
        (words("column.score"), "number"),
        (words("column.interval"), "number"),
    ]
    parts: list[Any] = [table(heads, members, words("cooperation.parts_caption", parts=words(f"cooperation.{name}")))]
    row = found[0] if found else None
    if row is None or row["coordination"] is None:
        parts.append(html.P(parts_missing(context, name, row), className="note"))
    else:
        parts.append(_measures(context, row))
        parts.append(html.P(_class(context, row)))
        if row["movement"]:
            movement = words(f"cooperation.movement.{row['movement']}")
            if row["synergy"] is not None:
                movement += words("cooperation.synergy", value=words.number(row["synergy"], 2))
            parts.append(html.P(movement + words("cooperation.stop")))
    if row is not None and row["obstacle"]:
        parts.append(html.P(_obstacle(context, row, gives)))
    return panel(words(f"cooperation.{name}"), *parts, class_name="cooperation-set")


def _measures(context: Context, row: Row) -> Any:
    words = context.words
    items = [
        html.Div(
            [
                html.Dt(words(f"cooperation.measure.{name}")),
                html.Dd(
                    [
                        html.Span(words.number(row[name], 2), className="measure-number"),
                        html.Span(
                            limits_text(context, row, f"{name}_low", f"{name}_high", 2),
                            className="note",
                        ),
                    ]
                ),
            ]
        )
        for name in ("coordination", "level", "coupling")
    ]
    return html.Dl(items, className="measures")


def _class(context: Context, row: Row) -> Any:
    words = context.words
    if row["coordination_class"] is None:
        return words("cooperation.no_class")
    return badge(words(f"cooperation.class.{row['coordination_class']}"), "quiet")


def _obstacle(context: Context, row: Row, gives: pl.DataFrame) -> Any:
    words = context.words
    known = gives.filter(pl.col("indicator_id") == row["obstacle"]).to_dicts()
    title = indicator_title(context, known[0]) if known else row["obstacle"]
    text = words(
        "cooperation.obstacle",
        share=words.number(100 * row["obstacle_degree"]),
        certainty=words.number(100 * row["obstacle_certainty"]),
    )
    link = context.link("trend", indicator=row["obstacle"], areas=(row["area_id"],))
    return [words("cooperation.obstacle_is"), html.InnerLink(title, href=link), text]


def over_time_panel(context: Context, series: pl.DataFrame, kind: str, what: str, file: str) -> Any:
    """The course of coordination, with its table."""
    words = context.words
    told = {
        name: words(f"cooperation.{name}")
        for name in SETS
        if series.filter((pl.col("parts") == name) & pl.col("coordination").is_not_null()).height
    }
    if not told:
        return panel(words("cooperation.over_time"), empty_state(words("cooperation.no_series")))
    hovers = {
        name: [_series_hover(context, row, kind) for row in series.filter(pl.col("parts") == name).to_dicts()]
        for name in told
    }
    drawing = coordination_figure(series, told, hovers, words.axis_formats, context.colours)
    marks = [
        ("legend-line", "cooperation.measure.coordination"),
        ("legend-band", "legend.interval"),
        ("legend-centre", "cooperation.measure.level"),
        ("legend-limits", "cooperation.measure.coupling"),
    ]
    return panel(
        words("cooperation.over_time"),
        graph(drawing, words("cooperation.series_description", what=what), "coordination"),
        legend(context, marks, words("cooperation.series_note")),
        *series_table(context, series.filter(pl.col("parts").is_in([*told])), kind, file),
    )


def _series_hover(context: Context, row: Row, kind: str) -> str:
    words = context.words
    lines = [f"<b>{words.period(kind, row['period_start'])}</b>"]
    if row["coordination"] is None:
        return "<br>".join([*lines, parts_missing(context, row["parts"], row)])
    for name in ("coordination", "level", "coupling"):
        value, spread = words.number(row[name], 2), limits_text(context, row, f"{name}_low", f"{name}_high", 2)
        lines.append(f"{words(f'cooperation.measure.{name}')} {value} ({spread})")
    return "<br>".join(lines)
