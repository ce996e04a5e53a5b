"""Questions to one release about what figures over time are held against.

Here: alarms, days between rare events, targets, the year before, declared breaks. Not here: the figures and their
limits (`data`), how they came to be (`vintage_data`).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from dashboards.questions import Questions


class TrendData(Questions):
    """What figures of one release are held against."""

    def alarms(self, indicator_id: str, area_ids: Sequence[str], period_kind: str) -> pl.DataFrame:
        """The latest period of areas against its season: the columns of `alarms`."""
        found = self._of_indicator("alarms", indicator_id, "area_id, period_kind")
        return found.filter(pl.col("area_id").is_in(area_ids), period_kind=period_kind)

    def gaps(self, indicator_id: str, area_ids: Sequence[str]) -> pl.DataFrame:
        """Days between events of areas where they are rare: the columns of `gap_charts`, by area and day."""
        found = self._of_indicator("gap_charts", indicator_id, "area_id, day, is_open")
        return found.filter(pl.col("area_id").is_in(area_ids))

    @cached_property
    def targets(self) -> pl.DataFrame:
        """Declared targets and what came of them, by indicator and area."""
        return self._query("select * from targets order by indicator_id, area_id")

    def target(self, indicator_id: str, area_id: str) -> dict[str, Any] | None:
        """The row of `targets` of an indicator and area, None where none is declared."""
        at = self._target_places.get((indicator_id, area_id))
        return None if at is None else self.targets.row(at, named=True)

    @cached_property
    def _target_places(self) -> dict[tuple[str, str], int]:
        return {key: at for at, key in enumerate(self.targets.select("indicator_id", "area_id").iter_rows())}

    def year_comparisons(self, indicator_ids: Sequence[str], area_ids: Sequence[str], period_kind: str) -> pl.DataFrame:
        """Figures against those of the same period a year before: the columns of `year_comparisons`."""
        return self._query(
            """select * from year_comparisons where list_contains(?::varchar[], indicator_id)
            and list_contains(?::varchar[], area_id) and period_kind = ? order by all""",
            list(indicator_ids),
            list(area_ids),
            period_kind,
        )

    def year_comparisons_of(self, indicator_id: str, area_ids: Sequence[str], period_kind: str) -> pl.DataFrame:
        """The same of one indicator."""
        found = self._of_indicator("year_comparisons", indicator_id, "all")
        return found.filter(pl.col("area_id").is_in(area_ids), period_kind=period_kind)

    def breaks(self, indicator_id: str) -> pl.DataFrame:
        """Declared changes that an indicator's charts begin anew at: start, title_en, title_zh; oldest first."""
        return self._breaks.filter(indicator_id=indicator_id).drop("indicator_id")

    @cached_property
    def _breaks(self) -> pl.DataFrame:
        return self._query("select indicator_id, start, title_en, title_zh from breaks order by start, break_id")
