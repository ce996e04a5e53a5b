"""Frames that pages are made of: page headings, panels, tables, notes and empty states."""

import re
from collections.abc import Sequence
from typing import Any

from dash import dcc

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.downloads import download_links

TABLE = "table"
GRAPH_CONFIG = {"displayModeBar": False, "responsive": True, "showTips": False}


def page_head(title: str, lead: str) -> Any:
    """Title of a page with one sentence that says what it is for."""
    return html.Header([html.H1(title), html.P(lead, className="lead")], className="page-head")


def panel(title: str | None, *children: Any, note: Any = None, class_name: str = "") -> Any:
    """A section on a raised surface, with a title and a quiet note under it."""
    head = [html.H2(title)] if title else []
    if note is not None:
        head.append(html.P(note, className="note"))
    return html.Section([*head, *children], className=f"panel {class_name}".strip())


def graph(figure: Any, description: str, graph_id: Any = None, class_name: str = "") -> Any:
    """A chart with the description that a screen reader reads in its place."""
    identity = {} if graph_id is None else {"id": graph_id}
    drawing = dcc.Graph(figure=figure, config=GRAPH_CONFIG, **identity)
    frame = html.Div(drawing, role="img", className="chart-frame", **{"aria-label": description})
    # "PNG" is the same in every language; what it is a picture of, the description says.
    words = {"aria-label": f"PNG: {description}", "data-picture": _file_name(graph_id)}
    picture = html.Button("PNG", type="button", className="button picture", **words)
    return html.Figure([frame, picture], className=f"chart {class_name}".strip())


def _file_name(graph_id: Any) -> str:
    names = graph_id.values() if isinstance(graph_id, dict) else [graph_id or ""]
    return re.sub(r"\W+", "_", "_".join(map(str, names)))


def empty_state(title: str, *lines: Any, is_page: bool = False) -> Any:
    """What stands where there is nothing to show: what is missing and what to do; `is_page` heads a page of its own."""
    head = html.H1 if is_page else html.P
    return html.Div(
        [head(title, className="empty-title"), *(html.P(line) for line in lines)], className="empty", role="status"
    )


def badge(text: str, kind: str, sign: str = "") -> Any:
    """A small label; `kind` picks its colour, the sign and the words carry the meaning."""
    mark = [html.Span(sign, className="badge-sign", **{"aria-hidden": "true"})] if sign else []
    return html.Span([*mark, text], className=f"badge badge-{kind}")


def table(
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
    caption: str,
    context: Context | None = None,
    name: str | None = None,
) -> Any:
    """A plain table for a few dozen rows, with links to its files if it has a name on its page.

    Parameters
    ----------
    columns
        Heading and class of each column; `number` aligns right.
    rows
        Cells, as text or components.
    caption
        What the table shows, for screen readers.
    """
    head = html.Tr([html.Th(title, scope="col", className=class_name) for title, class_name in columns])
    body = [
        html.Tr([html.Td(cell, className=class_name) for cell, (_, class_name) in zip(row, columns, strict=True)])
        for row in rows
    ]
    content = [html.Caption(caption, className="visually-hidden"), html.Thead(head), html.Tbody(body)]
    identity = {"id": {TABLE: name}} if name else {}
    scrolled = html.Div(html.Table(content, className="table", **identity), className="table-scroll", tabIndex=0)
    if context is None or name is None:
        return scrolled
    return html.Div([scrolled, download_links(context, name)], className="grid-frame")
