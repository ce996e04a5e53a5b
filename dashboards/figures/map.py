"""A map of areas by class of value, drawn from their own outlines; needs no tiles and no request."""

from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any

import numpy as np
import polars as pl

from dashboards.figures.drawing import Drawing, typed
from dashboards.figures.theme import Palette, figure
from dashboards.geometry import Outline


def class_breaks(values: Sequence[float], decimals: int, classes: int = 5) -> list[float]:
    """Find where to cut values so that each class holds about as many areas.

    Parameters
    ----------
    values
        Values of the areas.
    decimals
        Decimals to which the breaks are rounded, as shown in the legend.
    classes
        Number of classes wanted; fewer come where values tie.

    Returns
    -------
    list of float
        Ascending upper edges of all classes but the last; a value equal to a break is in the class below it.
    """
    ordered = sorted(values)
    if not ordered:
        return []
    cuts = (
        round(ordered[len(ordered) * k // classes - 1], decimals)
        for k in range(1, classes)
        if len(ordered) * k >= classes
    )
    return [cut for cut in sorted(set(cuts)) if round(ordered[0], decimals) <= cut < round(ordered[-1], decimals)]


def class_of(value: float, breaks: Sequence[float], decimals: int) -> int:
    """Tell in which class a value, as rounded for display, lies; 0 is the lowest."""
    return sum(round(value, decimals) > edge for edge in breaks)


def class_colours(colours: Palette, classes: int) -> list[str]:
    """Spread the palette's sequence over a number of classes, keeping both ends."""
    last = len(colours.sequence) - 1
    return [colours.sequence[round(k * last / max(classes - 1, 1))] for k in range(classes)]


def area_map(
    frame: pl.DataFrame,
    outlines: Mapping[str, Outline],
    breaks: Sequence[float],
    decimals: int,
    colours: Palette,
) -> Drawing:
    """Draw one filled outline per area.

    Parameters
    ----------
    frame
        One row per area: area_id, value (null where there is no figure), hover (text, lines joined by <br>).
    outlines
        Longitudes and latitudes in degrees by area_id, NaN between two rings.
    breaks
        From `class_breaks`.
    decimals
        Decimals of the shown values.

    Returns
    -------
    Drawing
        One trace per area in the order of `frame`, its customdata `[area_id, value]`. Longitudes are scaled by
        the cosine of the middle latitude, which keeps shapes and nearly keeps areas at the size of a city.
    """
    drawing = figure(colours, None, hovermode="closest", margin={"l": 0, "r": 0, "t": 0, "b": 0})
    fills = class_colours(colours, len(breaks) + 1)
    drawn = [outlines[area_id] for area_id in frame["area_id"]]
    low = min((np.nanmin(y) for _, y in drawn if y.size), default=0.0)
    high = max((np.nanmax(y) for _, y in drawn if y.size), default=0.0)
    stretch = cos(radians((low + high) / 2))
    traces: list[dict[str, Any]] = []
    rows = frame.select("area_id", "value", "hover").iter_rows()
    for (area_id, value, hover), (x, y) in zip(rows, drawn, strict=True):
        trace: dict[str, Any] = {
            "type": "scatter",
            "x": typed(x * stretch),
            "y": typed(y),
            "mode": "lines",
            "fill": "toself",
            "line": {"color": colours.surface, "width": 0.8},
            "hoveron": "fills",
            "hoverinfo": "text",
            "text": hover,
            "name": area_id,
            "customdata": [area_id, value],
        }
        if value is None:
            hatched = {"shape": "/", "fgcolor": colours.missing, "bgcolor": colours.surface, "size": 6}
            trace |= {"fillpattern": hatched, "line": {"color": colours.missing, "width": 0.8}}
        else:
            trace["fillcolor"] = fills[class_of(value, breaks, decimals)]
        traces.append(trace)
    drawing.add_traces(traces)
    hidden = {"visible": False, "fixedrange": True}
    drawing.update_layout({"xaxis": hidden, "yaxis": hidden | {"scaleanchor": "x", "scaleratio": 1}})
    return drawing
