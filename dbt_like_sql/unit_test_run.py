"""Asking DuckDB whether a unit test holds: the model's query on the given rows, against the rows expected of it.

Here: typing the rows, running the query, and showing what differs. Not here: what a unit test may declare
(unit_tests).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from dbt_like_sql.unit_tests import Rows, UnitTest


class UnitTestError(Exception):
    """A unit test does not hold, or could not be asked; the message names it, its file and line, and the rows."""


def run_unit_test(unit_test: UnitTest) -> None:
    """Run a model's query on given rows alone, in a database of its own, and compare what it gives.

    As in dbt, the columns of the expected rows are compared and no others, and the order of rows does not matter.

    Raises
    ------
    UnitTestError
        When other rows are found than expected, a value is not of its column's type, or the query fails.
    """
    at = f"{unit_test.at.path}:{unit_test.at.line}: unit test `{unit_test.name}`"
    columns = [column.name for column in unit_test.expected.columns]
    listed = ", ".join(map(_quoted, columns))
    with duckdb.connect() as con:
        try:
            for relation, rows in unit_test.given.items():
                con.execute(f"create schema if not exists {relation.split('.')[0]}")
                _fill(con, relation, rows)
            _fill(con, "main.unit_test_expected", unit_test.expected)
            expected = con.execute(f"select {listed} from main.unit_test_expected order by all").fetchall()
            found = con.execute(f"select {listed} from ({unit_test.compiled_sql}) order by all").fetchall()
        except duckdb.Error as error:
            raise UnitTestError(f"{at} could not be run: {error}") from error
    if expected != found:
        told = _difference(columns, expected, found)
        raise UnitTestError(f"{at} does not hold: {unit_test.description}\n{told}")


def _quoted(name: str) -> str:
    return f'"{name}"'


def _fill(con: duckdb.DuckDBPyConnection, relation: str, rows: Rows) -> None:
    """Make a table of the rows."""
    types = {column.name: column.data_type for column in rows.columns}
    con.execute(f"create table {relation} ({', '.join(f'{_quoted(name)} {kind}' for name, kind in types.items())})")
    for row in rows.rows:
        con.execute(
            f"insert into {relation} ({', '.join(map(_quoted, row))}) "
            f"values ({', '.join(f'cast(? as {types[name]})' for name in row)})",
            list(row.values()),
        )


def _difference(columns: Sequence[str], expected: Iterable[tuple[Any, ...]], found: Iterable[tuple[Any, ...]]) -> str:
    """Lay out the rows under their columns: `-` expected but not found, `+` found but not expected."""
    left = Counter(map(_cells, found))
    lines = [("", *columns)]
    for row in map(_cells, expected):
        lines.append((" " if left[row] else "-", *row))
        left[row] -= bool(left[row])
    lines += [("+", *row) for row in left.elements()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    laid_out = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    return "\n".join(["(- expected, not found; + found, not expected)", *laid_out])


def _cells(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple("null" if value is None else str(value) for value in row)
