"""The latest week or month against what season, calendar and trend let expect: one line per area."""

from collections.abc import Sequence
from typing import Any

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import badge
from dashboards.components.year_before import p_text


def alarm_lines(context: Context, indicator: dict[str, Any], areas: Sequence[str], kind: str) -> list[Any]:
    """What was expected of the latest period of each area that was tested; nothing where none was."""
    words, decimals = context.words, indicator["decimals"]
    found = {
        row["area_id"]: row for row in context.release.trends.alarms(indicator["indicator_id"], areas, kind).to_dicts()
    }
    items = []
    for area in areas:
        if area not in found:
            continue
        row = found[area]
        rises = row["value"] > row["centre"]
        text = words(
            "against_season.line",
            area=context.area_title(area),
            period=words.period(kind, row["period_start"]),
            value=words.number(row["value"], decimals),
            **{name: words.number(row[name], decimals) for name in ("centre", "lower", "upper")},
            p=p_text(row["p_value"]),
        )
        sign = [" ", badge(words("against_season.alarm"), "context", "▲" if rises else "▼")] if row["alarm"] else []
        items.append(html.Li([text, *sign]))
    if not items:
        return []
    return [html.Div([html.H3(words("against_season.title")), html.Ul(items)], className="reading against-season")]
