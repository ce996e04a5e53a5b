"""Tables of pages as files over HTTP: `/download/<format>/<page>/<table>?<the view>`.

Here: which address leads to which file, and what a reader is told when there is none. What a file holds is for
`exporting`. A file is made of its page as that is drawn, so a reader gets what he sees and nothing more.
"""

import re

from flask import Flask, Response, abort, request

from dashboards import elements as html
from dashboards.access.guard import record_download
from dashboards.address import DOWNLOADS, FORMATS, parse
from dashboards.data import ReleaseError
from dashboards.exporting import TYPES, account, as_csv, as_xlsx, find_table
from dashboards.releases import Releases
from dashboards.rendering import PAGES, context_of


def register(server: Flask, releases: Releases) -> None:
    """Serve the tables of every page as files."""

    def answer(file_format: str, page: str, table: str) -> Response:
        view = parse(page, request.query_string.decode())
        if file_format not in FORMATS or view.page is None:
            abort(404, "There is no such file.")
        try:
            release = releases.named(view.release)
        except ReleaseError as error:
            abort(404, f"There is no release to take it from: {error}")
        context = context_of(release, view, "light")
        found = find_table(html.Div(PAGES[view.page](context)), table)
        if found is None:
            abort(404, "This page has no such table.")
        lines = account(context, found)
        content = (
            as_csv(found, lines)
            if file_format == "csv"
            else as_xlsx(found, lines, (context.words("export.rows"), context.words("export.about")))
        )
        # A plain table is named on its page alone.
        name = re.sub(r"[^\w.-]+", "_", found.name if found.name != table else f"{page}_{table}", flags=re.ASCII)
        record_download(f"{name}.{file_format}", release=release.info.release_id)
        headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"', "Cache-Control": "no-cache"}
        return Response(content, content_type=TYPES[file_format], headers=headers)

    server.add_url_rule(f"{DOWNLOADS}/<file_format>/<page>/<table>", "download", answer)
