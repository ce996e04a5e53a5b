"""What a failed expectation is about: which columns of its table, whose rows, and which records.

Here: reading that out of a declaration and, for the rows, out of the table. Not here: judging (`expectations`), and
what follows for the figures (`gates`). Where it cannot be told, the failure is about all of the table.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.loading.kinds import FIRST_TIME, day_column, kind_fields, local_column
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import Verdict
from pipelines.warehouse import columns, literal, quoted

# Arguments that change nothing about which rows fail; with any other the rows are not looked for.
_PLAIN = {
    *("column", "column_A", "column_B", "column_list", "or_equal", "value_set", "min_value", "max_value", "mostly"),
    *("description", "unexpected_rows_query", "out_of"),
}
# Where the whole table is judged, though a column is named.
_OF_TABLE = ("ExpectColumnToExist", "ExpectColumnValuesToBeUnique", "ExpectCompoundColumnsToBeUnique")
# What the rows of a table may be told apart by: records by their source, figures by their indicator.
_WHOSE = ("source", "indicator_id")
# What tells a record from others, and where and when it counts.
_OF_RECORD = ("source", "batch_id", "line", "geography", "area_id", "day")


@dataclass(frozen=True)
class Failure:
    """A failed expectation of severity error.

    Attributes
    ----------
    relation
        `schema.name` of its table.
    reason
        `gate_failed:<table>.<expectation>`.
    columns
        Columns that may be wrong; None where the table as a whole may be, such as by rows that are missing.
    sources, indicators
        Whose rows break it; None where that cannot be known: anyone's may.
    """

    relation: str
    reason: str
    columns: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    indicators: frozenset[str] | None = None

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.relation.rpartition(".")[2]


def find_failures(
    con: duckdb.DuckDBPyConnection, verdicts: Iterable[Verdict], expectations: Iterable[Expectation]
) -> list[Failure]:
    """Find out what the failed verdicts of severity error are about.

    Parameters
    ----------
    con
        Connection to the warehouse; the tables are looked into where an expectation is judged row by row.
    expectations
        Those that the verdicts are on; one that is not declared any more is about all of its table.

    Returns
    -------
    list of Failure
        Sorted by reason.
    """
    declared = {(each.layer, each.table, each.name): each for each in expectations}
    failures = []
    for verdict in verdicts:
        if verdict.closes_gate:
            expectation = declared.get((verdict.layer, verdict.table_name, verdict.expectation))
            failures.append(_failure(con, verdict, expectation))
    return sorted(failures, key=lambda failure: failure.reason)


def possible_failure(expectation: Expectation, present: Collection[str]) -> Failure:
    """Tell what a failure of an expectation would be about, whosever rows broke it.

    Parameters
    ----------
    present
        Columns of its table.
    """
    columns = judged_columns(expectation, present)
    return Failure(
        f"{expectation.layer}.{expectation.table}",
        f"gate_failed:{expectation.table}.{expectation.name}",
        None if columns is None else columns | _same_fields(expectation, columns),
    )


def _failure(con: duckdb.DuckDBPyConnection, verdict: Verdict, expectation: Expectation | None) -> Failure:
    if expectation is None:
        relation = f"{verdict.layer}.{verdict.table_name}"
        return Failure(relation, f"gate_failed:{verdict.table_name}.{verdict.expectation}")
    present = columns(con, expectation.layer, expectation.table)
    about = possible_failure(expectation, present)
    whose = next((column for column in _WHOSE if column in present), None)
    parts = None
    # Records that do not rightly say whose they are cannot tell whose are wrong.
    is_told = whose == "indicator_id" or (whose is not None and whose not in (about.columns or ()))
    if whose is not None and is_told and verdict.exception is None:
        parts = _whose_rows(con, expectation, whose)
    return replace(
        about,
        sources=parts if whose == "source" else None,
        indicators=parts if whose == "indicator_id" else None,
    )


def judged_columns(expectation: Expectation, present: Collection[str]) -> frozenset[str] | None:
    """Return the columns that may be wrong where an expectation fails; None where the table as a whole may be.

    Parameters
    ----------
    present
        Columns of the table: those that a query names.
    """
    kwargs = expectation.kwargs
    if expectation.kind in _OF_TABLE:
        return None
    if expectation.kind == "UnexpectedRowsExpectation":
        # dbt's tests name their column though they are run as a query.
        query = kwargs["unexpected_rows_query"]
        return frozenset([expectation.column]) if expectation.column else _columns_in(query, present)
    named = [kwargs.get(key) for key in ("column", "column_A", "column_B")]
    return frozenset([*filter(None, named), *kwargs.get("column_list", ())]) or None


def _columns_in(query: str, present: Collection[str]) -> frozenset[str] | None:
    """Return the table's columns in the conditions of a query that judges each row by itself; None for any other."""
    select = _row_by_row(query)
    if select is None:
        return None
    named = {
        column.name
        for part in (select.args.get("where"), *(select.args.get("joins") or ()))
        if part is not None
        for column in part.find_all(exp.Column)
    }
    return frozenset(named & set(present)) or None


def _row_by_row(query: str) -> exp.Select | None:
    """Parse a query that finds rows of its table one by one: it keeps some of them, and does no more."""
    try:
        tree = sqlglot.parse_one(query.replace("{batch}", "batch"), read="duckdb")
    except SqlglotError:
        return None
    tables = [table for table in tree.find_all(exp.Table) if table.name == "batch"]
    if not isinstance(tree, exp.Select) or len(tables) != 1 or tables[0].find_ancestor(exp.Select) is not tree:
        return None
    folded = any(tree.args.get(clause) for clause in ("group", "having", "qualify", "distinct", "limit"))
    return None if folded or tree.find(exp.AggFunc, exp.Window) else tree


def _same_fields(expectation: Expectation, columns: frozenset[str]) -> frozenset[str]:
    """Return the other columns of the times that are judged: what is wrong with one is wrong with all of a time."""
    if expectation.layer != "staging" or expectation.table not in FIRST_TIME:
        return frozenset()
    fields = kind_fields(expectation.table)
    found: set[str] = set()
    for time in fields.times:
        forms = {time, local_column(time), day_column(time)}
        if time == fields.first_time:
            forms.add("day")
        if forms & columns:
            found |= forms
    return frozenset(found)


def _whose_rows(con: duckdb.DuckDBPyConnection, expectation: Expectation, whose: str) -> frozenset[str] | None:
    """Return whose rows break an expectation that is judged row by row; None where that is not known."""
    query = failing_query(con, expectation, [whose])
    if query is None:
        return None
    table = f"{quoted(expectation.layer)}.{quoted(expectation.table)}"
    try:
        rows = con.execute(
            f"with batch as not materialized (select * from {table}) "
            f"select distinct {whose}::varchar from (\n{query}\n) as failing"
        ).fetchall()
    except duckdb.Error:
        return None
    found = [row[0] for row in rows]
    # None at all fails any more, or one of nobody's: then who knows.
    return frozenset(found) if found and None not in found else None


def broken_records(
    con: duckdb.DuckDBPyConnection, verdicts: Iterable[Verdict], expectations: Iterable[Expectation]
) -> pl.DataFrame:
    """Count the accepted records that break a check that failed, of either severity, each record once.

    Only checks that are judged row by row tell which; those on groups of rows and on whole tables are left out, as are
    those that could not be judged.

    Returns
    -------
    polars.DataFrame
        source, area_id (of unknown area the unallocated one), day (null where not known), records; sorted.
    """
    declared = {(each.layer, each.table, each.name): each for each in expectations}
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.success or verdict.exception or verdict.layer != "staging" or verdict.table_name not in FIRST_TIME:
            continue
        expectation = declared.get((verdict.layer, verdict.table_name, verdict.expectation))
        query = expectation and failing_query(con, expectation, _OF_RECORD)
        if query:
            found.setdefault(verdict.table_name, []).append(query)
    # Of unknown area they count where measures count them.
    columns = "source, batch_id, line, coalesce(area_id, geography || ':unallocated') as area_id, day"
    parts = [
        f"(with batch as not materialized (select * from staging.{kind}) "
        + " union ".join(f"select {columns} from (\n{query}\n) as failing" for query in queries)
        + ")"
        for kind, queries in found.items()
    ]
    rows = " union all ".join(parts) or "select null as source, null as area_id, null::date as day where false"
    return con.sql(
        "select source::varchar as source, area_id::varchar as area_id, day, count(*) as records "
        f"from ({rows}) group by all order by all"
    ).pl()


def failing_query(con: duckdb.DuckDBPyConnection, expectation: Expectation, wanted: Sequence[str]) -> str | None:
    """Compose the query, on its table as `batch`, of the rows that break an expectation.

    Parameters
    ----------
    wanted
        Columns that the query must give.

    Returns
    -------
    str or None
        None where rows are not what the expectation judges, or those that it finds have no such columns.
    """
    table, columns = f"{quoted(expectation.layer)}.{quoted(expectation.table)}", ", ".join(wanted)
    for query in _failing_rows(expectation, wanted):
        try:
            con.execute(
                f"with batch as not materialized (select * from {table}) select {columns} from (\n{query}\n) limit 0"
            )
        except duckdb.Error:
            continue
        return query
    return None


def _failing_rows(expectation: Expectation, wanted: Sequence[str]) -> Iterable[str]:
    """Compose queries on `batch` for columns of rows that break an expectation, the first that works being right."""
    kwargs = expectation.kwargs
    if kwargs.keys() - _PLAIN:
        return
    if expectation.kind == "UnexpectedRowsExpectation":
        query = kwargs["unexpected_rows_query"].rstrip("; \n").replace("{batch}", "batch")
        yield query.replace("{{", "{").replace("}}", "}")
        select = _row_by_row(query)
        if select is not None:
            table = select.find(exp.Table)
            named = table.alias_or_name if table is not None and table.name == "batch" else "batch"
            yield select.select(*(f"{named}.{column}" for column in wanted), append=False).sql(dialect="duckdb")
        return
    condition = _broken(expectation.kind, kwargs)
    if condition is not None:
        yield f"select * from batch where {condition}"


def _broken(kind: str, kwargs: Mapping[str, Any]) -> str | None:
    """Compose the condition under which a row breaks an expectation of Great Expectations, or may."""
    column, first, second = (quoted(str(kwargs.get(key))) for key in ("column", "column_A", "column_B"))
    listed = ", ".join(literal(_text(value)) for value in kwargs.get("value_set") or ())
    ends = [(sign, kwargs.get(end)) for sign, end in (("<", "min_value"), (">", "max_value"))]
    beyond = " or ".join(f"{column} {sign} {literal(str(end))}" for sign, end in ends if end is not None)
    one_is_missing = f"({first} is null) <> ({second} is null)"
    not_above = "<" if kwargs.get("or_equal") else "<="
    conditions = {
        "ExpectColumnValuesToNotBeNull": f"{column} is null",
        "ExpectColumnValuesToBeNull": f"{column} is not null",
        "ExpectColumnValuesToBeInSet": f"{column}::varchar not in ({listed})",
        "ExpectColumnValuesToNotBeInSet": f"{column}::varchar in ({listed})",
        "ExpectColumnValuesToBeBetween": beyond,
        "ExpectColumnPairValuesAToBeGreaterThanB": f"{first} {not_above} {second} or {one_is_missing}",
        "ExpectColumnPairValuesToBeEqual": f"{first} is distinct from {second}",
        "ExpectColumnValuesToBeUnique": _repeated([column]),
        "ExpectCompoundColumnsToBeUnique": _repeated([quoted(each) for each in kwargs.get("column_list") or ()]),
    }
    return conditions.get(kind) or None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _repeated(columns: Sequence[str]) -> str:
    key = ", ".join(columns)
    return f"({key}) in (select ({key}) from batch group by {key} having count(*) > 1)"
