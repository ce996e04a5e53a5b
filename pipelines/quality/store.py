"""Verdicts kept in the warehouse: the newest of each table, from which gates and the release are made."""

from collections.abc import Sequence
from dataclasses import fields

import duckdb

from pipelines.quality.expectations import Verdict, results_frame
from pipelines.warehouse import has_table, transaction


def remember(con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict]) -> None:
    """Replace the verdicts of the tables that were judged."""
    if not verdicts:
        return
    con.register("new_verdicts", results_frame(verdicts))
    try:
        with transaction(con):
            con.execute("create table if not exists quality.expectation_results as from new_verdicts limit 0")
            con.execute(
                "delete from quality.expectation_results where (layer, table_name) in "
                "(select (layer, table_name) from new_verdicts)"
            )
            con.execute("insert into quality.expectation_results by name from new_verdicts")
    finally:
        con.unregister("new_verdicts")


def recall(con: duckdb.DuckDBPyConnection) -> list[Verdict]:
    """Return the newest verdicts of all tables."""
    if not has_table(con, "quality", "expectation_results"):
        return []
    names = [field.name for field in fields(Verdict)]
    rows = con.execute(
        f"select {', '.join(names)} from quality.expectation_results order by layer, table_name, expectation"
    ).fetchall()
    return [Verdict(**dict(zip(names, row, strict=True))) for row in rows]
