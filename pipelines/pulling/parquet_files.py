"""Parquet files: every value as text that loses nothing of it.

Numbers and times are written as the engine writes them (times in ISO order, instants in UTC, decimals in full, floats
in the fewest digits that give them back), bytes as hexadecimal digits, nested values as JSON (decimals in them
as texts).
"""

import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from pipelines.errors import SourceError
from pipelines.pulling.column_names import checked_header
from pipelines.pulling.opening import missing_file, reading_file
from pipelines.pulling.reading import Reading
from pipelines.warehouse import literal, quoted, scalar


def read_header(path: Path) -> list[str]:
    """Return the names of a file's columns.

    Raises
    ------
    SourceError
        If the file is missing, no Parquet file, or names a column twice (upper and lower case are one).
    """
    with duckdb.connect() as con:
        return list(_types(con, path))


def read(con: duckdb.DuckDBPyConnection, path: Path) -> Reading:
    """Read a file's rows; `_line` is the row, from 1.

    Raises
    ------
    SourceError
        If the file is missing or damaged, or if values cannot be written as text.
    """
    types = _types(con, path)
    texts = ", ".join(f"{_text(name, of_type)} as {quoted(name)}" for name, of_type in types.items())
    with reading_file(path, duckdb.Error):
        con.execute(
            f"create or replace temp table reading as select {texts}, file_row_number + 1 as _line, "
            f"null::varchar as _malformed from read_parquet({literal(str(path))}, file_row_number = true)"
        )
        rows = scalar(con, f"select num_rows from parquet_file_metadata({literal(str(path))})")
    return Reading(list(types), "temp.reading", rows)


def _types(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Return the type of each column by its name, which is checked."""
    if not path.exists():
        raise missing_file(path)
    with reading_file(path, duckdb.Error, pa.ArrowException):
        if not path.stat().st_size:
            raise SourceError("the file is empty", file=path, line=1, remedy="fetch the file again")
        # The engine would give a name that comes twice another one.
        checked_header(pyarrow.parquet.read_schema(path).names, path, line=1)
        described = con.execute(f"describe select * from read_parquet({literal(str(path))})").fetchall()
    return {str(name): str(of_type) for name, of_type, *_ in described}


def _text(name: str, of_type: str) -> str:
    if of_type == "BLOB":
        return f"lower(hex({quoted(name)}))"
    if of_type.endswith("]") or of_type.startswith(("STRUCT(", "MAP(", "UNION(")):
        # As JSON numbers, decimals would pass through floats.
        exact = re.sub(r"DECIMAL\(\d+,\d+\)", "VARCHAR", of_type)
        return f"to_json({quoted(name)}::{exact})::varchar"
    return f"{quoted(name)}::varchar"
