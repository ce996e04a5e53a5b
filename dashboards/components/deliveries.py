"""Changes in deliveries: where a source is no longer what it was, what was done, and what to do."""

from typing import Any

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import badge, empty_state, panel, table

SIGNS = {"stop": ("bad", "■"), "quarantine": ("bad", "▼"), "adapt": ("quiet", "●")}


def delivery_changes(context: Context) -> Any:
    """The panel of all changes, those that set rows aside first; the suggestion as it was given."""
    words, drift = context.words, context.release.quality.drift
    if not drift.height:
        return panel(words("quality.drift"), empty_state(words("quality.no_drift")))
    rows = [
        _row(context, change) for change in sorted(drift.to_dicts(), key=lambda change: change["policy"] == "adapt")
    ]
    columns = [
        (words("column.source"), ""),
        (words("column.change"), ""),
        (words("column.rows"), "number"),
        (words("column.done"), ""),
        (words("column.suggestion"), ""),
    ]
    return panel(
        words("quality.drift"),
        table(columns, rows, words("quality.drift"), context, "drift"),
        note=words("quality.drift_note"),
        class_name="drift",
    )


def _row(context: Context, change: dict[str, Any]) -> list[Any]:
    words = context.words
    kind, sign = SIGNS.get(change["policy"], ("quiet", "●"))
    what = [words.known("drift", change["what"])]
    if change["column_name"]:
        what += [" ", html.Code(change["column_name"])]
    files = words.counted("quality.drift_files", change["files"], file=change["file"])
    return [
        html.Span(context.source_titles.get(change["source"], change["source"]), className="source-title"),
        [html.P(what), html.P(files, className="note")],
        words.number(change["rows"]),
        badge(words.known("policy", change["policy"]), kind, sign),
        # Written in English when the delivery was read.
        html.Span(change["suggestion"], lang="en"),
    ]
