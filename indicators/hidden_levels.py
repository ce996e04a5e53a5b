"""Area levels of which an indicator publishes nothing, applied to what the survey tells beside indicators.

What is hidden of an indicator is hidden of the question or foundation that it is about. Figures of indicators leave out
hidden levels as they are computed (`protected_cells`, `survey_figures`).
"""

from collections.abc import Sequence

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.disclosure import Disclosure


def hidden_of_survey(entries: Sequence[Entry], disclosure: Disclosure, areas: pl.DataFrame) -> pl.DataFrame:
    """List what is not told of which area: asked (a question or foundation), area_id.

    Parameters
    ----------
    entries : sequence of Entry
    disclosure : Disclosure
    areas : DataFrame
        area_id, area_level.
    """
    rows = [
        (entry.survey.question or entry.survey.foundation, level)
        for entry in entries
        if entry.survey
        for level in disclosure.hidden_levels.get(entry.id, ())
    ]
    asked = pl.DataFrame(rows, schema={"asked": pl.String, "area_level": pl.String}, orient="row")
    return asked.join(areas.select("area_id", "area_level"), on="area_level").select("asked", "area_id")


def without_hidden(table: pl.DataFrame, hidden: pl.DataFrame) -> pl.DataFrame:
    """Leave out of a table of the survey what `hidden` lists; tables of no area have nothing to hide."""
    asked = next((name for name in ("measured", "foundation") if name in table.columns), None)
    if asked is None:
        return table
    return table.join(
        hidden, left_on=[asked, "area_id"], right_on=["asked", "area_id"], how="anti", maintain_order="left"
    )
