"""Records of a paged web service, page by page, so that changes between two pages neither lose nor repeat a row.

Services that take conditions are asked for the rows from the last key on, not for an offset: rows that come or go
before it do not move the ones after it. The rows of a page's last key are left to the next page, so that a key that
several rows share loses none. Services that know offsets alone are asked for one row of the page before, too: it must
be the row that it was. Rows received are compared with the service's own count. What rows mean is no concern here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import SourceError
from pipelines.pack.origins import WebApi
from pipelines.pulling import json_values
from pipelines.pulling.conventions import ArcGis, Ckan, KeysetConvention, Page, Record, Socrata
from pipelines.pulling.json_text import broken
from pipelines.pulling.months import UNDATED, day_after, month_units
from pipelines.pulling.reading import Reading, Report, Unit
from pipelines.pulling.reading_table import ReadingTable
from pipelines.pulling.recovery import is_unicode
from pipelines.pulling.web_requests import Waits, WebRequests
from pipelines.warehouse import quoted

_ROUNDS = 3


class _MovedError(Exception):
    """Rows were lost or repeated between two pages."""


def units(origin: WebApi, months: Sequence[str] | None) -> list[Unit]:
    """Return the parts in which a service's rows are delivered: the months and `undated`, or `all`."""
    return month_units(origin.window_column, months)


def read(
    con: duckdb.DuckDBPyConnection,
    origin: WebApi,
    unit: Unit,
    secrets: Callable[[str], str],
    report: Report | None = None,
    waits: Waits | None = None,
) -> Reading:
    """Read a unit of a service's rows into the temporary table `reading`.

    A month is that of the window column as the service sees it: Socrata's local times as written, ArcGIS's times in
    the zone of the layer (UTC by default). Rows whose window column is null are the unit `undated`. A record with
    text that is no Unicode is a malformed row.

    Parameters
    ----------
    secrets
        Fills in `${NAME}` in a text.
    report
        Told how many rows have arrived and how many the service counts, page by page.
    waits
        Waits between the tries of a page.

    Raises
    ------
    SourceError
        If the service refuses, does not answer properly however often it is asked, or if rows moved between the
        pages each time that they were read.
    """
    with WebRequests(origin, secrets, waits or Waits()) as requests:
        paging = _Paging(origin, unit, requests)
        for _ in range(_ROUNDS):
            table = ReadingTable(con, requests.shown)
            try:
                for page in paging.pages():
                    table.widen(page.columns)
                    table.widen(dict.fromkeys(name for record in page.records for name in record))
                    if page.records:
                        table.append(_batch(page.records))
                    if report is not None and page.total is not None:
                        report(table.rows, max(page.total, table.rows))
                if origin.style == "ckan":
                    _check_keys(con, origin.key, table)
            except _MovedError as moved:
                problem = str(moved)
            else:
                return table.reading()
    raise SourceError(
        f"{requests.shown} ({unit.name}): read {_ROUNDS} times, and each time {problem}",
        field="api.key",
        remedy="name a key that is unique and never null, or run when the service is not being written to",
    )


@dataclass(frozen=True)
class _Paging:
    """Which pages are asked for, one after the other."""

    origin: WebApi
    unit: Unit
    requests: WebRequests

    def pages(self) -> Iterator[Page]:
        match self.origin.style:
            case "socrata":
                return self._by_key(Socrata(self.origin))
            case "arcgis":
                return self._by_key(ArcGis(self.origin))
            case "ckan":
                return self._by_offset(Ckan(self.origin))

    def _by_key(self, convention: KeysetConvention) -> Iterator[Page]:
        key, conditions = self.origin.key, self._conditions(convention)
        before = self.requests.ask(f"count of {self.unit.name}", convention.count(conditions), convention.counted)
        received, number, last = 0, 0, None
        more = True
        while more:
            number += 1
            further: list[str] = [] if last is None else [convention.key_from(key, last)]
            page = self._ask(number, convention, [*conditions, f"{key} IS NOT NULL", *further])
            records, more = page.records, page.more
            if more:
                records, last = self._without_last_key(number, records, last)
            received += len(records)
            yield Page(records, page.columns, total=before)
        if received < before:
            page = self._ask(number + 1, convention, [*conditions, f"{key} IS NULL"])
            if page.more:
                raise self._refused(number + 1, f"more than {self.origin.page_rows} rows have no {key}")
            received += len(page.records)
            yield Page(page.records, page.columns, total=before)
        if received < before:
            after = self.requests.ask(f"count of {self.unit.name}", convention.count(conditions), convention.counted)
            if received < after:
                raise _MovedError(f"{received} rows came of the {after} that the service counts")

    def _conditions(self, convention: KeysetConvention) -> list[str]:
        window, days = self.origin.window_column, self.unit.days
        conditions = [f"({self.origin.where})"] if self.origin.where else []
        if window is not None and days is not None:
            conditions.append(convention.in_days(window, days[0], day_after(self.unit)))
        elif window is not None and self.unit.name == UNDATED:
            conditions.append(f"{window} IS NULL")
        return conditions

    def _ask(self, number: int, convention: KeysetConvention, conditions: list[str]) -> Page:
        return self.requests.ask(f"page {number} of {self.unit.name}", convention.page(conditions), convention.records)

    def _without_last_key(self, number: int, records: list[Record], before: Any) -> tuple[list[Record], Any]:
        """Leave the rows of a page's last key to the next page; return the others, and that key."""
        key = self.origin.key
        last = records[-1].get(key)
        if last is None:
            raise self._refused(number, f"a row has no column {key}")
        kept = [record for record in records if record.get(key) != last]
        if not kept or last == before:
            raise self._refused(number, f"a whole page of {len(records)} rows goes no further than {key} {last}")
        return kept, last

    def _by_offset(self, convention: Ckan) -> Iterator[Page]:
        key, received, number = self.origin.key, 0, 0
        last: Any = None
        while True:
            number += 1
            page = self.requests.ask(
                f"page {number} of {self.unit.name}", convention.page(received), convention.records
            )
            records = page.records
            if any(record.get(key) is None for record in records):
                raise self._refused(number, f"a row has no {key}")
            if received:
                if not records or records[0][key] != last:
                    raise _MovedError("rows moved between two pages")
                records = records[1:]
            received += len(records)
            yield Page(records, page.columns, total=page.total)
            if page.total is None or received >= page.total:
                return
            if not records:
                raise _MovedError(f"{received} rows came of the {page.total} that the service counts")
            last = records[-1][key]

    def _refused(self, number: int, problem: str) -> SourceError:
        return SourceError(
            f"{self.requests.shown}, page {number} of {self.unit.name}: {problem}",
            field="api.key",
            remedy="name a key that is unique and never null, or raise page_rows",
        )


def _batch(records: list[Record]) -> pa.RecordBatch:
    """Return records as columns of text; those that are no Unicode as malformed rows."""
    try:
        return _columns(records, [None] * len(records))
    except UnicodeEncodeError:
        return _columns(records, [_malformed(record) for record in records])


def _columns(records: list[Record], malformed: list[str | None]) -> pa.RecordBatch:
    names = list(dict.fromkeys(name for record in records for name in record))
    sound = [record if broken is None else {} for record, broken in zip(records, malformed, strict=True)]
    cells = [[json_values.text(record.get(name)) for record in sound] for name in names]
    return pa.record_batch(
        [pa.array(column, pa.string()) for column in (*cells, malformed)], names=[*names, "_malformed"]
    )


def _malformed(record: Record) -> str | None:
    """Return the text of a record that holds half a surrogate pair, which no encoding can write."""
    written = json_values.written(record)
    return None if is_unicode(written) else broken("invalid encoding", written).malformed


def _check_keys(con: duckdb.DuckDBPyConnection, key: str, table: ReadingTable) -> None:
    """Refuse a reading in which a key is there twice: only unique keys put offsets into a fixed order."""
    if key not in table.header:
        return
    repeated = con.execute(
        f"select {quoted(key)} from temp.reading where _malformed is null group by 1 having count(*) > 1 limit 1"
    ).fetchone()
    if repeated is not None:
        raise _MovedError(f"the key {key} came more than once, such as {repeated[0]}")
