"""Areas that fell silent: which ones in which source, since when, and of how many areas each source still hears."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, text_column
from dashboards.components.layout import empty_state, panel, table

STATUSES = ("alive", "silent", "parent_silent", "source_silent", "never", "too_few")


def silent_areas(context: Context) -> Any:
    """The panel of silent areas by source; the alarm comes once, for the largest area that is silent."""
    words, areas = context.words, context.release.quality.area_freshness
    silent = areas.filter(pl.col("status") == "silent")
    content = _table(context, silent) if silent.height else empty_state(words("area_freshness.none"))
    return panel(
        words("area_freshness.title"),
        content,
        html.H3(words("area_freshness.counts")),
        _counts(context, areas),
        note=words("area_freshness.note"),
        class_name="area-silence",
    )


def _table(context: Context, silent: pl.DataFrame) -> Any:
    words, titles = context.words, context.source_titles
    rows = [
        {
            "source": titles.get(row["source"], row["source"]),
            "area": words.of(row, "title"),
            "level": words.known("level", row["area_level"]),
            "last_day": words.period("day", row["last_day"]),
            "days_behind": row["days_behind"],
            "expected": row["expected"],
        }
        for row in silent.to_dicts()
    ]
    columns = [
        text_column("source", words("column.source"), width=190, minWidth=110),
        text_column("area", words("column.area"), width=170, minWidth=110),
        text_column("level", words("column.level"), width=150),
        text_column("last_day", words("column.last_day"), width=160, minWidth=130),
        number_column("days_behind", words("column.days_behind"), 0, width=120),
        number_column("expected", words("column.expected_days"), 0, width=140),
    ]
    return grid(context, "silent_areas", columns, rows, "silent_areas")


def _counts(context: Context, areas: pl.DataFrame) -> Any:
    """One line per source; statuses that no area has are left out."""
    words, titles = context.words, context.source_titles
    shown = [status for status in STATUSES if status in areas["status"]]
    counted = areas.group_by("source", "status").len()
    by_source = {(source, status): count for source, status, count in counted.iter_rows()}
    rows = [
        [titles.get(source, source), *(words.number(by_source.get((source, status), 0)) for status in shown)]
        for source in sorted(areas["source"].unique())
    ]
    columns = [
        (words("column.source"), ""),
        *((words.known("area_freshness", status), "number") for status in shown),
    ]
    return table(columns, rows, words("area_freshness.counts"), context, "area_freshness")
