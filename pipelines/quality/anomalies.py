"""Profiles out of the warehouse to the judge of unusual days and of drift, and the verdicts back into it.

The statistics are in `indicators/`, which knows no database. Here: which rows are read, and the tables that are kept:
`quality.anomaly` and `quality.stability`, made whole each time, so that the same records give the same verdicts
whatever ran before. Not here: checks and assets (`defs/anomalies`), and what of it is published (`publishing/tables`).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from indicators.anomalies import AnomalyRules
from indicators.source_profiles import Profiles, anomalies, judged_from
from indicators.stability import MONTHS, REFERENCE_MONTHS, stability
from pipelines.loading.calendar import read_calendar
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Kind
from pipelines.warehouse import transaction

ANOMALY, STABILITY = "anomaly", "stability"
# Sources that send records day by day; surveys come in waves, and area profiles when they are made anew.
IN_WAVES: frozenset[Kind] = frozenset({"survey", "profile"})
# Days up to `as_of` whose anomalies a source's check is about.
CHECKED_DAYS = 7


@dataclass(frozen=True)
class Found:
    """What was found: the tables as kept."""

    anomalies: pl.DataFrame
    stability: pl.DataFrame

    def recent(self, source: str, as_of: date) -> pl.DataFrame:
        """Return a source's unusual days of the week up to `as_of`."""
        is_recent = pl.col("day") > as_of - timedelta(days=CHECKED_DAYS)
        return self.anomalies.filter((pl.col("source") == source) & is_recent)

    def drifted(self, source: str) -> pl.DataFrame:
        """Return the fields of a source that have drifted much in the newest month judged of it."""
        own = self.stability.filter(pl.col("source") == source)
        return own.filter((pl.col("month") == own["month"].max()) & (pl.col("status") == "large"))


def streams(pack: CityPack) -> list[str]:
    """Name the pack's sources whose days are judged."""
    return [name for name, source in pack.sources.items() if source.kind not in IN_WAVES]


def judge_sources(con: duckdb.DuckDBPyConnection, pack: CityPack, as_of: date) -> Found:
    """Judge the days and months of all sources, and keep what was found."""
    rules = AnomalyRules()
    first = judged_from(as_of) - timedelta(days=rules.history_days)
    calendar = read_calendar(pack, first, as_of)
    profiles = read_profiles(con, streams(pack), first, as_of)
    found = Found(anomalies(profiles, as_of, calendar, rules), stability(_by_class(con, streams(pack), as_of), as_of))
    with transaction(con):
        for table, rows in ((ANOMALY, found.anomalies), (STABILITY, found.stability)):
            con.register("new_rows", rows)
            con.execute(f"create or replace table quality.{table} as from new_rows")
            con.unregister("new_rows")
    return found


def read_profiles(con: duckdb.DuckDBPyConnection, sources: list[str], first: date, last: date) -> Profiles:
    """Read the profiles of sources from one day to another."""

    def days(table: str, columns: str) -> pl.DataFrame:
        query = f"select source, day, {columns} from {table} where day between ? and ? and source in ? order by all"
        return con.execute(query, (first, last, sources)).pl()

    return Profiles(
        volume=days("measures.msr_source_day", "records"),
        fields=days("profiles.prf_field_day", "field, content, records, filled"),
        categories=days("profiles.prf_category_day", "field, category, records"),
        numbers=days("profiles.prf_number_day", "field, bucket, records"),
        spans=con.execute(
            "select source, first_day, last_day from measures.msr_source_span where source in ? order by all",
            (sources,),
        ).pl(),
    )


def _by_class(con: duckdb.DuckDBPyConnection, sources: list[str], as_of: date) -> pl.DataFrame:
    """Read by month how many records of a field hold each category or size."""
    query = """
        select source, field, category as class, date_trunc('month', day)::date as day, sum(records)::bigint as records
        from profiles.prf_category_day where day >= $first and day <= $last and source in $sources group by all
        union all
        select source, field, bucket::varchar as class, date_trunc('month', day)::date as day,
            sum(records)::bigint as records
        from profiles.prf_number_day where day >= $first and day <= $last and source in $sources group by all
        order by all
    """
    first = as_of - timedelta(days=31 * (MONTHS + REFERENCE_MONTHS + 1))
    return con.execute(query, {"first": first.replace(day=1), "last": as_of, "sources": sources}).pl()
