"""A figure as plotly.js takes it: plain traces and a layout.

plotly's own classes look up every property among thousands, which takes longer than all else on a page: figures are
plain here, and plotly's judgement of them (`checked`) is for the tests.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import polars as pl

Trace = dict[str, Any]


class Drawing:
    """Traces and a layout, added to piece by piece.

    Parameters
    ----------
    layout
        Settings as plotly.js names them; None stands for its default.
    """

    def __init__(self, **layout: Any) -> None:
        self.traces: list[Trace] = []
        self.settings: dict[str, Any] = {}
        self.update_layout(layout)

    def add_trace(self, trace: Trace) -> None:
        """Add one trace, in front of those before it."""
        self.traces.append(trace)

    def add_traces(self, traces: Iterable[Trace]) -> None:
        """Add traces in this order."""
        self.traces.extend(traces)

    def add_shape(self, **shape: Any) -> None:
        """Add a shape of the layout."""
        self.settings.setdefault("shapes", []).append(plain(shape))

    def add_annotation(self, **annotation: Any) -> None:
        """Add a text of the layout."""
        self.settings.setdefault("annotations", []).append(plain(annotation))

    def update_layout(self, changed: Mapping[str, Any]) -> None:
        """Set parts of the layout; what an axis or a legend has besides, it keeps."""
        for name, value in plain(changed).items():
            kept = self.settings.get(name)
            self.settings[name] = kept | value if isinstance(kept, dict) and isinstance(value, dict) else value

    def to_plotly_json(self) -> dict[str, Any]:
        """Give what is sent to the browser."""
        return {"data": self.traces, "layout": self.settings}

    @property
    def checked(self) -> go.Figure:
        """The same as plotly's own figure.

        Raises
        ------
        ValueError
            If plotly knows no such property, or not such a value of it.
        """
        return go.Figure(self.to_plotly_json())


def scatter(**settings: Any) -> Trace:
    """Give a trace of points or lines."""
    return {"type": "scatter"} | plain(settings)


def bar(**settings: Any) -> Trace:
    """Give a trace of bars."""
    return {"type": "bar"} | plain(settings)


def heatmap(**settings: Any) -> Trace:
    """Give a trace of coloured cells."""
    return {"type": "heatmap"} | plain(settings)


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out settings that are None; write columns and arrays as lists."""
    return {name: _plain_value(value) for name, value in settings.items() if value is not None}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, pl.Series):
        return value.to_list()
    return value.tolist() if isinstance(value, np.ndarray) else value


def typed(numbers: npt.NDArray[Any]) -> dict[str, str]:
    """Write numbers as plotly.js reads them without parsing; JSON has no word for those that are missing."""
    floats = np.ascontiguousarray(numbers, dtype="<f8")
    return {"dtype": "f8", "bdata": b64encode(floats.tobytes()).decode("ascii")}
