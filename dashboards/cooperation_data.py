"""Questions to one release about scores and cooperation, answered as polars frames.

Here: the scores of an area, what moved them, how subjects and foundations do together. Not here: opening a release
(`data`); nothing here words or draws.
"""

from collections.abc import Sequence
from datetime import date
from functools import cached_property

import polars as pl

from dashboards.linkage_data import LinkageData
from dashboards.questions import Questions

NETWORK = ("L2", "L3", "L2_handoffs", "L3_handoffs", "L5", "F1")
"""Indicators of how agencies work together, in the order in which they are shown."""


class CooperationData(Questions):
    """The composite index of one release."""

    @cached_property
    def linkage(self) -> LinkageData:
        """How agencies are linked."""
        return LinkageData(self._query)

    @cached_property
    def there_are(self) -> pl.DataFrame:
        """Every area and period with scores, newest first.

        Returns
        -------
        pl.DataFrame
            area_id, area_level, period_kind, period_start, is_final, and is_settled (final, but for indicators that are
            left out until they have settled).
        """
        return self._query(
            """select area_id, area_level, period_kind, period_start, bool_and(status <> 'provisional') as is_final,
              bool_and(status <> 'provisional' or coalesce(reason, '') like 'left_out:%') as is_settled
            from index_scores group by all order by area_id, period_kind, period_start desc"""
        )

    def scores(self, area_id: str, period_kind: str, period_start: date) -> pl.DataFrame:
        """The scores of an area in a period, one row per scope."""
        return self._query(
            "select * from index_scores where area_id = ? and period_kind = ? and period_start = ? order by scope",
            area_id,
            period_kind,
            period_start,
        )

    def over_time(self, area_id: str, period_kind: str) -> pl.DataFrame:
        """Coordination of an area's subjects and foundations, by set and period."""
        return self._query(
            "select * from coordination where area_id = ? and period_kind = ? order by parts, period_start",
            area_id,
            period_kind,
        )

    def contributions(self, area_id: str, period_kind: str, period_start: date) -> pl.DataFrame:
        """What each indicator gives to an area's scores, the greatest obstacle first.

        Returns
        -------
        pl.DataFrame
            Columns of `index_contributions`, title_en, title_zh, unit and decimals of the indicator (null where the
            catalogue has no such indicator).
        """
        return self._query(
            """select c.*, i.title_en, i.title_zh, i.unit, i.decimals from index_contributions c
            left join indicator_catalogue i using (indicator_id)
            where c.area_id = ? and c.period_kind = ? and c.period_start = ?
            order by c.obstacle desc nulls last, c.indicator_id""",
            area_id,
            period_kind,
            period_start,
        )

    def sensitivity(self, area_level: str, period_kind: str) -> pl.DataFrame:
        """Which choice the order of a level's areas hangs on, the most important first."""
        return self._query(
            "select * from index_sensitivity where area_level = ? and period_kind = ? order by total desc",
            area_level,
            period_kind,
        )

    def network(self, area_id: str, until: date, indicators: Sequence[str] = NETWORK) -> pl.DataFrame:
        """The newest figure of each indicator of working together that an area has, at most `until`.

        Returns
        -------
        pl.DataFrame
            Columns of `indicator_values`, title_en, title_zh, unit, decimals; in the order of `indicators`.
        """
        return self._query(
            # Chosen by few columns, since all columns of years of figures are much to read.
            """with newest as (
              select area_id, indicator_id, period_kind, period_start from indicator_values
              where area_id = ? and list_contains(?::varchar[], indicator_id) and value is not null
                and period_kind in ('year', 'rolling_12m', 'quarter') and period_start <= ?
              qualify row_number() over (partition by indicator_id
                order by period_kind = 'rolling_12m' desc, period_start desc, period_kind) = 1
            )
            select v.*, i.title_en, i.title_zh, i.unit, i.decimals from indicator_values v
            join newest using (area_id, indicator_id, period_kind, period_start)
            join indicator_catalogue i using (indicator_id)
            order by list_position(?::varchar[], indicator_id)""",
            area_id,
            list(indicators),
            until,
            list(indicators),
        )
