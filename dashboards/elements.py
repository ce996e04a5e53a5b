"""HTML elements and links as Dash has them, made at a sixth of the cost: a page has a thousand of them.

`elements.Td` is a subclass of `dash.html.Td`, and so on for every name there; `elements.InnerLink`, of `dash.dcc.Link`,
leads to another page without loading the application anew. Dash's own constructors look at each property one by one;
these compare all names at once.
Not here: controls, graphs and tables, of which a page has few.
"""

from functools import cache
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component


class _Light:
    """Sets its properties without Dash's rites; a name that the element does not have is refused."""

    children: Any = None
    _prop_names: list[str]
    _known: frozenset[str]
    _wildcards: tuple[str, ...]

    def __init__(self, children: Any = None, **properties: Any) -> None:
        if not self._known.issuperset(properties):
            wrong = [name for name in properties if name not in self._known and not name.startswith(self._wildcards)]
            if wrong:
                raise TypeError(f"{type(self).__name__} has no {', '.join(wrong)}; it has {sorted(self._known)}")
        if children is not None:
            properties["children"] = children
        vars(self).update(properties)


def __getattr__(name: str) -> Any:
    return _light(name)


@cache
def _light(name: str) -> Any:
    whole = dcc.Link if name == "InnerLink" else getattr(html, name)
    bare: Component = whole(href="") if name == "InnerLink" else whole()
    own = {
        # Dash keeps a list of where components come from, by these.
        "__module__": whole.__module__,
        "_namespace": whole._namespace,
        "_children_props": whole._children_props,
        "_prop_names": bare._prop_names,
        "_valid_wildcard_attributes": bare._valid_wildcard_attributes,
        "available_properties": bare.available_properties,
        "available_wildcard_properties": bare.available_wildcard_properties,
        "_known": frozenset(bare._prop_names) - {"children"},
        "_wildcards": tuple(bare._valid_wildcard_attributes),
    }
    return type(name, (_Light, whole), own)
