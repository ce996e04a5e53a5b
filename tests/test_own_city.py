"""The walk-through in the README works by copy and paste: its commands, run as they stand, end in a dashboard."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
LONGEST_SECONDS = 300


def blocks() -> list[str]:
    """Return the code blocks of the section, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Your own city\n")[1].split("\n## ")[0]
    return re.findall(r"^```console\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def environment() -> dict[str, str]:
    """Leave this process's own city and home out of it."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("WARDLIGHT_")}
    return {**mine, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def run(block: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def page(port: int) -> str:
    """Ask for the dashboard until it answers, within bounds."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                return str(answer.read().decode("utf-8"))
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.25)
    raise AssertionError("the dashboard does not answer")


def test_the_walk_through_ends_in_a_dashboard(tmp_path: Path) -> None:
    start, own_source, serve = blocks()

    told = run(start, tmp_path)
    assert "noise (2)" in told
    assert "unknown_area" in told
    assert "fits its files" in told

    told = run(own_source, tmp_path)
    assert "noise (2)" not in told
    assert "3 rows = 3 accepted" in told
    assert "104 read = 101 accepted + 2 quarantined + 1 duplicates" in told
    assert re.search(r"Sources +calls alive, patrols alive, requests", told)

    port = free_port()
    command = ["bash", "-c", f"exec {serve.strip()} --port {port}"]  # the usual port may be taken here
    server = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        shown = page(port)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    assert "Wardlight" in shown
