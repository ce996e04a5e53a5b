"""Grades of sources over months, as a heat map."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from dashboards.figures.drawing import Drawing
from dashboards.figures.heat_map import heat_map
from dashboards.figures.theme import Palette
from dashboards.periods import period_end

GRADES = ("A", "B", "C", "D")
ROW_PIXELS = 34


def grade_fills(colours: Palette) -> dict[str, str]:
    """Give the colour of each grade, from A to D."""
    fills = (colours.sequence[0], colours.sequence[2], colours.bound, colours.unfavourable)
    return dict(zip(GRADES, fills, strict=True))


def grades_figure(
    months: pl.DataFrame,
    titles: Mapping[str, str],
    hovers: Sequence[str],
    date_formats: Sequence[Mapping[str, Any]],
    colours: Palette,
) -> Drawing:
    """Draw a row per source and a column per month, from the first graded month to the last.

    Parameters
    ----------
    months
        source, period_start, grade (null where there is none): one row per source and month.
    titles
        Title by source; gives the rows their order.
    hovers
        Text per row of `months`.
    date_formats
        Plotly's `tickformatstops` of the time axis in the reader's language.

    Returns
    -------
    Drawing
        One heat map; z is 0 for A to 3 for D, null where there is no grade.
    """
    named = months.with_columns(pl.Series("hover", hovers, dtype=pl.String)).filter(pl.col("grade").is_not_null())
    first: date = named["period_start"].min()  # type: ignore[assignment]
    last: date = named["period_start"].max()  # type: ignore[assignment]
    columns = [first]
    while columns[-1] < last:
        columns.append(period_end("month", columns[-1]))
    cells = {
        (row["source"], row["period_start"]): (GRADES.index(row["grade"]), row["hover"]) for row in named.to_dicts()
    }
    found = [[cells.get((source, month)) for month in columns] for source in titles]
    fills = list(grade_fills(colours).values())
    return heat_map(columns, list(titles.values()), found, fills, ROW_PIXELS, date_formats, colours)
