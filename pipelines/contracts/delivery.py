"""A delivery as its sender has it: files read as loading reads them, into a table of cleaned texts.

Everything happens in memory, beside no warehouse. What the rows must be is for the contract.
"""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pydantic
from open_data_contract_standard.model import SchemaObject, Server

from pipelines.contracts.questions import table_name
from pipelines.contracts.reading import Contract, own_value
from pipelines.errors import ContractError, SourceError, WardlightError
from pipelines.loading.mapping import cell
from pipelines.pack.origins import FileFormat
from pipelines.pulling import files
from pipelines.warehouse import literal, quoted, scalar

_ENDINGS = {
    ".csv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    **dict.fromkeys((".xlsx", ".xls", ".xlsb", ".ods"), "excel"),
}
_PACKED = (".gz", ".zst")
_LAYOUTS: pydantic.TypeAdapter[FileFormat] = pydantic.TypeAdapter(FileFormat)


@dataclass(frozen=True)
class Delivery:
    """What was read: rows that hold something, and what could not be read.

    Attributes
    ----------
    missing
        Columns of the contract that a file lacks though it must have them, by file.
    further
        Columns of a file that the contract does not name, by file.
    unread
        File and line of malformed lines and blank rows, by what they are.
    """

    files: list[str]
    rows: int
    missing: dict[str, list[str]] = field(default_factory=dict)
    further: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


def files_of(contract: Contract) -> list[Path]:
    """Return the files that a contract says where to find, from its own folder.

    Raises
    ------
    ContractError
        If it names none, or none is there.
    """
    named = [server for server in contract.said.servers or [] if server.type == "local" and server.path]
    folder = contract.path.parent
    found = [
        folder / each
        for server in named
        for each in sorted(glob.glob(str(server.path), root_dir=folder))  # noqa: PTH207 - absolute names, too
    ]
    if not found:
        told = ", ".join(str(server.path) for server in named) or "no files"
        raise contract.error(
            f"the contract names {told}, and nothing of that is beside it",
            "servers",
            remedy="give the files of the delivery after the contract's: wardlight contract check FILE DATA…",
        )
    return found


def layout_of(contract: Contract, path: Path) -> FileFormat:
    """Return the format of a file: the contract's where it is of the same reader, else what the name says.

    Raises
    ------
    ContractError
        If neither says.
    """
    endings = [each.lower() for each in path.suffixes if each.lower() not in _PACKED]
    by_name = _ENDINGS.get(endings[-1]) if endings else None
    for at, server in enumerate(contract.said.servers or []):
        if server.format is not None and by_name in (None, server.format.lower()):
            try:
                return _LAYOUTS.validate_python(_settings(server))
            except pydantic.ValidationError as error:
                problem = error.errors()[0]
                raise contract.error(
                    f"the format cannot be read: {problem['msg']}",
                    *("servers", str(at)),
                    remedy="docs/contracts.md lists the formats and their settings",
                ) from error
    if by_name is None:
        raise ContractError(
            "neither the contract nor the file's name says which format it is",
            file=path,
            remedy=f"name it with one of {', '.join(_ENDINGS)}, or give the contract a server with `format`",
        )
    return _LAYOUTS.validate_python({"reader": by_name})


def _settings(server: Server) -> dict[str, Any]:
    given = {"reader": (server.format or "").lower()}
    own = {"delimiter": server.delimiter, "encoding": server.encoding}
    names = {"delimiter": "delimiter", "quote": "quote", "encoding": "encoding", "records": "records"}
    names |= {"sheet": "sheet", "headerRow": "header_row"}
    for name, key in names.items():
        value = own_value(server.customProperties, name)
        value = own.get(name) if value is None else value
        if value is not None:
            given[key] = value
    return given


def read_delivery(
    con: duckdb.DuckDBPyConnection, contract: Contract, schema: SchemaObject, paths: Sequence[Path]
) -> Delivery:
    """Read files into a table named as the contract names its object, its columns as text, `_file` and `_line`.

    Raises
    ------
    ContractError, SourceError
        If a file's format is not known, or it cannot be read.
    """
    columns = [column.name or "" for column in schema.properties or []]
    optional = {
        (column.name or "").lower()
        for column in schema.properties or []
        if own_value(column.customProperties, "mayBeMissing")
    }
    null_texts = [str(text) for text in own_value(schema.customProperties, "nullTexts") or []]
    declared = "".join(f", {quoted(column)} varchar" for column in columns)
    con.execute(f"create temp table delivered (_file varchar, _line bigint, _unread varchar{declared})")
    delivery = Delivery(files=[str(path) for path in paths], rows=0)
    for path in paths:
        header = _read(con, path, layout_of(contract, path), columns, null_texts)
        there = {column.lower() for column in header}
        missing = [column for column in columns if column.lower() not in there | optional]
        further = [column for column in header if column.lower() not in {each.lower() for each in columns}]
        delivery.missing.update({str(path): missing} if missing else {})
        delivery.further.update({str(path): further} if further else {})
    unread = con.execute(
        "select _unread, _file, _line from delivered where _unread is not null order by _file, _line"
    ).fetchall()
    for what, file, line in unread:
        delivery.unread.setdefault(what, []).append((file, line))
    table = quoted(table_name(schema))
    con.execute(f"create temp table {table} as select * exclude (_unread) from delivered where _unread is null")
    con.execute("drop table delivered")
    return Delivery(
        delivery.files,
        scalar(con, f"select count(*) from {table}"),
        delivery.missing,
        delivery.further,
        delivery.unread,
    )


def _read(
    con: duckdb.DuckDBPyConnection, path: Path, layout: FileFormat, columns: Sequence[str], null_texts: Sequence[str]
) -> list[str]:
    """Add a file's rows to the table `delivered`; return its columns."""
    try:
        reading = files.read(con, path, layout)
    except SourceError as error:
        raise _without_pack(error) from error
    with reading.held:
        while True:
            header = {column.lower(): column for column in reading.header}
            # Of the file's own columns, in the contract's spelling where it has them.
            cells = [f"{cell(column, null_texts)} as {quoted(f'_c_{column}')}" for column in reading.header]
            blank = f"coalesce({', '.join(quoted(f'_c_{column}') for column in reading.header)}) is null"
            taken = [
                quoted(f"_c_{header[column.lower()]}") if column.lower() in header else "null" for column in columns
            ]
            query = (
                f"select {literal(str(path))}, _at, case when _malformed is not null then 'malformed_line' "
                f"when {blank} then 'blank_row' end, {', '.join(taken)} from (select coalesce(_line, row_number() "
                f"over () + 1) as _at, _malformed, {', '.join(cells)} from {reading.relation})"
            )
            before = scalar(con, "select count(*) from delivered")
            try:
                con.execute(f"insert into delivered {query}")
                if scalar(con, "select count(*) from delivered") - before == reading.rows:
                    return reading.header
            except (duckdb.Error, UnicodeError):
                if reading.otherwise is None:
                    raise
            if reading.otherwise is None:
                raise WardlightError("not as many rows were kept as were read", file=path, remedy="please report it")
            con.execute(f"delete from delivered where _file = {literal(str(path))}")
            reading = reading.otherwise()


def _without_pack(error: SourceError) -> SourceError:
    """Say what to do about a file to somebody who has no pack."""
    remedy = (error.remedy or "").replace("`format` in city.yml", "`servers` in the contract")
    return SourceError(
        error.problem,
        file=error.file,
        line=error.line,
        field=error.field,
        remedy=remedy.replace("its name in city.yml", "its name"),
    )
