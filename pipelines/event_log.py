"""Where Dagster keeps its events: its own SQLite storage, with connections that stay open.

A nightly run writes some six thousand events, four for each expectation. Dagster's storage opens and closes a
connection for each, compiles each statement anew, and waits for the disk each time: two fifths of the whole run. Here:
that storage with its connections kept. Not here: the instance that uses it (instance).
"""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

# Each run has a file of its own: one who reads many runs must not keep them all open.
MOST_OPEN = 8
# Who follows a run watches its file, which changes when what has been written beside it is moved into it.
SECONDS_UNSEEN = 0.5


class KeptConnections(SqliteEventLogStorage):
    """Dagster's event log in SQLite, whose connections are kept from event to event.

    A commit does not wait for the disk: what the machine's own fall could cost is the last events of a run that fell
    with it, never the file's soundness (SQLite's `synchronous = normal` under a write-ahead log).
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._seen: dict[str, float] = {}
        self._known_tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Return the storage that an instance's settings ask for."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            with engine.begin() as connection:
                yield connection
            now = time.monotonic()
            if now - self._seen.get(shard, 0) > SECONDS_UNSEEN:
                _show(engine)
                self._seen[shard] = now

    def _engine(self, shard: str) -> sa.Engine:
        engine = self._engines.get(shard)
        if engine is None:
            engine = sa.create_engine(
                self.conn_string_for_shard(shard),
                # The storage's lock lets one thread in at a time, whichever it is.
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
                pool_size=1,
            )
            sa.event.listen(engine, "connect", _wait_for_no_disk)
            self._initdb(engine)
            self._engines[shard] = engine
            if len(self._engines) > MOST_OPEN:
                self._close(next(iter(self._engines)))
        self._engines.move_to_end(shard)
        return engine

    def _close(self, shard: str) -> None:
        engine = self._engines.pop(shard)
        self._seen.pop(shard, None)
        _show(engine)
        engine.dispose()

    def has_table(self, table_name: str) -> bool:
        """Tell whether the index has a table; a table once found is not looked for again."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def wipe(self) -> None:
        """Remove all events; the files of runs go with them."""
        self._close_all()
        super().wipe()

    def dispose(self) -> None:
        """Close the connections; everything written stands in the files themselves then."""
        super().dispose()
        self._close_all()

    def _close_all(self) -> None:
        with self._db_lock:
            for shard in list(self._engines):
                self._close(shard)


def _wait_for_no_disk(connection: Any, _record: object) -> None:
    connection.execute("pragma synchronous = normal")


def _show(engine: sa.Engine) -> None:
    """Move what has been written into the file itself, as far as no reader is in the way."""
    with engine.connect() as connection:
        connection.execute(sa.text("pragma wal_checkpoint(passive)"))
