"""Judging only what has changed: the days of rows that came since an expectation was found to hold of all.

Here: what is known to hold, and what must be looked at again. An expectation is judged by the changed days alone if it
looks at rows one by one, all days held when it was judged last, and it, the other tables that it reads and the rows of
other days are the same since. In all other cases it is judged by the whole table: so a verdict never rests on less
than all days, a failure stands until the whole table has been found without one, and the rows counted are those of the
whole table. Not here: what an expectation looks at (`scope`), what has changed (`changes`), judging (`expectations`).
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.quality.changes import DAY, Days, Log, log_of
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import UNCHANGED, Verdict, judge
from pipelines.quality.scope import scope_of
from pipelines.warehouse import columns, one_row, scalar, transaction

_HELD = {
    "layer": pl.String,
    "table_name": pl.String,
    "expectation": pl.String,
    "basis": pl.String,
    "through": pl.Int64,
}
# A table of fewer rows is read in no more time than Great Expectations takes to judge a second batch of it: with a
# million rows and 35 changed days both took the same.
LEAST_ROWS = 1_000_000


@dataclass(frozen=True)
class Look:
    """What is looked at to judge one expectation.

    Attributes
    ----------
    days
        Days whose rows are looked at; None for all rows, none at all where nothing has changed.
    basis
        What the verdict rests on beside the rows; None where it says nothing of what is to come.
    through
        Number of the table's newest change that the verdict will have seen.
    """

    days: Days | None = None
    basis: str | None = None
    through: int = 0


def judge_changes(
    con: duckdb.DuckDBPyConnection, expectations: Sequence[Expectation], run_id: str, least_rows: int = LEAST_ROWS
) -> list[Verdict]:
    """Judge tables by what has changed in them since their expectations held, and remember what holds now.

    The verdicts are those of judging the whole tables. Parameters and returns as of `judge`; tables with fewer than
    `least_rows` rows are judged whole unless nothing in them has changed.
    """
    _ensure(con)
    looks = plan(con, expectations, least_rows)
    asked = [at for at, look in enumerate(looks) if look.days is None or look.days]
    judged = judge(con, [expectations[at] for at in asked], run_id, [looks[at].days for at in asked])
    found = dict(zip(asked, judged, strict=True))
    verdicts = [found.get(at) or _still_held(each, run_id) for at, each in enumerate(expectations)]
    _remember(con, expectations, looks, verdicts)
    return verdicts


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Have every expectation judged by the whole of its table next time."""
    _ensure(con)
    con.execute("delete from quality.held")


def plan(con: duckdb.DuckDBPyConnection, expectations: Sequence[Expectation], least_rows: int) -> list[Look]:
    """Return what must be looked at for each expectation."""
    logs: dict[tuple[str, str], Log | None] = {}
    digests: dict[str, str | None] = {}
    looks = []
    for expectation in expectations:
        table = (expectation.layer, expectation.table)
        if table not in logs:
            logs[table] = log_of(con, *table) if DAY in columns(con, *table) else None
        looks.append(_look(con, expectation, logs[table], digests, least_rows))
    return looks


def _look(
    con: duckdb.DuckDBPyConnection,
    expectation: Expectation,
    log: Log | None,
    digests: dict[str, str | None],
    least_rows: int,
) -> Look:
    scope = scope_of(expectation)
    if log is None or not scope.by_row or not log.tells_of(expectation.kwargs):
        return Look()
    basis = _basis(con, expectation, scope.reads, digests)
    if basis is None:
        return Look()
    held = con.execute(
        "select through from quality.held where layer = ? and table_name = ? and expectation = ? and basis = ?",
        (expectation.layer, expectation.table, expectation.name, basis),
    ).fetchone()
    days = None if held is None else log.days_since(con, held[0])
    if days and scalar(con, f'select count(*) from "{log.layer}"."{log.table}"') < least_rows:
        days = None
    return Look(days, basis, log.newest)


def _basis(
    con: duckdb.DuckDBPyConnection, expectation: Expectation, reads: Iterable[str], digests: dict[str, str | None]
) -> str | None:
    """Hash what is declared and what the other tables hold; None if one of these cannot be read."""
    said = [expectation.kind, json.dumps(dict(expectation.kwargs), sort_keys=True, default=str)]
    for relation in sorted(reads):
        if relation not in digests:
            digests[relation] = _digest(con, relation)
        content = digests[relation]
        if content is None:
            return None
        said.append(f"{relation} {content}")
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


def _digest(con: duckdb.DuckDBPyConnection, relation: str) -> str | None:
    layer, _, table = relation.partition(".")
    try:
        rows, total = one_row(con, f'select count(*), sum(hash(read)::hugeint) from "{layer}"."{table}" as read')
    except duckdb.Error:
        return None
    return f"{rows} {total}"


def _still_held(expectation: Expectation, run_id: str) -> Verdict:
    return Verdict(
        run_id=run_id,
        table_name=expectation.table,
        layer=expectation.layer,
        expectation=expectation.name,
        column_name=expectation.column,
        severity=expectation.severity,
        success=True,
        observed=None,
        failed_count=0,
        exception=None,
        threshold=expectation.threshold,
        dimension=expectation.dimension,
        examined=UNCHANGED,
    )


def _ensure(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create table if not exists quality.held "
        "(layer varchar, table_name varchar, expectation varchar, basis varchar, through bigint)"
    )


def _remember(
    con: duckdb.DuckDBPyConnection,
    expectations: Sequence[Expectation],
    looks: Sequence[Look],
    verdicts: Sequence[Verdict],
) -> None:
    """Note which expectations hold of all rows of their tables as they are now; of the others it is known no longer."""
    rows = [
        (each.layer, each.table, each.name, look.basis if verdict.success else None, look.through)
        for each, look, verdict in zip(expectations, looks, verdicts, strict=True)
    ]
    con.register("looked_at", pl.DataFrame(rows, _HELD, orient="row"))
    try:
        with transaction(con):
            con.execute(
                "delete from quality.held where (layer, table_name, expectation) in "
                "(select (layer, table_name, expectation) from looked_at)"
            )
            con.execute("insert into quality.held from looked_at where basis is not null")
    finally:
        con.unregister("looked_at")
