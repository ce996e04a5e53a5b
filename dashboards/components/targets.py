"""Targets in words: where a figure stands on the way to one, and how probable it is that it gets there."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import badge, panel

KINDS = {"met": "good", "on_path": "good", "unclear": "context", "off_path": "bad", "missed": "bad"}
SIGNS = {"met": "●", "on_path": "●", "unclear": "○", "off_path": "■", "missed": "■"}


def status_badge(context: Context, status: str) -> Any:
    """Where a figure stands, as a small label."""
    return badge(context.words.known("target_status", status), KINDS.get(status, "context"), SIGNS.get(status, ""))


def aim(context: Context, target: dict[str, Any], indicator: dict[str, Any]) -> str:
    """What is to be reached by when."""
    words = context.words
    value = words.measure(target["target"], indicator["unit"], indicator["decimals"])
    return words("target.aim", value=value, due=words.day(target["due"]))


def chance(context: Context, target: dict[str, Any]) -> str | None:
    """How probable it is that the target is reached; None where too little is known."""
    if target["probability"] is None:
        return None
    percent = 100 * target["probability"]
    if percent < 1:
        return context.words("target.hardly")
    if percent > 99:
        return context.words("target.nearly_sure")
    return context.words("target.chance", percent=context.words.number(percent))


def way(target: dict[str, Any]) -> list[tuple[date, float]]:
    """The path from the baseline to the target, as points; the target alone where the baseline is not known."""
    start = target["target"] if target["baseline"] is None else target["baseline"]
    return [(target["since"], start), (target["due"], target["target"])]


def target_panel(context: Context, indicator: dict[str, Any], targets: pl.DataFrame, areas: Sequence[str]) -> list[Any]:
    """A panel that tells of each shown area's target; nothing where none is declared."""
    words, decimals = context.words, indicator["decimals"]
    rows = {row["area_id"]: row for row in targets.to_dicts()}
    shown = [area for area in areas if area in rows]
    if not shown:
        return []
    items = []
    for area in shown:
        row = rows[area]
        parts = [aim(context, row, indicator)]
        if row["baseline"] is not None:
            parts.append(
                words("target.from", value=words.number(row["baseline"], decimals), since=words.day(row["since"]))
            )
        if row["value"] is None:
            parts.append(words("target.no_figure"))
        else:
            parts.append(
                words(
                    "target.latest",
                    period=words.period(row["period_kind"], row["period_start"]),
                    value=words.measure(row["value"], indicator["unit"], decimals),
                )
            )
        if row["progress"]:
            parts.append(words.known("progress", row["progress"]))
        told = chance(context, row)
        if told is None:
            parts.append(words("target.too_few"))
        else:
            low, at, high = (
                words.number(row[name], decimals) for name in ("predicted_low", "predicted", "predicted_high")
            )
            parts.append(
                words("target.line", chance=told, months=words.number(row["months"]), at=at, low=low, high=high)
            )
        head = [status_badge(context, row["target_status"])] if row["target_status"] else []
        items.append(
            html.Div(
                [
                    html.Div(
                        [html.Strong(context.area_title(area)), *head] if len(areas) > 1 else head, className="badges"
                    ),
                    html.P(" ".join(parts) if words.language == "en" else "".join(parts)),
                ],
                className="target",
            )
        )
    return [panel(words("target.title"), *items, note=words("target.note"))]
