"""Questions to one release about single areas and all that is known of them, answered as polars frames.

Here: the figures, ranks, limits, changes and revisions of areas across indicators. Not here: one indicator over time
(`data`, `trend_data`), areas side by side (`comparison_data`); nothing here words or draws.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property

import polars as pl

from dashboards.questions import Questions

Span = tuple[str, date, date]
"""Kind of period, first and last start of those that are asked for."""


class DistrictData(Questions):
    """Areas of one release."""

    @cached_property
    def periods(self) -> pl.DataFrame:
        """Every period of the release, newest first: period_kind, period_start, is_final (some figure of it is)."""
        return self._query(
            """select period_kind, period_start, bool_or(status = 'final' and value is not null) as is_final
            from indicator_values group by all order by period_start desc, period_kind"""
        )

    @cached_property
    def periods_of(self) -> Mapping[str, pl.DataFrame]:
        """The same by kind."""
        return {kind: rows for (kind,), rows in self.periods.partition_by("period_kind", as_dict=True).items()}

    def figures(
        self, periods: Mapping[str, tuple[str, date]], area_id: str, part_ids: Sequence[str], part_indicator: str | None
    ) -> pl.DataFrame:
        """Figures of an area, and of its parts those of one indicator and those with a special cause.

        Parameters
        ----------
        periods
            Kind and first day of the period by indicator.
        area_id, part_ids
            The area, and the areas in it.
        part_indicator
            Of which all parts are given.

        Returns
        -------
        pl.DataFrame
            Rows of `indicator_values`, by area and indicator.
        """
        return self._query(
            """with asked as (
              select unnest(?::varchar[]) as indicator_id, unnest(?::varchar[]) as period_kind,
                unnest(?::date[]) as period_start
            )
            select v.* from indicator_values v join asked using (indicator_id, period_kind, period_start)
            where v.area_id = ?"""
            # Apart, as what must hold of every row lets the file skip most of them.
            + (
                """
            union all
            select v.* from indicator_values v join asked using (indicator_id, period_kind, period_start)
            where v.indicator_id = ? and list_contains(?::varchar[], v.area_id)
            union all
            select v.* from indicator_values v join asked using (indicator_id, period_kind, period_start)
            where v.signal <> 'none' and v.indicator_id <> coalesce(?, '') and list_contains(?::varchar[], v.area_id)"""
                if part_ids
                else ""
            )
            + " order by area_id, indicator_id",
            list(periods),
            [kind for kind, _ in periods.values()],
            [start for _, start in periods.values()],
            area_id,
            *([part_indicator, list(part_ids), part_indicator, list(part_ids)] if part_ids else []),
        )

    def courses(
        self, spans: Mapping[str, Span], area_id: str, part_ids: Sequence[str], part_indicator: str | None
    ) -> pl.DataFrame:
        """How figures came to be where they are: those of an area, and of its parts those of one indicator.

        Parameters
        ----------
        spans
            Periods by indicator.
        area_id, part_ids, part_indicator
            As of `figures`.

        Returns
        -------
        pl.DataFrame
            area_id, indicator_id, period_kind, period_start, value, signal; oldest first.
        """
        return self._query(
            """with span as (
              select unnest(?::varchar[]) as indicator_id, unnest(?::varchar[]) as period_kind,
                unnest(?::date[]) as first, unnest(?::date[]) as last
            )
            select v.area_id, v.indicator_id, v.period_kind, v.period_start, v.value, v.signal
            from indicator_values v join span using (indicator_id, period_kind)
            where v.period_start between span.first and span.last and v.area_id = ?"""
            + (
                """
            union all
            select v.area_id, v.indicator_id, v.period_kind, v.period_start, v.value, v.signal
            from indicator_values v join span using (indicator_id, period_kind)
            where v.period_start between span.first and span.last
              and v.indicator_id = ? and list_contains(?::varchar[], v.area_id)"""
                if part_ids
                else ""
            )
            + " order by area_id, indicator_id, period_start",
            list(spans),
            [kind for kind, _, _ in spans.values()],
            [first for _, first, _ in spans.values()],
            [last for _, _, last in spans.values()],
            area_id,
            *([part_indicator, list(part_ids)] if part_ids else []),
        )

    def positions(
        self,
        newest: Mapping[str, date],
        asked: tuple[str, date],
        area_id: str,
        part_ids: Sequence[str],
        part_indicator: str | None,
    ) -> pl.DataFrame:
        """Where areas stand among those that they are compared with, in the comparison that fits best.

        Parameters
        ----------
        newest
            The last period that counts, by kind; the kinds that fit best first.
        asked
            Kind and first day of the period that fits better than all others.
        area_id, part_ids, part_indicator
            As of `figures`.

        Returns
        -------
        pl.DataFrame
            Rows of `comparisons`, one per area and indicator.
        """
        of_parts = "or (c.indicator_id = ? and list_contains(?::varchar[], c.area_id))" if part_ids else ""
        return self._query(
            # Chosen by few columns, since all columns of years of comparisons are much to read.
            f"""with newest as (
              select unnest(?::varchar[]) as period_kind, unnest(?::date[]) as last, unnest(?::int[]) as place
            ), best as (
              select c.area_id, c.indicator_id, c.period_kind, c.period_start
              from comparisons c join newest using (period_kind)
              where c.period_start <= newest.last
                and (c.area_id = ? {of_parts})
              qualify row_number() over (partition by c.area_id, c.indicator_id
                order by c.period_kind = ? and c.period_start = ? desc, newest.place, c.period_start desc) = 1
            )
            select c.* from comparisons c join best using (area_id, indicator_id, period_kind, period_start)
            order by c.area_id, c.indicator_id""",
            list(newest),
            list(newest.values()),
            list(range(len(newest))),
            area_id,
            *([part_indicator, list(part_ids)] if part_ids else []),
            *asked,
        )

    def limits(self, area_id: str, points: Sequence[tuple[str, str, date]]) -> pl.DataFrame:
        """Limits of an area's charts at points of them: rows of `indicator_limits`.

        Parameters
        ----------
        points
            Indicator, kind and first day of a period.
        """
        indicators, kinds, starts = zip(*points, strict=True) if points else ((), (), ())
        return self._query(
            """with point as (
              select unnest(?::varchar[]) as indicator_id, unnest(?::varchar[]) as period_kind,
                unnest(?::date[]) as period_start
            )
            select * from indicator_limits join point using (indicator_id, period_kind, period_start)
            where area_id = ? order by indicator_id, period_kind, period_start""",
            list(indicators),
            list(kinds),
            list(starts),
            area_id,
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
