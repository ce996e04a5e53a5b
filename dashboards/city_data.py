"""Questions to one release about the city as a whole, which every first page asks: answered from what is kept.

Here: the city's own figures. Not here: those of areas (`data`, `district_data`).
"""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from dashboards.address import PERIOD_KINDS
from dashboards.keeping import Kept
from dashboards.questions import Questions


class CityData(Questions):
    """The city in one release.

    Parameters
    ----------
    query
        Asks the release: SQL and its parameters.
    city_id
        The area that stands for the whole city.
    """

    def __init__(self, query: Callable[..., pl.DataFrame], city_id: str) -> None:
        super().__init__(query)
        self._city_id = city_id
        self._rows: Kept[dict[str, pl.DataFrame]] = Kept(len(PERIOD_KINDS))

    def figure(self, indicator_id: str, period_kind: str, period_start: date) -> dict[str, Any] | None:
        """The city's row of `indicator_values` of an indicator and period, None if there is none."""
        found = self._of_kind(period_kind).get(indicator_id)
        at = None if found is None else found["period_start"].index_of(period_start)
        return None if found is None or at is None else found.row(at, named=True)

    def series(self, indicator_id: str, period_kind: str, since: date, until: date) -> pl.DataFrame:
        """The city's rows of `indicator_values` of an indicator from one period to another, oldest first."""
        found = self._of_kind(period_kind).get(indicator_id, self._none)
        return found.filter(pl.col("period_start").is_between(since, until))

    @cached_property
    def _none(self) -> pl.DataFrame:
        return self._query("select * from indicator_values limit 0")

    def _of_kind(self, period_kind: str) -> dict[str, pl.DataFrame]:
        """All of the city's figures of a kind of period, oldest first, by indicator."""
        rows = self._rows.get(period_kind)
        if rows is None:
            found = self._query(
                "select * from indicator_values where area_id = ? and period_kind = ? order by period_start",
                self._city_id,
                period_kind,
            )
            rows = {str(key): own for (key,), own in found.partition_by("indicator_id", as_dict=True).items()}
            self._rows.put(period_kind, rows)
        return rows
