"""The memory of verdicts in the warehouse: every one of every run, and the newest of each table.

Here: keeping them, and the queries that read them; gates and the release are made from those. Not here: judging
(`expectations`), and what a failure means (`gates`).
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date

import duckdb

from pipelines.quality.expectations import Verdict, results_frame
from pipelines.warehouse import has_table, transaction

# A table is judged by all its expectations at once, and `judgement` numbers these occasions.
NEWEST = """
    select * exclude (judgement) from quality.expectation_history
    where (layer, table_name, judgement) in
        (select (layer, table_name, max(judgement)) from quality.expectation_history group by layer, table_name)
"""
# Of several runs of one date the last one counts: it saw what the date's records came to.
BY_DATE = """
    select * from quality.expectation_history
    qualify judgement = max(judgement) over (partition by as_of, layer, table_name)
"""
# A failure goes back to the first date after the last one on which the expectation held.
FAILING_SINCE = f"""
    with by_date as ({BY_DATE}),
    held as (
        select layer, table_name, expectation, max(as_of) filter (success) as last_day
        from by_date group by layer, table_name, expectation
    )
    select layer, table_name, expectation, min(as_of) as failing_since
    from by_date join held using (layer, table_name, expectation)
    where not success and as_of > coalesce(last_day, date '0001-01-01')
    group by layer, table_name, expectation
"""


def remember(con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict], as_of: date) -> None:
    """Keep the verdicts on tables that were judged with one another, beside all earlier ones.

    Parameters
    ----------
    as_of
        The date that rules the run.
    """
    if not verdicts:
        return
    con.register("new_verdicts", results_frame(verdicts))
    try:
        with transaction(con):
            con.execute(
                "create table if not exists quality.expectation_history as "
                "select 0::bigint as judgement, null::date as as_of, * from new_verdicts limit 0"
            )
            # A memory that an earlier version began lacks the columns that came since.
            for name, kind in con.execute("select column_name, column_type from (describe new_verdicts)").fetchall():
                con.execute(f"alter table quality.expectation_history add column if not exists {name} {kind}")
            con.execute(
                "insert into quality.expectation_history by name "
                "select (select coalesce(max(judgement), 0) + 1 from quality.expectation_history) as judgement, "
                "? as as_of, * from new_verdicts",
                (as_of,),
            )
    finally:
        con.unregister("new_verdicts")


def recall(con: duckdb.DuckDBPyConnection) -> list[Verdict]:
    """Return the newest verdicts of all tables."""
    if not has_table(con, "quality", "expectation_history"):
        return []
    names = [field.name for field in fields(Verdict)]
    rows = con.execute(f"select {', '.join(names)} from ({NEWEST}) order by layer, table_name, expectation").fetchall()
    return [Verdict(**dict(zip(names, row, strict=True))) for row in rows]
