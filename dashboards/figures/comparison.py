"""Areas side by side: the funnel of figures by size, and one line per area with its intervals."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing, Trace, scatter
from dashboards.figures.theme import Palette, axis, figure

ROW_PIXELS = 18
STANDINGS = {
    "high": ("triangle-up", 11, False),
    "rather_high": ("triangle-up-open", 9, False),
    "expected": ("circle", 6, True),
    "rather_low": ("triangle-down-open", 9, False),
    "low": ("triangle-down", 11, False),
}
"""Symbol, size and whether it is quiet, so that colour is never the only sign."""
STANDING_GLYPHS = {"high": "▲", "rather_high": "△", "expected": "●", "rather_low": "▽", "low": "▼"}
"""The symbols as characters."""


def standing_colour(colours: Palette, standing: str | None, polarity: str) -> str:
    """Colour an area outside the limits by whether that is welcome; a context indicator is never coloured."""
    if standing in (None, "expected"):
        return colours.line
    if polarity not in ("higher", "lower"):
        return colours.ink
    is_high = standing in ("high", "rather_high")
    return colours.favourable if is_high == (polarity == "higher") else colours.unfavourable


def funnel_figure(
    areas: pl.DataFrame, hovers: Sequence[str], unit: str, size: str, polarity: str, colours: Palette
) -> Drawing:
    """Draw areas by size and figure, between the limits that their size allows.

    Parameters
    ----------
    areas
        Rows of `ComparisonData.areas`, all of one target.
    hovers
        Text per row of `areas`.
    unit, size
        Titles of the two axes: of the figure, of the denominator.

    Returns
    -------
    Drawing
        Lines of meta `outer`, `inner` (two each) and `target`, and markers per standing; x is the denominator.
    """
    drawing = figure(
        colours,
        440,
        hovermode="closest",
        xaxis=axis(colours, title={"text": size, "font": {"size": 12, "color": colours.muted}}, rangemode="tozero"),
        yaxis=axis(colours, title={"text": unit, "font": {"size": 12, "color": colours.muted}}, rangemode="tozero"),
    )
    by_size = areas.filter(pl.col("target").is_not_null()).sort("denominator")
    sizes = by_size["denominator"].to_list()
    for name, dash in (("outer", "solid"), ("inner", "dot")):
        for end in ("low", "high"):
            drawing.add_trace(_line(sizes, by_size[f"{name}_{end}"].to_list(), name, dash, colours))
    drawing.add_trace(_line(sizes, by_size["target"].to_list(), "target", "dash", colours))
    drawing.add_traces(_markers(areas, hovers, "denominator", "value", polarity, colours))
    return drawing


def order_figure(
    areas: pl.DataFrame, titles: Sequence[str], hovers: Sequence[str], unit: str, rank: str, polarity: str,
    colours: Palette,
) -> Drawing:  # fmt: skip
    """Draw one row per area: its figure with its interval, the shrunken figure, and beside them its rank interval.

    Parameters
    ----------
    areas
        Rows of `ComparisonData.areas`, in the order in which they are drawn from the top.
    titles, hovers
        Name and text per row.
    unit, rank
        Titles of the two axes.

    Returns
    -------
    Drawing
        Traces of meta `interval`, the standings, `shrunken` and, where areas are ranked, `rank_interval` and `rank`.
    """
    is_ranked = areas["rank"].is_not_null().any()
    heading = {"size": 12, "color": colours.muted}
    drawing = figure(
        colours,
        ROW_PIXELS * areas.height + 70,
        hovermode="closest",
        xaxis=axis(
            colours,
            domain=[0, 0.66 if is_ranked else 1],
            side="top",
            rangemode="tozero",
            title={"text": unit, "font": heading},
        ),
        yaxis=axis(
            colours,
            range=[areas.height - 0.5, -0.5],
            showgrid=False,
            tickfont={"color": colours.ink, "size": 12},
            type="category",
        ),
    )
    names = list(titles)
    drawing.add_trace(_interval(areas, names, "lower", "upper", "interval", colours.band, "x"))
    drawing.add_traces(
        _markers(areas.with_columns(pl.Series("title", names)), hovers, "value", "title", polarity, colours)
    )
    shrunken = {"symbol": "line-ns-open", "size": 11, "color": colours.ink, "line": {"width": 1.6}}
    drawing.add_trace(
        scatter(
            x=areas["shrunken"].to_list(), y=names, mode="markers", marker=shrunken, hoverinfo="skip", meta="shrunken"
        )
    )
    if is_ranked:
        ranks = axis(
            colours, domain=[0.7, 1], anchor="y", side="top", range=[0.5, areas.height + 0.5],
            title={"text": rank, "font": heading},
        )  # fmt: skip
        drawing.update_layout({"xaxis2": ranks})
        drawing.add_trace(_interval(areas, names, "rank_low", "rank_high", "rank_interval", colours.band, "x2"))
        drawing.add_trace(
            scatter(
                x=areas["rank"].to_list(), y=names, xaxis="x2", mode="markers", text=list(hovers), hoverinfo="text",
                marker={"symbol": "circle", "size": 5, "color": colours.line}, meta="rank",
            )
        )  # fmt: skip
    return drawing


def _line(x: list[float], y: list[float], meta: str, dash: str, colours: Palette) -> Trace:
    return scatter(
        x=x, y=y, mode="lines", hoverinfo="skip", meta=meta, line={"color": colours.muted, "width": 1, "dash": dash}
    )


def _markers(
    areas: pl.DataFrame, hovers: Sequence[str], x: str, y: str, polarity: str, colours: Palette
) -> list[Trace]:
    told = areas.with_columns(
        pl.Series("hover", list(hovers), dtype=pl.String), pl.col("standing").fill_null("expected")
    )
    traces = []
    for standing, (symbol, size, _) in STANDINGS.items():
        those = told.filter(pl.col("standing") == standing)
        marker: dict[str, Any] = {
            "symbol": symbol,
            "size": size,
            "color": standing_colour(colours, standing, polarity),
            "line": {"width": 1.6 if symbol.endswith("open") else 0},
        }
        if those.height:
            traces.append(
                scatter(
                    x=those[x].to_list(), y=those[y].to_list(), text=those["hover"].to_list(), hoverinfo="text",
                    mode="markers", marker=marker, meta=standing, customdata=those["area_id"].to_list(),
                )
            )  # fmt: skip
    return traces


def _interval(
    areas: pl.DataFrame, names: Sequence[str], low: str, high: str, meta: str, colour: str, axis_id: str
) -> Trace:
    """One thick line per row, in one trace."""
    x: list[Any] = []
    y: list[str | None] = []
    for name, least, most in zip(names, areas[low].to_list(), areas[high].to_list(), strict=True):
        x += [least, most, None]
        y += [name, name, None]
    return scatter(
        x=x, y=y, xaxis=axis_id, mode="lines", line={"color": colour, "width": 9}, hoverinfo="skip", meta=meta
    )
