"""Questions to one release about the quality of its data, answered as polars frames.

Here: what became of the records, what was found in deliveries and by checks, and how fresh the sources are. Not here:
figures, areas and the catalogue, nor opening a release (`data`); nothing here words or draws.
"""

from collections.abc import Callable
from datetime import date
from functools import cached_property

import polars as pl

from dashboards.questions import Questions


class QualityData(Questions):
    """The quality of one release's data.

    Parameters
    ----------
    query
        Asks the release: SQL and its parameters.
    as_of
        The date that rules the release.
    """

    def __init__(self, query: Callable[..., pl.DataFrame], as_of: date) -> None:
        super().__init__(query)
        self._as_of = as_of

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """Records by source, summed over batches, with the titles of the source.

        Returns
        -------
        pl.DataFrame
            source, title_en, title_zh; rows `read` in the deliveries that are current, and their outcomes; `replaced`
            and `deleted`: records of all deliveries so far that a later one replaced, or that are there no longer;
            `in_figures`: records that count.
        """
        outcomes = ("read", "accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
        sums = ", ".join(
            f'coalesce(sum("{name}") filter (where is_current), 0)::bigint as "{name}"' for name in outcomes
        )
        return self._query(
            f"""select l.source, any_value(f.title_en) as title_en, any_value(f.title_zh) as title_zh, {sums},
              sum(replaced)::bigint as replaced, sum(deleted)::bigint as deleted,
              sum(accepted - replaced - deleted)::bigint as in_figures
            from ledger l left join source_freshness f using (source) group by l.source order by l.source"""
        )

    @cached_property
    def quarantine(self) -> pl.DataFrame:
        """Reasons of quarantine, most frequent first."""
        return self._query("select * from quarantine_summary order by row_count desc, source, reason, field")

    @cached_property
    def findings(self) -> pl.DataFrame:
        """What was found about sources as delivered: source, finding, field, count."""
        return self._query("select * from source_finding order by source, finding, field")

    @cached_property
    def drift(self) -> pl.DataFrame:
        """Changes of sources in their deliveries, the same change in several files told once.

        Returns
        -------
        pl.DataFrame
            source, what, column_name, field, policy, `rows` in all files, `files`, and of the file with most of these
            rows: file, suggestion.
        """
        return self._query(
            """select source, what, column_name, field, policy, sum(rows)::bigint as rows, count(*) as files,
              arg_max(file, (rows, file)) as file, arg_max(suggestion, (rows, file)) as suggestion
            from source_drift group by all order by source, what, column_name, field, policy"""
        )

    @cached_property
    def expectations(self) -> pl.DataFrame:
        """Verdicts on tables: exceptions and failed errors first, then warnings, then the passed."""
        return self._query(
            """select * from expectation_results order by exception is null, success,
            severity <> 'error', layer, table_name, expectation, column_name"""
        )

    @cached_property
    def checks_by_date(self) -> pl.DataFrame:
        """How the checks of each table came out on each date: as_of, layer, table_name, checks, failed, errors.

        `errors` are those failed of severity error. All dates that the memory holds, in order.
        """
        return self._query(
            """select as_of, layer, table_name, count(*) as checks, count(*) filter (not success) as failed,
              count(*) filter (not success and severity = 'error') as errors
            from expectation_history group by all order by as_of, layer, table_name"""
        )

    @cached_property
    def anomalies(self) -> pl.DataFrame:
        """Unusual days of sources, the newest first; columns as `source_anomaly` of the release has them."""
        return self._query("select * from source_anomaly order by day desc, source, p_value, metric, field")

    @cached_property
    def stability(self) -> pl.DataFrame:
        """How far each field of a source has drifted in the newest month that was judged of it.

        A field that holds one and the same value everywhere is left out.
        """
        return self._query(
            """select * from source_stability where classes > 1
            qualify month = max(month) over (partition by source, field) order by source, field"""
        )

    @cached_property
    def gates(self) -> pl.DataFrame:
        """Tables whose dependent figures are carried forward, and why."""
        return self._query("select * from gates order by table_name, reason")

    @cached_property
    def freshness(self) -> pl.DataFrame:
        """How old each source's newest record is, and whether it is alive."""
        return self._query("select * from source_freshness order by source")

    @cached_property
    def area_freshness(self) -> pl.DataFrame:
        """Which areas each source still hears of: source, area_id, status, and of silent areas since when.

        Returns
        -------
        pl.DataFrame
            source, area_id, last_day, days_behind, expected (the last three null unless silent), status, area_level,
            title_en, title_zh; those silent for longest first.
        """
        return self._query(
            """select f.*, a.area_level, a.title_en, a.title_zh from area_freshness f join areas a using (area_id)
            order by f.status <> 'silent', f.days_behind desc, f.source, f.area_id"""
        )

    def scores(self, area_id: str) -> pl.DataFrame:
        """Scores of every source in one area, by period and dimension, oldest first: rows of `quality_score`."""
        return self._query(
            "select * from quality_score where area_id = ? order by source, period_kind, period_start, dimension",
            area_id,
        )

    def area_scores(self, month: date) -> pl.DataFrame:
        """Overall scores of a month by source and area, the worst first, with the areas' titles and levels."""
        return self._query(
            """select s.*, a.area_level, a.title_en, a.title_zh from quality_score s join areas a using (area_id)
            where s.period_kind = 'month' and s.period_start = ? and s.dimension = 'overall' and s.grade is not null
            order by s.grade desc, s.score, s.source, s.area_id""",
            month,
        )

    @cached_property
    def reliable_until(self) -> dict[str, date | None]:
        """Last day on which each silent or collapsed source could be relied on, None where it never could.

        A silent source counts up to its newest record; a collapsed one up to the end of the last whole month in
        which it sent about as much as before.
        """
        found = self._query(
            """select source, case status when 'silent' then last_day else
              (select max(last_day(m.month)) from source_month m where m.source = f.source
                and m.status not in ('silent', 'collapsed') and last_day(m.month) <= ?) end
            from source_freshness f where status <> 'alive' order by source""",
            self._as_of,
        )
        return dict(found.iter_rows())

    @cached_property
    def months(self) -> pl.DataFrame:
        """Records per source and month with what was expected."""
        return self._query("select * from source_month order by source, month")
