"""The site about the expectations, as it lies in the home folder, served as static files beside the pages.

Here: which files of that folder are given out. Not here: making them, which the nightly run does.
"""

import re
from pathlib import Path

from flask import Flask, Response, abort

ADDRESS = "/data-docs/"
FOLDER = Path("quality") / "data_docs"
"""Where the site lies in a home folder."""
TYPES = {".html": "text/html", ".css": "text/css"}
"""Endings of the files that are given out, with what they are; no other file is."""
NAMES = re.compile(r"(\w+/)?\w+\.(html|css)", re.ASCII)
"""What a file of the site can be called: no name leads out of the folder."""


def register(server: Flask, folder: Path | None) -> None:
    """Serve the site of a folder under `ADDRESS`; there need be none yet.

    A file outside the folder is never given out, whatever the address says and wherever a link in it leads.
    """

    def answer(name: str = "index.html") -> Response:
        path = _file(folder, name)
        if path is None:
            abort(404, "There is no such page; the nightly run writes this site.")
        # Written anew by every run under the same name.
        return Response(path.read_bytes(), mimetype=TYPES[path.suffix], headers={"Cache-Control": "no-cache"})

    server.add_url_rule(ADDRESS, "data_docs_index", answer)
    server.add_url_rule(f"{ADDRESS}<path:name>", "data_docs", answer)


def _file(folder: Path | None, name: str) -> Path | None:
    if folder is None or not NAMES.fullmatch(name):
        return None
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
