"""Tables of the page on cooperation: the twins of its charts, and the figures of agencies working together."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.cooperation_words import (
    in_order,
    indicator_title,
    limits_text,
    scope_title,
    titles_by_id,
)
from dashboards.components.grid import grid, number_column, range_column, text_column, wrapped_column
from dashboards.components.layout import panel, table


def series_table(context: Context, series: pl.DataFrame, kind: str, file: str) -> list[Any]:
    """Table twin of the course of coordination, the newest first."""
    words = context.words
    names = [f"{each}{end}" for each in ("coordination", "level", "coupling") for end in ("", "_low", "_high")]
    rows = [
        {
            "parts": words(f"cooperation.short.{row['parts']}"),
            "period": words.period(kind, row["period_start"]),
            **{name: row[name] for name in names},
            "class": words(f"cooperation.class.{row['coordination_class']}") if row["coordination_class"] else "",
            "movement": words(f"cooperation.moves.{row['movement']}") if row["movement"] else "",
            "standard_coordination": row["standard_coordination"],
            "standard_coupling": row["standard_coupling"],
        }
        for row in reversed(series.to_dicts())
    ]
    columns = [
        text_column("parts", words("cooperation.column.set"), width=124, minWidth=116),
        wrapped_column("period", words("column.period"), width=150, minWidth=128),
    ]
    for name in ("coordination", "level", "coupling"):
        columns += [
            number_column(name, words(f"cooperation.measure.{name}"), 2, width=124, minWidth=118),
            range_column(f"{name}_low", f"{name}_high", words("column.interval"), 2, rows),
        ]
    columns += [
        wrapped_column("class", words("cooperation.column.class"), width=140, minWidth=110),
        wrapped_column("movement", words("cooperation.column.movement"), width=130, minWidth=110),
        *(
            number_column(name, words(f"cooperation.file.{name}"), 2, hide=True)
            for name in ("standard_coordination", "standard_coupling")
        ),
        *(
            number_column(f"{name}_{end}", words(f"cooperation.file.{name}_{end}"), 2, hide=True)
            for name in ("coordination", "level", "coupling")
            for end in ("low", "high")
        ),
    ]
    return [grid(context, "coordination", columns, rows, f"{file}_coordination")]


def contribution_table(context: Context, gives: pl.DataFrame, file: str) -> list[Any]:
    """What each indicator gives to the overall score, and costs it."""
    words, titles = context.words, titles_by_id(context)
    rows = [
        {
            "indicator": indicator_title(context, row),
            "dimension": scope_title(context, row["dimension"]),
            "value": words.measure(row["value"], row["unit"], 2 if row["decimals"] is None else row["decimals"]),
            "score": row["score"],
            "weight": None if row["weight"] is None else 100 * row["weight"],
            "obstacle": None if row["obstacle"] is None else 100 * row["obstacle"],
            "change": row["change"],
            "posts": f"{row['goalpost_low']:g}–{row['goalpost_high']:g}",
            "imputed": words("cooperation.imputed") if row["is_imputed"] else "",
            "rest_correlation": row["rest_correlation"],
            "nearest": titles.get(row["nearest"], row["nearest"]) or "",
            "nearest_correlation": row["nearest_correlation"],
        }
        for row in gives.to_dicts()
    ]
    columns = [
        wrapped_column("indicator", words("control.indicator"), width=210, minWidth=140),
        wrapped_column("dimension", words("control.dimension"), width=150, minWidth=110),
        wrapped_column("value", words("column.value"), width=130, minWidth=110),
        text_column("posts", words("cooperation.column.posts"), width=100, minWidth=90),
        number_column("score", words("column.score"), 1, width=84, minWidth=76),
        number_column("weight", words("cooperation.column.weight"), 1, width=90, minWidth=84),
        number_column("obstacle", words("cooperation.column.obstacle"), 1, width=110, minWidth=96),
        number_column("change", words("cooperation.column.change"), 2, width=100, minWidth=90),
        text_column("imputed", words("cooperation.column.imputed"), width=96, minWidth=90),
    ]
    parts: list[Any] = []
    # A city as a whole is alone on its level: nothing can be correlated over it.
    if any(row["nearest"] for row in rows):
        columns += [
            number_column("rest_correlation", words("cooperation.column.rest_correlation"), 2, width=110, minWidth=100),
            wrapped_column("nearest", words("cooperation.column.nearest"), width=190, minWidth=130),
            number_column(
                "nearest_correlation", words("cooperation.column.nearest_correlation"), 2, width=100, minWidth=90
            ),
        ]
        parts.append(html.P(words("cooperation.alike"), className="note"))
    return [*parts, grid(context, "contributions", columns, rows, f"{file}_contributions")]


def score_table(context: Context, scores: pl.DataFrame, file: str) -> list[Any]:
    """Every score with its intervals."""
    words = context.words
    plain = (
        *("score", "lower", "upper", "bound_low", "bound_high", "change", "change_low", "change_high"),
        *("rank", "rank_low", "rank_high", "areas_ranked", "indicators"),
        *("closeness", "closeness_low", "closeness_high"),
    )
    is_consistency_known = scores["alpha"].count() > 0
    rows = [
        {
            "scope": scope_title(context, row["scope"]),
            **{name: row[name] for name in plain},
            "coverage": 100 * row["coverage"],
            "imputed_share": None if row["imputed_share"] is None else 100 * row["imputed_share"],
            "alpha": row["alpha"],
            "status": words.known("status", row["status"]),
        }
        for row in in_order(scores)
    ]
    columns = [
        wrapped_column("scope", words("cooperation.column.scope"), width=160, minWidth=120),
        number_column("score", words("column.score"), 1, width=80, minWidth=74),
        range_column("lower", "upper", words("column.interval"), 1, rows),
        number_column("change", words("cooperation.column.change"), 1, width=108, minWidth=102),
        range_column("change_low", "change_high", words("column.interval"), 1, rows),
        number_column("rank", words("compare.column.rank"), 0, width=70, minWidth=64),
        range_column("rank_low", "rank_high", words("compare.column.rank_interval"), 0, rows),
        number_column("indicators", words("cooperation.column.indicators"), 0, width=96, minWidth=90),
        number_column("coverage", words("cooperation.column.coverage"), 0, width=96, minWidth=90),
        number_column("imputed_share", words("cooperation.column.imputed_share"), 0, width=96, minWidth=90),
        number_column("closeness", words("cooperation.column.closeness"), 2, width=96, minWidth=90),
        range_column("closeness_low", "closeness_high", words("column.interval"), 2, rows),
        *(
            [number_column("alpha", words("cooperation.column.alpha"), 2, width=110, minWidth=100)]
            if is_consistency_known
            else []
        ),
        text_column("status", words("column.status"), width=110, minWidth=100),
        *(
            number_column(name, words(f"cooperation.file.{name}"), 2, hide=True)
            for name in (*plain[1:5], *plain[6:8], *plain[9:12], *plain[14:])
        ),
    ]
    return [
        html.P(words("cooperation.table_note"), className="note"),
        *([html.P(words("cooperation.consistency"), className="note")] if is_consistency_known else []),
        grid(context, "scores", columns, rows, f"{file}_scores"),
    ]


def network_panel(context: Context, area: str) -> list[Any]:
    """How agencies work together, where the release tells: newest figures, linked to their course."""
    words = context.words
    found = context.release.cooperation.network(area, context.release.info.as_of).to_dicts()
    if not found:
        return []
    heads = [
        (words("control.indicator"), ""),
        (words("column.value"), "number"),
        (words("column.interval"), "number"),
        (words("column.period"), ""),
    ]
    rows = []
    for row in found:
        link = context.link("trend", indicator=row["indicator_id"], areas=(area,), period_kind=row["period_kind"])
        has_interval = row["lower"] is not None and row["upper"] is not None
        rows.append(
            [
                html.InnerLink(indicator_title(context, row), href=link),
                words.measure(row["value"], row["unit"], row["decimals"]),
                limits_text(context, row, "lower", "upper", row["decimals"]) if has_interval else "",
                words.period(row["period_kind"], row["period_start"]),
            ]
        )
    title = words("cooperation.network")
    return [panel(title, table(heads, rows, title, context, "network"), note=words("cooperation.network_note"))]
