"""Days between events that are rare, one panel per area: gaps in order, their limits, and the one still open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing, Trace, scatter
from dashboards.figures.theme import GAP_SHAPES, Palette, axis, figure, rows, signal_colour, time_axis

PANEL_PIXELS = 210


@dataclass(frozen=True)
class GapPanel:
    """One area's gaps: rows of `gap_charts` in order, with `hover`."""

    title: str
    frame: pl.DataFrame


def gap_figure(
    panels: Sequence[GapPanel],
    unit: str,
    polarity: str,
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
) -> Drawing:
    """Draw panels one below the other over one time axis; a gap stands at the day that ended it.

    Parameters
    ----------
    unit
        Title of the value axis.
    polarity
        `higher`, `lower` or `context`: decides how signals are coloured.

    Returns
    -------
    Drawing
        Traces carry a `meta` that names what they are: line, limits, centre, gap, open, or a signal's code.
    """
    is_single = len(panels) == 1
    drawing = figure(
        colours,
        PANEL_PIXELS * len(panels) + (40 if is_single else 0),
        hovermode="closest",
        margin={"l": 8, "r": 16, "t": 8 if is_single else 30, "b": 8},
    )
    domains = rows(len(panels), gap=0.0 if is_single else 0.3)
    for index, panel in enumerate(panels):
        suffix = "" if index == 0 else str(index + 1)
        bottom, top = domains[index]
        title = {"text": unit if index == 0 else None, "font": {"size": 12, "color": colours.muted}}
        drawing.update_layout(
            {
                f"xaxis{suffix}": time_axis(colours, index, date_formats),
                f"yaxis{suffix}": axis(
                    colours, anchor=f"x{suffix}", domain=[bottom, top], rangemode="tozero", title=title, nticks=5
                ),
            }
        )
        for trace in _traces(panel.frame, polarity, colours):
            drawing.add_trace(trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
        if not is_single:
            drawing.add_annotation(
                text=f"<b>{panel.title}</b>",
                x=0,
                y=top,
                xref="paper",
                yref="paper",
                xanchor="left",
                yanchor="bottom",
                yshift=6,
                showarrow=False,
            )
    return drawing


def _traces(frame: pl.DataFrame, polarity: str, colours: Palette) -> list[Trace]:
    points = list(zip(*(frame[name].to_list() for name in ("day", "days", "hover", "is_open", "signal")), strict=True))
    ends = [points[0][0] - timedelta(days=points[0][1]), points[-1][0]]
    quiet: dict[str, Any] = {"mode": "lines", "hoverinfo": "skip"}
    traces = [
        scatter(
            x=ends,
            y=[frame[name][0]] * 2,
            meta=meta,
            line={"color": colours.muted, "width": 1, "dash": dash},
            **quiet,
        )
        for name, meta, dash in (
            ("limit_low", "limits", "dot"),
            ("limit_high", "limits", "dot"),
            ("centre", "centre", "dash"),
        )
        # No gap is shorter than none: a limit there says nothing.
        if frame[name][0] > 0
    ]
    traces.append(
        scatter(
            x=[day for day, _, _, is_open, _ in points if not is_open],
            y=[days for _, days, _, is_open, _ in points if not is_open],
            meta="line",
            line={"color": colours.line, "width": 1},
            **quiet,
        )
    )
    size = 6 if frame.height <= 120 else 4
    for is_open, meta in ((False, "gap"), (True, "open")):
        plain = [point for point in points if point[3] == is_open and point[4] == "none"]
        outline = {"color": colours.line, "width": 1.6}
        fill = {"color": colours.surface, "size": size + 2, "line": outline} if is_open else {"color": colours.line}
        traces.append(_points(plain, meta, {"symbol": "circle", "size": size} | fill))
        for signal, symbol in GAP_SHAPES.items():
            marked = [point for point in points if point[3] == is_open and point[4] == signal]
            if marked:
                colour = signal_colour(colours, signal, polarity)
                inside = colours.surface if is_open else colour
                line = {"color": colour, "width": 1.6}
                traces.append(
                    _points(marked, signal, {"symbol": symbol, "size": size + 5, "color": inside, "line": line})
                )
    return traces


def _points(points: Sequence[tuple[Any, ...]], meta: str, marker: Mapping[str, Any]) -> Trace:
    """Draw gaps of which day, days and hover come first."""
    return scatter(
        x=[day for day, *_ in points],
        y=[days for _, days, *_ in points],
        text=[hover for _, _, hover, *_ in points],
        hoverinfo="text",
        mode="markers",
        marker=marker,
        # Gaps of zero lie on the axis.
        cliponaxis=False,
        meta=meta,
    )
