"""Questions to one release about how its figures came to be what they are: revisions, delays of recording, nowcasts.

Here: what was published before, and what is still to come. Not here: the figures themselves (`data`).
"""

from collections.abc import Callable, Sequence
from datetime import date

import polars as pl


class VintageData:
    """Revisions, delays and nowcasts of one release.

    Parameters
    ----------
    query
        Asks the release: SQL and its parameters.
    """

    def __init__(self, query: Callable[..., pl.DataFrame]) -> None:
        self._query = query

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
