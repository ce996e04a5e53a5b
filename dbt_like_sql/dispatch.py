"""dbt's `adapter.dispatch`: macros whose SQL differs between engines.

Here: the one shape in which macros may use it, `{{ return(adapter.dispatch('name')(…)) }}`, and which macro then
stands for the name. Not here: other macros, and filling templates in (templates).
"""

import functools
from collections.abc import Callable, Collection
from typing import Literal, get_args

from jinja2 import nodes

from dbt_like_sql.errors import ProjectError

Engine = Literal["duckdb", "spark"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
_SHAPE = "write {{ return(adapter.dispatch('name')(…)) }}, the name a constant"


class Dispatch:
    """What `adapter` is in a macro.

    Parameters
    ----------
    engine
        The engine that the SQL is for.
    macros
        Names of the project's macros.
    call
        Calls a macro by its name.
    """

    def __init__(self, engine: Engine, macros: Collection[str], call: Callable[..., str]) -> None:
        self._engine = engine
        self._macros = macros
        self._call = call

    def dispatch(self, name: str) -> Callable[..., str]:
        """Return the macro that stands for a name: `<engine>__<name>` where there is one, else `default__<name>`."""
        return functools.partial(self._call, _variant(name, self._engine, self._macros))


def dispatched(tree: nodes.Template, shown: str, macros: Collection[str]) -> None:
    """Check how the macros of a file dispatch.

    Raises
    ------
    ProjectError
        With the line: for `adapter` or `return` in any other shape, or where an engine has no macro for a name.
    """
    allowed: set[int] = set()
    for call in tree.find_all(nodes.Call):
        name = _name_of(call)
        if name is None:
            continue
        allowed |= {id(found) for found in (call.node, *call.args[0].find_all(nodes.Name)) if _is_own(found)}
        for engine in ENGINES:
            if _variant(name, engine, macros) not in macros:
                fault = f"`{name}` is dispatched, but there is neither {engine}__{name} nor default__{name}: write one"
                raise ProjectError(shown, call.lineno, fault)
    for found in tree.find_all(nodes.Name):
        if found.ctx == "load" and _is_own(found) and id(found) not in allowed:
            raise ProjectError(shown, found.lineno, f"`{found.name}` is for dispatching only: {_SHAPE}")


def _variant(name: str, engine: Engine, macros: Collection[str]) -> str:
    own = f"{engine}__{name}"
    return own if own in macros else f"default__{name}"


def _is_own(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name in ("adapter", "return")


def _name_of(call: nodes.Call) -> str | None:
    """Return the name that a call of `return` dispatches; None for anything else."""
    if not (isinstance(call.node, nodes.Name) and call.node.name == "return" and len(call.args) == 1):
        return None
    chosen = call.args[0].node if isinstance(call.args[0], nodes.Call) else None
    if not (isinstance(chosen, nodes.Call) and isinstance(chosen.node, nodes.Getattr) and not chosen.kwargs):
        return None
    of = chosen.node
    is_dispatch = isinstance(of.node, nodes.Name) and of.node.name == "adapter" and of.attr == "dispatch"
    given = chosen.args[0] if len(chosen.args) == 1 else None
    return given.value if is_dispatch and isinstance(given, nodes.Const) and isinstance(given.value, str) else None
