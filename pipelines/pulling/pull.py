"""Pulling a source: its units, those that are to be read, and their records into the raw table.

Unchanged units are left alone, dated ones outside the run's window not even looked at. How a unit is read, and how
raw tables are kept, other modules know.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import count, takewhile

import duckdb

from pipelines.location import secret
from pipelines.pack.city import CityPack
from pipelines.pack.origins import Database, WebApi
from pipelines.pulling import database, files, raw_layer, web_api
from pipelines.pulling.months import ALL, UNDATED
from pipelines.pulling.personal import check_columns
from pipelines.pulling.raw_layer import Batch, Delivered
from pipelines.pulling.reading import Days, Reading, Report, Unit

_LAST_MONTH = "9999-12"


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
        known = self._known()
        self._refuse_unmatched([*(unit.name for unit in units), *known])
        looked_at = [unit for unit in units if not self._is_settled(unit, known.get(unit.name))]
        progress = _Progress(self.report, [self._size(unit) for unit in looked_at])
        for unit in units:
            before = known.get(unit.name)
            if before is not None and unit not in looked_at:
                yield before.batch
                continue
            path = self.pack.path(unit.name)
            content = raw_layer.content_of(self.name, unit.name, files.content_hash(path))
            if before is not None and self._is_same(before, content):
                yield before.batch
            else:
                reading = files.read(self.con, path, self.pack.sources[self.name].format, progress.within_file)
                yield self._deliver(unit, reading, content, path.stat().st_size)
            progress.file_done()
        present = {unit.name for unit in units}
        for file, before in known.items():
            if file not in present and self.is_named(file):
                yield replace(before.batch, is_missing=True)

    def from_queries(self) -> Iterator[Batch]:
        """Deliver what a database or a web service answers, and yield the current batch of each unit."""
        known = self._known()
        units = self._query_units(known)
        for unit in units:
            before = known.get(unit.name)
            reading = self._ask(unit)
            content = raw_layer.content_of(self.name, unit.name, raw_layer.table_hash(self.con, reading))
            if before is not None and self._is_same(before, content):
                yield before.batch
            else:
                yield self._deliver(unit, reading, content, None)
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

    def _known(self) -> dict[str, Delivered]:
        """Return the current delivery of each unit."""
        return {each.batch.file: each for each in raw_layer.deliveries(self.con, self.name) if each.is_current}

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

    def _is_same(self, before: Delivered, content: str) -> bool:
        return before.content == content and before.settings == self._settings

    def _deliver(self, unit: Unit, reading: Reading, content: str, size: int | None) -> Batch:
        check_columns(self.pack, self.name, reading.header)
        # A unit that goes back to an earlier content, or is read in another way, is a delivery of its own.
        earlier = sum(each.content == content for each in raw_layer.deliveries(self.con, self.name))
        batch = Batch(
            self.name, f"{content}-{earlier + 1}" if earlier else content, unit.name, reading.rows, is_new=True
        )
        hidden = tuple(self.pack.sources[self.name].personal)
        delivered = Delivered(batch, content, is_current=True, settings=self._settings, personal=hidden)
        with reading.held:
            kept = raw_layer.deliver(self.con, unit, reading, delivered, self.salt, size)
        for table in ("reading", "plain_line"):
            self.con.execute(f"drop table if exists temp.{table}")
        # Where the quickest way to read did not do, the records were counted anew.
        return replace(batch, read=kept)

    def _size(self, unit: Unit) -> int:
        path = self.pack.path(unit.name)
        return path.stat().st_size if path.is_file() else 0


class _Progress:
    """How many bytes of the files that are looked at are done."""

    def __init__(self, report: Report | None, sizes: list[int]) -> None:
        self._report = report
        self._waiting = sizes[::-1]
        self._done = 0
        self._total = sum(sizes)

    def within_file(self, done: int) -> None:
        """Report how many bytes of the file at hand have been read."""
        if self._report is not None:
            self._report(min(self._done + done, self._total), self._total)

    def file_done(self) -> None:
        """Count the file at hand as done."""
        self._done += self._waiting.pop()
        self.within_file(0)


def month_of(day: date) -> str:
    """Return the month of a day, such as 2016-11."""
    return f"{day:%Y-%m}"


def _months_from(first: date) -> Iterator[str]:
    """Yield months, such as 2016-11, from a first one on."""
    for index in count(first.year * 12 + first.month - 1):
        yield f"{index // 12:04}-{index % 12 + 1:02}"
