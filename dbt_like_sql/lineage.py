"""Which columns each column of a model is made from, and which decide its rows, read out of the models' queries.

Here: tracing a query to the columns of what it reads, and on through the models to the source tables.
Not here: reading and compiling the queries (project), and what is done with the answer.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from dbt_like_sql.errors import ProjectError
from dbt_like_sql.project import Model, Project, Source, in_sql, load_project
from dbt_like_sql.row_decisions import decisions


class ColumnRef(NamedTuple):
    """A column of a model or source table; `relation` is `schema.name`."""

    relation: str
    column: str


class RowInputs(NamedTuple):
    """Columns that decide which rows a model has.

    Attributes
    ----------
    hidden
        Those in conditions and joins, in what rows are grouped by on the way, and in what makes rows out of lists.
    shown
        What the columns are made from by which the model's own rows are grouped or told apart: they decide into which
        rows the same things fall.
    """

    hidden: frozenset[ColumnRef]
    shown: frozenset[ColumnRef]


class Lineage:
    """Which columns the columns of a project's models are made from; each model is traced when first asked for.

    A column is made from the columns that its value is computed from: every column that its expression names,
    the conditions of a `case`, the partition and order of a window and the filter of an aggregate among them.
    Columns that only decide which rows there are (`where`, `having`, `qualify`, `on`, `group by`, `distinct on`)
    do not count, so a literal or `count(*)` is made from nothing: those are told apart from them, by `rows`.

    Parameters
    ----------
    project
        The project; the declared columns of its models and source tables say what a `select *` stands for.
    """

    def __init__(self, project: Project) -> None:
        self._dialect = project.engine
        self._models = {model.relation: model for model in project.models}
        self._sources = {source.relation for source in project.sources}
        # Names in SQL have no case; answers are spelled as declared.
        self._refs: dict[str, dict[str, ColumnRef]] = {}
        self._schema = MappingSchema(dialect=self._dialect)
        tables: list[Model | Source] = [*project.models, *project.sources]
        for table in tables:
            refs = {column.name.lower(): ColumnRef(table.relation, column.name) for column in table.columns}
            self._refs[table.relation.lower()] = refs
            named = in_sql(table.relation, project.engine)
            self._schema.add_table(named, {column.name: column.data_type for column in table.columns})
        self._inputs: dict[str, Mapping[str, frozenset[ColumnRef]]] = {}
        self._upstream: dict[ColumnRef, frozenset[ColumnRef]] = {}
        self._rows: dict[str, RowInputs] = {}

    def inputs(self, model: Model) -> Mapping[str, frozenset[ColumnRef]]:
        """Return what each column of one of the project's models is made from, in the columns of what it reads.

        Returns
        -------
        Mapping
            The model's documented columns, each with columns of the models and source tables that it reads.

        Raises
        ------
        ProjectError
            When a column cannot be traced: the query names what is not declared, gives other columns than
            documented, or is written in a way that hides where a value comes from; the message says which.
        """
        if model.relation not in self._inputs:
            self._inputs[model.relation] = self._traced(model)
        return self._inputs[model.relation]

    def rows(self, model: Model) -> RowInputs:
        """Return the columns that decide which rows one of the project's models has, in the columns of what it reads.

        Raises
        ------
        ProjectError
            As `inputs` does.
        """
        if model.relation not in self._rows:
            self._rows[model.relation] = self._decided(model)
        return self._rows[model.relation]

    def upstream(self, relation: str, column: str) -> frozenset[ColumnRef]:
        """Return the columns of source tables that a column is made from, through all models between.

        Parameters
        ----------
        relation, column
            A column of a model or source table, `relation` as `schema.name`; that of a source table is made
            from itself.

        Raises
        ------
        KeyError
            When no model or source table of this name documents such a column.
        ProjectError
            As `inputs` does.
        """
        ref = ColumnRef(relation, column)
        if ref not in self._upstream:
            if ref not in self._refs.get(relation.lower(), {}).values():
                raise KeyError(f"{relation} documents no column {column}")
            if relation in self._sources:
                self._upstream[ref] = frozenset({ref})
            else:
                made_from = self.inputs(self._models[relation])[column]
                self._upstream[ref] = frozenset().union(*(self.upstream(*each) for each in made_from))
        return self._upstream[ref]

    def _traced(self, model: Model) -> dict[str, frozenset[ColumnRef]]:
        shown = model.path.name
        scope = self._qualified(model)
        nodes = self._nodes(scope, shown)
        documented = self._refs[model.relation.lower()]
        if odd := documented.keys() ^ {name.lower() for name in nodes}:
            raise ProjectError(shown, None, f"columns in the query and in the yml differ: {', '.join(sorted(odd))}")
        made_from = {name.lower(): frozenset(self._leaves(node, shown)) for name, node in nodes.items()}
        return {ref.column: made_from[name] for name, ref in documented.items()}

    def _decided(self, model: Model) -> RowInputs:
        shown = model.path.name
        found: dict[bool, set[ColumnRef]] = {False: set(), True: set()}
        for query, is_shown in decisions(self._qualified(model)):
            for node in self._nodes(self._scope(query, shown), shown).values():
                found[is_shown].update(self._leaves(node, shown))
        return RowInputs(frozenset(found[False]), frozenset(found[True]))

    def _qualified(self, model: Model) -> Scope:
        """Parse a model's query and resolve every name in it, once a model."""
        shown = model.path.name
        try:
            query = sqlglot.parse_one(model.compiled_sql, read=self._dialect)
            query = qualify(query, dialect=self._dialect, schema=self._schema, quote_identifiers=False)
        except SqlglotError as error:
            raise ProjectError(shown, None, f"columns cannot be traced: {error}") from error
        for fault in _obscurities(query):
            raise ProjectError(shown, None, f"columns cannot be traced through {fault}")
        return self._scope(query, shown)

    def _scope(self, query: exp.Expr, shown: str) -> Scope:
        scope = build_scope(query)
        if scope is None:
            raise ProjectError(shown, None, "columns cannot be traced: it is no query")
        return scope

    def _nodes(self, scope: Scope, shown: str) -> Mapping[str, Node]:
        """Trace every column of a query; steps that columns share are walked once."""
        try:
            return lineage(
                None,
                scope.expression,
                self._schema,
                dialect=self._dialect,
                scope=scope,
                trim_selects=False,
                copy=False,
            )
        except SqlglotError as error:
            raise ProjectError(shown, None, f"columns cannot be traced: {error}") from error

    def _leaves(self, node: Node, shown: str) -> Iterator[ColumnRef]:
        for step in node.walk():
            table = step.expression
            if isinstance(table, exp.Table | exp.Placeholder):
                named = (table.db, table.name) if isinstance(table, exp.Table) else ()
                relation = ".".join(filter(None, named)).lower()
                ref = self._refs.get(relation, {}).get(step.name.rpartition(".")[2].strip('"').lower())
                if ref is None:
                    fault = f"column `{node.name}` cannot be traced: `{step.name}` is of no model or source table"
                    raise ProjectError(shown, None, f"{fault}; make it in a common table expression of its own")
                yield ref


@functools.cache
def bundled_lineage() -> Lineage:
    """Return the lineage of the models that Wardlight comes with, one a process."""
    return Lineage(load_project())


def _obscurities(query: exp.Expr) -> Iterator[str]:
    """Yield what sqlglot would pass over without a word, with what to write instead."""
    for operation in query.find_all(exp.SetOperation):
        if operation.args.get("by_name"):
            yield "`union by name`: list the columns in one order"
    if any(joined.find(exp.Query) for joined in query.find_all(exp.Lateral)):
        yield "a lateral subquery: join it without `lateral`"
    for select in query.find_all(exp.Select):
        if select.args.get("windows"):
            yield "a named window: write it out after `over`"
        for value in select.selects:
            if value.find(exp.Query):
                yield "a subquery inside a value: join it instead"
            if value.find(exp.TableColumn, exp.Columns):
                yield "a row as a value or `columns()`: name the columns"
