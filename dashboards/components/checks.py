"""Checks on tables: how many passed at each stage, and each of them in words."""

from collections.abc import Collection
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, said, text_column, wrapped_column
from dashboards.components.layout import badge, graph
from dashboards.figures.checks import checks_figure
from dashboards.wording import Words

STAGES = (
    *("raw", "staging", "quarantine", "ledger", "facts", "measures", "extracts", "profiles", "indicators"),
    "quality",
)
PASSED = pl.col("success").fill_null(False) & pl.col("exception").is_null()
LATEST_DAYS = 90
"""Days that the course of the checks shows, back from the newest."""
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
KINDS = (
    "not_null",
    "unique",
    "relationships",
    "accepted_values",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_between",
    PAIR,
)
"""Kinds of checks whose names go on with the columns that they look at."""


def check_name(words: Words, expectation: str, column: str | None, known_columns: Collection[str]) -> str:
    """Put the name of a check into words; columns that the table names elsewhere are left out.

    Parameters
    ----------
    expectation
        A name of its own (`one_root`), or a kind of check followed by columns (`not_null_area_id`).
    column
        The column that the check looks at, if it is one.
    known_columns
        Names of columns, by which two of them joined by an underscore are told apart.
    """
    kind = next((kind for kind in KINDS if expectation == kind or expectation.startswith(f"{kind}_")), expectation)
    columns = expectation.removeprefix(kind).strip("_")
    if kind == PAIR:
        parts = columns.split("_")
        cuts = (("_".join(parts[:n]), "_".join(parts[n:])) for n in range(1, len(parts)))
        pair = next((pair for pair in cuts if set(pair) <= set(known_columns)), None)
        if pair:
            return words("check_pair", first=pair[0], second=pair[1])
    text = words.known("check", kind)
    text = text[:1].upper() + text[1:]
    return text if columns in ("", column) else words("check_of", check=text, columns=columns)


def check_summary(context: Context, checks: pl.DataFrame) -> Any:
    """How many checks passed, by stage, in the order in which records pass through."""
    words = context.words
    present = checks["layer"].unique(maintain_order=True).to_list()
    steps = []
    for stage in [*(s for s in STAGES if s in present), *(s for s in present if s not in STAGES)]:
        own = checks.filter(pl.col("layer") == stage)
        passed = own.filter(PASSED).height
        failed = own.height - passed
        verdict = (
            badge(words.counted("quality.stage_failed", failed), "bad", "■")
            if failed
            else badge(words("quality.stage_passed"), "good", "●")
        )
        count = words("quality.stage_count", passed=words.number(passed), all=words.number(own.height))
        steps.append(
            html.Li(
                [
                    html.Span(words.known("layer", stage), className="flow-name"),
                    html.Span(count, className="flow-number"),
                    html.Span(verdict),
                ],
                className="flow-step",
            )
        )
    return html.Ol(steps, className="flow checks")


def check_history(context: Context) -> Any:
    """Draw the tables with failed checks, day by day; nothing where the memory holds one date of these days only."""
    words = context.words
    last = context.release.quality.checks_by_date["as_of"].max()
    shown = context.release.quality.checks_by_date.filter(
        pl.col("as_of") > pl.lit(last) - pl.duration(days=LATEST_DAYS)
    )
    dates = shown["as_of"].n_unique()
    if dates < 2:
        return None
    if not shown["failed"].sum():
        return html.P(words("quality.never_failed", count=words.number(dates)), className="note")
    drawn = set(shown.filter(pl.col("failed") > 0)["table_name"])
    counts = {
        (failed, checks): words("quality.checks_failed", failed=words.number(failed), all=words.number(checks))
        for failed, checks in shown.select("failed", "checks").unique().iter_rows()
    }
    hovers = [
        f"<b>{table}</b><br>{words.period('day', as_of)}<br>{counts[failed, checks]}" if table in drawn else ""
        for table, as_of, failed, checks in shown.select("table_name", "as_of", "failed", "checks").iter_rows()
    ]
    description = words("quality.checks_by_date_description")
    drawing = checks_figure(shown, hovers, words.axis_formats, context.colours)
    return html.Div(
        [
            html.H3(words("quality.checks_by_date")),
            html.P(description, className="note"),
            graph(drawing, description, "checks-figure"),
        ]
    )


def check_grid(context: Context, checks: pl.DataFrame) -> Any:
    """Every check in words, its technical name on hovering and in the file."""
    words = context.words
    known_columns = checks["column_name"].drop_nulls().unique().to_list()
    named = {
        (expectation, column): check_name(words, expectation, column, known_columns)
        for expectation, column in checks.select("expectation", "column_name").unique().iter_rows()
    }
    verdict = (
        pl.when(pl.col("exception").fill_null("") != "")
        .then(pl.lit("exception"))
        .when(pl.col("success").fill_null(False))
        .then(pl.lit("passed"))
        .otherwise(pl.lit("failed"))
    )
    rows = checks.with_columns(verdict=verdict).select(
        "table_name",
        "column_name",
        *("expectation", "observed", "threshold", "failed_count", "examined", "exception"),
        pl.Series("check", [named[key] for key in checks.select("expectation", "column_name").iter_rows()]),
        verdict=said(pl.Series(("exception", "passed", "failed")), "verdict", lambda code: words(f"verdict.{code}")),
        severity=said(checks["severity"], "severity", lambda code: words.known("severity", code)),
        layer=said(checks["layer"], "layer", lambda code: words.known("layer", code)),
        dimension=said(checks["dimension"], "dimension", lambda code: words.known("quality_dimension", code)),
        failing_since=said(
            checks["failing_since"], "failing_since", lambda day: words.period("day", day) if day else ""
        ),
    )
    columns = [
        text_column("verdict", words("column.verdict"), width=120),
        wrapped_column("check", words("column.check"), width=380, minWidth=200, tooltipField="expectation"),
        text_column("table_name", words("column.table"), width=170),
        text_column("column_name", words("column.column"), width=170),
        text_column("layer", words("column.layer"), width=100),
        text_column("dimension", words("column.quality_dimension"), width=120, minWidth=110),
        text_column("severity", words("column.severity"), width=92),
        text_column("failing_since", words("column.failing_since"), width=160, minWidth=150),
        text_column("observed", words("column.observed"), width=120),
        text_column("threshold", words("column.threshold"), width=150, minWidth=130),
        number_column("failed_count", words("column.failed_count"), 0, width=90),
        text_column("examined", words("column.examined"), width=170),
        text_column("exception", words("column.exception"), width=160),
        text_column("expectation", words("column.expectation"), hide=True),
    ]
    return grid(context, "expectations", columns, rows, "expectations")
