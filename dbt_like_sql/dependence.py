"""What some columns of a table rest on, through all models: values, and the rows that there are.

Here: following both kinds of lineage to the end. Not here: how a single query is traced (`lineage`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dbt_like_sql.lineage import ColumnRef, Lineage
from dbt_like_sql.project import Model, Project, Source


@dataclass
class Dependence:
    """Columns, and relations whose rows as such, that something rests on."""

    columns: set[ColumnRef] = field(default_factory=set)
    relations: set[str] = field(default_factory=set)


def dependence(project: Project, lineage: Lineage, relation: str, columns: Iterable[str]) -> Dependence:
    """Find all that sums of some columns of a relation rest on, itself included.

    They rest on what the columns are made from, on the rows of the relation and of all that it reads, and so on the
    columns that decide those rows. By which columns the relation's own rows are grouped does not matter to a sum over
    them: name those that do among `columns`, such as the ones that are filtered by.

    Parameters
    ----------
    relation
        A model or source table, as `schema.name`.
    columns
        Columns of it.

    Raises
    ------
    KeyError
        When the relation documents no such column.
    ProjectError
        When a query on the way cannot be traced.
    """
    return _Search(project, lineage).of(relation, columns)


class _Search:
    def __init__(self, project: Project, lineage: Lineage) -> None:
        self._lineage = lineage
        self._models = {model.relation: model for model in project.models}
        tables: list[Model | Source] = [*project.models, *project.sources]
        self._relations = {table.name: table.relation for table in tables}
        self._documented = {table.relation: [column.name for column in table.columns] for table in tables}
        self._found = Dependence()
        self._grouped: set[str] = set()

    def of(self, relation: str, columns: Iterable[str]) -> Dependence:
        self._need_rows(relation, is_summed=True)
        for column in columns:
            if column not in self._documented[relation]:
                raise KeyError(f"{relation} documents no column {column}")
            self._need_column(ColumnRef(relation, column))
        return self._found

    def _need_column(self, ref: ColumnRef) -> None:
        if ref in self._found.columns:
            return
        self._found.columns.add(ref)
        if ref.relation in self._models:
            for made_from in self._lineage.inputs(self._models[ref.relation])[ref.column]:
                self._need_column(made_from)

    def _need_rows(self, relation: str, is_summed: bool) -> None:
        if relation in self._grouped or (is_summed and relation in self._found.relations):
            return
        self._found.relations.add(relation)
        if not is_summed:
            self._grouped.add(relation)
        if relation not in self._models:
            return
        model = self._models[relation]
        rows = self._lineage.rows(model)
        for ref in rows.hidden if is_summed else rows.hidden | rows.shown:
            self._need_column(ref)
        named = {
            ref.relation for refs in (*self._lineage.inputs(model).values(), rows.hidden, rows.shown) for ref in refs
        }
        for read in (self._relations[name] for name in (*model.depends_on, *model.sources)):
            self._need_rows(read, is_summed=False)
            if read not in named:
                # What it is read for does not show in the query, as in the condition of a part that is made anew.
                for column in self._documented[read]:
                    self._need_column(ColumnRef(read, column))
