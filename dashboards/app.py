"""The application: a Dash app that sends a reader's address to `rendering` and a reader's choices to the address."""

import atexit
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, no_update
from flask import Response, g
from flask_compress import Compress

from dashboards import data_docs, document, downloads, game_live
from dashboards import elements as html
from dashboards.access import configuration, guard, headers, sign_in
from dashboards.address import LANGUAGES, SCHEMES, View, choose, href, parse
from dashboards.components.controls import CONTROL
from dashboards.components.map_panel import MAP
from dashboards.encoding import Written, as_json
from dashboards.releases import Releases
from dashboards.rendering import SHOWN, KeptPages, render
from dashboards.wording import texts

SCHEME_SCRIPT = "scheme.js"
"""Runs in the head, before anything is painted; the other scripts run once the body is there."""
PAGE = "@page"
"""Stands for the page in what Dash answers."""


def create_app(releases: Releases, docs: Path | None = None, access: guard.Access | None = None) -> Dash:
    """Build the application over the releases of a home folder.

    Parameters
    ----------
    releases
        There need not be one yet, the pages then say what to do. Who made them closes them.
    docs
        Folder of the site about the expectations, served beside the pages; none is made here.
    access
        How people sign in, by whose scope `releases` must ask; without it this machine alone is answered.

    Returns
    -------
    dash.Dash
        Its `server` is the WSGI application. Everything is served from this machine.
    """
    app = Dash(
        "wardlight",
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_ignore=SCHEME_SCRIPT,
        title="Wardlight",
        update_title=None,
        serve_locally=True,
        use_pages=False,
        pages_folder="",
        suppress_callback_exceptions=True,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        health_endpoint="health",
    )
    script = f'<script src="{app.get_asset_url(SCHEME_SCRIPT)}"></script>'
    app.index_string = (
        app.index_string.replace("{%css%}", "{%css%}\n        " + script)
        # Dash's own footer holds scripts; a page has one of ours.
        .replace("<footer>", "<div>")
        .replace("</footer>", "</div>")
    )
    app.server.config["COMPRESS_ALGORITHM"] = ["zstd", "gzip"]
    Compress(app.server)
    app.layout = _layout()
    for language in LANGUAGES:
        # Read now, not while the first reader of a language waits.
        texts(language)
    _register(app, releases)
    game_live.register(app, releases)
    data_docs.register(app.server, docs)
    downloads.register(app.server, releases)
    document.register(app.server, releases)

    headers.register(app.server, app.csp_hashes())
    guard.install(app.server, access)
    sign_in.register(app.server)
    return app


def create_server() -> Any:
    """WSGI application for `gunicorn "dashboards.app:create_server()"`, over the folder in WARDLIGHT_HOME."""
    home = Path(os.environ.get("WARDLIGHT_HOME", ".wardlight"))
    settings = configuration.find(home, None)
    server, close = serve_home(home, guard.Access(home, settings, None) if settings else None)
    atexit.register(close)
    return server


def serve_home(home: Path, access: guard.Access | None) -> tuple[Any, Callable[[], None]]:
    """Give the WSGI application over a home folder, and what closes its releases."""
    releases = Releases(home, access.scope) if access else Releases(home)
    releases.keep_ready()
    return create_app(releases, home / data_docs.FOLDER, access).server, releases.close


def _layout() -> Any:
    return dmc.MantineProvider(
        [
            dcc.Location(id="address", refresh=False),
            dcc.Location(id="navigate", refresh="callback-nav"),
            dcc.Store(id="visit"),
            dcc.Store(id="document"),
            html.Div(id="page", className="page"),
        ],
        id="theme",
        defaultColorScheme="auto",
        theme={"fontFamily": "inherit", "primaryColor": "blue", "defaultRadius": "md"},
    )


def _register(app: Dash, releases: Releases) -> None:
    kept = KeptPages()

    def show(visit: dict[str, str]) -> tuple[str, str, dict[str, str]]:
        system = visit["system"] if visit["system"] in SCHEMES else "light"
        page = render(releases, visit["pathname"], visit["search"], system, kept)
        language = "zh-CN" if page.language == "zh" else "en"
        g.page = page.content if isinstance(page.content, Written) else as_json(page.content)
        return PAGE, page.scheme, {"language": language, "title": page.title, "scheme": page.scheme}

    def put_in_page(response: Response) -> Response:
        """Put the page, which is JSON already, where Dash, which would write it once more, has written its mark."""
        if page := g.pop("page", None):
            response.set_data(response.get_data(as_text=True).replace(f'"{PAGE}"', page, 1))
        return response

    # Asked before what compresses answers, as that was registered earlier.
    app.server.after_request(put_in_page)

    # Only the browser knows its system's colour scheme; it goes with the address.
    app.clientside_callback(
        ClientsideFunction("wardlight", "visit"),
        Output("visit", "data"),
        Input("address", "pathname"),
        Input("address", "search"),
    )
    app.callback(
        Output("page", "children"),
        Output("theme", "forceColorScheme"),
        Output("document", "data"),
        Input("visit", "data"),
        prevent_initial_call=True,
    )(show)

    def navigate(
        _values: list[Any], _clicks: list[Any], shown: list[dict[str, Any]], pathname: str | None, query: str | None
    ) -> Any:
        return destination(parse(pathname, query), ctx.triggered, shown[0] if shown else {}) or no_update

    app.callback(
        Output("navigate", "href"),
        Input({CONTROL: ALL}, "value"),
        Input({MAP: ALL}, "clickData"),
        State({SHOWN: ALL}, "data"),
        State("address", "pathname"),
        State("address", "search"),
        prevent_initial_call=True,
    )(navigate)

    app.clientside_callback(
        ClientsideFunction("wardlight", "describe_document"),
        Output("document", "modified_timestamp"),
        Input("document", "data"),
    )


def destination(view: View, triggered: list[dict[str, Any]], shown: dict[str, Any]) -> str | None:
    """Where a reader's actions lead: an address, or None if they change nothing.

    Parameters
    ----------
    view
        What the reader looks at now.
    triggered
        Dash's account of the properties that changed; controls that have just been drawn are among them.
    shown
        What the controls held as drawn.
    """
    wanted = view
    for change in triggered:
        identity = _identity(change["prop_id"])
        if CONTROL in identity and change["value"] != shown.get(identity[CONTROL]):
            wanted = choose(wanted, identity[CONTROL], change["value"])
        elif MAP in identity and change["value"]:
            area = change["value"]["points"][0].get("customdata") or [None]
            wanted = wanted.to("district", areas=(str(area[0]),), period_kind=identity[MAP]) if area[0] else wanted
    return href(wanted) if wanted != view and wanted.page else None


def _identity(prop_id: str) -> dict[str, str]:
    text = prop_id.rsplit(".", 1)[0]
    return json.loads(text) if text.startswith("{") else {}
