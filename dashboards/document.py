"""The briefing by itself: one HTML file that needs no script, no server and no other file, for printing and keeping.

Written from the same components as the page, so that neither can say what the other does not. What can be seen of a
release is decided where pages are drawn (`rendering`), not here.
"""

from html import escape
from pathlib import Path
from typing import Any

from dash.development.base_component import Component
from flask import Flask, Response, request

from dashboards.address import View, href, parse
from dashboards.pages.briefing import DOCUMENT, SHEET
from dashboards.releases import Releases
from dashboards.rendering import render

ASSETS = Path(__file__).parent / "assets"
STYLES = ("tokens.css", "layout.css", "parts.css", "briefing.css")
NAMES = {"className": "class", "colSpan": "colspan", "dateTime": "datetime", "tabIndex": "tabindex"}
"""Properties that HTML calls otherwise."""
EMPTY = frozenset({"img", "br", "hr"})
"""Elements without content."""


class BriefingError(Exception):
    """There is no briefing to write; says why, in the reader's language."""


def register(server: Flask, releases: Releases) -> None:
    """Serve the briefing of the view in the query as a document; 404 with the reason where there is none."""

    def answer() -> Response:
        try:
            return Response(document(releases, parse("/briefing", request.query_string.decode())), mimetype="text/html")
        except BriefingError as error:
            return Response(str(error), status=404, mimetype="text/plain")

    server.add_url_rule(DOCUMENT, "briefing_document", answer)


def document(releases: Releases, view: View) -> str:
    """Write the briefing of a view by itself.

    Raises
    ------
    BriefingError
        If the page holds no briefing: there is no such area or month, or no release.
    """
    page = render(releases, "/briefing", href(view).partition("?")[2])
    sheet = next((part for part in _components(page.content) if getattr(part, "id", None) == SHEET), None)
    if sheet is None:
        raise BriefingError(text_of([part for part in _components(page.content) if _is_empty_state(part)]))
    return whole(sheet, page.title, "zh-CN" if page.language == "zh" else "en")


def _is_empty_state(part: Component) -> bool:
    return getattr(part, "className", None) == "empty"


def whole(sheet: Component, title: str, language: str) -> str:
    """Write the document around what is printed."""
    styles = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{styles}\n</style>\n</head>\n<body>\n<main>{html_of(sheet)}</main>\n</body>\n</html>\n"
    )


def html_of(content: Any) -> str:
    """Write components as HTML; links that lead into the application are left as text.

    Raises
    ------
    TypeError
        If something is neither text nor an element of HTML, such as a control: it could not be printed.
    """
    if content is None:
        return ""
    if isinstance(content, str | int | float):
        return escape(str(content))
    if isinstance(content, list | tuple):
        return "".join(map(html_of, content))
    properties = {name: value for name, value in content.to_plotly_json()["props"].items() if name != "children"}
    inner = html_of(getattr(content, "children", None))
    if content._namespace == "dash_core_components" and content._type == "Link":
        return inner
    if content._namespace != "dash_html_components":
        raise TypeError(f"{content._type} is no element of HTML and cannot be printed")
    name = content._type.lower()
    attributes = "".join(
        f' {NAMES.get(key, key)}="{escape(str(value))}"' for key, value in properties.items() if value is not None
    )
    return f"<{name}{attributes}>" if name in EMPTY else f"<{name}{attributes}>{inner}</{name}>"


def text_of(content: Any) -> str:
    """All text of components, a line each."""
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        return "\n".join(filter(None, map(text_of, content)))
    return text_of(getattr(content, "children", None) or "")


def _components(content: Any) -> list[Component]:
    parts = content if isinstance(content, list) else [content]
    return [each for part in parts if isinstance(part, Component) for each in (part, *part._traverse())]
