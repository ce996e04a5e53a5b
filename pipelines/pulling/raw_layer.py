"""The raw layer, and the deliveries that filled it: which batch of a file, or of a month of a query, counts today.

A batch is the content of one unit at one time, kept in a Parquet file of its own that is never changed: text packs
there in a third of the time that the database takes. `raw.<source>` is a view of all batches of a source; what a unit
held earlier stays, and `ledger.delivery` says which batch is current and how it was read. Reading itself is no concern
of this module.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from pipelines.errors import LedgerError, WardlightError
from pipelines.pulling.column_names import OWN_COLUMNS
from pipelines.pulling.personal import hidden, hidden_malformed
from pipelines.pulling.reading import Reading, Unit
from pipelines.warehouse import literal, quoted, raw_folder, transaction

_DELIVERY = {
    "source": "varchar",
    "file": "varchar",
    "content": "varchar",
    "batch_id": "varchar",
    "read": "bigint",
    "is_current": "boolean",
    "position": "bigint",
    "columns": "varchar[]",
    "size": "bigint",
    "first_day": "date",
    "last_day": "date",
    "settings": "varchar",
    "personal": "varchar[]",
    "loaded_at": "timestamp",
}

# A core reads a group at a time: groups of the usual size would leave a middling file to one.
_ROWS_IN_A_GROUP = 30_720


@dataclass(frozen=True)
class Batch:
    """One delivery of a source: the content of one file, or of one month of a query.

    `is_new` says that this run has read it, `is_missing` that its file has vanished since and its records stay.
    """

    source: str
    batch_id: str
    file: str
    read: int
    is_new: bool
    is_missing: bool = False


@dataclass(frozen=True)
class Delivered:
    """What is known of a delivery: its batch, its content (a hash), and how it was read.

    `settings` is a hash of what decides how the content is read; `personal` lists the columns that were hidden.
    """

    batch: Batch
    content: str
    is_current: bool
    settings: str
    personal: tuple[str, ...]


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table of deliveries."""
    declared = ", ".join(f'"{column}" {of_type}' for column, of_type in _DELIVERY.items())
    con.execute(f"create table if not exists ledger.delivery ({declared})")


def content_of(source: str, unit: str, *parts: bytes | str) -> str:
    """Return the hash that names a batch: of its source, its unit and its content."""
    digest = hashlib.sha256(f"{source}\0{unit}\0".encode())
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]


def table_hash(con: duckdb.DuckDBPyConnection, reading: Reading) -> str:
    """Return a hash of a reading's records, whatever their order."""
    cells = ", ".join(f"coalesce({quoted(name)}, chr(30))" for name in (*reading.header, "_malformed"))
    row = con.execute(
        "select count(*), sum(md5_number_lower(record)::hugeint), sum(md5_number_upper(record)::hugeint) "
        f"from (select concat_ws(chr(31), {cells}) as record from {reading.relation})"
    ).fetchone()
    return repr((reading.header, row))


def deliveries(con: duckdb.DuckDBPyConnection, source: str) -> list[Delivered]:
    """Return all deliveries of a source in their order."""
    rows = con.execute(
        'select batch_id, file, "read", content, is_current, settings, personal from ledger.delivery '
        "where source = ? order by position",
        (source,),
    ).fetchall()
    return [
        Delivered(
            Batch(source, batch, file, int(read), is_new=False), content, is_current, settings or "", tuple(hid or ())
        )
        for batch, file, read, content, is_current, settings, hid in rows
    ]


def keep(
    con: duckdb.DuckDBPyConnection,
    unit: Unit,
    reading: Reading,
    batch: tuple[str, str],
    personal: Sequence[str],
    salt: bytes,
) -> Reading:
    """Write a reading into the file of its batch, in the quickest way that works; return the reading that was.

    Until the delivery is entered nothing knows the file, so that a run that breaks off leaves nothing half done.

    Parameters
    ----------
    batch
        The source, and the batch's id.
    personal
        Columns to hide.
    salt
        Salts their hashes.

    Raises
    ------
    LedgerError
        If not as many records were kept as were read.
    """
    source, batch_id = batch
    folded = {column.lower() for column in personal}
    cells = [f"{hidden(name)} as {quoted(name)}" if name.lower() in folded else quoted(name) for name in reading.header]
    malformed = hidden_malformed() if personal else "_malformed"
    own = [literal(batch_id), literal(unit.name), "_line", malformed]
    cells += [f"{value} as {column}" for value, column in zip(own, OWN_COLUMNS, strict=True)]
    while True:
        kept = -1
        try:
            kept = _write(con, f"select {', '.join(cells)} from {reading.relation}", batch, salt)
        except duckdb.OutOfMemoryException:
            raise
        except (duckdb.Error, UnicodeError):
            if reading.otherwise is None:
                raise
        if kept == reading.rows:
            return reading
        if reading.otherwise is None:
            raise LedgerError(
                f"source {source}, {unit.name}: {reading.rows:,} records were read, {kept:,} came into raw",
                remedy="nothing of it was kept; run again, and report it if it stays",
            )
        reading = reading.otherwise()


def enter(
    con: duckdb.DuckDBPyConnection, unit: Unit, header: Sequence[str], delivered: Delivered, size: int | None
) -> None:
    """Enter a batch that was kept as the current one of its unit, in one transaction.

    Parameters
    ----------
    header
        The batch's columns.
    size
        Bytes of the file; None for what is no file.
    """
    batch = delivered.batch
    first, last = unit.days or (None, None)
    with transaction(con):
        con.execute(
            "update ledger.delivery set is_current = false where source = ? and file = ?", (batch.source, unit.name)
        )
        con.execute(
            f"insert into ledger.delivery ({', '.join(map(quoted, _DELIVERY))}) "
            "select ?, ?, ?, ?, ?, true, count(*), ?, ?, ?, ?, ?, ?, timezone('UTC', now()) from ledger.delivery",
            (
                *(batch.source, unit.name, delivered.content, batch.batch_id, batch.read, list(header)),
                *(size, first, last, delivered.settings, list(delivered.personal)),
            ),
        )


def _write(con: duckdb.DuckDBPyConnection, query: str, batch: tuple[str, str], salt: bytes) -> int:
    path = raw_folder(con) / _file(*batch)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    con.execute("set variable salt = $salt", {"salt": salt})
    try:
        row = con.execute(
            f"copy ({query}) to {literal(str(unfinished))} "
            # Half as large again as with zstd, which takes a quarter more time to write and twice as long to read.
            f"(format parquet, parquet_version v2, compression lz4_raw, row_group_size {_ROWS_IN_A_GROUP})"
        ).fetchone()
    finally:
        con.execute("reset variable salt")
    with unfinished.open("rb") as handle:
        os.fsync(handle.fileno())
    unfinished.replace(path)
    return int(row[0]) if row else 0


def _file(source: str, batch_id: str) -> str:
    return f"{source}/{batch_id}.parquet"


def show(con: duckdb.DuckDBPyConnection, source: str) -> None:
    """Make the view of a source's batches, if it lacks one; the folder is a variable: a home folder may be moved.

    Raises
    ------
    WardlightError
        If a batch is lost or damaged.
    """
    files = [literal(_file(source, each.batch.batch_id)) for each in deliveries(con, source)]
    shown = con.execute(
        "select sql from duckdb_views() where database_name = current_database() and schema_name = 'raw' "
        "and view_name = ?",
        (source,),
    ).fetchone()
    # Making it opens every file.
    if not all(shown is not None and file in shown[0] for file in files):
        paths = f"list_transform([{', '.join(files)}], lambda file: getvariable('raw_folder') || file)"
        with _opening(con, source):
            con.execute(
                f"create or replace view raw.{quoted(source)} as "
                "select * replace (coalesce(_line, file_row_number + 2) as _line) "
                f"from read_parquet({paths}, union_by_name = true)"
            )


def check_kept(con: duckdb.DuckDBPyConnection, source: str) -> None:
    """Refuse to go on where a batch of a source is lost or damaged.

    Raises
    ------
    WardlightError
        Naming the folder of the batches.
    """
    with _opening(con, source):
        con.execute(f"select 1 from raw.{quoted(source)} limit 0")


@contextmanager
def _opening(con: duckdb.DuckDBPyConnection, source: str) -> Iterator[None]:
    folder = raw_folder(con) / source
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise WardlightError(
            f"what was read of source {source} is lost or damaged: {str(error).splitlines()[0]}",
            file=folder,
            remedy="restore the folder raw/ and warehouse.duckdb from one backup, or remove both and run again: they "
            "are made anew from the pack's files",
        ) from error


def hide(con: duckdb.DuckDBPyConnection, source: str, personal: Sequence[str], salt: bytes) -> None:
    """Hide columns in batches that were read before the pack declared them personal, the current ones or not."""
    for delivered in deliveries(con, source):
        before = {column.lower() for column in delivered.personal}
        batch = delivered.batch
        path = raw_folder(con) / _file(source, batch.batch_id)
        rows = f"read_parquet({literal(str(path))})"
        present = {row[0].lower() for row in con.execute(f"describe select * from {rows}").fetchall()}
        new = [column for column in personal if column.lower() in present - before]
        if not new:
            continue
        changed = [f"{hidden(column)} as {quoted(column)}" for column in new]
        changed.append(f"{hidden_malformed()} as _malformed")
        _write(con, f"select * replace ({', '.join(changed)}) from {rows}", (source, batch.batch_id), salt)
        with transaction(con):
            con.execute(
                "update ledger.delivery set personal = ? where source = ? and batch_id = ?",
                ([*delivered.personal, *new], source, batch.batch_id),
            )


def retire(con: duckdb.DuckDBPyConnection, source: str, is_named: Callable[[str], bool]) -> None:
    """Let the deliveries of units that the pack names no longer count no more; their rows stay."""
    for delivered in deliveries(con, source):
        if delivered.is_current and not is_named(delivered.batch.file):
            con.execute(
                "update ledger.delivery set is_current = false where source = ? and batch_id = ?",
                (source, delivered.batch.batch_id),
            )


def raw_rows(source: str) -> str:
    """Return the SQL of a source's raw rows that count: those of the current batch of each unit."""
    return (
        f"(select raw.* from raw.{quoted(source)} as raw semi join ledger.delivery as delivery "
        f"on delivery.source = {literal(source)} and delivery.batch_id = raw._batch_id and delivery.is_current)"
    )


def headers(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, list[str]]:
    """Return the columns of each current unit of a source, by the unit's name; an empty JSON array has none to tell."""
    rows = con.execute(
        "select file, columns from ledger.delivery where source = ? and is_current and len(columns) > 0 "
        "order by position",
        (source,),
    ).fetchall()
    return {str(file): [str(name) for name in names] for file, names in rows}


def source_columns(con: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    """Return the columns that a source's current units have, each once whatever its case."""
    named: dict[str, str] = {}
    for names in headers(con, source).values():
        for name in names:
            named.setdefault(name.lower(), name)
    return list(named.values())
