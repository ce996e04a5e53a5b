"""Rows of a query on a database, streamed as Arrow batches through any ADBC driver.

The server writes every value as text (`cast(… as varchar)`), so that nothing depends on how a driver maps types: the
Arrow form of PostgreSQL's numeric, interval, infinite times, enums, ranges or addresses differs from driver to driver
and is in part opaque, their text is exact. Arrays and composite values arrive as JSON, bytes as hexadecimal digits. A
driver that this module knows nothing about gets the standard's cast alone. What the rows mean is no concern here.

A thread of its own talks to the server and reads a few batches ahead. Only so can a wait be bounded whatever the
server does: a driver's calls cannot be interrupted while the server is silent.
"""

import importlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import adbc_driver_manager
import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from pipelines.errors import SourceError, without_values
from pipelines.pack.origins import Database
from pipelines.pulling.masking import Filled, fill
from pipelines.pulling.months import UNDATED, day_after, month_units
from pipelines.pulling.reading import Reading, Report, Unit
from pipelines.pulling.reading_table import ReadingTable
from pipelines.warehouse import date_literal, literal, quoted

_BATCHES_AHEAD = 2
_LONGEST_STATEMENT_HOURS = 12
_LONGEST_GOODBYE_SECONDS = 5
_CHANGING = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock)


@dataclass(frozen=True)
class _Dialect:
    """What a database is told in words of its own: the transaction, and values that the standard has no text for."""

    name: str | None = None
    session: tuple[str, ...] = ()
    nested: str = "cast({} as varchar)"
    binary: str = "cast({} as varchar)"
    undated: str = "{} is null"


_STANDARD = _Dialect()
_DIALECTS = {
    "adbc_driver_postgresql": _Dialect(
        name="postgres",
        session=(
            "set transaction isolation level repeatable read, read only",
            f"set local statement_timeout = '{_LONGEST_STATEMENT_HOURS}h'",
            "set local datestyle = 'ISO, YMD'",
            "set local intervalstyle = 'postgres'",
            "set local extra_float_digits = 1",
            "set local lc_monetary = 'C'",
            "set local time zone {time_zone}",
        ),
        nested="cast(to_json({}) as varchar)",
        binary="encode({}, 'hex')",
        undated="({0} is null or not isfinite({0}))",
    )
}


def units(origin: Database, months: Sequence[str] | None) -> list[Unit]:
    """Return the parts in which a query's rows are delivered: the months and `undated`, or `all`."""
    return month_units(origin.window_column, months)


def read(
    con: duckdb.DuckDBPyConnection,
    origin: Database,
    unit: Unit,
    secrets: Callable[[str], str],
    report: Report | None = None,
) -> Reading:
    """Read a unit of a query into the temporary table `reading`, in one snapshot of the database.

    A month is that of the window column as the session sees it: a date, or a timestamp, as written, a timestamp with
    time zone in the origin's `time_zone`. Rows whose window column is null or infinite are the unit `undated`.

    Parameters
    ----------
    secrets
        Fills in `${NAME}` in a text.
    report
        Told how many rows have arrived, batch by batch; how many there will be is not known.

    Raises
    ------
    SourceError
        If the query is not one select statement, if the database cannot be reached or refuses the query, or if it
        falls silent or the connection breaks while rows arrive.
    """
    filled = fill(origin.connection, secrets)
    asking = f"the query on {filled.masked(filled.text)} ({unit.name})"
    dialect = _DIALECTS.get(origin.driver, _STANDARD)
    _refuse_all_but_select(origin.query, dialect, asking)
    table = ReadingTable(con, asking)
    for part in _in_time(_Conversation(origin, unit, dialect, filled, asking), origin.timeout_seconds):
        if isinstance(part, pa.Schema):
            table.widen(part.names)
        else:
            table.append(part)
            if report is not None:
                report(table.rows, None)
    return table.reading()


def _refuse_all_but_select(query: str, dialect: _Dialect, asking: str) -> None:
    """Refuse what could change the database before it is sent; the transaction is read-only besides."""
    try:
        statements = sqlglot.parse(query, read=dialect.name, error_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        problem = f"it cannot be parsed: {str(error).splitlines()[0]}"
    else:
        only = statements[0] if len(statements) == 1 else None
        if isinstance(only, exp.Query) and not any(only.find_all(*_CHANGING)):
            return
        problem = "it is not one select statement"
    raise SourceError(
        f"{asking} is refused: {problem}",
        field="database.query",
        remedy="write one select statement that reads only, without a semicolon",
    )


class _Conversation:
    """What is said to the server, start to end: yields the schema of the rows, then their batches."""

    def __init__(self, origin: Database, unit: Unit, dialect: _Dialect, filled: Filled, asking: str) -> None:
        self._origin = origin
        self._unit = unit
        self._dialect = dialect
        self._filled = filled
        self.asking = asking
        self._doing = "connecting"
        self._cursor: Any = None

    def __iter__(self) -> Iterator[Any]:
        try:
            with self._connect() as connection, connection.cursor() as cursor:
                self._cursor = cursor
                self._doing = "asking"
                for statement in self._dialect.session:
                    cursor.execute(statement.format(time_zone=literal(self._origin.time_zone)))
                cursor.execute(f"select * from {self._asked} limit 0")
                with cursor.fetch_record_batch() as described:
                    schema = described.schema
                yield schema
                cursor.execute(self._query(schema))
                self._doing = "reading"
                with cursor.fetch_record_batch() as batches:
                    yield from batches
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self._error(error) from None

    def cancel(self) -> None:
        """Ask the server to leave off; it may be past hearing."""
        with suppress(Exception):
            self._cursor.adbc_cancel()

    @property
    def _asked(self) -> str:
        # The line break ends a comment in which the query may end.
        return f"({self._origin.query}\n) as asked"

    def _connect(self) -> Any:
        try:
            driver = importlib.import_module(f"{self._origin.driver}.dbapi")
        except ImportError:
            raise SourceError(
                f"there is no ADBC driver {self._origin.driver}",
                field="database.driver",
                remedy="install the driver's package, or mend its name",
            ) from None
        return driver.connect(self._filled.text)

    def _query(self, schema: pa.Schema) -> str:
        texts = ", ".join(f"{self._text(field)} as {quoted(field.name)}" for field in schema)
        return f"select {texts} from {self._asked}{self._window(schema)}"

    def _text(self, field: pa.Field) -> str:
        if pa.types.is_nested(field.type):
            return self._dialect.nested.format(quoted(field.name))
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            return self._dialect.binary.format(quoted(field.name))
        return f"cast({quoted(field.name)} as varchar)"

    def _window(self, schema: pa.Schema) -> str:
        column = self._origin.window_column
        if column is None:
            return ""
        if column not in schema.names or not _has_day(schema.field(column).type):
            raise SourceError(
                f"{self.asking} has no column {column} that is a date or a timestamp; its columns are "
                f"{', '.join(schema.names)}",
                field="database.window_column",
                remedy=f"name such a column, or make one in the query: cast(… as date) as {column}",
            )
        if self._unit.days is None:
            return f" where {self._dialect.undated.format(quoted(column))}" if self._unit.name == UNDATED else ""
        # Compared as it is, an index on the column serves; the days take the column's type.
        first, after = self._unit.days[0], day_after(self._unit)
        return f" where {quoted(column)} >= {date_literal(first)} and {quoted(column)} < {date_literal(after)}"

    def _error(self, error: Exception) -> SourceError:
        state = getattr(error, "sqlstate", None) or ""
        said = str(error).split("\n\nQuery was:")[0]
        said = without_values(self._filled.masked(" ".join(said.split())))
        if self._doing == "connecting":
            problem, remedy = "no connection", "check address, user and password, and that the server runs"
        elif state.startswith("22"):
            problem, remedy = "a value cannot be converted", "mend the cast or the calculation in database.query"
        elif state.startswith("42"):
            problem, remedy = "the query is not understood or not allowed", "mend database.query, or grant the right"
        elif self._doing == "asking":
            problem, remedy = "the query failed", "mend database.query, or see the server's log"
        else:
            # In the middle of the rows the driver tells a failed query and a broken connection apart only in words.
            problem = "the rows broke off in the middle"
            remedy = (
                "mend the cast or the calculation that the message names; where the connection broke, see the "
                "server's log. Then run again: nothing of this part is kept"
            )
        return SourceError(f"{self.asking}: {problem}: {said}", field="database", remedy=remedy)


def _has_day(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _in_time(conversation: _Conversation, longest_wait_seconds: float) -> Iterator[Any]:
    """Hold a conversation in a thread and yield its parts as they come; give up when none comes in time."""
    parts: queue.Queue[Any] = queue.Queue(maxsize=_BATCHES_AHEAD)
    left = threading.Event()

    def hand_over(part: Any) -> bool:
        while not left.is_set():
            with suppress(queue.Full):
                parts.put(part, timeout=0.1)
                return True
        return False

    def talk() -> None:
        ending: BaseException | None = None
        try:
            for part in conversation:
                if not hand_over(part):
                    return
        except BaseException as error:
            ending = error  # raised again where the parts are awaited
        hand_over(ending)

    talking = threading.Thread(target=talk, name="database", daemon=True)
    talking.start()
    silent = False
    try:
        while True:
            try:
                part = parts.get(timeout=longest_wait_seconds)
            except queue.Empty:
                silent = True
                threading.Thread(target=conversation.cancel, daemon=True).start()
                raise SourceError(
                    f"{conversation.asking}: the database has been silent for {longest_wait_seconds:g} seconds",
                    field="database",
                    remedy="see what the server is busy with, make the query lighter, or raise timeout_seconds",
                ) from None
            if part is None:
                return
            if isinstance(part, BaseException):
                raise part
            yield part
    finally:
        left.set()
        if not silent:
            talking.join(timeout=_LONGEST_GOODBYE_SECONDS)
