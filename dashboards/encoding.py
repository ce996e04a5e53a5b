"""Pages as JSON, as Dash's front end reads them.

Not here: what the pages hold, and answers that Dash encodes itself.
"""

from typing import Any

import orjson
import polars as pl
from dash.development.base_component import Component

from dashboards.figures.drawing import Drawing

ABOUT_THE_CLASS = frozenset(
    {
        "_prop_names",
        "_valid_wildcard_attributes",
        "available_properties",
        "available_wildcard_properties",
    }
)
"""What a component of Dash holds besides the properties that were set."""
OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


class Written(str):
    """Content as JSON text."""

    __slots__ = ()


def as_json(content: Any) -> Written:
    """Write components, drawings, frames (as lists of rows) and plain values.

    What is not a number becomes null, as JSON has no word for it.
    """
    return Written(orjson.dumps(content, _plain, OPTIONS).decode())


def preceded(parts: list[Any], content: Written) -> Written:
    """Put parts before those of a written list."""
    return Written(f"{as_json(parts)[:-1]},{content[1:]}") if parts else content


def _plain(part: Any) -> Any:
    if isinstance(part, Component):
        props = {name: value for name, value in vars(part).items() if name not in ABOUT_THE_CLASS}
        return {"props": props, "type": part._type, "namespace": part._namespace}
    if isinstance(part, Drawing):
        return part.to_plotly_json()
    if isinstance(part, pl.DataFrame):
        return orjson.Fragment(part.write_json())
    raise TypeError(f"{type(part).__name__} has no place on a page")
