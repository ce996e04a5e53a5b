"""Serve the dashboard: `python -m dashboards --home DIR --host H --port P`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class DashboardServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn with one worker of a few threads: figures are read-only and releases are cached per process."""

    def __init__(self, home: Path, host: str, port: int, threads: int) -> None:
        self._home = home
        self._host = host
        self._close: Callable[[], None] = lambda: None
        self._settings = {
            "bind": f"{host}:{port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": threads,
            "proc_name": "wardlight-dashboard",
            "control_socket_disable": True,
            # Seconds that requests under way get at a stop.
            "graceful_timeout": 5,
            "worker_exit": self._worker_exit,
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn, which reads no file and no environment here."""
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the application inside the worker.

        DuckDB is imported only here: a process that inherits it by a fork aborts when it ends, and its threads
        do not survive the fork.
        """
        from dashboards import data_docs  # noqa: PLC0415 - after the fork
        from dashboards.app import create_app  # noqa: PLC0415 - after the fork
        from dashboards.releases import Releases  # noqa: PLC0415 - after the fork

        releases = Releases(self._home, self._host in LOOPBACK)
        self._close = releases.close
        return create_app(releases, self._home / data_docs.FOLDER).server

    def _worker_exit(self, _server: Any, _worker: Any) -> None:
        self._close()


def main() -> None:
    """Read the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description="Serve the Wardlight dashboard.")
    parser.add_argument("--home", type=Path, required=True, help="state folder that holds releases/")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (no sign-in: keep to loopback)")
    parser.add_argument("--port", type=int, default=8050)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    DashboardServer(options.home.resolve(), options.host, options.port, options.threads).run()


if __name__ == "__main__":
    main()
