"""Freshness of the sources: which are alive, which are not, and since when."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import badge

SIGNS = {"alive": ("good", "●"), "silent": ("bad", "■"), "collapsed": ("bad", "▼")}


def freshness_list(context: Context, freshness: pl.DataFrame, class_name: str = "") -> Any:
    """One line per source, the troubled ones first."""
    words = context.words
    items = []
    for row in freshness.sort(pl.col("status") == "alive", "source").to_dicts():
        kind, sign = SIGNS.get(row["status"], ("quiet", "●"))
        items.append(
            html.Li(
                [
                    html.Span(words.of(row, "title") or row["source"], className="source-title"),
                    badge(words.known("freshness", row["status"]), kind, sign),
                    html.Span(freshness_sentence(context, row), className="note"),
                ]
            )
        )
    return html.Ul(items, className=f"freshness {class_name}".strip())


def freshness_sentence(context: Context, row: dict[str, Any]) -> str:
    """Say how far behind a source is, or since when it has been silent."""
    words = context.words
    if row["last_day"] is None:
        return words("freshness_line.never")
    if row["status"] == "alive" and row["days_behind"] == 0:
        return words("freshness_line.today", day=words.day(row["last_day"]))
    return words(
        "freshness_line.silent" if row["status"] == "silent" else "freshness_line.last",
        day=words.day(row["last_day"]),
        behind=words.number(row["days_behind"]),
    )
