"""Panel of revisions: what was published before of the figures shown, why it changed, and how late records are."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, text_column, wrapped_column
from dashboards.components.layout import panel, table
from dashboards.vintage_data import triangle

VINTAGES, TRIANGLE_PERIODS = 6, 12
"""Releases side by side that fit on a page, and the newest revised periods."""
SHARES = (0.5, 0.9, 0.99)
"""Of how many records it is told when they are there."""


def revision_panel(
    context: Context, indicator: dict[str, Any], areas: Sequence[str], kind: str, since: date, series: pl.DataFrame
) -> Any | None:
    """Lay out the revisions of a series (area_id, period_start, period_end, value); None where nothing can be told,
    as of a first release.
    """
    words = context.words
    found = context.release.vintages.revisions(indicator["indicator_id"], areas, kind, since)
    delays = context.release.vintages.delays(indicator["indicator_id"])
    if found.is_empty() and delays.is_empty():
        return None
    late = [html.P(delay_sentence(context, delays))] if delays.height else []
    if found.is_empty():
        return panel(words("revisions.title"), *late, html.P(words("revisions.none")))
    area = found["area_id"][0] if found["area_id"].n_unique() == 1 else areas[0]
    return panel(
        words("revisions.title"),
        *late,
        _table(context, found, indicator, kind),
        *_triangle(context, indicator, area, kind, *(each.filter(area_id=area) for each in (found, series))),
        note=words("revisions.lead"),
    )


def _triangle(
    context: Context, indicator: dict[str, Any], area: str, kind: str, revisions: pl.DataFrame, series: pl.DataFrame
) -> list[Any]:
    """What each release said of the same periods, side by side; a release from before a period's end said nothing."""
    words = context.words
    found = triangle(revisions, series, context.release.info.as_of, VINTAGES)
    dates = found["as_of"].unique().sort().to_list()
    values = {(period, as_of): value for period, as_of, value in found.iter_rows()}
    periods = found["period_start"].unique().sort(descending=True).to_list()[:TRIANGLE_PERIODS]
    if not periods:
        return []
    title = words("revisions.triangle", area=context.area_title(area))
    columns = [(words("column.period"), ""), *((words.day(as_of), "number") for as_of in dates)]
    rows = [
        [
            words.period(kind, period),
            *(
                words.number(values[period, as_of], indicator["decimals"]) if (period, as_of) in values else ""
                for as_of in dates
            ),
        ]
        for period in periods
    ]
    return [html.H3(title), table(columns, rows, title, context, "triangle")]


def delay_sentence(context: Context, delays: pl.DataFrame) -> str:
    """Say in words within how many days half, nine tenths and nearly all records are made."""
    words = context.words
    within = [int(delays.filter(pl.col("share") >= share)["delay_days"].item(0)) for share in SHARES]
    parts = [
        words.counted("revisions.within", days, share=f"{share:.0%}")
        if days
        else words("revisions.same_day", share=f"{share:.0%}")
        for share, days in zip(SHARES, within, strict=True)
    ]
    return words("revisions.delays", parts=words.join(parts), days=words.number(delays["delay_days"].item(-1)))


def reasons(context: Context, codes: str | None) -> str:
    """Put the reasons of a revision into words."""
    return context.words.join(
        [context.words.known("revision_reason", code) for code in (codes or "unknown").split(";")]
    )


def _table(context: Context, found: pl.DataFrame, indicator: dict[str, Any], kind: str) -> Any:
    words, decimals = context.words, indicator["decimals"]
    rows = [
        {
            "as_of": row["as_of"].isoformat(),
            "period": words.period(kind, row["period_start"]),
            "area": context.area_title(row["area_id"]),
            "before": row["value_before"],
            "now": row["value_now"],
            "difference": None
            if row["value_before"] is None or row["value_now"] is None
            else row["value_now"] - row["value_before"],
            "reason": reasons(context, row["reason"]),
        }
        for row in found.to_dicts()
    ]
    columns = [
        text_column("as_of", words("column.published"), width=112, minWidth=104),
        text_column("period", words("column.period"), width=130, minWidth=110),
        text_column("area", words("column.area"), width=150, minWidth=120, hide=found["area_id"].n_unique() == 1),
        number_column("before", words("column.before"), decimals, width=92, minWidth=84),
        number_column("now", words("column.now"), decimals, width=92, minWidth=84),
        number_column("difference", words("column.difference"), decimals, width=92, minWidth=84),
        wrapped_column("reason", words("column.why"), width=300, minWidth=180),
    ]
    return grid(
        context, "revisions", columns, rows, f"{indicator['indicator_id']}_{kind}_revisions", indicator["indicator_id"]
    )
