"""Questions to one release about single areas and all that is known of them, answered as polars frames.

Here: the figures, ranks, limits, changes and revisions of areas across indicators. Not here: one indicator over time
(`data`, `trend_data`), areas side by side (`comparison_data`); nothing here words or draws.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property

import polars as pl

Span = tuple[str, date, date]
"""Kind of period, first and last start of those that are asked for."""


class DistrictData:
    """Areas of one release.

    Parameters
    ----------
    query
        Asks the release: SQL and its parameters.
    """

    def __init__(self, query: Callable[..., pl.DataFrame]) -> None:
        self._query = query

    @cached_property
    def periods(self) -> pl.DataFrame:
        """Every period of the release, newest first: period_kind, period_start, is_final (some figure of it is)."""
        return self._query(
            """select period_kind, period_start, bool_or(status = 'final' and value is not null) as is_final
            from indicator_values group by all order by period_start desc, period_kind"""
        )

    def figures(self, spans: Mapping[str, Span], area_ids: Sequence[str]) -> pl.DataFrame:
        """Figures of several indicators in several areas.

        Parameters
        ----------
        spans
            By indicator, which periods.
        area_ids
            Areas.

        Returns
        -------
        pl.DataFrame
            Rows of `indicator_values`, by area, indicator and period, oldest first.
        """
        kinds, firsts, lasts = zip(*spans.values(), strict=True) if spans else ((), (), ())
        return self._query(
            """with span as (
              select unnest(?::varchar[]) as indicator_id, unnest(?::varchar[]) as period_kind,
                unnest(?::date[]) as first, unnest(?::date[]) as last
            )
            select v.* from indicator_values v join span using (indicator_id, period_kind)
            where v.area_id in (select unnest(?::varchar[])) and v.period_start between span.first and span.last
            order by v.area_id, v.indicator_id, v.period_start""",
            list(spans),
            list(kinds),
            list(firsts),
            list(lasts),
            list(area_ids),
        )

    def positions(self, area_ids: Sequence[str]) -> pl.DataFrame:
        """Where areas stand among those that they are compared with: rows of `comparisons`, the newest first."""
        return self._query(
            """select * from comparisons where area_id in (select unnest(?::varchar[]))
            order by area_id, indicator_id, period_start desc, period_kind""",
            list(area_ids),
        )

    def limits(self, area_id: str, period_kinds: Sequence[str], since: date) -> pl.DataFrame:
        """Limits of an area's charts from a day on: rows of `indicator_limits`."""
        return self._query(
            """select * from indicator_limits where area_id = ? and period_kind in (select unnest(?::varchar[]))
            and period_start >= ? order by indicator_id, period_kind, period_start""",
            area_id,
            list(period_kinds),
            since,
        )

    def changes(self, area_id: str) -> pl.DataFrame:
        """What stands out in an area among all changes, the most important first.

        Returns
        -------
        pl.DataFrame
            Columns of `changes`; limit_low, limit_high of its chart.
        """
        return self._query(
            """select c.*, l.limit_low, l.limit_high from changes c
            left join indicator_limits l using (indicator_id, area_id, period_kind, period_start)
            where c.area_id = ? order by c.position""",
            area_id,
        )

    def alarms(self, area_id: str) -> pl.DataFrame:
        """Alarms that an area's latest weeks and months have raised: rows of `alarms`."""
        return self._query("select * from alarms where area_id = ? and alarm order by all", area_id)

    @cached_property
    def breaks(self) -> pl.DataFrame:
        """Declared changes that charts begin anew at: break_id, start, title_en, title_zh, indicators (list)."""
        return self._query(
            """select break_id, start, title_en, title_zh, list(indicator_id order by indicator_id) as indicators
            from breaks group by all order by start, break_id"""
        )

    def revisions(self, area_id: str) -> pl.DataFrame:
        """Figures of an area that were revised, the newest release first: rows of `revisions`."""
        return self._query(
            "select * from revisions where area_id = ? order by sequence desc, period_start desc, indicator_id", area_id
        )

    def nowcasts(self, area_id: str, period_kind: str, period_start: date) -> pl.DataFrame:
        """What the provisional figures of an area and period are expected to become: rows of `nowcasts`.

        Of what is recorded but for one in a thousand nothing is told: the figure is as good.
        """
        return self._query(
            """select * from nowcasts where area_id = ? and period_kind = ? and period_start = ?
            and recorded_share < 0.999 order by indicator_id""",
            area_id,
            period_kind,
            period_start,
        )
