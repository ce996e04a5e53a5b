"""An intervention month by month: events against those the controls lead to expect, and their difference."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing, Trace, scatter
from dashboards.figures.theme import Palette, axis, figure, rows, time_axis

ROW_PIXELS = 165
# A month is drawn at its middle, so that a start on its first day lies between two months.
HALF_MONTH = timedelta(days=14)


def intervention_figure(
    months: pl.DataFrame,
    start: date,
    titles: Mapping[str, str],
    hovers: Sequence[str],
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
) -> Drawing:
    """Draw treated areas, buffer areas where there are any, and the difference, one below the other.

    Parameters
    ----------
    months
        Rows of `InterventionData.months`, at least one.
    start
        First day of the intervention, marked by a line.
    titles
        Title of the rows `treated`, `buffer` and `difference`.
    hovers
        Text per month.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.

    Returns
    -------
    Drawing
        Traces of meta `treated`, `treated_expected`, `buffer`, `buffer_expected`, `chance` (two ends) and
        `difference`; shapes named `start` (one a row) and `left_out`, the month that counts neither way.
    """
    shown = [name for name in titles if name != "buffer" or months["buffer"].is_not_null().any()]
    drawing = figure(
        colours, ROW_PIXELS * len(shown) + 40, hovermode="closest", margin={"l": 8, "r": 16, "t": 30, "b": 8}
    )
    days = [month + HALF_MONTH for month in months["month"].to_list()]
    for index, (name, (bottom, top)) in enumerate(zip(shown, rows(len(shown), gap=0.28), strict=True)):
        suffix = "" if index == 0 else str(index + 1)
        scale = {"rangemode": "normal" if name == "difference" else "tozero"}
        drawing.update_layout(
            {
                f"xaxis{suffix}": time_axis(colours, index, date_formats),
                f"yaxis{suffix}": axis(colours, anchor=f"x{suffix}", domain=[bottom, top], nticks=5, **scale),
            }
        )
        traces = _difference(months, days, hovers, colours) if name == "difference" else _events(
            months, days, name, hovers, colours
        )  # fmt: skip
        for trace in traces:
            drawing.add_trace(trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
        for shape in _marks(months, start, colours):
            drawing.add_shape(**shape | {"xref": f"x{suffix}", "yref": f"y{suffix} domain"})
        drawing.add_annotation(
            text=f"<b>{titles[name]}</b>", x=0, y=top, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
            yshift=6, showarrow=False,
        )  # fmt: skip
    return drawing


def _events(months: pl.DataFrame, days: list[date], name: str, hovers: Sequence[str], colours: Palette) -> list[Trace]:
    expected = {"color": colours.muted, "width": 1.6, "dash": "dash"}
    return [
        scatter(
            x=days, y=months[f"{name}_expected"].to_list(), mode="lines", line=expected, hoverinfo="skip",
            meta=f"{name}_expected",
        ),
        scatter(
            x=days, y=months[name].to_list(), mode="lines+markers", line={"color": colours.line, "width": 2},
            marker={"size": 6, "color": colours.line}, text=list(hovers), hoverinfo="text", meta=name,
        ),
    ]  # fmt: skip


def _difference(months: pl.DataFrame, days: list[date], hovers: Sequence[str], colours: Palette) -> list[Trace]:
    edge: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "meta": "chance"}
    outside = ~months["difference"].is_between(months["chance_low"], months["chance_high"])
    marker = {
        "size": [9 if each else 6 for each in outside],
        "symbol": ["diamond" if each else "circle" for each in outside],
        "color": colours.line,
    }
    return [
        scatter(x=days, y=months["chance_low"].to_list(), **edge),
        scatter(x=days, y=months["chance_high"].to_list(), fill="tonexty", fillcolor=colours.band, **edge),
        scatter(
            x=days, y=months["difference"].to_list(), mode="lines+markers", line={"color": colours.line, "width": 1},
            marker=marker, text=list(hovers), hoverinfo="text", meta="difference",
        ),
    ]  # fmt: skip


def _marks(months: pl.DataFrame, start: date, colours: Palette) -> list[dict[str, Any]]:
    across = {"y0": 0, "y1": 1, "layer": "below"}
    line = {"color": colours.unfavourable, "width": 1.6, "dash": "dot"}
    marks: list[dict[str, Any]] = [{"type": "line", "name": "start", "x0": start, "x1": start, "line": line} | across]
    for month in months.filter(pl.col("phase") == "start")["month"]:
        following = (month + timedelta(days=31)).replace(day=1)
        marks.append(
            {"type": "rect", "name": "left_out", "x0": month, "x1": following, "fillcolor": colours.gap,
             "line": {"width": 0}} | across
        )  # fmt: skip
    return marks
