"""Questions to one release about areas side by side, answered as polars frames.

Here: which comparisons there are, and the areas of one. Not here: areas over time, nor opening a release (`data`).
"""

from datetime import date
from functools import cached_property

import polars as pl

from dashboards.questions import Questions


class ComparisonData(Questions):
    """The comparisons of one release."""

    @cached_property
    def there_are(self) -> pl.DataFrame:
        """Every comparison: indicator_id, area_level, period_kind, period_start; the newest first."""
        return self._query(
            """select distinct indicator_id, area_level, period_kind, period_start from comparisons
            order by indicator_id, area_level, period_kind, period_start desc"""
        )

    def areas(self, indicator_id: str, area_level: str, period_kind: str, period_start: date) -> pl.DataFrame:
        """The areas of a level that are compared, from the greatest figure down.

        Returns
        -------
        pl.DataFrame
            Columns of `comparisons` and of `indicator_values`, title_en, title_zh.
        """
        return self._query(
            """select c.*, v.* exclude (indicator_id, area_id, area_level, period_kind, period_start),
              a.title_en, a.title_zh
            from comparisons c join indicator_values v using (indicator_id, area_id, period_kind, period_start)
            join areas a using (area_id)
            where c.indicator_id = ? and c.area_level = ? and c.period_kind = ? and c.period_start = ?
            order by v.value desc, c.area_id""",
            indicator_id,
            area_level,
            period_kind,
            period_start,
        )

    def not_compared(self, indicator_id: str, area_level: str, period_kind: str, period_start: date) -> int:
        """How many areas of the level have no part in a comparison."""
        return int(
            self._query(
                """select count(*) as areas from areas where area_level = ? and not is_unallocated and area_id not in (
                  select area_id from comparisons
                  where indicator_id = ? and period_kind = ? and period_start = ?)""",
                area_level,
                indicator_id,
                period_kind,
                period_start,
            )["areas"][0]
        )
