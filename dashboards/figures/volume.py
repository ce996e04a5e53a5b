"""Records per month of each source, with the months on which it fell silent, collapsed or surged."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing, Trace, bar, scatter
from dashboards.figures.theme import Palette, axis, figure, rows, time_axis

ROW_PIXELS = 118
MARKS = {"silent": "x-thin", "collapsed": "triangle-down", "surge": "triangle-up"}


def volume_figure(
    months: pl.DataFrame,
    titles: Mapping[str, str],
    hovers: Sequence[str],
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
) -> Drawing:
    """Draw bars per month with the expected level as a line, one row per source.

    Parameters
    ----------
    months
        The release's `source_month`, ordered by source and month.
    titles
        Title by source; gives the rows their order.
    hovers
        Text per row of `months`.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.

    Returns
    -------
    Drawing
        Per source: bars (`meta` "records"), a line ("expected") and one trace per status that occurs.
    """
    drawing = figure(
        colours,
        ROW_PIXELS * max(len(titles), 1) + 20,
        hovermode="closest",
        bargap=0.15,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
    )
    domains = rows(len(titles), gap=0.34)
    named = months.with_columns(pl.Series("hover", hovers, dtype=pl.String))
    for index, (source, title) in enumerate(titles.items()):
        suffix = "" if index == 0 else str(index + 1)
        bottom, top = domains[index]
        drawing.update_layout(
            {
                f"xaxis{suffix}": time_axis(colours, index, date_formats, showticklabels=index == len(titles) - 1),
                f"yaxis{suffix}": axis(
                    colours, anchor=f"x{suffix}", domain=[bottom, top], nticks=3, rangemode="tozero"
                ),
            }
        )
        for trace in _traces(named.filter(pl.col("source") == source), colours):
            drawing.add_trace(trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
        drawing.add_annotation(
            text=title,
            x=0,
            y=top,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            yshift=3,
            showarrow=False,
        )
    return drawing


def _traces(source: pl.DataFrame, colours: Palette) -> list[Trace | Trace]:
    months, records = source["month"].to_list(), source["records"].to_list()
    fills = [colours.line if status == "normal" else colours.unfavourable for status in source["status"]]
    traces: list[Trace | Trace] = [
        bar(
            x=months,
            y=records,
            meta="records",
            hovertext=source["hover"].to_list(),
            hoverinfo="text",
            marker={"color": fills, "opacity": 0.75},
        ),
        scatter(
            x=months,
            y=source["expected"].to_list(),
            meta="expected",
            hoverinfo="skip",
            mode="lines",
            line={"color": colours.ink, "width": 1.2, "dash": "dot", "shape": "hvh"},
        ),
    ]
    found = set(source["status"])
    for status, symbol in MARKS.items():
        if status in found:
            marked = source.filter(pl.col("status") == status)
            line = {"color": colours.unfavourable, "width": 2}
            traces.append(
                scatter(
                    x=marked["month"].to_list(),
                    y=marked["records"].to_list(),
                    meta=status,
                    hovertext=marked["hover"].to_list(),
                    hoverinfo="text",
                    mode="markers",
                    cliponaxis=False,
                    marker={"symbol": symbol, "size": 8, "color": colours.unfavourable, "line": line},
                )
            )
    return traces
