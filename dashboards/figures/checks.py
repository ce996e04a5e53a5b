"""The checks of each table over time: which failed on which date, and how many."""

from collections.abc import Mapping, Sequence
from datetime import date

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.theme import Palette, axis, figure

ROW_PIXELS = 30
MOST_LABELLED_DATES = 31
"""With more dates than these the cells are too narrow for numbers."""


def checks_figure(
    history: pl.DataFrame, dates: Mapping[date, str], hovers: Sequence[str], colours: Palette
) -> go.Figure:
    """Draw a heat map of the tables that failed a check on any of the dates.

    Parameters
    ----------
    history
        Rows of `Release.checks_by_date`, of these dates alone.
    dates
        Names of the dates, in order; a column each.
    hovers
        Text per row of `history`.

    Returns
    -------
    go.Figure
        One heat map: tables from the one that failed most often down; z is 0 where all checks held, 1 where only
        warnings failed, 2 where errors did, null where the table was not judged. The text is how many failed.
    """
    state = pl.when(pl.col("errors") > 0).then(2).when(pl.col("failed") > 0).then(1).otherwise(0)
    named = history.with_columns(
        pl.Series("hover", hovers, dtype=pl.String),
        table=pl.format("{}.{}", "layer", "table_name"),
        state=state,
    )
    failing = (
        named.group_by("table")
        .agg(dates=(pl.col("failed") > 0).sum(), failed=pl.col("failed").sum())
        .filter(pl.col("failed") > 0)
        .sort(["dates", "failed", "table"], descending=[True, True, False])
    )
    cells = {(row["table"], row["as_of"]): row for row in named.to_dicts()}
    tables = failing["table"].to_list()
    found = [[cells.get((table, day)) for day in dates] for table in tables]
    is_labelled = len(dates) <= MOST_LABELLED_DATES
    drawing = figure(
        colours,
        ROW_PIXELS * len(tables) + 60,
        hovermode="closest",
        xaxis=axis(colours, type="category", showgrid=False, side="top", nticks=8, tickangle=0),
        yaxis=axis(colours, autorange="reversed", showgrid=False, tickfont={"color": colours.ink, "size": 12}),
    )
    drawing.add_trace(
        go.Heatmap(
            x=list(dates.values()),
            y=tables,
            z=[[None if cell is None else cell["state"] for cell in row] for row in found],
            text=[[str(cell["failed"]) if cell and cell["failed"] else "" for cell in row] for row in found],
            texttemplate="%{text}" if is_labelled else None,
            textfont={"color": colours.surface, "size": 12},
            customdata=[["" if cell is None else cell["hover"] for cell in row] for row in found],
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            xgap=2,
            ygap=3,
            zmin=0,
            zmax=2,
            showscale=False,
            colorscale=[[0, colours.sequence[0]], [0.5, colours.muted], [1, colours.unfavourable]],
        )
    )
    return drawing
