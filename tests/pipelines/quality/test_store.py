"""Verdicts kept in the warehouse: the newest of each table."""

import duckdb

from pipelines.quality import store
from pipelines.quality.expectations import Verdict


def verdict(run: str, table: str, name: str, success: bool) -> Verdict:
    return Verdict(run, table, "facts", name, "i", "error", success, "3", None if success else 2, None)


def test_the_newest_verdicts_of_a_table_replace_its_older_ones_only() -> None:
    con = duckdb.connect()
    con.execute("create schema quality")
    assert store.recall(con) == []
    store.remember(
        con, [verdict("1", "a", "x", True), verdict("1", "a", "dropped", False), verdict("1", "b", "x", True)]
    )
    store.remember(con, [])
    newest = [verdict("2", "a", "x", False)]
    store.remember(con, newest)
    assert store.recall(con) == [*newest, verdict("1", "b", "x", True)]
