"""Scores with their intervals, how parts do together over time, and what moved a score."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing, Trace, bar, scatter
from dashboards.figures.theme import Palette, axis, figure, rows, time_axis

ROW_PIXELS = 34
SERIES_PIXELS = 190
CHANGE_PIXELS = 34
MEASURES = {"coordination": ("solid", 2.2), "level": ("dash", 1.4), "coupling": ("dot", 1.4)}
"""Dash and width of the lines of D, T and C, so that colour is never the only sign."""


def scores_figure(scores: pl.DataFrame, titles: Sequence[str], hovers: Sequence[str], colours: Palette) -> Drawing:
    """Draw one row per score: its worst-case bounds, its interval, and the score itself.

    Parameters
    ----------
    scores
        Rows of `index_scores` with a score, in the order in which they are drawn from the top.
    titles, hovers
        Name and text per row.

    Returns
    -------
    Drawing
        Traces of meta `bounds`, `interval` and `score`; x from 0 to 100.
    """
    names = [_wrapped(title) for title in titles]
    drawing = figure(
        colours,
        ROW_PIXELS * scores.height + 46,
        hovermode="closest",
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        xaxis=axis(colours, range=[-1, 102], side="top", tickvals=[0, 25, 50, 75, 100]),
        yaxis=axis(
            colours,
            range=[scores.height - 0.5, -0.5],
            showgrid=False,
            type="category",
            tickfont={"color": colours.ink, "size": 13},
        ),
    )
    for name, low, high, colour, width in (
        ("bounds", "bound_low", "bound_high", colours.bound, 3),
        ("interval", "lower", "upper", colours.band, 14),
    ):
        x: list[Any] = []
        y: list[str | None] = []
        for title, least, most in zip(names, scores[low].to_list(), scores[high].to_list(), strict=True):
            x += [least, most, None]
            y += [title, title, None]
        drawing.add_trace(
            scatter(x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip", meta=name)
        )
    drawing.add_trace(
        scatter(
            x=scores["score"].to_list(), y=names, mode="markers", text=list(hovers), hoverinfo="text", meta="score",
            marker={"symbol": "diamond", "size": 10, "color": colours.line},
        )
    )  # fmt: skip
    return drawing


def coordination_figure(
    series: pl.DataFrame,
    titles: Mapping[str, str],
    hovers: Mapping[str, Sequence[str]],
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
) -> Drawing:
    """Draw coordination D with its interval, level T and coupling C over time, one row per set.

    The axes end at 1 and begin at the quarter below all that is drawn.

    Parameters
    ----------
    series
        Rows of `coordination` of one area and kind of period.
    titles
        Title of the rows, by set, in the order in which they are drawn.
    hovers
        Text per period, by set.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.

    Returns
    -------
    Drawing
        Per set traces of meta `<set>.interval` (two ends), `<set>.coordination`, `.level` and `.coupling`.
    """
    drawing = figure(
        colours, SERIES_PIXELS * len(titles) + 40, hovermode="closest", margin={"l": 8, "r": 16, "t": 30, "b": 8}
    )
    drawn = series.filter(pl.col("parts").is_in([*titles])).select("coordination_low", *MEASURES)
    least = min((each for each in drawn.min().row(0) if each is not None), default=0.0)
    ticks = [tick / 4 for tick in range(int(4 * least), 5)]
    for index, (name, (bottom, top)) in enumerate(zip(titles, rows(len(titles), gap=0.24), strict=True)):
        suffix = "" if index == 0 else str(index + 1)
        own = series.filter(pl.col("parts") == name)
        drawing.update_layout(
            {
                f"xaxis{suffix}": time_axis(colours, index, date_formats),
                f"yaxis{suffix}": axis(
                    colours,
                    anchor=f"x{suffix}",
                    domain=[bottom, top],
                    range=[ticks[0], 1.02],
                    tickvals=ticks,
                ),
            }
        )
        for trace in _series(own, name, hovers[name], colours):
            drawing.add_trace(trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
        drawing.add_annotation(
            text=f"<b>{titles[name]}</b>", x=0, y=top, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
            yshift=6, showarrow=False,
        )  # fmt: skip
    return drawing


def _series(own: pl.DataFrame, name: str, hovers: Sequence[str], colours: Palette) -> list[Trace]:
    days = own["period_start"].to_list()
    edge: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "meta": f"{name}.interval"}
    traces = [
        scatter(x=days, y=own["coordination_low"].to_list(), **edge),
        scatter(x=days, y=own["coordination_high"].to_list(), fill="tonexty", fillcolor=colours.band, **edge),
    ]
    for measure, (dash, width) in reversed(MEASURES.items()):
        is_main = measure == "coordination"
        traces.append(
            scatter(
                x=days, y=own[measure].to_list(), mode="lines+markers" if is_main else "lines",
                line={"color": colours.line if is_main else colours.muted, "width": width, "dash": dash},
                marker={"size": 7, "color": colours.line}, text=list(hovers),
                hoverinfo="text" if is_main else "skip", meta=f"{name}.{measure}",
            )
        )  # fmt: skip
    return traces


def change_figure(changes: Sequence[float], titles: Sequence[str], hovers: Sequence[str], colours: Palette) -> Drawing:
    """Draw what each indicator gave to the change of a score, in points; rises to the right.

    Returns
    -------
    Drawing
        One trace of bars, of meta `change`; rises and falls differ by side and by colour.
    """
    names = [_wrapped(title) for title in titles]
    most = max((abs(change) for change in changes), default=1.0) or 1.0
    drawing = figure(
        colours,
        CHANGE_PIXELS * len(names) + 60,
        hovermode="closest",
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        xaxis=axis(colours, range=[-1.1 * most, 1.1 * most], side="top", zeroline=True, zerolinecolor=colours.muted),
        yaxis=axis(
            colours,
            range=[len(names) - 0.5, -0.5],
            showgrid=False,
            type="category",
            tickfont={"color": colours.ink, "size": 12},
        ),
        bargap=0.45,
    )
    drawing.add_trace(
        bar(
            x=list(changes), y=names, orientation="h", hovertext=list(hovers), hoverinfo="text", meta="change",
            marker={"color": [colours.favourable if each >= 0 else colours.unfavourable for each in changes]},
        )
    )  # fmt: skip
    return drawing


def _wrapped(title: str, width: int = 26) -> str:
    """A long title on two lines, so that names leave room for the chart on a phone."""
    if len(title) <= width or " " not in title:
        return title
    words, first = title.split(" "), ""
    while words and len(f"{first} {words[0]}") <= max(width, len(title) // 2 + 1):
        first = f"{first} {words.pop(0)}".strip()
    return "<br>".join(part for part in (first, " ".join(words)) if part)
