"""The warehouse: one DuckDB file, one writer, and the few things that every stage asks of it.

Knows the engine's settings and nothing of what the tables mean.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import filelock

from pipelines.errors import WardlightError

SCHEMAS = (
    "raw",
    "staging",
    "quarantine",
    "ledger",
    "facts",
    "measures",
    "extracts",
    "profiles",
    "indicators",
    "quality",
)
LOCK_WAIT_SECONDS = 60
# Of a new file: text packs in a quarter less time than in the way that the oldest engines read.
STORAGE_VERSION = "v1.5.0"


def quoted(name: str) -> str:
    """Quote an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def date_literal(day: date) -> str:
    """Write a day as SQL."""
    return f"date '{day.isoformat()}'"


def configure(con: duckdb.DuckDBPyConnection, spill_folder: Path) -> None:
    """Bound the engine's memory and keep its spill files in the home folder; sessions think in UTC."""
    con.execute("set memory_limit = '6GB'")
    con.execute(f"set temp_directory = {literal(str(spill_folder))}")
    con.execute("set max_temp_directory_size = '40GB'")
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    con.execute("set autoinstall_known_extensions = false")


def open_warehouse(home: Path) -> duckdb.DuckDBPyConnection:
    """Open `warehouse.duckdb` for writing, with its schemas. The caller holds the writer's lock.

    Raises
    ------
    WardlightError
        If the file is damaged or another program has it open.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home / "warehouse.duckdb"
    try:
        con = duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE_VERSION})
    except duckdb.Error as error:
        raise WardlightError(
            f"the warehouse cannot be opened: {str(error).splitlines()[0]}",
            file=path,
            remedy="close what has it open; if it is damaged, remove it: it is made again from the pack's files",
        ) from error
    configure(con, home / "spill")
    keep_raw_in(con, home / "raw")
    for schema in SCHEMAS:
        con.execute(f"create schema if not exists {schema}")
    return con


def keep_raw_in(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Say for a session where the files of the raw layer are; its views ask for it."""
    con.execute(f"set variable raw_folder = {literal(f'{folder.resolve()}/')}")


def raw_folder(con: duckdb.DuckDBPyConnection) -> Path:
    """Return the folder of the raw layer's files."""
    return Path(str(one_row(con, "select getvariable('raw_folder')")[0]))


@contextmanager
def writing(home: Path, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold the home folder's lock: every command that writes does, for as long as it may write.

    Raises
    ------
    WardlightError
        If another run still holds the lock after so many seconds, by default a minute.
    """
    home.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(home / "writer.lock")
    try:
        lock.acquire(timeout=LOCK_WAIT_SECONDS if wait_seconds is None else wait_seconds)
    except filelock.Timeout:
        raise WardlightError(
            "another run is writing to this home folder",
            file=home / "writer.lock",
            remedy="wait until it has finished, or give another folder with --home",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what happens inside, or nothing of it."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


@contextmanager
def beside(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a further session on the same warehouse, for another thread; temporary tables are its own."""
    with con.cursor() as session:
        session.execute("set TimeZone = 'UTC'")
        keep_raw_in(session, raw_folder(con))
        yield session


def one_row(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
    """Return the only row that a query answers with."""
    row = con.execute(query, parameters).fetchone()
    if row is None:
        raise LookupError(f"no row: {query}")
    return tuple(row)


def scalar(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()) -> int:
    """Return the one integer that a query answers with."""
    return int(one_row(con, query, parameters)[0])


def has_table(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Tell whether a table or view exists."""
    return bool(columns(con, schema, table))


def columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    """Return the column names of a table or view in order; none if there is no such table."""
    # By its name: the information schema takes ten times as long, since it describes all tables first.
    try:
        rows = con.execute("select name from pragma_table_info(?)", (f'"{schema}"."{table}"',)).fetchall()
    except duckdb.CatalogException:
        return []
    return [str(row[0]) for row in rows]
