"""A heat map of a few states: a row per thing, a column per day or month, blank where nothing is known."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dashboards.figures.drawing import Drawing, heatmap
from dashboards.figures.theme import Palette, axis, figure, time_axis


def heat_map(
    columns: Sequence[date],
    titles: Sequence[str],
    cells: Sequence[Sequence[tuple[int, str] | None]],
    fills: Sequence[str],
    row_pixels: int,
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
) -> Drawing:
    """Draw the states of things over time.

    Parameters
    ----------
    columns
        First days of the columns.
    titles
        Names of the rows, from the top.
    cells
        By row and column: number of the state and text of the cell; None leaves it blank.
    fills
        Colour of each state, from 0.
    row_pixels
        Height of a row.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.

    Returns
    -------
    Drawing
        One heat map; z is the state, null where blank.
    """
    drawing = figure(
        colours,
        row_pixels * len(titles) + 50,
        hovermode="closest",
        xaxis=time_axis(colours, 0, date_formats),
        yaxis=axis(colours, autorange="reversed", showgrid=False, tickfont={"color": colours.ink, "size": 12}),
    )
    drawing.add_trace(
        heatmap(
            x=list(columns),
            y=list(titles),
            z=[[None if cell is None else cell[0] for cell in row] for row in cells],
            customdata=[["" if cell is None else cell[1] for cell in row] for row in cells],
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            xgap=1,
            ygap=4,
            zmin=0,
            zmax=len(fills) - 1,
            showscale=False,
            colorscale=[[at / (len(fills) - 1), fill] for at, fill in enumerate(fills)],
        )
    )
    return drawing
