"""`wardlight demo`: a release, then dashboard and Dagster UI on loopback until Ctrl-C; quick the second time."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from pipelines.demo import LOOPBACK
from tests.conftest import ROOT, wardlight

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _demo(home: Path, log: Path) -> tuple[str, float]:
    """Run the demo until both addresses answer, press Ctrl-C, and return what it printed and the seconds to get up."""
    ports = free_port(), free_port()
    command = [sys.executable, "-m", "pipelines.cli", "demo", "--city", "cities/seattle", "--home", str(home)]
    command += ["--port", str(ports[0]), "--dagster-port", str(ports[1])]
    started = time.monotonic()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=environment)
        try:
            while "Ctrl-C" not in log.read_text(encoding="utf-8"):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() - started < 600, log.read_text(encoding="utf-8")
                time.sleep(0.3)
            seconds = time.monotonic() - started
            for port, path in zip(ports, ("/", "/server_info"), strict=True):
                with urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=30) as answer:
                    assert answer.status == 200
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(60)
    assert code == 0, log.read_text(encoding="utf-8")
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex((LOOPBACK, port)) != 0, "a server outlived the demo"
    return log.read_text(encoding="utf-8"), seconds


def test_demo_serves_both_and_is_quick_the_second_time(tmp_path: Path) -> None:
    first, _ = _demo(tmp_path / "home", tmp_path / "first.log")
    for told in ("Release", "Records", "Expectations", "Indicators", "Took", "Dashboard", "Dagster UI"):
        assert re.search(rf"^{told} ", first, re.MULTILINE), first
    assert "110,820 read = 97,331 accepted + 0 quarantined + 782 duplicates" in first
    second, seconds = _demo(tmp_path / "home", tmp_path / "second.log")
    assert "nothing to run" in second
    assert seconds < 60


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = wardlight("demo", "--city", "cities/seattle", "--home", tmp_path / "home", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
    assert not (tmp_path / "home" / "releases").exists()
