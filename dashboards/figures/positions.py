"""Where an area stands among its peers: a line per indicator from first place to last, with the rank's interval."""

import polars as pl

from dashboards.figures.comparison import STANDINGS, standing_colour
from dashboards.figures.drawing import Drawing, Trace, scatter
from dashboards.figures.theme import Palette, axis, figure

ROW_PIXELS = 26


def positions_figure(places: pl.DataFrame, rank: str, colours: Palette) -> Drawing:
    """Draw one row per ranked indicator, from the top in the order given.

    Parameters
    ----------
    places
        title, hover, polarity, standing, areas_compared, rank, rank_low, rank_high (1 is best).
    rank
        Title of the axis.

    Returns
    -------
    Drawing
        Traces of meta `track` (all places there are), `interval` and `rank`, whose customdata are the ranks; y counts
        rows from 0 at the top.
    """
    last = max(places["areas_compared"].to_list(), default=1)
    drawing = figure(
        colours,
        ROW_PIXELS * places.height + 76,
        hovermode="closest",
        xaxis=axis(
            colours,
            title={"text": rank, "font": {"size": 12, "color": colours.muted}},
            range=[0.4, last + 0.6],
            showgrid=False,
            dtick=1 if last <= 12 else None,
            tick0=1,
        ),
        yaxis=axis(
            colours,
            tickvals=list(range(places.height)),
            ticktext=places["title"].to_list(),
            range=[places.height - 0.5, -0.5],
            showgrid=False,
            ticklabelstandoff=6,
            tickfont={"color": colours.ink, "size": 13},
        ),
    )
    rows = places.with_row_index("at").to_dicts()
    drawing.add_trace(_lines(rows, "track", ("first", "areas_compared"), {"color": colours.rule, "width": 2}))
    drawing.add_trace(_lines(rows, "interval", ("rank_low", "rank_high"), {"color": colours.band, "width": 9}))
    signs = [STANDINGS[row["standing"] or "expected"] for row in rows]
    drawing.add_trace(
        scatter(
            x=places["rank"].to_list(),
            y=[row["at"] for row in rows],
            mode="markers",
            meta="rank",
            marker={
                "symbol": [symbol for symbol, _, _ in signs],
                "size": [size + 3 for _, size, _ in signs],
                "color": [standing_colour(colours, row["standing"], row["polarity"]) for row in rows],
                "line": {"width": 1.5},
            },
            text=places["hover"].to_list(),
            hoverinfo="text",
            customdata=places["rank"].to_list(),
        )
    )
    return drawing


def _lines(rows: list[dict[str, object]], meta: str, ends: tuple[str, str], line: dict[str, object]) -> Trace:
    x = [value for row in rows for value in (row.get(ends[0], 1), row[ends[1]], None)]
    y = [value for row in rows for value in (row["at"], row["at"], None)]
    return scatter(x=x, y=y, mode="lines", meta=meta, line=line, hoverinfo="skip")
