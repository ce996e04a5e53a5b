"""The checks of each table over time: on which days some failed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing
from dashboards.figures.heat_map import heat_map
from dashboards.figures.theme import Palette

ROW_PIXELS = 30


def checks_figure(
    history: pl.DataFrame, hovers: Sequence[str], date_formats: Sequence[Mapping[str, Any]], colours: Palette
) -> Drawing:
    """Draw a heat map of the tables that failed a check on any of the days.

    Parameters
    ----------
    history
        Rows of `QualityData.checks_by_date`.
    hovers
        Text per row of `history`; those of tables that never failed are not shown.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.

    Returns
    -------
    Drawing
        One heat map: a row per table, from the one that failed most often down; a column per day from the first to
        the last; z is 0 where all checks held, 1 where only warnings failed, 2 where errors did, null where the table
        was not judged.
    """
    state = pl.when(pl.col("errors") > 0).then(2).when(pl.col("failed") > 0).then(1).otherwise(0)
    named = history.with_columns(pl.Series("hover", hovers, dtype=pl.String), state=state)
    failing = (
        named.group_by("table_name")
        .agg(days=(pl.col("failed") > 0).sum(), failed=pl.col("failed").sum())
        .filter(pl.col("failed") > 0)
        .sort(["days", "failed", "table_name"], descending=[True, True, False])
    )
    tables = failing["table_name"].to_list()
    first: date = named["as_of"].min()  # type: ignore[assignment]
    last: date = named["as_of"].max()  # type: ignore[assignment]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    cells = {
        (table, day): (state, hover)
        for table, day, state, hover in named.select("table_name", "as_of", "state", "hover").iter_rows()
    }
    found = [[cells.get((table, day)) for day in days] for table in tables]
    fills = (colours.sequence[0], colours.muted, colours.unfavourable)
    return heat_map(days, tables, found, fills, ROW_PIXELS, date_formats, colours)
