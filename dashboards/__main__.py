"""Serve the dashboard: `python -m dashboards --home DIR --host H --port P [--access FILE]`."""

import argparse
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from dashboards.access.configuration import AccessError, Configuration, check, find


class DashboardServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn with one worker of a few threads: figures are read-only and releases are cached per process."""

    def __init__(self, home: Path, host: str, port: int, threads: int, settings: Configuration | None) -> None:
        self._home = home
        self._host = host
        self._access = settings
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
        if settings and settings.tls:
            self._settings |= {"certfile": settings.tls.certificate, "keyfile": settings.tls.key}
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
        from dashboards.access.guard import Access  # noqa: PLC0415 - after the fork
        from dashboards.app import serve_home  # noqa: PLC0415 - after the fork

        access = Access(self._home, self._access, self._host) if self._access else None
        server, self._close = serve_home(self._home, access)
        # What was loaded stays: to look through all of it for garbage, now and then, would hold up an answer by .1 s.
        gc.collect()
        gc.freeze()
        return server

    def _worker_exit(self, _server: Any, _worker: Any) -> None:
        self._close()


def main() -> None:
    """Read the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description="Serve the Wardlight dashboard.")
    parser.add_argument("--home", type=Path, required=True, help="state folder that holds releases/")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; off loopback sign-in is required")
    parser.add_argument("--port", type=int, default=8050)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--access", type=Path, help="how people sign in; by default access.yml in the home folder")
    options = parser.parse_args()
    home = options.home.resolve()
    try:
        settings = find(home, options.access)
        check(settings, options.host)
    except AccessError as error:
        sys.exit(f"wardlight: {error}")
    DashboardServer(home, options.host, options.port, options.threads, settings).run()


if __name__ == "__main__":
    main()
