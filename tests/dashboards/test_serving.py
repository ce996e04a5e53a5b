"""The server as a process: it answers on loopback and ends cleanly."""

import http.client
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.dashboards import browsing


@pytest.mark.slow
def test_the_server_ends_cleanly_within_seconds(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with log.open("wb") as file, browsing.serve(home, file) as url:
        # A browser keeps its connection; a release has been opened by then.
        kept = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        kept.request("POST", "/_dash-update-component", browsing.question("/"), {"Content-Type": "application/json"})
        assert b"Are the sources alive?" in kept.getresponse().read()
        asked_to_stop = time.monotonic()
    assert time.monotonic() - asked_to_stop < 8
    kept.close()
    told = log.read_text(encoding="utf-8")
    assert "Worker exiting" in told
    for trouble in ("SIGABRT", "SIGKILL", "terminate called", "Traceback", "ERROR"):
        assert trouble not in told
