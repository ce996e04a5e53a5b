"""Readers: a source's files, as they are, into `raw.<source>` as text.

One file is one batch, known by a hash of the source's name and the file's content, so that an unchanged file is not
read again. A line that cannot be parsed becomes a row with its text in `_malformed`. What the columns mean is no
concern of this module.
"""

import csv
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import polars as pl

from pipelines.city_pack import CityPack, CsvFormat, Source
from pipelines.errors import SourceError
from pipelines.loading.recovery import LineEnds, line_ends, open_text, read_records
from pipelines.warehouse import columns, has_table, literal, quoted, scalar, transaction

OWN_COLUMNS = ("_batch_id", "_file", "_line", "_malformed")
_HASH_CHUNK_BYTES = 1 << 20
_RECORDS_AT_ONCE = 50_000
# Fields longer than this are malformed to Python's csv reader; the engine must not think otherwise.
_LONGEST_LINE_BYTES = csv.field_size_limit()


@dataclass(frozen=True)
class Batch:
    """One delivery of a source: the content of one file."""

    source: str
    batch_id: str
    file: str
    read: int
    is_new: bool


@contextmanager
def reading_file(path: Path) -> Iterator[None]:
    """Say of a file that cannot be opened, unpacked or decoded what to do about it."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError(
            "the file is missing", file=path, remedy="put the file there, or mend its name in city.yml"
        ) from None
    except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as error:
        raise SourceError(
            f"the file cannot be read: {error}",
            file=path,
            line=1,
            remedy="fetch the file again, or mend `format` in city.yml (encoding, delimiter, quote)",
        ) from error


def batch_id(source: str, relative: str, path: Path) -> str:
    """Hash a source's name, the file's name in the pack and its content."""
    digest = hashlib.sha256(f"{source}\0{relative}\0".encode())
    with path.open("rb") as handle:
        while chunk := handle.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def read_header(path: Path, layout: CsvFormat) -> list[str]:
    """Return the column names in a file's first line; a column without a name is called after its position.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, empty, or names a column twice (upper and lower case are one).
    """
    with reading_file(path), open_text(path, layout, newline="") as text:
        names = next(csv.reader(text, delimiter=layout.delimiter, quotechar=layout.quote), [])
        "".join(names).encode("utf-8")  # raises where bytes are not of the declared encoding
    if not any(name.strip() for name in names):
        raise SourceError(
            "the file is empty, or its first line is", file=path, line=1, remedy="the first line must name the columns"
        )
    names = [name.strip() or f"column_{position}" for position, name in enumerate(names, start=1)]
    folded = [name.lower() for name in names]
    twice = {name for name in names if folded.count(name.lower()) > 1} | {n for n in names if n.lower() in OWN_COLUMNS}
    if twice:
        raise SourceError(
            f"the header names {', '.join(sorted(twice))} more than once, or uses a name that Wardlight needs",
            file=path,
            line=1,
            remedy="rename the columns in the file",
        )
    return names


def pull(con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, source: Source) -> list[Batch]:
    """Bring a source's files into `raw.<source>`, one transaction a file; unchanged files are left alone.

    What a file held earlier stays in the raw table; `ledger.delivery` says which batch of a file is current.

    Raises
    ------
    SourceError
        If a file is missing, unreadable, damaged or empty; the files before it stay read.
    """
    batches = []
    for relative in source.files:
        path = pack.path(relative)
        header = read_header(path, source.format)
        content = batch_id(name, relative, path)
        earlier = con.execute(
            "select batch_id, read, is_current from ledger.delivery where source = ? and content = ?", (name, content)
        ).fetchall()
        current = next((row for row in earlier if row[2]), None)
        if current is not None:
            batches.append(Batch(name, current[0], relative, int(current[1]), is_new=False))
            continue
        # A file that goes back to an earlier content is a delivery of its own.
        batch = f"{content}-{len(earlier) + 1}" if earlier else content
        read = _read_file(con, path, header, source.format)
        with transaction(con):
            _insert(con, name, header, batch, relative)
            con.execute("update ledger.delivery set is_current = false where source = ? and file = ?", (name, relative))
            con.execute(
                "insert into ledger.delivery select ?, ?, ?, ?, ?, true, count(*), ? from ledger.delivery",
                (name, relative, content, batch, read, header),
            )
        con.execute("drop table temp.reading")
        batches.append(Batch(name, batch, relative, read, is_new=True))
    listed = ", ".join(literal(relative) for relative in source.files)
    con.execute(f"update ledger.delivery set is_current = false where source = ? and file not in ({listed})", (name,))
    return batches


def _read_file(con: duckdb.DuckDBPyConnection, path: Path, header: list[str], layout: CsvFormat) -> int:
    """Make the temporary table `reading` of a file's records and malformed lines; return how many there are.

    The engine reads the file whole where every line is a record of its own; else it is read line by line.
    """
    with reading_file(path):
        ends = line_ends(path)
        if layout.encoding != "utf-16" and ends.end is not None and _read_whole(con, path, header, layout, ends):
            return ends.lines - 1
        return _read_by_line(con, path, header, layout, ends)


def _read_whole(
    con: duckdb.DuckDBPyConnection, path: Path, header: list[str], layout: CsvFormat, ends: LineEnds
) -> bool:
    """Let the engine read a file, every column text; False where it cannot, or where a record is not a line."""
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    scan = (
        f"read_csv({literal(str(path))}, auto_detect = false, header = true, columns = {{{types}}}, "
        f"delim = {literal(layout.delimiter)}, quote = {literal(layout.quote)}, escape = {literal(layout.quote)}, "
        f"encoding = {literal(layout.encoding)}, max_line_size = {_LONGEST_LINE_BYTES}, strict_mode = true)"
    )
    try:
        con.execute(
            "create or replace temp table reading as "
            f"select *, row_number() over () + 1 as _line, null::varchar as _malformed from {scan}"
        )
    except (duckdb.Error, UnicodeError):
        return False
    return scalar(con, "select count(*) from temp.reading") == ends.lines - 1


def _read_by_line(
    con: duckdb.DuckDBPyConnection, path: Path, header: list[str], layout: CsvFormat, ends: LineEnds
) -> int:
    """Read a file line by line; return how many records and malformed lines it has."""
    declared = ", ".join(f"{quoted(name)} varchar" for name in header)
    con.execute(f"create or replace temp table reading ({declared}, _line bigint, _malformed varchar)")
    schema = dict.fromkeys(header, pl.String) | {"_line": pl.Int64, "_malformed": pl.String}
    records = read_records(path, layout, len(header), ends)
    read = 0
    while part := list(islice(records, _RECORDS_AT_ONCE)):
        cells = [[record.cells[at] or None for record in part] for at in range(len(header))]
        numbered = [*cells, [record.line for record in part], [record.malformed for record in part]]
        con.register("part", pl.DataFrame(dict(zip(schema, numbered, strict=True)), schema=schema))
        con.execute("insert into temp.reading select * from part")
        con.unregister("part")
        read += len(part)
    return read


def _insert(con: duckdb.DuckDBPyConnection, source: str, header: list[str], batch: str, relative: str) -> None:
    """Insert the table `reading` into the raw table, made or widened where needed."""
    table = f"raw.{quoted(source)}"
    if not has_table(con, "raw", source):
        declared = ", ".join(f"{quoted(name)} varchar" for name in header)
        con.execute(
            f"create table {table} ({declared}, _batch_id varchar, _file varchar, _line bigint, _malformed varchar)"
        )
    present = {column.lower() for column in columns(con, "raw", source)}
    for column in header:
        if column.lower() not in present:
            con.execute(f"alter table {table} add column {quoted(column)} varchar")
    listed = ", ".join(quoted(name) for name in header)
    con.execute(
        f"insert into {table} ({listed}, _batch_id, _file, _line, _malformed) "
        f"select {listed}, ?, ?, _line, _malformed from temp.reading",
        (batch, relative),
    )


def raw_rows(source: str) -> str:
    """Return the SQL of a source's raw rows that count: those of the current batch of each file."""
    return (
        f"(select raw.* from raw.{quoted(source)} as raw semi join ledger.delivery as delivery "
        f"on delivery.source = {literal(source)} and delivery.batch_id = raw._batch_id and delivery.is_current)"
    )


def headers(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, list[str]]:
    """Return the columns of each current file of a source, by the file's name in the pack."""
    rows = con.execute(
        "select file, columns from ledger.delivery where source = ? and is_current order by position", (source,)
    ).fetchall()
    return {str(file): [str(name) for name in names] for file, names in rows}


def source_columns(con: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    """Return the columns that a source's current files have, each once whatever its case."""
    named: dict[str, str] = {}
    for names in headers(con, source).values():
        for name in names:
            named.setdefault(name.lower(), name)
    return list(named.values())
