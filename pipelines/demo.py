"""Dashboard, Dagster's web server and its daemon, side by side on loopback until Ctrl-C."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import click

from pipelines.errors import WardlightError
from pipelines.instance import environment

LOOPBACK = "127.0.0.1"
_START_SECONDS = 120
_STOP_SECONDS = 15
_WORKSPACE = Path(__file__).resolve().parents[1] / "workspace.yaml"


def dagster_commands(port: int) -> list[list[str]]:
    """Return the commands of the web server and of the daemon, which runs the schedule."""
    bin_folder = Path(sys.executable).parent
    workspace = ["-w", str(_WORKSPACE)]
    return [
        [str(bin_folder / "dagster-webserver"), "-h", LOOPBACK, "-p", str(port), *workspace],
        [str(bin_folder / "dagster-daemon"), "run", *workspace],
    ]


def refuse_taken(port: int, option: str) -> None:
    """Refuse a port that something on this machine listens on."""
    with socket.socket() as probe:
        if probe.connect_ex((LOOPBACK, port)) == 0:
            raise WardlightError(f"port {port} is in use", remedy=f"choose another with {option}")


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(address, timeout=5):  # noqa: S310 - our own loopback address
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise WardlightError(f"{address} did not come up", remedy="look at the messages above")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def serve_both(city: Path, home: Path, port: int, dagster_port: int) -> None:
    """Start the three servers, print their addresses, and stop them together."""
    # Set by hand: a shell that starts us in the background leaves Ctrl-C ignored.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop)
    shown = f"http://{LOOPBACK}:{port}"
    commands = [
        [sys.executable, "-m", "dashboards", "--home", str(home), "--host", LOOPBACK, "--port", str(port)],
        *dagster_commands(dagster_port),
    ]
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            with (logs / f"{Path(command[0]).name if 'dagster' in command[0] else 'dashboard'}.log").open("wb") as log:
                started = subprocess.Popen(  # noqa: S603 - our own commands
                    command, env=environment(city, home), stdout=log, stderr=subprocess.STDOUT
                )
                processes.append(started)
        _wait_for(shown, processes[0])
        _wait_for(f"http://{LOOPBACK}:{dagster_port}/server_info", processes[1])
        click.echo(f"\nDashboard      {shown}\nDagster UI     http://{LOOPBACK}:{dagster_port}")
        click.echo(f"The schedule is on; logs are in {logs}. Ctrl-C stops everything.")
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
        raise WardlightError("a server stopped by itself", file=logs, remedy="its log says why")
    except KeyboardInterrupt:
        click.echo("\nStopping …")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
