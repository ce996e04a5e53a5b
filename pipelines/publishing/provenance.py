"""What figures come from, as a release tells it: the sources and batches behind an indicator, the checks that judge it.

Here: the tables by which a figure is explained, without days or areas. Not here: explaining one (`dashboards`), and
what an indicator rests on as such (`quality/resting`).
"""

from collections.abc import Iterable, Sequence

import duckdb
import polars as pl

from dbt_like_sql.lineage import Lineage
from dbt_like_sql.project import Project
from indicators.catalogue.entries import Entry
from indicators.catalogue.measures import KINDS_BESIDE, MEASURES
from indicators.hot_patrol import HISTORY_MONTHS
from pipelines.loading.kinds import FIRST_TIME, day_column, kind_fields
from pipelines.quality.failures import possible_failure
from pipelines.quality.gates import affected_indicators
from pipelines.quality.resting import resting
from pipelines.quality.suite import indicator_expectations, warehouse_expectations

_SOURCES = pl.Schema(
    {"indicator_id": pl.String, "source": pl.String, "part": pl.String, "counted_by": pl.String, "months_before": int}
)
_CHECKS = pl.Schema(dict.fromkeys(("indicator_id", "layer", "table_name", "expectation"), pl.String))


def indicator_sources(entries: Iterable[Entry], resting_on: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """Say of each source of an indicator by which of its days a record counts in a period.

    Parameters
    ----------
    resting_on
        indicator_id, source, part (`feeding`, `possible`, `residents`).
    kinds
        source, kind.

    Returns
    -------
    DataFrame
        indicator_id, source, part (`possible` only of sources that do not feed it), counted_by (`day`, `possible_day`,
        `due_day`), months_before (months before a period of which records count in it, too; null: all that hold).
    """
    by_id, kind_of = {entry.id: entry for entry in entries}, dict(kinds.select("source", "kind").iter_rows())
    told = resting_on.filter(
        (pl.col("part") != "possible")
        | ~pl.struct("indicator_id", "source").is_in(
            resting_on.filter(part="feeding").select(pl.struct("indicator_id", "source")).to_series().implode()
        )
    )
    rows = [
        (indicator, source, part, *_counting(by_id[indicator], kind_of.get(source, "")))
        for indicator, source, part in told.sort(told.columns).iter_rows()
        if indicator in by_id
    ]
    return pl.DataFrame(rows, schema=_SOURCES, orient="row")


def _counting(entry: Entry, kind: str) -> tuple[str, int | None]:
    if kind == "profile":
        return "day", None
    # Cells are hot by what was reported before.
    is_history = entry.kind == "hot_cells" and kind == "incident"
    if KINDS_BESIDE.get((entry.kind, entry.measure or "")) != kind:
        days = [MEASURES[part.measure].days for part in entry.parts if part.measure]
        kinds = [MEASURES[part.measure].kind for part in entry.parts if part.measure]
        for of_kind, (first, last) in zip(kinds, days, strict=True):
            if of_kind == kind and first != "day":
                return first, 0
            if of_kind == kind and last != first:
                return "possible_day", 0
    return "day", HISTORY_MONTHS if is_history else 0


def indicator_checks(con: duckdb.DuckDBPyConnection, project: Project, entries: Sequence[Entry]) -> pl.DataFrame:
    """List the expectations that judge what an indicator rests on: those that would hold it back if they failed.

    Those of severity *warn* hold nothing back, and judge it all the same.

    Returns
    -------
    DataFrame
        indicator_id, layer, table_name, expectation.
    """
    present: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in con.execute(
        "select table_schema, table_name, column_name from information_schema.columns order by all"
    ).fetchall():
        present.setdefault((schema, table), []).append(column)
    judging = [
        (each, possible_failure(each, present.get((each.layer, each.table), ())))
        for each in (*warehouse_expectations(project), *indicator_expectations(entries))
    ]
    rests = resting(project, Lineage(project), entries)
    rows = [
        (indicator, each.layer, each.table, each.name)
        for each, failure in judging
        for indicator in affected_indicators(rests, {}, [failure])
    ]
    return pl.DataFrame(rows, schema=_CHECKS, orient="row").unique().sort(_CHECKS.names())


def batch_months() -> str:
    """Compose the query of how many records of each batch fall in which month, by each of the days they count by.

    By `day`, its months add up to the records of a batch that are in the figures. By `possible_day` an incident is in
    each month in which it may have happened, by `due_day` a record in that in which it was due.
    """
    dated = " union all ".join(_dated(kind) for kind in FIRST_TIME)
    return f"""
        with dated as ({dated}),
        spans as (
            select source, batch_id, counted_by, date_trunc('month', first) as first,
                date_trunc('month', greatest(first, last)) as last, sum(records) as records, sum(refused) as refused
            from dated where first is not null group by all
        ),
        months as (
            select source, batch_id, counted_by,
                unnest(generate_series(first, last, interval 1 month))::date as month, records, refused
            from spans
        )
        select source, batch_id, counted_by, month, sum(records)::bigint as records, sum(refused)::bigint as refused
        from months group by source, batch_id, counted_by, month order by all
    """


def _dated(kind: str) -> str:
    """Compose the query of the days of a kind's records, accepted or refused."""
    times, day = kind_fields(kind).times, "day"
    counted = [("day", day, day, day)]
    if "occurred_until" in times:
        counted.append(
            ("possible_day", day, f"coalesce({day_column('occurred_until')}, day)", "coalesce(last_day, day)")
        )
    if "due_at" in times:
        counted.append(("due_day", day_column("due_at"), day_column("due_at"), "due_day"))
    return " union all ".join(
        f"select source, batch_id, '{by}' as counted_by, {first} as first, {last} as last, 1 as records, 0 as refused "
        f"from staging.{kind} union all "
        f"select source, batch_id, '{by}', {'due_day' if by == 'due_day' else 'day'}, {refused_last}, 0, 1 "
        f"from quarantine.record where kind = '{kind}' and not list_contains(reasons, 'blank_row')"
        for by, first, last, refused_last in counted
    )
