"""What in a query decides which rows there are, as opposed to what is in them.

Here: finding the columns in conditions, joins, groups and the like, select by select. Not here: where those columns
come from (`lineage`).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

# Clauses of a select that keep rows, drop them or fold them.
_CLAUSES = ("where", "having", "qualify", "distinct")
_ROW_MAKERS = (exp.Explode, exp.Unnest)


class Decision(NamedTuple):
    """A select that gives columns of its own tables, and nothing else; `is_shown` as in `decisions`."""

    query: exp.Select
    is_shown: bool


def decisions(root: Scope) -> Iterator[Decision]:
    """Give, for every select of a qualified query, one of the columns that decide its rows.

    Columns by which the query as a whole groups its rows, or tells them apart by `distinct`, and which it also gives,
    are *shown*: whoever sums over them need not mind which rows they make. All others decide, whoever asks.
    """
    final = set(map(id, _final_selects(root.expression)))
    scopes = {id(scope.expression): scope for scope in root.traverse()}
    for scope in scopes.values():
        select = scope.expression
        if not isinstance(select, exp.Select):
            continue
        hidden, shown = _deciding(select, id(select) in final)
        # What a condition looks up decides with it; of a union that drops repeated rows every column tells them apart.
        if scope.is_subquery or _is_compared(select):
            hidden = [*hidden, *select.selects]
        for expressions, is_shown in ((hidden, False), (shown, True)):
            columns = _own_columns(scope, expressions, scopes)
            if columns:
                yield Decision(_columns_of(root, select, columns), is_shown)


def _is_compared(select: exp.Select) -> bool:
    """Whether rows of a select are held against one another, or against those of another select."""
    within = select.parent
    while isinstance(within, exp.SetOperation | exp.Subquery):
        if isinstance(within, exp.SetOperation) and (not isinstance(within, exp.Union) or within.args.get("distinct")):
            return True
        within = within.parent
    return False


def _final_selects(query: exp.Expr) -> Iterator[exp.Select]:
    """Selects whose rows are rows of the whole query."""
    if isinstance(query, exp.SetOperation):
        yield from _final_selects(query.left)
        yield from _final_selects(query.right)
    elif isinstance(query, exp.Subquery):
        yield from _final_selects(query.this)
    elif isinstance(query, exp.Select):
        yield query


def _deciding(select: exp.Select, is_final: bool) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """Expressions that decide the rows of a select: hidden ones, and shown ones."""
    hidden = [clause for name in _CLAUSES if (clause := select.args.get(name))]
    for joined in select.args.get("joins") or ():
        hidden += [part for part in (joined.args.get("on"), *(joined.args.get("using") or ())) if part]
    hidden += [maker for part in (*_tables(select), *select.selects) for maker in part.find_all(*_ROW_MAKERS)]
    if select.args.get("limit") and select.args.get("order"):
        hidden.append(select.args["order"])
    told_apart: list[exp.Expr] = list(select.selects) if select.args.get("distinct") else []
    if group := select.args.get("group"):
        told_apart += group.iter_expressions()
    if not is_final:
        return [*hidden, *told_apart], []
    given = {value.unalias() for value in select.selects}
    shown = [each for each in told_apart if each.unalias() in given]
    return [*hidden, *(each for each in told_apart if each.unalias() not in given)], shown


def _tables(select: exp.Select) -> Iterator[exp.Expr]:
    for part in (select.args.get("from_"), *(select.args.get("joins") or ()), *(select.args.get("laterals") or ())):
        if part is not None:
            yield part.this if isinstance(part, exp.From | exp.Join) else part


def _own_columns(scope: Scope, expressions: list[exp.Expr], scopes: Mapping[int, Scope]) -> list[exp.Column]:
    """Columns of the select's own tables in some expressions, and in queries within them that look out to it."""
    found = {
        column.sql(): column
        for expression in expressions
        for column in expression.find_all(exp.Column)
        if _owner(column, scopes) is scope
    }
    return list(found.values())


def _owner(column: exp.Column, scopes: Mapping[int, Scope]) -> Scope | None:
    """The innermost select around a column that has its table."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        scope = scopes.get(id(select))
        if scope is not None and column.table in scope.selected_sources:
            return scope
        select = select.find_ancestor(exp.Select)
    return None


def _columns_of(root: Scope, select: exp.Select, columns: list[exp.Column]) -> exp.Select:
    """Make a query of the whole's common table expressions, and of these columns of a select's tables."""
    query = exp.Select(
        expressions=[exp.alias_(column.copy(), f"column_{at}") for at, column in enumerate(columns)],
        from_=select.args["from_"].copy(),
        laterals=[each.copy() for each in select.args.get("laterals") or ()],
    )
    for joined in select.args.get("joins") or ():
        query.append("joins", exp.Join(this=joined.this.copy()))
    common = [each.copy() for each in root.expression.find_all(exp.CTE)]
    if common:
        query.set("with_", exp.With(expressions=common))
    return query
