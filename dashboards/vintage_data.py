"""Questions to one release about how its figures came to be what they are: revisions, delays of recording, nowcasts.

Here: what was published before, and what is still to come. Not here: the figures themselves (`data`).
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from dashboards.questions import Questions

_PERIOD_END = """case period_kind when 'day' then period_start when 'week' then period_start + interval 6 day
  when 'month' then period_start + interval 1 month - interval 1 day
  when 'quarter' then period_start + interval 3 month - interval 1 day
  else period_start + interval 12 month - interval 1 day end::date"""


class VintageData(Questions):
    """Revisions, delays and nowcasts of one release."""

    def nowcasts(self, indicator_id: str, area_ids: Sequence[str], period_kind: str, since: date) -> pl.DataFrame:
        """What provisional figures are expected to become, by area and period: columns of `nowcasts`.

        Of what is recorded but for one in a thousand nothing is told: the figure is as good.
        """
        return self._query(
            """select * from nowcasts where indicator_id = ? and list_contains(?::varchar[], area_id)
              and period_kind = ? and period_start >= ? and recorded_share < 0.999
            order by area_id, period_start""",
            indicator_id,
            list(area_ids),
            period_kind,
            since,
        )

    def delays(self, indicator_id: str) -> pl.DataFrame:
        """How late the records of an indicator are, by delay: columns of `reporting_delays`."""
        return self._query("select * from reporting_delays where indicator_id = ? order by delay_days", indicator_id)

    def revisions(self, indicator_id: str, area_ids: Sequence[str], period_kind: str, since: date) -> pl.DataFrame:
        """Revisions of a series, the newest first: columns of `revisions`."""
        return self._query(
            """select * from revisions where indicator_id = ? and list_contains(?::varchar[], area_id)
              and period_kind = ? and period_start >= ?
            order by sequence desc, period_start desc, area_id""",
            indicator_id,
            list(area_ids),
            period_kind,
            since,
        )

    def triangle(self, indicator_id: str, area_id: str, period_kind: str, vintages: int) -> pl.DataFrame:
        """What the releases said of the figures of an area that were ever revised: the revision triangle.

        Parameters
        ----------
        vintages
            How many releases to look back at: those after which something of the series changed, and the last one.

        Returns
        -------
        pl.DataFrame
            period_start, as_of (of the release), value (null where none was published); only of releases after the
            period was over. Periods newest first, releases in order.
        """
        return self._query(
            f"""with log as (
              select * from revisions where indicator_id = ? and area_id = ? and period_kind = ?
            ),
            vintage as (
              select distinct as_of_before as as_of from log union select as_of from release_info
              order by as_of desc limit ?
            ),
            figure as (
              select period_start, value, {_PERIOD_END} as period_end from indicator_values
              where indicator_id = ? and area_id = ? and period_kind = ?
                and period_start in (select period_start from log)
            )
            select figure.period_start, vintage.as_of,
              case when count(log.sequence) > 0 then arg_min(struct_pack(was := log.value_before), log.sequence).was
                else any_value(figure.value) end as value
            from figure join vintage on figure.period_end <= vintage.as_of
            left join log on log.period_start = figure.period_start and log.as_of_before >= vintage.as_of
            group by figure.period_start, vintage.as_of order by figure.period_start desc, vintage.as_of""",
            *(indicator_id, area_id, period_kind, vintages, indicator_id, area_id, period_kind),
        )
