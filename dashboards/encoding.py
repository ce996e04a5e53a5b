"""Pages as JSON, as Dash's front end reads them.

Not here: what the pages hold, and answers that Dash encodes itself.
"""

import json
from datetime import date
from typing import Any

from dash.development.base_component import Component
from plotly.utils import PlotlyJSONEncoder

from dashboards.figures.drawing import Drawing

ABOUT_THE_CLASS = frozenset(
    {
        "_prop_names",
        "_valid_wildcard_attributes",
        "available_properties",
        "available_wildcard_properties",
    }
)
"""What a component holds besides the properties that were set."""


class _Encoder(PlotlyJSONEncoder):  # type: ignore[misc]  # plotly has no types
    """Writes what pages are made of; the encoder of Dash asks of each part what a dozen libraries might make of it."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Component):
            props = {name: value for name, value in vars(o).items() if name not in ABOUT_THE_CLASS}
            return {"props": props, "type": o._type, "namespace": o._namespace}
        if isinstance(o, Drawing):
            return o.to_plotly_json()
        return o.isoformat() if isinstance(o, date) else super().default(o)


def as_json(content: Any) -> str:
    """Write components, drawings and plain values; what is not a number becomes null, as JSON has no word for it."""
    return json.dumps(content, cls=_Encoder, separators=(",", ":"))
