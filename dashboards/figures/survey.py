"""What a survey says: waves over time, questions one below the other, gaps of two groups, the map of importance.

Every point has its interval; groups differ by symbol, not by colour alone.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing, scatter
from dashboards.figures.theme import Palette, axis, figure

ROW_PIXELS = 44
GROUPS = {"all": "circle", "residents": "square-open", "new_citizens": "diamond"}
"""Symbol of each group, in the order in which they are drawn."""
QUARTERS = {
    "improve": "triangle-down",
    "keep": "triangle-up",
    "low": "circle",
    "enough": "square",
    "unclear": "circle-open",
}
"""Symbol of each quarter of the map."""
_APART = timedelta(days=9)


def group_colour(colours: Palette, group: str) -> str:
    """Colour of a group's points."""
    return {"all": colours.line, "residents": colours.muted, "new_citizens": colours.bound_edge}[group]


def wave_figure(estimates: pl.DataFrame, hovers: Sequence[str], unit: str, colours: Palette) -> Drawing:
    """Draw one question over the waves, a point with its interval per group.

    Parameters
    ----------
    estimates
        Rows of `SurveyData.estimates` that have a value, at least one.
    hovers
        Text per row.
    unit
        Title of the vertical axis.

    Returns
    -------
    Drawing
        A trace per group that is told, of its name as meta; the groups of a wave stand side by side.
    """
    waves = estimates.select("first_day", "wave").unique().sort("first_day", "wave")
    days: list[date] = waves["first_day"].to_list()
    drawing = figure(
        colours,
        340,
        hovermode="closest",
        xaxis=axis(
            colours, type="date", showgrid=False, tickvals=days, ticktext=waves["wave"].to_list(),
            range=[days[0] - timedelta(days=60), days[-1] + timedelta(days=60)],
        ),
        yaxis=axis(colours, title={"text": unit, "font": {"size": 12, "color": colours.muted}}, nticks=6),
    )  # fmt: skip
    told = estimates.with_columns(hover=pl.Series(list(hovers), dtype=pl.String))
    for place, (group, symbol) in enumerate(GROUPS.items()):
        rows = told.filter(pl.col("person_group") == group)
        if not rows.height:
            continue
        colour = group_colour(colours, group)
        beside = [day + (place - 1) * _APART for day in rows["first_day"].to_list()]
        drawing.add_trace(
            scatter(
                x=beside, y=rows["value"].to_list(), mode="lines+markers", meta=group, text=rows["hover"].to_list(),
                hoverinfo="text", line={"color": colour, "width": 1.6 if group == "all" else 0},
                marker={"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2, "color": colour}},
                error_y=_reach(rows, "value", colour),
            )
        )  # fmt: skip
    return drawing


def level_figure(
    levels: pl.DataFrame, titles: Sequence[str], hovers: Sequence[str], unit: str, colours: Palette
) -> Drawing:
    """Draw one row per question or foundation: what everybody said, with its interval.

    Parameters
    ----------
    levels
        Columns value, lower, upper; drawn from the top.
    titles, hovers
        Name and text per row.

    Returns
    -------
    Drawing
        One trace of meta `level`.
    """
    drawing = _row_figure(levels.height, unit, colours)
    drawing.add_trace(
        scatter(
            x=levels["value"].to_list(), y=list(titles), mode="markers", meta="level", text=list(hovers),
            hoverinfo="text", marker={"symbol": "circle", "size": 10, "color": colours.line},
            error_x=_reach(levels, "value", colours.line),
        )
    )  # fmt: skip
    return drawing


def gap_figure(
    gaps: pl.DataFrame, titles: Sequence[str], hovers: Sequence[str], unit: str, colours: Palette
) -> Drawing:
    """Draw one row per question: the levels of residents and of new citizens, each with its interval.

    Parameters
    ----------
    gaps
        Rows of `SurveyData.gaps` of one year that have a gap.
    titles, hovers
        Name and text per row.

    Returns
    -------
    Drawing
        Traces of meta `residents` and `new_citizens`, one above the other within a row.
    """
    drawing = _row_figure(gaps.height, unit, colours)
    categories = {
        "type": "linear",
        "tickvals": list(range(gaps.height)),
        "ticktext": list(titles),
        "range": [gaps.height - 0.5, -0.5],
    }
    drawing.update_layout({"yaxis": categories})
    for group, shift in (("residents", -0.13), ("new_citizens", 0.13)):
        colour = group_colour(colours, group)
        ends = gaps.select(value=group, lower=f"{group}_lower", upper=f"{group}_upper")
        drawing.add_trace(
            scatter(
                x=ends["value"].to_list(), y=[row + shift for row in range(gaps.height)], mode="markers", meta=group,
                text=list(hovers), hoverinfo="text", error_x=_reach(ends, "value", colour),
                marker={"symbol": GROUPS[group], "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
            )
        )  # fmt: skip
    return drawing


def importance_figure(
    foundations: pl.DataFrame, titles: Sequence[str], hovers: Sequence[str], axes: tuple[str, str], colours: Palette
) -> Drawing:
    """Draw foundations by how they are judged and how closely they go with being content; lines at the means.

    Parameters
    ----------
    foundations
        Rows of `SurveyData.importance`, at least one.
    titles, hovers
        Name and text per row.
    axes
        Titles of the horizontal and the vertical axis.

    Returns
    -------
    Drawing
        A trace per quarter that holds one, of its name as meta; shapes named `mean`.
    """
    heading = {"size": 12, "color": colours.muted}
    drawing = figure(
        colours,
        400,
        hovermode="closest",
        margin={"l": 8, "r": 24, "t": 24, "b": 8},
        xaxis=axis(colours, title={"text": axes[0], "font": heading}),
        yaxis=axis(colours, title={"text": axes[1], "font": heading}),
    )
    told = foundations.with_columns(
        title=pl.Series(list(titles), dtype=pl.String), hover=pl.Series(list(hovers), dtype=pl.String)
    )
    edge = {"width": 2, "color": colours.line}
    # Names of points on the right would run out of a narrow chart.
    judged: list[float] = foundations["performance"].to_list()
    middle = (min(judged) + max(judged)) / 2
    for quarter, symbol in QUARTERS.items():
        rows = told.filter(pl.col("quarter") == quarter)
        if not rows.height:
            continue
        drawing.add_trace(
            scatter(
                x=rows["performance"].to_list(), y=rows["importance"].to_list(), mode="markers+text", meta=quarter,
                text=rows["title"].to_list(), hovertext=rows["hover"].to_list(),
                textposition=[_beside(x, middle) for x in rows["performance"]],
                hoverinfo="text", textfont={"color": colours.ink, "size": 12}, cliponaxis=False,
                marker={"symbol": symbol, "size": 11, "color": colours.line} | {"line": edge},
                error_x=_reach(rows, "performance", colours.line, "performance_"),
                error_y=_reach(rows, "importance", colours.line, "importance_"),
            )
        )  # fmt: skip
    dash = {"color": colours.muted, "width": 1, "dash": "dash"}
    performance, importance = (
        sum(foundations[name].to_list()) / foundations.height for name in ("performance", "importance")
    )
    drawing.add_shape(name="mean", type="line", x0=performance, x1=performance, yref="paper", y0=0, y1=1, line=dash)
    drawing.add_shape(name="mean", type="line", y0=importance, y1=importance, xref="paper", x0=0, x1=1, line=dash)
    return drawing


def _beside(performance: float, middle: float) -> str:
    return f"top {'left' if performance > middle else 'right'}"


def _row_figure(count: int, unit: str, colours: Palette) -> Drawing:
    return figure(
        colours,
        ROW_PIXELS * count + 60,
        hovermode="closest",
        xaxis=axis(
            colours, side="top", range=[0, 100], title={"text": unit, "font": {"size": 12, "color": colours.muted}}
        ),
        yaxis=axis(
            colours,
            range=[count - 0.5, -0.5],
            showgrid=False,
            tickfont={"color": colours.ink, "size": 13},
            type="category",
        ),
    )


def _reach(rows: pl.DataFrame, value: str, colour: str, prefix: str = "") -> dict[str, Any]:
    """How far the interval reaches to both sides, for Plotly's error bars."""
    up = (rows[f"{prefix}upper"] - rows[value]).to_list()
    down = (rows[value] - rows[f"{prefix}lower"]).to_list()
    return {
        "type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": colour, "thickness": 1.6,
        "width": 4,
    }  # fmt: skip
