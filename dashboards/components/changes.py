"""The list "what changed": one sentence a person would write for each special cause."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import empty_state
from dashboards.figures.theme import RISING


def change_list(context: Context, changes: pl.DataFrame) -> Any:
    """Sentences linking to their trend, and how many of them chance alone would bring."""
    words = context.words
    if not changes.height:
        closed = context.release.newest_closed.get("month")
        if closed and closed not in context.release.newest_figures("month").values():
            return empty_state(words("changes.untested", period=words.period("month", closed)))
        return empty_state(words("changes.none"))
    items = []
    for row in changes.to_dicts():
        sign = "▲" if row["signal"] in RISING else "▼"
        link = context.link(
            "trend",
            indicator=row["indicator_id"],
            areas=(row["area_id"],),
            period_kind=row["period_kind"],
            period=row["period_start"],
        )
        items.append(
            html.Li(
                [
                    html.Span(sign, className="change-sign", **{"aria-hidden": "true"}),
                    html.InnerLink(sentence(context, row), href=link),
                ]
            )
        )
    first = changes.row(0, named=True)
    note = words(
        "changes.expected_false_limited" if context.release.scope.is_limited else "changes.expected_false",
        series=words.number(first["series_tested"]),
        false=words.number(first["expected_false"], 1),
    )
    return html.Div([html.Ol(items, className="change-list"), html.P(note, className="note")])


def sentence(context: Context, row: dict[str, Any]) -> str:
    """Word one row of `changes`."""
    words = context.words
    decimals = row["decimals"] or 0
    is_of_days = row["method"] == "gap"
    if row["method"] == "moving_range" and row["limit_low"] is not None and row["limit_high"] is not None:
        low, high = (words.number(row[limit], decimals) for limit in ("limit_low", "limit_high"))
        usual = words("changes.between", low=low, high=high)
    else:
        # The limits of a chart know no season.
        told = "changes.expected" if row["method"] == "season" else "changes.around"
        usual = words(told, centre=words.number(row["centre"], decimals))
    return words(
        f"changes.{row['signal']}",
        area=words.of(row, "area") or row["area_id"],
        indicator=words.of(row, "indicator") or row["indicator_id"],
        in_period=words.in_period(row["period_kind"], row["period_start"]),
        period=words.period(row["period_kind"], row["period_start"]),
        value=words.number(row["value"]) if is_of_days else words.measure(row["value"], row["unit"], decimals),
        usual=usual,
        days=words.number(row["centre"], 1),
    )
