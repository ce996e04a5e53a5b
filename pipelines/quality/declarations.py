"""From declarations to typed expectations.

What belongs here: dbt's tests and the expectations of a declared table turned into what can be run, our own
declarations of tables that are no SQL model, and refusing what does not work inside DuckDB. What does not:
reading dbt's yml (`dbt_like_sql`), running expectations (`expectations`), or what a failure means (`gates`).

The yml of a table that is no model lists its expectations:

    tables:
      - name: staging.incident
        expectations:
          - expectation: ExpectColumnValuesToBeBetween
            kwargs: {column: victims, min_value: 0}
            severity: warn                               # error unless said otherwise
          - expectation: UnexpectedRowsExpectation
            dimension: consistency                       # a query says itself what it judges
            kwargs:
              description: closed after opened           # also its name: closed_after_opened
              unexpected_rows_query: select * from {batch} where closed_at < opened_at

In a query `{batch}` stands for the table under judgement; a literal brace is doubled. With `mostly: 0.95` up to five
in a hundred rows may break it, of the table or of as many as the query `out_of` says; all that do are counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from dbt_like_sql.declarations import DataTest
from dbt_like_sql.project import Model, Project, Source
from dbt_like_sql.yaml_lines import LinedMapping, read_yaml
from pipelines.errors import WardlightError
from pipelines.quality.dimensions import DIMENSIONS, Dimension, of_kind

Severity = Literal["error", "warn"]

# Kinds that are counted inside DuckDB and are right there; each is tried by a test.
SUPPORTED = frozenset(
    {
        "ExpectColumnMaxToBeBetween",
        "ExpectColumnMeanToBeBetween",
        "ExpectColumnMinToBeBetween",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        "ExpectColumnPairValuesToBeEqual",
        "ExpectColumnProportionOfNonNullValuesToBeBetween",
        "ExpectColumnProportionOfUniqueValuesToBeBetween",
        "ExpectColumnSumToBeBetween",
        "ExpectColumnToExist",
        "ExpectColumnUniqueValueCountToBeBetween",
        "ExpectColumnValueLengthsToBeBetween",
        "ExpectColumnValuesToBeBetween",
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToBeNull",
        "ExpectColumnValuesToBeUnique",
        "ExpectColumnValuesToNotBeInSet",
        "ExpectColumnValuesToNotBeNull",
        "ExpectCompoundColumnsToBeUnique",
        "ExpectMulticolumnSumToEqual",
        "ExpectTableColumnsToMatchSet",
        "ExpectTableRowCountToBeBetween",
        "ExpectTableRowCountToEqual",
        "UnexpectedRowsExpectation",
    }
)
# Arguments of expectations that are figures to be held to.
_BOUNDS = ("min_value", "max_value", "value", "sum_total", "mostly")
AS_QUERY = "write it as an UnexpectedRowsExpectation: a query on {batch} that finds the rows that should not be"


class DeclarationError(WardlightError):
    """An expectation that is declared in a way that cannot be run."""


@dataclass(frozen=True)
class Expectation:
    """What is expected of one table.

    Attributes
    ----------
    name
        Unique within the table, a plain identifier.
    layer, table
        Schema and name of the table.
    column
        The column judged; None when the whole table or several columns are.
    kind
        Class of Great Expectations, one of `SUPPORTED`.
    kwargs
        Its arguments.
    severity
        Whether a failure closes the table's gate (`error`) or is only reported (`warn`).
    declared_dimension
        The dimension of data quality that its declaration names; None where its kind says it.
    """

    name: str
    layer: str
    table: str
    column: str | None
    kind: str
    kwargs: Mapping[str, Any]
    severity: Severity = "error"
    declared_dimension: Dimension | None = None

    @property
    def dimension(self) -> Dimension:
        """The dimension of data quality that it judges."""
        return self.declared_dimension or of_kind(self.kind)

    @property
    def threshold(self) -> str | None:
        """The bounds that it sets, in the words of Great Expectations; None where it only says what no row may be."""
        bounds = [f"{name} {self.kwargs[name]}" for name in _BOUNDS if self.kwargs.get(name) is not None]
        return ", ".join(bounds) or None


def project_expectations(project: Project) -> list[Expectation]:
    """Turn the tests and expectations that a project declares of its sources and models into what can be run.

    Raises
    ------
    DeclarationError
        When one does not work inside DuckDB; it names file, table and remedy.
    """
    related = {f"ref('{model.name}')": model.relation for model in project.models}
    related |= {f"source('{s.source_name}', '{s.name}')": f"{s.schema}.{s.name}" for s in project.sources}
    found: list[Expectation] = []
    declarations: list[Source | Model] = [*project.sources, *project.models]
    for declared in declarations:
        table = _Table(declared.path.with_suffix(".yml").name, None, declared.schema, declared.name)
        tests = [table.data_test(test, related) for test in declared.tests]
        others = [table.expectation(e.expectation, e.kwargs, e.severity, e.dimension) for e in declared.expectations]
        found += table.named_once([*tests, *others])
    return found


def read_expectations(path: Path, lists: Mapping[str, Iterable[str]] | None = None) -> list[Expectation]:
    """Read a yml of expectations of tables that are no models.

    Parameters
    ----------
    path
        The yml file.
    lists
        Names that queries may use in braces for a list of texts, as in `indicator_id in ({proportions})`.

    Raises
    ------
    DeclarationError
        When an expectation does not work inside DuckDB; it names file, line, table and remedy.
    dbt_like_sql.errors.ProjectError
        When the file is no YAML of the expected shape; it names file and line.
    """
    top = read_yaml(path, path.parent).only("tables")
    found: list[Expectation] = []
    for entry in top.mappings("tables"):
        entry.only("name", "expectations")
        layer, _, name = entry.text("name").rpartition(".")
        table = _Table(entry.path, entry.line, layer, name)
        found += table.named_once(
            table.expectation(
                declared.text("expectation"),
                _with_lists(declared.mapping("kwargs"), lists or {}),
                declared.text("severity", default="error"),
                declared.text("dimension") if "dimension" in declared else None,
            )
            for declared in (
                each.only("expectation", "kwargs", "severity", "dimension", advice="arguments go under `kwargs`")
                for each in entry.mappings("expectations")
            )
        )
    return found


def _with_lists(kwargs: LinedMapping, lists: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    filled = dict(kwargs)
    if "unexpected_rows_query" in filled:
        for name, texts in lists.items():
            quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
            filled["unexpected_rows_query"] = filled["unexpected_rows_query"].replace(
                "{" + name + "}", quoted or "null"
            )
    return filled


@dataclass(frozen=True)
class _Table:
    """The table whose declarations are read, with its place for messages."""

    file: str
    line: int | None
    layer: str
    name: str

    def refusal(self, problem: str, remedy: str) -> DeclarationError:
        field = f"{self.layer}.{self.name}"
        return DeclarationError(problem, file=self.file, line=self.line, field=field, remedy=remedy)

    def data_test(self, test: DataTest, related: Mapping[str, str]) -> Expectation:
        """Find the expectation that does what one of dbt's tests does."""
        column = test.column
        kwargs: dict[str, Any] = {"column": column}
        dimension: Dimension | None = None
        match test.name:
            case "not_null":
                kind = "ExpectColumnValuesToNotBeNull"
            case "unique":
                kind = "ExpectColumnValuesToBeUnique"
            case "accepted_values":
                kind = "ExpectColumnValuesToBeInSet"
                kwargs["value_set"] = test.arguments["values"]
            case "relationships":
                kind, field = "UnexpectedRowsExpectation", test.arguments["field"]
                parent = related.get(re.sub(r"\s*,\s*", ", ", test.arguments["to"]).replace('"', "'"))
                if parent is None:
                    raise self.refusal(
                        f"{column} relates to {test.arguments['to']}, which is not known",
                        "name a model as ref('…') or a source table as source('…', '…')",
                    )
                query = (
                    f"select {column} from {{batch}} where {column} is not null"
                    f" and {column} not in (select {field} from {parent} where {field} is not null)"
                )
                kwargs, dimension = {"unexpected_rows_query": query}, "consistency"
            case _:
                raise self.refusal(f"the data test {test.name} of {column} is not known", AS_QUERY)
        return self._checked(f"{test.name}_{column}", column, kind, kwargs, test.severity, dimension)

    def expectation(
        self, kind: str, kwargs: Mapping[str, Any], severity: str, dimension: str | None = None
    ) -> Expectation:
        """Check and name an expectation that is given by its class."""
        if kind not in SUPPORTED:
            raise self.refusal(f"{kind} does not work inside DuckDB", AS_QUERY)
        column, description = kwargs.get("column"), kwargs.get("description")
        if kind == "UnexpectedRowsExpectation":
            if not description:
                raise self.refusal(
                    "an UnexpectedRowsExpectation has no description",
                    "give it one under kwargs, in a few words: they become its name",
                )
            if "{batch}" not in kwargs.get("unexpected_rows_query", ""):
                raise self.refusal(
                    f"the query of '{description}' does not read its table", "write `from {batch}` in it"
                )
            if dimension is None:
                raise self.refusal(
                    f"the query of '{description}' does not say what it judges",
                    f"give it a dimension beside its kwargs: {', '.join(DIMENSIONS)}",
                )
        judged = (kwargs.get(key) for key in ("column", "column_A", "column_B"))
        name = description or "_".join([_snake(kind), *filter(None, judged)])
        return self._checked(name, column, kind, kwargs, severity, dimension)

    def _checked(
        self,
        name: str,
        column: str | None,
        kind: str,
        kwargs: Mapping[str, Any],
        severity: str,
        dimension: str | None,
    ) -> Expectation:
        if severity not in ("error", "warn"):
            raise self.refusal(f"the severity {severity} of '{name}' is not known", "use error or warn")
        if dimension is not None and dimension not in DIMENSIONS:
            raise self.refusal(f"the dimension {dimension} of '{name}' is not known", f"use {', '.join(DIMENSIONS)}")
        plain = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_")
        return Expectation(
            plain,
            self.layer,
            self.name,
            column,
            kind,
            kwargs,
            cast("Severity", severity),
            dimension,
        )

    def named_once(self, expectations: Iterable[Expectation]) -> list[Expectation]:
        """Refuse two expectations of one name: a verdict must say which it is."""
        found = list(expectations)
        for name, count in Counter(expectation.name for expectation in found).items():
            if count > 1:
                raise self.refusal(f"{count} expectations are named {name}", "give each its own description")
        return found


def _snake(kind: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()
