"""Games: paths in the cube of shares, where states are stable over one and two parameters, scenarios side by side.

Figures are plain dictionaries: those that follow a slider are made anew many times a second.
"""

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboards.figures.drawing import Drawing
from dashboards.figures.theme import Palette, axis, figure

PORTRAIT_PIXELS = 500
ROW_PIXELS = 66
BAR_PIXELS = 52
TICKS = (0, 25, 50, 75, 100)
LETTERS = "ABCD"
"""Of the regions of a map, in the order in which they are listed."""
SYMBOLS = {
    "stable": ("circle", 14),
    "saddle": ("x-thin", 9),
    "unstable": ("circle-open", 9),
    "centre": ("circle-dot", 13),
    "undetermined": ("diamond-open", 9),
}
"""Marker and size of each kind of rest point, so that colour is never the only sign."""
# Where the three axes of the cube lead on paper: first, second (into the depth), third.
_CUBE = np.array([[1.0, -0.14], [0.46, 0.36], [0.0, 1.0]])
_SQUARE = np.array([[1.0, 0.0], [0.0, 1.0]])
# Middle and angle of each axis' title, by the number of populations; none leans, since paper has any width.
_AXES = {
    2: [(0.5, -0.08, 0.0), (-0.05, 0.5, -90.0)],
    3: [(0.5, -0.22, 0.0), (1.13, -0.32, 0.0), (-0.05, 0.5, -90.0)],
}


class Corner(NamedTuple):
    """A rest point as it is drawn."""

    shares: tuple[float, ...]
    stability: str
    hover: str
    label: str
    is_goal: bool


def placed(shares: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Put shares of two or three populations on paper, shape (..., populations) to (..., 2)."""
    points = np.asarray(shares, dtype=np.float64)
    found: npt.NDArray[np.float64] = points @ (_CUBE if points.shape[-1] == 3 else _SQUARE)
    return found


def portrait_figure(
    lines: npt.NDArray[np.float64],
    ends: Sequence[str],
    today: npt.NDArray[np.float64],
    corners: Sequence[Corner],
    titles: Sequence[str],
    start: str,
    colours: Palette,
) -> dict[str, Any]:
    """Draw paths from many starts, the path from today, and the states in which nothing moves.

    Parameters
    ----------
    lines
        Shares along each path, shape (starts, points, populations).
    ends
        Of each path: `goal`, `other` (another stable state) or `none`.
    today
        The path from today's shares, shape (points, populations).
    corners
        Rest points.
    titles
        What each axis shows, from nobody to everybody.
    start
        Text of the mark at today's shares.

    Returns
    -------
    dict
        Traces of meta `frame`, `paths_goal`, `paths_other`, `paths_none`, `today`, `start`, and one a stability.
    """
    frame = _frame(len(titles))
    traces = [_line(frame, "frame", {"color": colours.rule, "width": 1.2})]
    looks = {
        "goal": (colours.favourable, "solid"),
        "other": (colours.unfavourable, "dash"),
        "none": (colours.muted, "dot"),
    }
    for end, (colour, dash) in looks.items():
        those = [placed(line) for line, each in zip(lines, ends, strict=True) if each == end]
        if those:
            style = {"color": colour, "width": 1.3, "dash": dash}
            traces.append(_line(those, f"paths_{end}", style) | {"opacity": 0.75})
    traces.append(_line([placed(today)], "today", {"color": colours.ink, "width": 3}))
    x, y = placed(today[0]).round(4).tolist()
    traces.append(
        {"type": "scatter", "mode": "markers", "x": [x], "y": [y], "meta": "start", "text": [start],
         "hoverinfo": "text", "marker": _star(colours)}
    )  # fmt: skip
    annotations = [
        _axis_title(place, f"{title} {'↗' if len(titles) == 3 and at == 1 else '→'}", colours)
        for at, (place, title) in enumerate(zip(_AXES[len(titles)], titles, strict=True))
    ]
    for stability, (symbol, size) in SYMBOLS.items():
        those_points = [corner for corner in corners if corner.stability == stability]
        if not those_points:
            continue
        at = placed([corner.shares for corner in those_points]).round(4)
        tones = [
            (colours.favourable if corner.is_goal else colours.unfavourable) if stability == "stable" else colours.muted
            for corner in those_points
        ]
        traces.append(
            {"type": "scatter", "mode": "markers", "x": at[:, 0].tolist(), "y": at[:, 1].tolist(), "meta": stability,
             "text": [corner.hover for corner in those_points], "hoverinfo": "text",
             "marker": {"symbol": symbol, "size": size, "color": tones, "line": {"width": 1.8, "color": tones}}}
        )  # fmt: skip
        if stability in ("stable", "centre"):
            annotations += [_label(corner, place) for corner, place in zip(those_points, at.tolist(), strict=True)]
    is_cube = len(titles) == 3
    drawing = figure(
        colours,
        PORTRAIT_PIXELS,
        hovermode="closest",
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        xaxis={"visible": False, "fixedrange": True, "range": [-0.16, 1.66] if is_cube else [-0.14, 1.12]},
        yaxis={"visible": False, "fixedrange": True, "range": [-0.4, 1.5] if is_cube else [-0.2, 1.14]},
    )
    return _drawn(drawing, traces, annotations)


def map_figure(
    across: Sequence[float],
    up: Sequence[float],
    regions: npt.NDArray[np.int64],
    now: tuple[float, float],
    titles: tuple[str, str],
    names: Sequence[str],
    here: str,
    colours: Palette,
) -> dict[str, Any]:
    """Draw which outcome holds over two parameters, and where the present values are.

    Parameters
    ----------
    across, up
        Values of the two parameters.
    regions
        Number of the outcome, 0 to 3, shape (up, across).
    now
        The present values.
    titles
        Of the two axes.
    names
        Of the four outcomes.
    here
        Text of the mark.

    Returns
    -------
    dict
        A heat map of meta `map` whose z is the outcome, and a mark of meta `here`; each region bears its letter.
    """
    fills = region_fills(colours)
    heading = {"size": 12, "color": colours.muted}
    letters = [[LETTERS[each] for each in row] for row in regions.tolist()]
    traces: list[dict[str, Any]] = [
        {"type": "heatmap", "x": [float(x) for x in across], "y": [float(y) for y in up], "z": regions.tolist(),
         "zmin": 0, "zmax": 3, "showscale": False, "meta": "map", "text": letters,
         "colorscale": [[at / 3, fill] for at, fill in enumerate(fills)],
         "hovertemplate": "%{x:.3~g} · %{y:.3~g}: %{text}<extra></extra>"},
        {"type": "scatter", "mode": "markers", "x": [now[0]], "y": [now[1]], "meta": "here", "text": [here],
         "hoverinfo": "text", "marker": _star(colours)},
    ]  # fmt: skip
    annotations = []
    for number, name in enumerate(names):
        at = np.argwhere(regions == number)
        if len(at) < regions.size / 40:
            continue
        row, column = at[np.argmin(np.sum((at - at.mean(axis=0)) ** 2, axis=1))].tolist()
        annotations.append(
            {"x": float(across[column]), "y": float(up[row]), "text": f"<b>{LETTERS[number]}</b>", "showarrow": False,
             "hovertext": name, "font": {"size": 15, "color": colours.ink},
             "bgcolor": colours.surface, "borderpad": 3, "opacity": 0.9}
        )  # fmt: skip
    drawing = figure(
        colours,
        420,
        hovermode="closest",
        xaxis=axis(colours, title={"text": titles[0], "font": heading}, showgrid=False, range=[across[0], across[-1]]),
        yaxis=axis(colours, title={"text": titles[1], "font": heading}, showgrid=False, range=[up[0], up[-1]]),
    )
    return _drawn(drawing, traces, annotations)


def region_fills(colours: Palette) -> tuple[str, ...]:
    """Colours of the four outcomes, from none to the goal alone."""
    return (colours.sequence[0], colours.missing, colours.sequence[2], colours.favourable)


class Band(NamedTuple):
    """A parameter on its own scale, 0 at its low end and 1 at its high one."""

    title: str
    spans: list[tuple[float, float]]
    now: float
    is_within: bool
    hover: str
    low: str
    high: str


def band_figure(bands: Sequence[Band], colours: Palette) -> dict[str, Any]:
    """Draw for each parameter, on its own scale, where the goal is stable and where its value is.

    Returns
    -------
    dict
        Traces of meta `scale`, `stable` and `now`, from the top one row a band.
    """
    scale: list[tuple[list[float], float]] = [([0.0, 1.0], float(row)) for row in range(len(bands))]
    stable = [([low, high], float(row)) for row, band in enumerate(bands) for low, high in band.spans]
    traces: list[dict[str, Any]] = []
    for meta, spans, colour, width in (
        ("scale", scale, colours.rule, 3),
        ("stable", stable, colours.favourable, 9),
    ):
        traces.append(
            {"type": "scatter", "mode": "lines", "meta": meta, "hoverinfo": "skip",
             "x": [value for ends, _ in spans for value in (*ends, None)],
             "y": [value for _, row in spans for value in (row, row, None)],
             "line": {"color": colour, "width": width}}
        )  # fmt: skip
    traces.append(
        {"type": "scatter", "mode": "markers", "meta": "now", "x": [band.now for band in bands],
         "y": list(range(len(bands))), "text": [band.hover for band in bands], "hoverinfo": "text",
         "marker": {"symbol": ["circle" if band.is_within else "x" for band in bands], "size": 12,
                    "color": colours.ink, "line": {"width": 1.5, "color": colours.surface}}}
    )  # fmt: skip
    annotations = []
    for row, band in enumerate(bands):
        annotations.append(
            {"x": 0, "y": row, "text": _wrapped(band.title), "xanchor": "left", "yanchor": "bottom", "yshift": 7,
             "showarrow": False, "font": {"size": 12.5, "color": colours.ink}}
        )  # fmt: skip
        annotations += [
            {"x": x, "y": row, "text": text, "xanchor": anchor, "yanchor": "top", "yshift": -5, "showarrow": False,
             "font": {"size": 11, "color": colours.muted}}
            for x, text, anchor in ((0, band.low, "left"), (1, band.high, "right"))
        ]  # fmt: skip
    drawing = figure(
        colours,
        ROW_PIXELS * len(bands) + 20,
        hovermode="closest",
        margin={"l": 12, "r": 12, "t": 6, "b": 6},
        xaxis={"visible": False, "fixedrange": True, "range": [-0.02, 1.02]},
        yaxis={"visible": False, "fixedrange": True, "range": [len(bands) - 0.4, -0.7]},
    )
    return _drawn(drawing, traces, annotations)


def scenario_figure(
    titles: Sequence[str], shares: Sequence[float | None], hovers: Sequence[str], texts: Sequence[str], colours: Palette
) -> dict[str, Any]:
    """Draw the share of starts that ends in the goal, in per cent, one bar a scenario from the top."""
    at = list(range(len(titles)))
    trace = {
        "type": "bar", "orientation": "h", "meta": "scenarios", "y": at,
        "x": [None if each is None else round(100 * each, 3) for each in shares],
        "text": list(texts), "textposition": "outside", "cliponaxis": False, "hovertext": list(hovers),
        "hoverinfo": "text", "marker": {"color": colours.line}, "width": 0.42,
    }  # fmt: skip
    return _rows(titles, [trace], [0, 112], colours)


def sensitivity_figure(
    titles: Sequence[str],
    lower: Sequence[float],
    upper: Sequence[float],
    now: float,
    hovers: Sequence[str],
    colours: Palette,
) -> dict[str, Any]:
    """Draw cooperation in the end, in per cent, with each parameter a tenth of its range lower and higher.

    Returns
    -------
    dict
        Traces of meta `span`, `lower` (open circles), `upper` (filled) and `now`, a line.
    """
    at = list(range(len(titles)))
    low, high = ([round(100 * each, 3) for each in values] for values in (lower, upper))
    spans = {
        "x": [value for pair in zip(low, high, strict=True) for value in (*pair, None)],
        "y": [value for row in at for value in (row, row, None)],
    }
    marks = [
        {"type": "scatter", "mode": "markers", "meta": meta, "x": x, "y": at, "text": list(hovers), "hoverinfo": "text",
         "marker": {"symbol": symbol, "size": 11, "color": colours.line, "line": {"width": 2, "color": colours.line}}}
        for meta, x, symbol in (("lower", low, "circle-open"), ("upper", high, "circle"))
    ]  # fmt: skip
    line: dict[str, Any] = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    traces: list[dict[str, Any]] = [
        line | {"meta": "now", "x": [100 * now] * 2, "y": [-0.6, len(at) - 0.4],
                "line": {"color": colours.muted, "width": 1.2, "dash": "dash"}},
        line | spans | {"meta": "span", "line": {"color": colours.band, "width": 9}},
        *marks,
    ]  # fmt: skip
    return _rows(titles, traces, [-3, 103], colours)


def _rows(titles: Sequence[str], traces: list[dict[str, Any]], span: list[float], colours: Palette) -> dict[str, Any]:
    annotations = [
        {"x": span[0], "y": row, "text": _wrapped(title), "xanchor": "left", "yanchor": "bottom", "yshift": 9,
         "showarrow": False, "font": {"size": 12.5, "color": colours.ink}}
        for row, title in enumerate(titles)
    ]  # fmt: skip
    drawing = figure(
        colours,
        BAR_PIXELS * len(titles) + 56,
        hovermode="closest",
        margin={"l": 8, "r": 16, "t": 4, "b": 8},
        xaxis=axis(colours, range=span, tickvals=[*TICKS], ticktext=[f"{each}%" for each in TICKS]),
        yaxis={"visible": False, "fixedrange": True, "range": [len(titles) - 0.5, -0.75]},
    )
    return _drawn(drawing, traces, annotations)


def _wrapped(title: str) -> str:
    """Break a title into lines that a phone can hold."""
    return "<br>".join(textwrap.wrap(title, 40 if title.isascii() else 20))


def _drawn(drawing: Drawing, traces: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> dict[str, Any]:
    """Put a figure together."""
    return {"data": traces, "layout": {**drawing.settings, "annotations": annotations}}


def _frame(count: int) -> list[npt.NDArray[np.float64]]:
    """Edges of the cube or square, each as two points on paper."""
    vertices = np.array(list(np.ndindex(*(2,) * count)), dtype=np.float64)
    pairs = [(a, b) for at, a in enumerate(vertices) for b in vertices[at + 1 :] if np.abs(a - b).sum() == 1]
    return [placed(np.array(pair)) for pair in pairs]


def _line(lines: Sequence[npt.NDArray[np.float64]], meta: str, style: dict[str, Any]) -> dict[str, Any]:
    """Many lines in one trace, gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for line in lines:
        rounded = line.round(4)
        x += [*rounded[:, 0].tolist(), None]
        y += [*rounded[:, 1].tolist(), None]
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": style, "hoverinfo": "skip", "meta": meta}


def _star(colours: Palette) -> dict[str, Any]:
    return {"symbol": "star", "size": 15, "color": colours.ink, "line": {"width": 1.2, "color": colours.surface}}


def _axis_title(place: tuple[float, float, float], title: str, colours: Palette) -> dict[str, Any]:
    x, y, angle = place
    return {
        "x": x, "y": y, "text": title, "showarrow": False, "textangle": angle,
        "font": {"size": 12, "color": colours.muted},
    }  # fmt: skip


def _label(corner: Corner, place: list[float]) -> dict[str, Any]:
    """Name of a state beside its mark, away from the middle of the picture."""
    is_right, is_high = place[0] > 0.7, place[1] > 0.55
    return {
        "x": place[0], "y": place[1], "text": f"<b>{corner.label}</b>", "showarrow": False,
        "xanchor": "right" if is_right else "left", "yanchor": "bottom" if is_high else "top",
        "yshift": 9 if is_high else -9, "font": {"size": 12.5},
    }  # fmt: skip
