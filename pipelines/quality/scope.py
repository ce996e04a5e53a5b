"""What an expectation looks at: each row for itself, or the table as a whole, and which further tables.

Here: reading that from a declaration. An expectation that looks at rows one by one holds of a table if it holds of the
rows that have changed and held of the others before; in doubt one is said to look at the whole. Not here: which rows
have changed (`changes`), and what is judged when (`windows`).
"""

import functools
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.quality.declarations import Expectation

# Kinds that compare values within a row, or with what the declaration says.
_BY_ROW = frozenset(
    {
        "ExpectColumnPairValuesAToBeGreaterThanB",
        "ExpectColumnPairValuesToBeEqual",
        "ExpectColumnValueLengthsToBeBetween",
        "ExpectColumnValuesToBeBetween",
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToBeNull",
        "ExpectColumnValuesToNotBeInSet",
        "ExpectColumnValuesToNotBeNull",
        "ExpectMulticolumnSumToEqual",
    }
)
_BATCH = "batch"
# What makes a row of the answer hang on several rows of the table.
_OF_SEVERAL = ("group", "having", "qualify", "distinct", "limit", "offset", "windows", "sample")


@dataclass(frozen=True)
class Scope:
    """What an expectation looks at.

    Attributes
    ----------
    by_row
        Whether a row is judged for itself: by its own values and what the other tables hold.
    reads
        Further tables that it reads, as `layer.table`; empty for one of the whole.
    """

    by_row: bool
    reads: frozenset[str] = frozenset()


WHOLE = Scope(False)


def scope_of(expectation: Expectation) -> Scope:
    """Return what an expectation looks at; one that tolerates a share of rows looks at the whole."""
    if expectation.kwargs.get("mostly", 1) != 1:
        return WHOLE
    if expectation.kind != "UnexpectedRowsExpectation":
        return Scope(expectation.kind in _BY_ROW)
    return _scope_of_query(expectation.kwargs["unexpected_rows_query"], expectation.layer)


@functools.cache
def _scope_of_query(query: str, layer: str) -> Scope:
    try:
        parsed = sqlglot.parse_one(query.replace("{batch}", _BATCH), read="duckdb")
    except SqlglotError:
        return WHOLE
    if not isinstance(parsed, exp.Select) or not _is_by_row(parsed):
        return WHOLE
    tables = [table for table in parsed.find_all(exp.Table) if not _is_batch(table)]
    if not all(isinstance(table.this, exp.Identifier) for table in tables):
        return WHOLE  # what a table function reads is not known
    named = {f"{table.db or layer}.{table.name}" for table in tables}
    return Scope(True, frozenset(named))


def _is_by_row(query: exp.Select) -> bool:
    """Tell whether each row of the answer comes of one row of the table under judgement."""
    if query.args.get("with_") or query.args.get("with") or any(query.args.get(part) for part in _OF_SEVERAL):
        return False
    source = query.args.get("from_") or query.args.get("from")
    if source is None or not isinstance(source.this, exp.Table) or not _is_batch(source.this):
        return False
    if sum(map(_is_batch, query.find_all(exp.Table))) != 1:
        return False
    if any(join.side in ("RIGHT", "FULL") for join in query.args.get("joins") or ()):
        return False
    of_several = query.find_all(exp.AggFunc, exp.Window, exp.UDTF)
    return all(each.find_ancestor(exp.Select) is not query for each in of_several)


def _is_batch(table: exp.Table) -> bool:
    return table.name == _BATCH and not table.db
