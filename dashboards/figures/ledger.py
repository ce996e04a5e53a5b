"""What became of the records that were not accepted as they came, by source."""

from collections.abc import Mapping

import polars as pl

from dashboards.figures.drawing import Drawing, bar
from dashboards.figures.theme import Palette, axis, figure

OUTCOMES = ("quarantined", "duplicate", "superseded", "merged", "deferred")
PATTERNS = ("/", "", "x", ".", "")


def ledger_figure(
    ledger: pl.DataFrame, titles: Mapping[str, str], outcomes: Mapping[str, str], colours: Palette
) -> Drawing:
    """Draw stacked bars of each source's records by outcome, as a share of all read.

    Parameters
    ----------
    ledger
        One row per source with `read` and a column per outcome.
    titles
        Title by source.
    outcomes
        Name by outcome, all of `OUTCOMES`.

    Returns
    -------
    Drawing
        One trace per outcome, `meta` its code, customdata the counts; values in percent of records read.
    """
    drawing = figure(
        colours,
        44 * max(ledger.height, 1) + 80,
        barmode="stack",
        bargap=0.45,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis=axis(colours, ticksuffix="%", rangemode="tozero", nticks=6),
        yaxis=axis(colours, autorange="reversed", tickfont={"color": colours.ink, "size": 13}, showgrid=False),
    )
    names = [titles.get(source, source) for source in ledger["source"]]
    for outcome, colour, pattern in zip(OUTCOMES, colours.outcomes, PATTERNS, strict=True):
        counts = ledger[outcome].to_list()
        shares = [100 * count / read if read else 0.0 for count, read in zip(counts, ledger["read"], strict=True)]
        drawing.add_trace(
            bar(
                x=shares, y=names, orientation="h", name=outcomes[outcome], meta=outcome, customdata=counts,
                showlegend=any(counts),
                marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": colours.surface, "size": 5}},
                hovertemplate="%{y}<br>" + outcomes[outcome] + ": %{customdata:,} (%{x:.2f}%)<extra></extra>",
            )
        )  # fmt: skip
    return drawing


def balance(ledger: pl.DataFrame) -> int:
    """Records unaccounted for, or counted twice, in any source: 0 when read is the sum of its outcomes in all."""
    return int((ledger["read"] - ledger.select(pl.sum_horizontal("accepted", *OUTCOMES)).to_series()).abs().sum())
