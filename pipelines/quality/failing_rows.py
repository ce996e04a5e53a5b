"""Keys of some rows that break an expectation, for whoever looks after the data; they stay in the warehouse.

Here: taking the sample, keeping it beside the verdicts, and reading it with the files that the rows came from. Not
here: how rows that break an expectation are found (`failures`). No release, log or page holds a key: it may be that of
somebody's report, and the rows of few are what protection is there to keep.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from pipelines.quality import store
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import Verdict
from pipelines.quality.failures import failing_query
from pipelines.warehouse import columns, has_table, quoted, transaction

MOST = 20
"""Rows of a sample: the first in the order of their keys, so that the same failure shows the same rows."""
_UNIQUE = ("ExpectCompoundColumnsToBeUnique", "ExpectColumnValuesToBeUnique")
_ORIGIN = ("batch_id", "line")
_ABOUT = ("layer", "table_name", "expectation", "severity", "success", "failed_count", "as_of")


@dataclass(frozen=True)
class Sample:
    """Some of the rows that break an expectation.

    Attributes
    ----------
    failed_count
        How many break it in all.
    success
        Whether so many are tolerated.
    keys
        Of each row its key and, of a record, `file` and `line`.
    """

    layer: str
    table_name: str
    expectation: str
    severity: str
    success: bool
    failed_count: int
    as_of: date
    keys: tuple[Mapping[str, Any], ...]


def keep(
    con: duckdb.DuckDBPyConnection,
    expectations: Sequence[Expectation],
    verdicts: Sequence[Verdict],
    declared: Sequence[Expectation],
) -> None:
    """Keep keys of rows that break expectations just judged, in place of those kept of them before.

    Parameters
    ----------
    expectations, verdicts
        Those judged and what came of them, in the same order.
    declared
        All expectations: what must be unique in a table is its key.
    """
    keys = {(each.layer, each.table): _columns_of(each.kwargs) for each in reversed(declared) if each.kind in _UNIQUE}
    sampled: list[tuple[object, ...]] = []
    for expectation, verdict in zip(expectations, verdicts, strict=True):
        if verdict.failed_count and verdict.exception is None:
            key = keys.get((expectation.layer, expectation.table), ())
            sampled += [(*_name(expectation), at, row) for at, row in enumerate(_sampled(con, expectation, key))]
    with transaction(con):
        con.execute(
            "create table if not exists quality.failing_row "
            "(layer varchar, table_name varchar, expectation varchar, position integer, row_key json)"
        )
        con.execute(
            "delete from quality.failing_row where list_contains(?, [layer, table_name, expectation])",
            ([_name(each) for each in expectations],),
        )
        if sampled:
            con.executemany("insert into quality.failing_row values (?, ?, ?, ?, ?)", sampled)


def recall(con: duckdb.DuckDBPyConnection) -> list[Sample]:
    """Return the sample of each expectation that rows break, as it was judged last, those that failed first."""
    if not has_table(con, "quality", "failing_row"):
        return []
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row_key, file, *about in con.execute(
        f"""
        with newest as ({store.NEWEST}),
        files as (select distinct on (batch_id) batch_id, file from ledger.delivery order by batch_id, is_current desc)
        select row_key, file, {", ".join(_ABOUT)}
        from quality.failing_row join newest using (layer, table_name, expectation)
        left join files on files.batch_id = (row_key ->> 'batch_id')
        order by success, severity, layer, table_name, expectation, position
        """
    ).fetchall():
        key = json.loads(row_key)
        key.pop("batch_id", None)
        found.setdefault(tuple(about), []).append({**({"file": file} if file else {}), **key})
    return [Sample(keys=tuple(keys), **dict(zip(_ABOUT, about, strict=True))) for about, keys in found.items()]


def _columns_of(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(kwargs.get("column_list") or (kwargs["column"],))


def _name(expectation: Expectation) -> list[str]:
    return [expectation.layer, expectation.table, expectation.name]


def _sampled(con: duckdb.DuckDBPyConnection, expectation: Expectation, key: Sequence[str]) -> list[str]:
    """Return the keys of some rows that break an expectation, as JSON; none where rows are not what it judges.

    A row without a key is taken whole, such as a group of rows that a query has put together.
    """
    present = columns(con, expectation.layer, expectation.table)
    wanted = [quoted(each) for each in dict.fromkeys((*key, *(each for each in _ORIGIN if each in present)))]
    query = failing_query(con, expectation, wanted) if wanted else None
    if query is None:
        wanted, query = ["*"], failing_query(con, expectation, ["*"])
    if query is None:
        return []
    table = f"{quoted(expectation.layer)}.{quoted(expectation.table)}"
    try:
        rows = con.execute(
            f"with batch as not materialized (select * from {table}), "
            f"keys as (select distinct {', '.join(wanted)} from (\n{query}\n) order by all limit {MOST}) "
            "select to_json(keys) from keys"
        ).fetchall()
    except duckdb.Error:
        return []  # a sample is a help: no run ends for want of one
    return [row for (row,) in rows]
