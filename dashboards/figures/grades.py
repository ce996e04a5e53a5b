"""Grades of sources over months, as a heat map."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.theme import Palette, axis, figure, time_axis
from dashboards.periods import period_end

GRADES = ("A", "B", "C", "D")
ROW_PIXELS = 34


def grade_fills(colours: Palette) -> dict[str, str]:
    """Give the colour of each grade, from A to D."""
    fills = (colours.sequence[0], colours.sequence[2], colours.bound, colours.unfavourable)
    return dict(zip(GRADES, fills, strict=True))


def grades_figure(
    months: pl.DataFrame,
    titles: Mapping[str, str],
    hovers: Sequence[str],
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
) -> go.Figure:
    """Draw a row per source and a column per month, from the first graded month to the last.

    Parameters
    ----------
    months
        source, period_start, grade (null where there is none): one row per source and month.
    titles
        Title by source; gives the rows their order.
    hovers
        Text per row of `months`.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.

    Returns
    -------
    go.Figure
        One heat map; z is 0 for A to 3 for D, null where there is no grade.
    """
    named = months.with_columns(pl.Series("hover", hovers, dtype=pl.String)).filter(pl.col("grade").is_not_null())
    first: date = named["period_start"].min()  # type: ignore[assignment]
    last: date = named["period_start"].max()  # type: ignore[assignment]
    columns = [first]
    while columns[-1] < last:
        columns.append(period_end("month", columns[-1]))
    cells = {(row["source"], row["period_start"]): row for row in named.to_dicts()}
    found = [[cells.get((source, month)) for month in columns] for source in titles]
    drawing = figure(
        colours,
        ROW_PIXELS * len(titles) + 50,
        hovermode="closest",
        xaxis=time_axis(colours, 0, date_formats),
        yaxis=axis(colours, autorange="reversed", showgrid=False, tickfont={"color": colours.ink, "size": 12}),
    )
    fills = grade_fills(colours).values()
    drawing.add_trace(
        go.Heatmap(
            x=columns,
            y=list(titles.values()),
            z=[[None if cell is None else GRADES.index(cell["grade"]) for cell in row] for row in found],
            customdata=[["" if cell is None else cell["hover"] for cell in row] for row in found],
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            xgap=1,
            ygap=4,
            zmin=0,
            zmax=len(GRADES) - 1,
            showscale=False,
            colorscale=[[at / (len(fills) - 1), fill] for at, fill in enumerate(fills)],
        )
    )
    return drawing
