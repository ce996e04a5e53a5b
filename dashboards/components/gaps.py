"""The chart of days between events, and how to read it: for areas where events are too rare to chart by the month."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboards.components.context import Context
from dashboards.components.layout import graph, panel
from dashboards.components.legend import legend, tone
from dashboards.figures.gaps import GapPanel, gap_figure
from dashboards.figures.theme import GAP_SHAPES, GLYPHS


def gap_panel(context: Context, indicator: dict[str, Any], areas: Sequence[str]) -> list[Any]:
    """A panel of the areas whose days between events are charted; nothing where none is."""
    words = context.words
    found = context.release.trends.gaps(indicator["indicator_id"], areas)
    shown = [area for area in areas if area in set(found["area_id"])]
    if not shown:
        return []
    hovers = [
        "<br>".join(
            [
                f"<b>{words.day(row['day'])}</b>",
                words("gap.open" if row["is_open"] else "gap.closed", days=words.number(row["days"])),
                *([] if row["signal"] == "none" else [words.known("signal", row["signal"])]),
            ]
        )
        for row in found.to_dicts()
    ]
    found = found.with_columns(pl.Series("hover", hovers, dtype=pl.String))
    of_area = found.partition_by("area_id", maintain_order=True, as_dict=True)
    panels = [GapPanel(context.area_title(area), of_area[area,]) for area in shown]
    drawing = gap_figure(panels, words("gap.axis"), indicator["polarity"], words.axis_formats, context.colours)
    title = words.of(indicator, "title")
    names = words.join([each.title for each in panels])
    return [
        panel(
            words("gap.title", indicator=title, areas=names),
            graph(drawing, words("gap.description", indicator=title, areas=names)),
            legend(words("legend.title"), _marks(context, found, indicator["polarity"]), words("gap.note")),
        )
    ]


def _marks(context: Context, found: pl.DataFrame, polarity: str) -> list[tuple[str, str, str]]:
    words, signals = context.words, set(found["signal"])
    return [
        ("legend-sign", "●", words("gap.point")),
        ("legend-sign", "○", words("gap.still_open")),
        ("legend-centre", "", words("gap.centre")),
        ("legend-limits", "", words("gap.limits")),
        *(
            (f"legend-sign {tone(signal, polarity)}", GLYPHS[shape], words(f"legend.{signal}"))
            for signal, shape in GAP_SHAPES.items()
            if signal in signals
        ),
    ]
