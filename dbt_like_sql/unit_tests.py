"""The unit tests that `.yml` files declare: given rows of a model's inputs, and the rows that its query must give.

Here: dbt's `unit_tests` property, read and checked. Not here: the model's SQL (project) and asking DuckDB whether a
unit test holds (unit_test_run).
"""

import csv
import difflib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt_like_sql.declarations import Column, Declaration
from dbt_like_sql.yaml_lines import LinedMapping

_INPUT = re.compile(r"""(ref|source)\(\s*(['"])(\w+)\2\s*(?:,\s*(['"])(\w+)\4\s*)?\)""")


@dataclass(frozen=True)
class Input:
    """A relation that a model reads: its name in the database, and its columns."""

    relation: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Rows:
    """Rows of columns with types; in a row, columns that are not given are null.

    Values are text, numbers, booleans or None, to be cast to the types of their columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class UnitTest:
    """A unit test of a model.

    Attributes
    ----------
    given
        Rows of all that the model reads, by the relations' names in the database.
    expected
        Rows that the model's query must give, in any order; its columns are those that are compared.
    variables
        Values of var() in place of the project's.
    is_incremental
        What is_incremental() answers.
    compiled_sql
        The model's query, on the relations of `given`.
    at
        The mapping that declares it, for errors that name lines.
    """

    name: str
    description: str
    model: str
    given: Mapping[str, Rows]
    expected: Rows
    variables: Mapping[str, Any]
    is_incremental: bool
    compiled_sql: str
    at: LinedMapping = field(repr=False, compare=False)


def read_unit_test(
    item: LinedMapping, model: Declaration, inputs: Mapping[str, Input], variables: Iterable[str]
) -> UnitTest:
    """Read one unit test; its `compiled_sql` is left empty.

    Parameters
    ----------
    item
        The unit test, as the file gives it.
    model
        The model that it names.
    inputs
        All that the model reads, by the call that reads it: `ref('x')`, `source('a', 'b')`; and its own table, as
        `this`, which may be read when is_incremental() is true.
    variables
        Names of the project's variables.

    Raises
    ------
    ProjectError
        Naming file, line and alternative: anything outside the supported subset of dbt's unit tests, and what dbt
        would take silently but compare wrongly.
    """
    item.only("name", "description", "model", "given", "expect", "overrides")
    is_incremental, overridden = _overrides(item, variables)
    inputs = {call: read for call, read in inputs.items() if call != "this" or is_incremental}
    given: dict[str, Rows] = {}
    for entry in item.mappings("given"):
        entry.only("input", "rows", "format", advice="write the rows here, under `rows`")
        call = _call(entry)
        if call not in inputs:
            read = ", ".join(inputs)
            raise entry.refuse(f"{model.name} does not read {call}: give rows of what it reads ({read})", "input")
        if inputs[call].relation in given:
            raise entry.refuse(f"rows of {call} are given twice: write them in one place", "input")
        given[inputs[call].relation] = Rows(inputs[call].columns, _rows(entry, inputs[call].columns, call))
    for call, read_input in inputs.items():
        # Its own table is mostly what hooks alone read, and dbt wants it built before its rows are given.
        if call != "this" and read_input.relation not in given:
            raise item.refuse(f"{model.name} reads {call}: give its rows too, `rows: []` for none", "given")
    expect = item.mapping("expect").only("rows", "format", advice="write the rows here, under `rows`")
    return UnitTest(
        name=item.text("name"),
        description=item.text("description"),
        model=model.name,
        given=given,
        expected=_expected(expect, model),
        variables=overridden,
        is_incremental=is_incremental,
        compiled_sql="",
        at=item,
    )


def _overrides(item: LinedMapping, variables: Iterable[str]) -> tuple[bool, Mapping[str, Any]]:
    """Return what is_incremental() answers, and the values of var() that are replaced."""
    overrides = item.mapping("overrides").only("vars", "macros", advice="give what differs under `vars`")
    macros = overrides.mapping("macros").only("is_incremental", advice="test the macro through its arguments")
    is_incremental = macros.get("is_incremental", False)
    if not isinstance(is_incremental, bool):
        raise macros.refuse("`is_incremental` must be true or false", "is_incremental")
    overridden = overrides.mapping("vars")
    for name in overridden:
        if name not in variables:
            raise overridden.refuse(f"there is no variable `{name}`: give it under `vars` in dbt_project.yml", name)
    return is_incremental, dict(overridden)


def _call(entry: LinedMapping) -> str:
    """Return the input as the one spelling of the call that reads it."""
    written = entry.text("input")
    if written == "this":
        return written
    match = _INPUT.fullmatch(written)
    if match is None or (match[1] == "ref") != (match[5] is None):
        raise entry.refuse("`input` must be ref('model') or source('source', 'table')", "input")
    return f"ref('{match[3]}')" if match[5] is None else f"source('{match[3]}', '{match[5]}')"


def _expected(expect: LinedMapping, model: Declaration) -> Rows:
    rows = _rows(expect, model.columns, model.name)
    if not rows:
        return Rows(model.columns, rows)
    for row in rows:
        if list(row) != list(rows[0]):
            fault = "each expected row must give the columns of the first, in the same order: dbt goes by position"
            raise (row if isinstance(row, LinedMapping) else expect).refuse(fault)
    columns = {column.name: column for column in model.columns}
    return Rows(tuple(columns[name] for name in rows[0]), rows)


def _rows(entry: LinedMapping, columns: Iterable[Column], shown: str) -> tuple[Mapping[str, Any], ...]:
    if "rows" not in entry:
        raise entry.refuse("`rows` must be given, `rows: []` for none")
    kind = entry.get("format", "dict")
    rows: list[Any]
    if kind == "csv":
        reader = csv.DictReader(io.StringIO(entry.text("rows")), restkey="")
        rows = [{name: value or None for name, value in row.items()} for row in reader]
    elif kind == "dict":
        rows = entry.mappings("rows")
    else:
        raise entry.refuse(f"format `{kind}` is not supported: write each row as a mapping, or all as csv", "format")
    known = [column.name for column in columns]
    for row in rows:
        at = row if isinstance(row, LinedMapping) else entry
        for name, value in row.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                raise at.refuse(f"{shown} has no column `{name}`: {remedy}", name)
            if not isinstance(value, str | int | float | None):
                raise at.refuse(f"`{name}` must be text, a number, a boolean or null: put it in quotes", name)
    return tuple(rows)
