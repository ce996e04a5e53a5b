"""Serve the dashboard on loopback and open it in Chromium; for the browser tests and the screenshots."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

MISSING = "Chromium is missing; install it with: apt-get install chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Path of an installed Chromium or Chrome."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Launch a headless browser that makes no requests of its own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def serve(home: Path, log: IO[bytes] | None = None) -> Iterator[str]:
    """Serve the releases of a home folder as `wardlight serve` does; gives the address, stops the server at the end.

    Raises
    ------
    RuntimeError
        If the server does not end with code 0.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dashboards", "--home", str(home), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log or subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, server)
        yield url
    finally:
        server.terminate()
        code = server.wait(timeout=20)
    if code != 0:
        raise RuntimeError(f"The dashboard ended with code {code}.")


def faults_of(page: Page) -> list[tuple[str, str, list[str]]]:
    """What axe-core finds on a page: rule, impact, and the elements that break it."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(each["id"], each["impact"], [node["html"] for node in each["nodes"]]) for each in found]


def question(pathname: str, search: str = "", system: str = "light") -> str:
    """What a browser sends to see an address, as JSON."""
    outputs = [("page", "children"), ("theme", "forceColorScheme"), ("document", "data")]
    visit = {"pathname": pathname, "search": search, "system": system}
    return json.dumps(
        {
            "output": "..{}..".format("...".join(f"{part}.{name}" for part, name in outputs)),
            "outputs": [{"id": part, "property": name} for part, name in outputs],
            "inputs": [{"id": "visit", "property": "data", "value": visit}],
            "changedPropIds": ["visit.data"],
        }
    )


def _wait_until_healthy(url: str, server: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"The dashboard stopped with code {server.returncode} before it answered.")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"The dashboard did not answer within {seconds:.0f} s.")
