"""Questions to one release about how its figures came to be what they are: revisions, delays of recording, nowcasts.

Here: what was published before, and what is still to come. Not here: the figures themselves (`data`).
"""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from dashboards.questions import Questions

DAY = timedelta(days=1)


class VintageData(Questions):
    """Revisions, delays and nowcasts of one release."""

    def nowcasts(self, indicator_id: str, area_ids: Sequence[str], period_kind: str, since: date) -> pl.DataFrame:
        """What provisional figures are expected to become, by area and period: columns of `nowcasts`.

        Of what is recorded but for one in a thousand nothing is told: the figure is as good.
        """
        found = self._of_indicator("nowcasts", indicator_id, "area_id, period_start")
        return found.filter(
            pl.col("area_id").is_in(area_ids),
            pl.col("period_start") >= since,
            pl.col("recorded_share") < 0.999,
            period_kind=period_kind,
        )

    def delays(self, indicator_id: str) -> pl.DataFrame:
        """How late the records of an indicator are, by delay: columns of `reporting_delays`."""
        return self._of_indicator("reporting_delays", indicator_id, "delay_days")

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


def triangle(revisions: pl.DataFrame, figures: pl.DataFrame, as_of: date, vintages: int) -> pl.DataFrame:
    """What the releases said of the figures of a series that were ever revised: the revision triangle.

    Parameters
    ----------
    revisions
        Rows of `revisions` of one indicator, area and kind of period.
    figures
        The series as it is now: period_start, period_end (the first day after the period), value.
    as_of
        Day of the release that it is now.
    vintages
        How many releases to look back at: those after which something of the series changed, and the last one.

    Returns
    -------
    pl.DataFrame
        period_start, as_of (of the release), value (null where none was published); only of releases after the
        period was over. Periods newest first, releases in order.
    """
    log = revisions.select("period_start", "as_of_before", "sequence", "value_before").sort("sequence")
    shown = sorted({*log["as_of_before"], as_of})[-vintages:]
    replaced: dict[date, list[tuple[date, float | None]]] = {}
    for period, before, _, value in log.iter_rows():
        replaced.setdefault(period, []).append((before, value))
    now = figures.select("period_start", "period_end", "value").filter(pl.col("period_start").is_in(list(replaced)))
    told = [
        # What the first revision after a release replaced is what that release said.
        (period, vintage, next((was for before, was in replaced[period] if before >= vintage), value))
        for period, end, value in now.sort("period_start", descending=True).iter_rows()
        for vintage in shown
        if end <= vintage + DAY
    ]
    return pl.DataFrame(told, schema={"period_start": pl.Date, "as_of": pl.Date, "value": pl.Float64}, orient="row")
