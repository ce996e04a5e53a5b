"""Quality scores: every source by dimension in its newest month, its grades over the months, and areas below A."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, text_column
from dashboards.components.layout import badge, empty_state, graph, panel, table
from dashboards.figures.grades import grade_fills, grades_figure
from dashboards.periods import period_end

DIMENSIONS = ("completeness", "validity", "uniqueness", "timeliness", "consistency", "accuracy")
CAPS = ("checks", "continuity")
"""What caps the overall grade beside them: told where something is amiss."""
OVERALL = "overall"
DECIMALS = 2
"""Of scores: as many as they are graded by."""
LATEST_MONTHS = 36
"""Months that the course of the grades shows, back from the newest."""
KINDS = {"A": "good", "B": "good", "C": "quiet", "D": "bad"}
"""Kind of badge by grade; the letter carries the meaning."""


def quality_scores(context: Context) -> Any:
    """The panel of scores of the whole city, and of the areas that are below A."""
    words = context.words
    scores = context.release.quality.scores(context.release.city_id)
    newest = _newest_months(context, scores)
    if not newest:
        return panel(words("quality_score.title"), empty_state(words("quality_score.none")), class_name="quality-score")
    return panel(
        words("quality_score.title"),
        _matrix(context, scores, newest),
        _by_month(context, scores),
        _by_area(context, max(newest.values())),
        note=words("quality_score.note"),
        class_name="quality-score",
    )


def _newest_months(context: Context, scores: pl.DataFrame) -> dict[str, date]:
    """The newest month of each source that was over and graded."""
    over = [
        (source, start)
        for source, start in scores.filter(
            (pl.col("period_kind") == "month") & (pl.col("dimension") == OVERALL) & pl.col("grade").is_not_null()
        )
        .select("source", "period_start")
        .iter_rows()
        if period_end("month", start) <= context.release.info.as_of + timedelta(days=1)
    ]
    return dict(sorted(over))


def _matrix(context: Context, scores: pl.DataFrame, newest: dict[str, date]) -> Any:
    words, titles = context.words, context.source_titles
    months = scores.filter(pl.col("period_kind") == "month")
    by_cell = {(row["source"], row["period_start"], row["dimension"]): row for row in months.to_dicts()}
    missing = scores.filter((pl.col("period_kind") == "all") & (pl.col("status") == "not_available"))
    reasons = {(row["source"], row["dimension"]): row["reason"] for row in missing.to_dicts()}
    amiss = {name for source, month, name in by_cell if newest.get(source) == month}
    shown = (*DIMENSIONS, *(name for name in CAPS if name in amiss), OVERALL)
    rows = [
        [
            html.Span(titles.get(source, source), className="source-title"),
            words.period("month", month),
            *(
                html.Span(words("quality_score.nothing_amiss"), className="note")
                if name in CAPS and (source, month, name) not in by_cell
                else _cell(context, by_cell.get((source, month, name)), reasons.get((source, name)))
                for name in shown
            ),
        ]
        for source, month in newest.items()
    ]
    columns = [
        (words("column.source"), ""),
        (words("column.period"), ""),
        *((words.known("score_dimension", name), "") for name in shown),
    ]
    return table(columns, rows, words("quality_score.title"), context, "quality_score")


def _cell(context: Context, row: dict[str, Any] | None, reason: str | None) -> Any:
    """Grade and score, under them what was counted; why there is none where there is none."""
    words = context.words
    if row is None:
        code, _, field = (reason or "").partition(":")
        missing = code == "needs_field"
        why = (
            words("quality_score.no_field", field=field.partition(".")[2])
            if missing
            else words("quality_score.not_counted")
        )
        return html.Span(why, className="note")
    if row["grade"] is None:
        return html.Span(words("quality_score.too_few"), className="note")
    shown = words("quality_score.cell", grade=row["grade"], score=words.number(row["score"], DECIMALS))
    counts = {name: words.number(row[name]) for name in ("numerator", "denominator")}
    lines = [words("quality_score.dimensions" if row["dimension"] == OVERALL else "quality_score.counts", **counts)]
    if row["decided_by"]:
        lines.append(words("quality_score.decided", dimension=words.known("score_dimension", row["decided_by"])))
    if row["status"] == "provisional":
        lines.append(words("status.provisional"))
    return [badge(shown, KINDS[row["grade"]]), html.P(words.join(lines), className="note")]


def _by_month(context: Context, scores: pl.DataFrame) -> Any:
    words = context.words
    months = scores.filter((pl.col("period_kind") == "month") & (pl.col("dimension") == OVERALL))
    last = months.filter(pl.col("grade").is_not_null())["period_start"].max()
    months = months.filter(pl.col("period_start") > pl.lit(last).dt.offset_by(f"-{LATEST_MONTHS}mo"))
    graded = months.filter(pl.col("grade").is_not_null())["source"].unique().sort()
    titles = {source: context.source_titles.get(source, source) for source in graded}
    months = months.filter(pl.col("source").is_in(graded))
    hovers = ["<br>".join([f"<b>{titles[row['source']]}</b>", *_hover(context, row)]) for row in months.to_dicts()]
    description = words("quality_score.by_month_description", count=LATEST_MONTHS)
    swatches = [
        html.Li([html.Span(className="swatch", style={"backgroundColor": fill}), grade])
        for grade, fill in grade_fills(context.colours).items()
    ]
    drawing = grades_figure(months, titles, hovers, words.axis_formats, context.colours)
    return html.Div(
        [
            html.H3(words("quality_score.by_month")),
            html.P(description, className="note"),
            html.Ul(swatches, className="map-legend grade-legend"),
            graph(drawing, description, "grades-figure"),
        ]
    )


def _hover(context: Context, row: dict[str, Any]) -> list[str]:
    words = context.words
    lines = [words.period("month", row["period_start"])]
    if row["grade"]:
        lines.append(words("quality_score.cell", grade=row["grade"], score=words.number(row["score"], DECIMALS)))
    if row["decided_by"]:
        lines.append(words("quality_score.decided", dimension=words.known("score_dimension", row["decided_by"])))
    return lines


def _by_area(context: Context, month: date) -> Any:
    """Areas of all sources that are below A in the newest month, the worst first."""
    words, titles = context.words, context.source_titles
    below = context.release.quality.area_scores(month).filter(
        (pl.col("grade") != "A") & (pl.col("area_id") != context.release.city_id)
    )
    shown = words.period("month", month)
    if not below.height:
        return html.P(words("quality_score.no_area_below", month=shown), className="note")
    rows = [
        {
            "source": titles.get(row["source"], row["source"]),
            "area": words.of(row, "title"),
            "level": words.known("level", row["area_level"]),
            "grade": row["grade"],
            "score": row["score"],
            "decided_by": words.known("score_dimension", row["decided_by"]),
        }
        for row in below.to_dicts()
    ]
    columns = [
        text_column("source", words("column.source"), width=190, minWidth=110),
        text_column("area", words("column.area"), width=170, minWidth=110),
        text_column("level", words("column.level"), width=150),
        text_column("grade", words("column.grade"), width=90),
        number_column("score", words("column.score"), DECIMALS, width=90),
        text_column("decided_by", words("column.decided_by"), width=160),
    ]
    content = grid(context, "area_scores", columns, rows, f"quality_{month}")
    return html.Div([html.H3(words("quality_score.by_area", month=shown)), content])
