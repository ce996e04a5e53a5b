"""Sources held against their own past: days that were unusual, in a sentence each, and fields that have drifted."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.grid import grid, text_column, wrapped_column
from dashboards.components.layout import badge, empty_state, panel, table

SHOWN_DAYS = 8
"""Source's days that are told in sentences, the newest; all are in the table under them."""
SIGNS = {"above": "▲", "below": "▼"}
STATUSES = {"large": ("bad", "■"), "moderate": ("quiet", "▲"), "unclear": ("quiet", "○")}
UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
LEAST_OF_A_UNIT = 2


def unusual_days(context: Context) -> Any:
    """The panel of what was unusual lately, newest first."""
    words, anomalies = context.words, context.release.quality.anomalies
    if not anomalies.height:
        return panel(words("quality.anomalies"), empty_state(words("quality.no_anomalies")), class_name="anomalies")
    titles = context.source_titles
    days = anomalies.partition_by("day", "source", maintain_order=True)
    items = [
        html.Li(
            [
                html.Span(titles.get(own["source"][0], own["source"][0]), className="source-title"),
                html.Span(words.day(own["day"][0]), className="note-day"),
                *(
                    html.P(
                        [html.Span(SIGNS[row["direction"]], **{"aria-hidden": "true"}), " ", sentence(context, row)],
                        className="note",
                    )
                    for row in own.to_dicts()
                ),
            ]
        )
        for own in days[:SHOWN_DAYS]
    ]
    rows = [
        {
            "day": row["day"].isoformat(),
            "source": titles.get(row["source"], row["source"]),
            "metric": words.known("metric", row["metric"]),
            "field": row["field"] or "",
            "told": sentence(context, row),
        }
        for row in anomalies.to_dicts()
    ]
    columns = [
        text_column("day", words("column.day"), width=110),
        wrapped_column("source", words("column.source"), width=170, minWidth=110),
        text_column("metric", words("column.metric"), width=150),
        text_column("field", words("column.field"), width=140),
        wrapped_column("told", words("column.told"), width=440, minWidth=220),
    ]
    all_of_them = grid(context, "anomalies", columns, rows, "anomalies") if len(days) > SHOWN_DAYS else None
    return panel(
        words("quality.anomalies"),
        html.Ul(items, className="freshness"),
        all_of_them,
        note=words("quality.anomalies_note"),
        class_name="anomalies",
    )


def sentence(context: Context, row: dict[str, Any]) -> str:
    """Say what was observed on a day, or on the days up to it, and what would have been usual."""
    words, metric = context.words, row["metric"]
    as_number = words.number if metric == "volume" else lambda share: words.measure(100 * share, "%")
    observed, low, high = (as_number(row[name]) for name in ("observed", "low", "high"))
    value = row["value"]
    if metric == "mix":
        metric = "mix" if value else "mix_other"
        value = context.area_title(value) if value and row["field"] == "area_id" else value
    elif metric == "delay":
        value = _span(context, value)
    elif metric == "size":
        value = words.number(float(value))
    told = words(
        f"anomaly.{metric}",
        observed=observed,
        low=low,
        high=high,
        records=words.number(row["records"]),
        field=row["field"],
        value=value,
    )
    return told if row["days"] == 1 else words("anomaly.days", days=words.number(row["days"]), told=told)


def _span(context: Context, seconds: str) -> str:
    """Name a time in the largest unit of which it holds two at least."""
    whole = float(seconds)
    unit, size = next((each for each in UNITS if whole >= LEAST_OF_A_UNIT * each[1]), UNITS[-1])
    return context.words(f"span.{unit}", count=context.words.number(round(whole / size)))


def drifted_fields(context: Context) -> Any:
    """The panel of the fields whose newest month is not like the year before, the furthest first."""
    words, stability = context.words, context.release.quality.stability
    if not stability.height:
        return panel(words("quality.stability"), empty_state(words("quality.no_stability")), class_name="stability")
    order = list(STATUSES)
    changed = stability.filter(pl.col("status") != "stable").to_dicts()
    rows = sorted(changed, key=lambda row: (order.index(row["status"]), -row["psi"]))
    others = stability.height - len(rows)
    columns = [
        (words("column.source"), ""),
        (words("column.field"), ""),
        (words("column.month"), ""),
        (words("column.rows"), "number"),
        (words("column.psi"), "number"),
        (words("column.noise"), "number"),
        (words("column.verdict"), ""),
    ]
    cells = [
        [
            context.source_titles.get(row["source"], row["source"]),
            html.Code(row["field"]),
            words.period("month", row["month"]),
            words.number(row["records"]),
            words.number(row["psi"], 2),
            words.number(row["noise"], 2),
            badge(words.known("stability", row["status"]), *STATUSES[row["status"]]),
        ]
        for row in rows
    ]
    return panel(
        words("quality.stability"),
        table(columns, cells, words("quality.stability"), context, "stability") if cells else None,
        html.P(words.counted("quality.as_before", others), className="note") if others else None,
        note=words("quality.stability_note"),
        class_name="stability",
    )
