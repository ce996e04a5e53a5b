"""What an error in a published table holds back: the rows that it concerns, in each table of the release made of it.

Tables beside the figures are judged once they are made. What is wrong in one is left out of the release, `gates` says
so, and all else is published; the warehouse keeps it. Not here: what holds back figures themselves (`quality/gates`).
"""

from collections.abc import Iterable, Mapping

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.errors import ReleaseError
from pipelines.publishing import games
from pipelines.quality import gates, store
from pipelines.quality.failures import Failure, find_failures
from pipelines.quality.suite import published_expectations
from pipelines.warehouse import literal, quoted

# Without these no page can be drawn: where they are wrong the last release stays served.
VITAL = ("indicators.indicator_values", "indicators.definitions")


def held_back(con: duckdb.DuckDBPyConnection) -> list[Failure]:
    """Find what the newest errors in published tables are about.

    Raises
    ------
    ReleaseError
        If the figures to publish are not as expected as a whole.
    """
    expectations = published_expectations()
    judged = {(each.layer, each.table) for each in expectations}
    verdicts = [each for each in store.recall(con) if each.closes_gate and (each.layer, each.table_name) in judged]
    failures = find_failures(con, verdicts, expectations)
    for failure in failures:
        if failure.relation in VITAL:
            raise ReleaseError(
                f"{failure.relation} is not as expected: {failure.reason.removeprefix('gate_failed:')}",
                remedy="nothing was published, and the last release stays served; the Data Docs in the home folder "
                "say how many rows are otherwise",
            )
    return failures


def without_held_back(
    con: duckdb.DuckDBPyConnection, queries: Mapping[str, str], failures: Iterable[Failure]
) -> dict[str, str]:
    """Leave the rows that failures concern out of the queries of a release, and list the failures among its gates.

    Of a table that tells its rows apart by source or indicator, these are those of the sources or indicators whose rows
    break the expectation; where that is not known, or the table has no such column, all of them. A game is shown whole
    or not at all.
    """
    failures = list(failures)
    found = dict(queries)
    for table, query in queries.items():
        read = relations(query)
        is_game = table in games.TABLES
        about = [each for each in failures if each.relation in read or (is_game and each.table in games.TABLES)]
        if about:
            columns = {row[0] for row in con.execute(f"describe {query}").fetchall()}
            conditions = " and ".join(f"({_kept(each, columns)})" for each in about)
            found[table] = f"select * from ({query}) as published where {conditions}"
    if failures:
        named = sorted({each for failure in failures for each in failure.indicators or ()})
        affected = {name: [each.reason for each in failures if name in (each.indicators or ())] for name in named}
        rows = ", ".join(
            f"({', '.join('null' if cell is None else literal(cell) for cell in row)})"
            for row in gates.closed_gates(failures, affected).rows()
        )
        found["gates"] = f"select * from ({found['gates']}) union all values {rows} order by all"
    return found


def relations(query: str) -> frozenset[str]:
    """Name the tables of the warehouse that a query of a release reads, as `schema.name`."""
    parsed = sqlglot.parse_one(query, read="duckdb")
    return frozenset(f"{table.db}.{table.name}" for table in parsed.find_all(exp.Table) if table.db)


def _kept(failure: Failure, columns: Iterable[str]) -> str:
    """Compose the condition that a row has nothing to do with a failure."""
    for column, names in (("source", failure.sources), ("indicator_id", failure.indicators)):
        if names and column in columns:
            return f"{quoted(column)} not in ({', '.join(map(literal, sorted(names)))})"
    return "false"
