"""Links to a table's files."""

from dataclasses import replace
from typing import Any

from dashboards import elements as html
from dashboards.address import FORMATS, download_href
from dashboards.components.context import Context


def download_links(context: Context, table: str, indicator: str | None = None) -> Any:
    """Links to the files of a table, one a format; `indicator` is its subject where the view leaves that open.

    None for a reader who may take no file along.
    A plain link: it works without scripts, by keyboard, and in another window.
    """
    if not context.release.scope.downloads:
        return None
    view = replace(context.view, indicator=context.view.indicator or indicator)
    links = [
        html.A(
            name.upper(),
            href=download_href(view, table, name),
            download="",
            className="button",
            **{"aria-label": context.words("export.label", format=name.upper())},
        )
        for name in FORMATS
    ]
    return html.Div([html.Span(context.words("export.download"), className="quiet"), *links], className="downloads")
