"""How the page on cooperation words scores, scopes and limits."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.data import DIMENSIONS

SETS = {
    "subjects": ("government", "enterprises", "new_citizens"),
    "foundations": ("mechanism", "social_linkage", "information_sharing", "prevention_foundation"),
}
"""Dimensions whose coordination is told, in the order in which they are shown."""
OVERALL = "overall"
DECIMALS = 1
Row = dict[str, Any]


def in_order(scores: pl.DataFrame) -> list[Row]:
    """The whole first, then the dimensions as everything lists them."""
    place = {OVERALL: -1} | {name: at for at, name in enumerate(DIMENSIONS)}
    return sorted(scores.to_dicts(), key=lambda row: place.get(row["scope"], len(place)))


def scope_title(context: Context, scope: str) -> str:
    """Name of the whole or of a dimension."""
    return context.words("cooperation.overall") if scope == OVERALL else context.words.known("dimension", scope)


def limits_text(context: Context, row: Row, low: str, high: str, decimals: int = DECIMALS) -> str:
    """Two limits as one text."""
    words = context.words
    return words("cooperation.range", low=words.number(row[low], decimals), high=words.number(row[high], decimals))


def parts_missing(context: Context, name: str, row: Row | None) -> str:
    """Why there is no coordination: the parts without a score."""
    words = context.words
    code = (row or {}).get("reason") or ""
    missing = code.partition(":")[2].split(",") if code.startswith("no_score:") else list(SETS[name])
    titles = words("list.comma").join(scope_title(context, each) for each in missing)
    return words("cooperation.not_told", parts=titles)


def indicator_title(context: Context, row: Row) -> str:
    """Title of a row's indicator, its id where the catalogue has none."""
    return context.words.of(row, "title") or str(row["indicator_id"])


def titles_by_id(context: Context) -> dict[str, str]:
    """Title of every indicator of the catalogue."""
    rows = context.release.catalogue.to_dicts()
    return {row["indicator_id"]: context.words.of(row, "title") or str(row["indicator_id"]) for row in rows}


def group_levels(context: Context, gives: pl.DataFrame) -> list[str]:
    """Levels of both groups behind every gap, and where one counts as it stood before both did worse: a text each."""
    words, told = context.words, []
    for row in gives.filter(pl.col("levels_unit").is_not_null()).to_dicts():
        now, then = (
            words(
                "cooperation.both",
                new_citizens=words.measure(row[f"new_citizens{end}"], row["levels_unit"], DECIMALS),
                residents=words.measure(row[f"residents{end}"], row["levels_unit"], DECIMALS),
            )
            for end in ("", "_then")
        )
        text = words("cooperation.levels", indicator=indicator_title(context, row), levels=now)
        if row["held_from"] is not None:
            text += words("cooperation.space") + words(
                "cooperation.held",
                period=words.period(row["period_kind"], row["held_from"]),
                counted=words.measure(row["value"], row["unit"], row["decimals"] or 2),
                own=words.measure(row["own_value"], row["unit"], row["decimals"] or 2),
                levels=then,
            )
        told.append(text)
    return told


def legend(context: Context, marks: list[tuple[str, str]], note: str) -> Any:
    """What the marks of a chart mean, and what to bear in mind."""
    items = [
        html.Li([html.Span(className=f"legend-mark {look}", **{"aria-hidden": "true"}), html.Span(context.words(key))])
        for look, key in marks
    ]
    return html.Div([html.Ul(items, className="legend"), html.P(note, className="note")], className="reading")
