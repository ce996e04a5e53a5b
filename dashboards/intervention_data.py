"""Questions to one release about declared interventions, answered as polars frames.

Here: what came of each, and its months. Not here: opening a release (`data`); nothing here words or draws.
"""

import json
from functools import cached_property

import polars as pl

from dashboards.questions import Questions


class InterventionData(Questions):
    """The interventions of one release."""

    @cached_property
    def results(self) -> pl.DataFrame:
        """Every intervention, the latest first.

        Returns
        -------
        pl.DataFrame
            Columns of `intervention_results`, the areas of each role as lists, harm_weights as JSON; indicator_en,
            indicator_zh, polarity.
        """
        return self._query(
            """select r.*, i.title_en as indicator_en, i.title_zh as indicator_zh, i.polarity
            from intervention_results r left join indicator_catalogue i using (indicator_id)
            order by r.start desc, r.intervention_id"""
        ).with_columns(pl.col("treated", "buffer", "control").map_elements(json.loads, return_dtype=pl.List(pl.String)))

    def months(self, intervention_id: str) -> pl.DataFrame:
        """The months of an intervention in order, as `intervention_months` has them."""
        return self._query(
            "select * exclude (intervention_id) from intervention_months where intervention_id = ? order by month",
            intervention_id,
        )
