"""An indicator over time, one panel per area: line, interval, bounds, chart limits, special causes, gaps."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from textwrap import wrap
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing, Trace, scatter
from dashboards.figures.theme import SIGNAL_SHAPES, Palette, axis, figure, rows, signal_colour, time_axis

PANEL_PIXELS = 250
SINGLE_PIXELS = 420
GAP_LABEL_CHARACTERS = 18
BREAK_LABEL_CHARACTERS = 22
DRAWN = (
    *("period_start", "period_end", "value", "lower", "upper", "unusable", "bound_low", "bound_high"),
    *("centre", "limit_low", "limit_high"),
)
"""Columns of a series that lines and bands are drawn from."""
POINTED = ("hover", "status", "signal")
"""Columns that points are told apart by."""


@dataclass(frozen=True)
class Panel:
    """One area's series.

    `frame` holds, one row per period in order: period_start, period_end, value, lower, upper, unusable, bound_low,
    bound_high, centre, limit_low, limit_high, signal, status, hover, gap (reason in words where there is no value).
    `nowcasts`, where there are any: period_start, value, lower, upper, hover.
    `way` is the path to a declared target, its last point the target on its day.
    """

    title: str
    frame: pl.DataFrame
    nowcasts: pl.DataFrame | None = None
    way: Sequence[tuple[date, float]] = ()


def trend_figure(
    panels: Sequence[Panel],
    unit: str,
    polarity: str,
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
    marked: date | None = None,
    breaks: Sequence[tuple[date, str]] = (),
) -> Drawing:
    """Draw panels one below the other over one time axis.

    Parameters
    ----------
    panels
        One per area.
    unit
        Title of the value axis.
    polarity
        `higher`, `lower` or `context`: decides how special causes are coloured.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.
    marked
        Period to point out with a vertical line.
    breaks
        First days of declared changes with what they are called: vertical lines with labels, at which line, interval,
        centre and limits end and begin anew.

    Returns
    -------
    Drawing
        Traces carry a `meta` that names what they are: target, bounds, interval, limits, centre, line, final,
        provisional, stale, nowcast, or a signal's code.
    """
    height = SINGLE_PIXELS if len(panels) == 1 else PANEL_PIXELS * len(panels)
    drawing = figure(
        colours, height, hovermode="closest", margin={"l": 8, "r": 16, "t": 8 if len(panels) == 1 else 30, "b": 8}
    )
    domains = rows(len(panels), gap=0.28 if len(panels) > 1 else 0.0)
    scale = _scale(panels)
    for index, panel in enumerate(panels):
        suffix = "" if index == 0 else str(index + 1)
        bottom, top = domains[index]
        title = {"text": unit if index == 0 else None, "font": {"size": 12, "color": colours.muted}}
        drawing.update_layout(
            {
                f"xaxis{suffix}": time_axis(colours, index, date_formats),
                # One scale for all areas: panels are there to be compared.
                f"yaxis{suffix}": axis(
                    colours,
                    anchor=f"x{suffix}",
                    domain=[bottom, top],
                    rangemode="tozero",
                    range=scale,
                    matches="y" if index else None,
                    title=title,
                    nticks=5,
                ),
            }
        )
        first, last = panel.frame["period_start"][0], panel.frame["period_end"][-1]
        shown_breaks = [(day, name) for day, name in breaks if first < day < last]
        days = [day for day, _ in shown_breaks]
        for trace in [
            *_way(panel.way, colours),
            *_traces(panel.frame, polarity, colours, days),
            *_expected(panel.nowcasts, colours),
        ]:
            drawing.add_trace(trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
        pointers = [_upright(marked, {"color": colours.muted, "width": 1})] if marked else []
        pointers += [_upright(day, {"color": colours.ink, "width": 1.5, "dash": "dashdot"}) for day in days]
        for shape in [*_gaps(panel.frame, colours), *pointers]:
            drawing.add_shape(**shape | {"xref": f"x{suffix}", "yref": f"y{suffix} domain"})
        for label in _labels(shown_breaks, (first, last), colours):
            drawing.add_annotation(**label | {"xref": f"x{suffix}", "yref": f"y{suffix} domain"})
        if len(panels) == 1:
            continue
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


def _scale(panels: Sequence[Panel]) -> tuple[float, float] | None:
    """Ends of the value axis where worst cases would flatten all else: they are then cut off; None where they fit."""
    told, worst = [0.0], [0.0]
    for panel in panels:
        told += [value for _, value in panel.way]
        told += _ends(panel.frame, "value", "lower", "upper", "centre", "limit_low", "limit_high")
        told += [] if panel.nowcasts is None else _ends(panel.nowcasts, "value", "lower", "upper")
        bounds = zip(*(panel.frame[name].to_list() for name in ("unusable", "bound_low", "bound_high")), strict=True)
        worst += [end for unusable, *ends in bounds if unusable and None not in ends for end in ends]
    low, high = min(told), max(told)
    height = high - low
    if max(worst) <= high + height and min(worst) >= low - height:
        return None
    return max(min(*worst, low), low - height), min(max(*worst, high), high + height)


def _ends(frame: pl.DataFrame, *names: str) -> list[float]:
    """The least and the greatest number of each column that has any."""
    ends: list[Any] = [end for name in names for end in (frame[name].min(), frame[name].max())]
    return [end for end in ends if end is not None]


def runs(present: Sequence[bool]) -> list[tuple[int, int]]:
    """Find uninterrupted runs of true as (first, last) positions, both included."""
    found: list[tuple[int, int]] = []
    for position, is_present in enumerate(present):
        if is_present and found and found[-1][1] == position - 1:
            found[-1] = (found[-1][0], position)
        elif is_present:
            found.append((position, position))
    return found


def _upright(day: date, line: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "line", "x0": day, "x1": day, "y0": 0, "y1": 1, "layer": "below", "line": line}


def _labels(breaks: Sequence[tuple[date, str]], shown: tuple[date, date], colours: Palette) -> list[dict[str, Any]]:
    """What each break is called, beside the foot of its line, where figures seldom are; neighbours take turns."""
    middle = shown[0] + (shown[1] - shown[0]) / 2
    return [
        {
            "text": "<br>".join(wrap(name, BREAK_LABEL_CHARACTERS)),
            "x": day,
            "y": 0.02 if number % 2 == 0 else 0.16,
            "xanchor": "left" if day < middle else "right",
            "xshift": 4 if day < middle else -4,
            "yanchor": "bottom",
            "align": "left" if day < middle else "right",
            "font": {"size": 11, "color": colours.ink},
            "showarrow": False,
        }
        for number, (day, name) in enumerate(breaks)
    ]


def _traces(frame: pl.DataFrame, polarity: str, colours: Palette, breaks: Sequence[date]) -> list[Trace]:
    quiet: dict[str, Any] = {"hoverinfo": "skip", "mode": "lines"}
    told = frame.select(*DRAWN, *POINTED).to_dict(as_series=False)
    drawn = _parted(told, breaks)
    days = drawn["period_start"]
    in_doubt = [(unusable or 0) > 0 for unusable in drawn["unusable"]]
    for end in ("bound_low", "bound_high"):
        drawn[end] = [value if doubted else None for value, doubted in zip(drawn[end], in_doubt, strict=True)]
    traces = [
        # Where no record is unusable the worst case is the interval itself and is not drawn twice.
        _band(
            drawn,
            "bound_low",
            "bound_high",
            meta="bounds",
            line={"color": colours.bound_edge, "width": 1, "dash": "dot"},
            fillpattern={
                "shape": "/",
                "fgcolor": colours.bound,
                "bgcolor": "rgba(0,0,0,0)",
                "size": 5,
                "solidity": 0.2,
            },
        ),
        _band(drawn, "lower", "upper", meta="interval", line={"width": 0}, fillcolor=colours.band),
        *(
            scatter(
                x=days,
                y=drawn[name],
                meta=meta,
                line={"color": colours.muted, "width": 1, "dash": dash},
                **quiet,
            )
            for name, meta, dash in (
                ("limit_low", "limits", "dot"),
                ("limit_high", "limits", "dot"),
                ("centre", "centre", "dash"),
            )
        ),
        scatter(x=days, y=drawn["value"], meta="line", line={"color": colours.line, "width": 2}, **quiet),
    ]
    size = 6 if frame.height <= 120 else 4
    outline = {"color": colours.line, "width": 1.6}
    columns = (told[name] for name in ("period_start", "value", *POINTED))
    points = [point for point in zip(*columns, strict=True) if point[1] is not None]
    for status, marker in {
        "final": {"symbol": "circle", "size": size, "color": colours.line},
        "provisional": {"symbol": "circle", "size": size + 2, "color": colours.surface, "line": outline},
        "stale": {"symbol": "x", "size": size + 1, "color": colours.muted},
    }.items():
        traces.append(_points([point for point in points if point[3] == status], status, marker))
    for signal, symbol in SIGNAL_SHAPES.items():
        colour = signal_colour(colours, signal, polarity)
        for hollow in (False, True):
            marked = [point for point in points if point[4] == signal and (point[3] == "provisional") == hollow]
            if marked:
                fill = colours.surface if hollow else colour
                look = {"symbol": symbol, "size": size + 5, "color": fill, "line": {"color": colour, "width": 1.6}}
                traces.append(_points(marked, signal, look))
    return traces


def _parted(told: Mapping[str, list[Any]], breaks: Sequence[date]) -> dict[str, list[Any]]:
    """Copy the drawn columns with an empty row at each break.

    It lifts the pen: what is counted otherwise is no continuation.
    """
    drawn = {name: list(told[name]) for name in DRAWN}
    for day in breaks:
        at = bisect_left(drawn["period_start"], day)
        for name, column in drawn.items():
            column.insert(at, day if name == "period_start" else None)
    return drawn


def _expected(nowcasts: pl.DataFrame | None, colours: Palette) -> list[Trace]:
    """What provisional points will be once all is recorded: a dotted circle with its interval."""
    if nowcasts is None or nowcasts.is_empty():
        return []
    value = nowcasts["value"]
    marker = {"symbol": "circle-open-dot", "size": 10, "color": colours.ink, "line": {"width": 1.4}}
    spread = {
        "type": "data",
        "symmetric": False,
        "array": (nowcasts["upper"] - value).to_list(),
        "arrayminus": (value - nowcasts["lower"]).to_list(),
        "color": colours.ink,
        "thickness": 1.2,
        "width": 4,
    }
    return [
        scatter(
            x=nowcasts["period_start"].to_list(),
            y=value.to_list(),
            error_y=spread,
            text=nowcasts["hover"].to_list(),
            hoverinfo="text",
            mode="markers",
            marker=marker,
            meta="nowcast",
        )
    ]


def _way(way: Sequence[tuple[date, float]], colours: Palette) -> list[Trace]:
    if not way:
        return []
    last = [None] * (len(way) - 1)
    return [
        scatter(
            x=[day for day, _ in way],
            y=[value for _, value in way],
            meta="target",
            mode="lines+markers",
            hoverinfo="skip",
            line={"color": colours.ink, "width": 1.5, "dash": "longdash"},
            # The path has one mark, at its end.
            marker={"symbol": "star", "size": [0] * len(last) + [12], "color": colours.ink},
            cliponaxis=False,
        )
    ]


def _points(points: Sequence[tuple[Any, ...]], meta: str, marker: Mapping[str, Any]) -> Trace:
    """Draw points of which period_start, value and hover come first."""
    return scatter(
        x=[day for day, *_ in points],
        y=[value for _, value, *_ in points],
        text=[hover for _, _, hover, *_ in points],
        hoverinfo="text",
        mode="markers",
        marker=marker,
        meta=meta,
    )


def _band(drawn: Mapping[str, list[Any]], low: str, high: str, **look: Any) -> Trace:
    """Fill between two columns; each uninterrupted run is a polygon of its own, so gaps stay open.

    A run of one period would have no width: it gets a quarter of its period to either side.
    """
    x: list[datetime | date | None] = []
    y: list[float | None] = []
    starts, ends, lows, highs = (drawn[name] for name in ("period_start", "period_end", low, high))
    for first, last in runs([None not in pair for pair in zip(lows, highs, strict=True)]):
        if first == last:
            middle = datetime.combine(starts[first], time())
            quarter = (ends[first] - starts[first]) / 4
            days: list[Any] = [middle - quarter, middle + quarter]
            bottom, top = [lows[first]] * 2, [highs[first]] * 2
        else:
            span = slice(first, last + 1)
            days, bottom, top = starts[span], lows[span], highs[span]
        x += [*days, *reversed(days), days[0], None]
        y += [*bottom, *reversed(top), bottom[0], None]
    return scatter(x=x, y=y, mode="lines", fill="toself", hoverinfo="skip", **look)


def _gaps(frame: pl.DataFrame, colours: Palette) -> list[dict[str, Any]]:
    if not frame["value"].null_count():
        return []
    starts, ends, reasons, values = (frame[name].to_list() for name in ("period_start", "period_end", "gap", "value"))
    shapes = []
    for first, last in runs([value is None for value in values]):
        long_enough = (ends[last] - starts[first]).days * 5 > (ends[-1] - starts[0]).days
        label = {
            "text": "<br>".join(wrap(reasons[first] or "", GAP_LABEL_CHARACTERS)) if long_enough else "",
            "font": {"size": 11, "color": colours.muted},
            "textposition": "middle center",
        }
        shapes.append(
            {
                "type": "rect",
                "x0": starts[first],
                "x1": ends[last],
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "line": {"width": 0},
                "fillcolor": colours.gap,
                "label": label,
            }
        )
    return shapes
