"""What the `.yml` files declare about models and source tables: columns, tests, expectations, owners.

Here: dbt's `version: 2` properties, read and checked. Not here: the SQL (templates), how models hang
together (project), and whether data fulfil the tests and expectations (judged by whoever runs them).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbt_like_sql.yaml_lines import LinedMapping, read_yaml

TEST_ARGUMENTS: dict[str, frozenset[str]] = {
    "not_null": frozenset(),
    "unique": frozenset(),
    "accepted_values": frozenset({"values"}),
    "relationships": frozenset({"to", "field"}),
}
SEVERITIES = ("error", "warn")


@dataclass(frozen=True)
class Column:
    """A documented column; `data_type` is DuckDB's name of its type in lower case."""

    name: str
    description: str
    data_type: str


@dataclass(frozen=True)
class DataTest:
    """One of dbt's tests on a column: not_null, unique, accepted_values(values), relationships(to, field)."""

    name: str
    column: str
    arguments: Mapping[str, Any]
    severity: str


@dataclass(frozen=True)
class Expectation:
    """A Great Expectations expectation on a table: class name, its arguments, and `error` or `warn`.

    `dimension` names the dimension of data quality that it judges, where the declaration says so.
    """

    expectation: str
    kwargs: Mapping[str, Any]
    severity: str
    dimension: str | None = None


@dataclass(frozen=True)
class Declaration:
    """A declared model or source table; `at` is the mapping that declares it, for errors that name lines."""

    name: str
    description: str
    columns: tuple[Column, ...]
    tests: tuple[DataTest, ...]
    expectations: tuple[Expectation, ...]
    owner: str | None
    tags: tuple[str, ...]
    at: LinedMapping = field(repr=False, compare=False)


def read_declarations(
    path: Path, root: Path
) -> tuple[list[Declaration], list[tuple[str, str, Declaration]], list[LinedMapping]]:
    """Read one properties file.

    Returns
    -------
    tuple
        The declared models; the declared source tables as (source name, schema, table); the unit tests as written,
        to be read when all models are known.

    Raises
    ------
    ProjectError
        When the file holds something outside the supported subset of dbt's properties.
    """
    keys = ("version", "models", "sources", "unit_tests")
    top = read_yaml(path, root).only(*keys, advice="declare models, sources and unit tests only")
    if top.get("version") != 2:
        raise top.refuse("`version: 2` must be given", "version")
    models = [_declaration(model) for model in top.mappings("models")]
    tables = []
    for source in top.mappings("sources"):
        source.only("name", "schema", "description", "tables")
        name = source.text("name")
        schema = source.text("schema", default=name)
        tables += [(name, schema, _declaration(table)) for table in source.mappings("tables")]
    return models, tables, top.mappings("unit_tests")


def _declaration(item: LinedMapping) -> Declaration:
    item.only("name", "description", "config", "columns", advice="put it under `config.meta`")
    config = item.mapping("config").only("tags", "meta", advice="put it under `meta`")
    meta = config.mapping("meta")
    columns, tests = [], []
    for column in item.mappings("columns"):
        column.only("name", "description", "data_type", "data_tests", advice="tests go under `data_tests`")
        name = column.text("name")
        columns.append(Column(name, column.text("description"), column.text("data_type")))
        tests += [_data_test(name, test, column) for test in column.sequence("data_tests")]
    names = [column.name for column in columns]
    if not names or len(set(names)) < len(names):
        raise item.refuse("`columns` must list each column once", "columns")
    return Declaration(
        name=item.text("name"),
        description=item.text("description"),
        columns=tuple(columns),
        tests=tuple(tests),
        expectations=tuple(_expectation(entry) for entry in meta.mappings("expectations")),
        owner=meta.text("owner") if "owner" in meta else None,
        tags=tuple(config.sequence("tags")),
        at=item,
    )


def _data_test(column: str, test: object, at: LinedMapping) -> DataTest:
    if isinstance(test, LinedMapping) and len(test) == 1:
        name = next(iter(test))
        body = test.mapping(name).only("arguments", "config", advice="test arguments go under `arguments`")
        arguments: Mapping[str, Any] = body.mapping("arguments")
        config = body.mapping("config").only("severity")
    elif isinstance(test, str):
        name, arguments, config = test, {}, LinedMapping()
    else:
        raise at.refuse("a data test is a name, or one name with its arguments", "data_tests")
    if name not in TEST_ARGUMENTS:
        known = ", ".join(TEST_ARGUMENTS)
        fault = f"data test `{name}` is not dbt's own ({known}): write it under `config.meta.expectations`"
        raise at.refuse(fault, "data_tests")
    if set(arguments) != TEST_ARGUMENTS[name]:
        needed = ", ".join(sorted(TEST_ARGUMENTS[name])) or "no arguments"
        raise at.refuse(f"data test `{name}` of column `{column}` takes {needed}", "data_tests")
    severity = config.get("severity", "error")
    if severity not in SEVERITIES:
        raise config.refuse("`severity` must be error or warn", "severity")
    return DataTest(name, column, dict(arguments), severity)


def _expectation(entry: LinedMapping) -> Expectation:
    entry.only("expectation", "kwargs", "severity", "dimension", advice="arguments go under `kwargs`")
    severity = entry.text("severity", default="error")
    if severity not in SEVERITIES:
        raise entry.refuse("`severity` must be error or warn", "severity")
    dimension = entry.text("dimension") if "dimension" in entry else None
    return Expectation(entry.text("expectation"), dict(entry.mapping("kwargs")), severity, dimension)
