"""What all workers of the server remember together: tries that failed, downloads of late, and sessions that were ended.

A small SQLite file in the home folder. Forgetting it harms nobody: limits begin anew, and a session that somebody
ended by signing out, and whose cookie was stolen before, would live until it expires.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

FILE = Path("access") / "memory.sqlite"
LAYOUT = """
create table if not exists event (key text not null, at real not null);
create index if not exists event_by_key on event (key, at);
create table if not exists ended (session text primary key, until real not null) without rowid;
"""
LONGEST_SECONDS = 3600
"""What happened longer ago is forgotten; no limit looks further back."""


class Limit(NamedTuple):
    """So many events of a key in so many seconds."""

    key: str
    most: int
    seconds: int


class Memory:
    """The memory of a home folder; every method may be called from any thread and process."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.touch(mode=0o600)
        with self._open() as con:
            con.executescript(LAYOUT)

    def wait(self, limits: Iterable[Limit], now: float | None = None) -> int:
        """Count an event under each limit and give 0; where one is used up count nothing, and give seconds to wait."""
        now = time.time() if now is None else now
        with self._open() as con:
            con.execute("begin immediate")
            given = list(limits)
            for limit in given:
                times = con.execute(
                    "select at from event where key = ? and at > ? order by at desc limit ?",
                    (limit.key, now - limit.seconds, limit.most),
                ).fetchall()
                if len(times) >= limit.most:
                    oldest = float(times[-1][0])
                    return max(1, round(oldest + limit.seconds - now))
            con.executemany("insert into event values (?, ?)", [(limit.key, now) for limit in given])
            con.execute("delete from event where at < ?", (now - LONGEST_SECONDS,))
        return 0

    def forget(self, keys: Iterable[str]) -> None:
        """Let the events of keys count no more."""
        with self._open() as con:
            con.executemany("delete from event where key = ?", [(key,) for key in keys])

    def end(self, session: str, until: float) -> None:
        """Remember that a session is over, until its cookie has expired in any case."""
        with self._open() as con:
            con.execute("insert or replace into ended values (?, ?)", (session, until))
            con.execute("delete from ended where until < ?", (time.time(),))

    def has_ended(self, session: str) -> bool:
        """Whether somebody signed out of a session."""
        with self._open() as con:
            return con.execute("select 1 from ended where session = ?", (session,)).fetchone() is not None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=5)) as con, con:
            yield con
