"""Pulling a source: its units, those that are to be read, and their records into the raw table.

Unchanged units are left alone, dated ones outside the run's window not even looked at. How a unit is read, and how
raw tables are kept, other modules know.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from itertools import count, takewhile
from queue import SimpleQueue
from threading import Lock

import duckdb

from pipelines.location import secret
from pipelines.pack.city import CityPack
from pipelines.pack.origins import Database, WebApi
from pipelines.pulling import database, files, raw_layer, web_api
from pipelines.pulling.months import ALL, UNDATED
from pipelines.pulling.personal import check_columns
from pipelines.pulling.raw_layer import Batch, Delivered
from pipelines.pulling.reading import Days, Reading, Report, Unit
from pipelines.warehouse import beside

_LAST_MONTH = "9999-12"
# Reading a small file keeps one core busy: one counts lines while the engine reads another.
_FILES_AT_ONCE = 2


def pull_source(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    name: str,
    window: Days | None = None,
    salt: bytes | None = None,
    report: Report | None = None,
) -> list[Batch]:
    """Bring a source's records into `raw.<source>`, one transaction a unit; unchanged units are left alone.

    What a unit held earlier stays in the raw table; `ledger.delivery` says which batch of a unit is current.

    Parameters
    ----------
    window
        First and last local day. A dated file, or a month of a query, that lies outside and is known is not read
        again; one that is not known is read wherever it lies. Without a window everything is looked at.
    salt
        Salt of the home folder, needed where the source has personal columns.
    report
        Told how much is done: bytes of files, rows of queries.

    Returns
    -------
    list of Batch
        The current batch of every unit, units whose file has vanished among them.

    Raises
    ------
    PackError
        If a column declared as personal is not there.
    SourceError
        If a unit is missing, unreadable, damaged or empty; the units before it stay read.
    """
    source = pack.sources[name]
    if source.personal:
        if salt is None:
            raise ValueError(f"source {name} has personal columns: pulling it needs the salt")
        raw_layer.hide(con, name, source.personal, salt)
    pulling = _Pulling(con, pack, name, window, salt or b"", report)
    try:
        batches = list(pulling.from_files() if source.files else pulling.from_queries())
    finally:
        # What was delivered before an error counts.
        raw_layer.show(con, name)
    raw_layer.retire(con, name, pulling.is_named)
    return batches


@dataclass(frozen=True)
class _Kept:
    """What was read of a unit and kept, and is not entered in the ledger yet; `size` is in bytes, None of a query."""

    batch_id: str
    content: str
    header: list[str]
    rows: int
    size: int | None


@dataclass(frozen=True)
class _Pulling:
    """One pulling of a source."""

    con: duckdb.DuckDBPyConnection
    pack: CityPack
    name: str
    window: Days | None
    salt: bytes
    report: Report | None

    def from_files(self) -> Iterator[Batch]:
        """Deliver what the files hold, and yield the current batch of each."""
        units = files.units(self.pack, self.name)
        known = self._known
        self._refuse_unmatched([*(unit.name for unit in units), *known])
        looked_at = [unit for unit in units if not self._is_settled(unit, known.get(unit.name))]
        progress = _Progress(self.report, {unit: self._size(unit) for unit in looked_at})
        sessions: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        with ExitStack() as opened:
            for _ in range(_FILES_AT_ONCE):
                sessions.put(opened.enter_context(beside(self.con)))
            readers = opened.enter_context(ThreadPoolExecutor(_FILES_AT_ONCE, f"pull {self.name}"))
            kept = {unit: readers.submit(self._keep_file, sessions, unit, progress) for unit in looked_at}
            opened.callback(readers.shutdown, cancel_futures=True)
            for unit in units:
                found = kept[unit].result() if unit in kept else None
                yield known[unit.name].batch if found is None else self._enter(unit, found)
        present = {unit.name for unit in units}
        for file, before in known.items():
            if file not in present and self.is_named(file):
                yield replace(before.batch, is_missing=True)

    def from_queries(self) -> Iterator[Batch]:
        """Deliver what a database or a web service answers, and yield the current batch of each unit."""
        known = self._known
        units = self._query_units(known)
        for unit in units:
            reading = self._ask(unit)
            content = raw_layer.content_of(self.name, unit.name, raw_layer.table_hash(self.con, reading))
            if self._is_same(unit, content):
                yield known[unit.name].batch
            else:
                yield self._enter(unit, self._keep(self.con, unit, reading, content, None))
        asked = {unit.name for unit in units}
        yield from (before.batch for unit, before in known.items() if unit not in asked and self.is_named(unit))

    def is_named(self, unit: str) -> bool:
        """Tell whether the pack, as it is now, has a unit of this name."""
        source = self.pack.sources[self.name]
        if source.files:
            return any(files.matches(listed, unit) for listed in source.files)
        if self._origin.window_column is None:
            return unit == ALL
        return unit == UNDATED or self.pack.first_month <= unit <= (self.pack.last_month or _LAST_MONTH)

    @cached_property
    def _earlier(self) -> list[Delivered]:
        """All deliveries before this pull."""
        return raw_layer.deliveries(self.con, self.name)

    @cached_property
    def _known(self) -> dict[str, Delivered]:
        """The delivery of each unit that was current before this pull."""
        return {each.batch.file: each for each in self._earlier if each.is_current}

    def _refuse_unmatched(self, present: list[str]) -> None:
        for at, listed in enumerate(self.pack.sources[self.name].files):
            if not any(files.matches(listed, file) for file in present):
                raise self.pack.error(
                    f"no file matches {listed!r}",
                    *("sources", self.name, "files", str(at)),
                    remedy="put the files there, or mend the name: * is any text, {month} 2016-11, {day} 2016-11-30",
                )

    def _is_settled(self, unit: Unit, before: Delivered | None) -> bool:
        """Tell whether a unit is known and lies outside the window, so that it is not even looked at."""
        if before is None or before.settings != self._settings or unit.days is None or self.window is None:
            return False
        return unit.days[1] < self.window[0] or unit.days[0] > self.window[1]

    def _query_units(self, known: Collection[str]) -> list[Unit]:
        """Return the months of the window and those that have never been asked for, or what an origin has instead."""
        if self._origin.window_column is None:
            return self._units(None)
        until = self.window[1] if self.window else self.pack.as_of or self.pack.day_after
        if until is None:
            raise self.pack.error(
                "how far to ask is not known", "as_of", remedy="pin as_of or last_month, or give the run its window"
            )
        first = month_of(self.window[0]) if self.window else self.pack.first_month
        last = min(month_of(until), self.pack.last_month or _LAST_MONTH)
        months = list(takewhile(lambda month: month <= last, _months_from(self.pack.first_day)))
        return self._units([month for month in months if month >= first or month not in known])

    @property
    def _origin(self) -> Database | WebApi:
        source = self.pack.sources[self.name]
        if source.database is not None and "time_zone" not in source.database.model_fields_set:
            # An instant belongs to the month that it has in the city.
            return source.database.model_copy(update={"time_zone": self.pack.time_zone})
        origin = source.database or source.api
        if origin is None:
            raise LookupError(f"source {self.name} has files")
        return origin

    def _units(self, months: list[str] | None) -> list[Unit]:
        if isinstance(self._origin, Database):
            return database.units(self._origin, months)
        return web_api.units(self._origin, months)

    def _ask(self, unit: Unit) -> Reading:
        if isinstance(self._origin, Database):
            return database.read(self.con, self._origin, unit, secret, self.report)
        return web_api.read(self.con, self._origin, unit, secret, self.report)

    @cached_property
    def _settings(self) -> str:
        """Hash of what decides how a content becomes records."""
        source = self.pack.sources[self.name]
        layout = source.format.model_dump_json() if source.files else ""
        return hashlib.sha256(f"{layout}\0{sorted(source.personal)}".encode()).hexdigest()[:16]

    def _is_same(self, unit: Unit, content: str) -> bool:
        """Tell whether a unit has the content that is known of it, read in the same way."""
        before = self._known.get(unit.name)
        return before is not None and before.content == content and before.settings == self._settings

    def _keep_file(
        self, sessions: SimpleQueue[duckdb.DuckDBPyConnection], unit: Unit, progress: "_Progress"
    ) -> _Kept | None:
        """Keep the content of a file, in a session that is idle; None where it is known."""
        path = self.pack.path(unit.name)
        content = raw_layer.content_of(self.name, unit.name, files.content_hash(path))
        found = None
        if not self._is_same(unit, content):
            layout = self.pack.sources[self.name].format
            session = sessions.get()
            try:
                reading = files.read(session, path, layout, partial(progress.within, unit))
                found = self._keep(session, unit, reading, content, path.stat().st_size)
            finally:
                sessions.put(session)
        progress.done(unit)
        return found

    def _keep(
        self, con: duckdb.DuckDBPyConnection, unit: Unit, reading: Reading, content: str, size: int | None
    ) -> _Kept:
        check_columns(self.pack, self.name, reading.header)
        # A unit that goes back to an earlier content, or is read in another way, is a delivery of its own.
        earlier = sum(each.content == content for each in self._earlier)
        batch_id = f"{content}-{earlier + 1}" if earlier else content
        with reading.held:
            kept = raw_layer.keep(
                con, unit, reading, (self.name, batch_id), self.pack.sources[self.name].personal, self.salt
            )
        for table in ("reading", "plain_line"):
            con.execute(f"drop table if exists temp.{table}")
        return _Kept(batch_id, content, kept.header, kept.rows, size)

    def _enter(self, unit: Unit, kept: _Kept) -> Batch:
        batch = Batch(self.name, kept.batch_id, unit.name, kept.rows, is_new=True)
        hidden = tuple(self.pack.sources[self.name].personal)
        delivered = Delivered(batch, kept.content, is_current=True, settings=self._settings, personal=hidden)
        raw_layer.enter(self.con, unit, kept.header, delivered, kept.size)
        return batch

    def _size(self, unit: Unit) -> int:
        path = self.pack.path(unit.name)
        return path.stat().st_size if path.is_file() else 0


class _Progress:
    """How many bytes of the files that are looked at are done; told by several threads."""

    def __init__(self, report: Report | None, sizes: Mapping[Unit, int]) -> None:
        self._report = report
        self._sizes = sizes
        self._done = dict.fromkeys(sizes, 0)
        self._lock = Lock()

    def within(self, unit: Unit, done: int) -> None:
        """Report how many bytes of a file have been read."""
        with self._lock:
            self._done[unit] = min(done, self._sizes[unit])
            if self._report is not None:
                self._report(sum(self._done.values()), sum(self._sizes.values()))

    def done(self, unit: Unit) -> None:
        """Report that all of a file has been read."""
        self.within(unit, self._sizes[unit])


def month_of(day: date) -> str:
    """Return the month of a day, such as 2016-11."""
    return f"{day:%Y-%m}"


def _months_from(first: date) -> Iterator[str]:
    """Yield months, such as 2016-11, from a first one on."""
    for index in count(first.year * 12 + first.month - 1):
        yield f"{index // 12:04}-{index % 12 + 1:02}"
