"""Sheets of workbooks (xlsx, xls, xlsb, ods): cells as text, row by row.

Dates and times are ISO, whole numbers have no decimal point, others the fewest digits that give them back. A merged
range stands for its value in each of its cells. Empty rows below the last filled one are not there; between filled
ones they are rows of nothing. A cell whose formula failed (#N/A, #DIV/0!) is empty, as the library gives it.
"""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import python_calamine

from pipelines.errors import SourceError
from pipelines.pack.origins import ExcelFormat
from pipelines.pulling.column_names import checked_header
from pipelines.pulling.opening import reading_file
from pipelines.pulling.reading import Reading
from pipelines.pulling.reading_table import ReadingTable

_ROWS_AT_ONCE = 20_000
# Greater whole numbers are not exact in a workbook.
_GREATEST_WHOLE = 2**53

Row = list[str | None]


def read_header(path: Path, layout: ExcelFormat) -> list[str]:
    """Return the names in a sheet's header row, up to the last column that has a name or a value.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, has no such sheet or header row, or names a column twice.
    """
    return _header(path, layout, _rows(path, layout))


def read(con: duckdb.DuckDBPyConnection, path: Path, layout: ExcelFormat) -> Reading:
    """Read the rows below a sheet's header; `_line` is the row of the sheet, from 1.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, has no such sheet or header row, or names a column twice.
    """
    rows = _rows(path, layout)
    header = _header(path, layout, rows)
    table = ReadingTable(con, str(path))
    table.widen(header)
    numbered = enumerate(rows[layout.header_row :], start=layout.header_row + 1)
    while part := list(islice(numbered, _ROWS_AT_ONCE)):
        cells = [pa.array([row[at] for _, row in part], pa.string()) for at in range(len(header))]
        lines = pa.array([number for number, _ in part], pa.int64())
        table.append(pa.record_batch([*cells, lines], names=[*header, "_line"]))
    return table.reading()


def _header(path: Path, layout: ExcelFormat, rows: Sequence[Row]) -> list[str]:
    names = [(name or "").strip() for name in rows[layout.header_row - 1]] if len(rows) >= layout.header_row else []
    if not any(names):
        raise SourceError(
            "the sheet is empty, or its header row is",
            file=path,
            line=layout.header_row,
            remedy="the row must name the columns: mend `format.header_row` in city.yml, or name another sheet",
        )
    return checked_header(names, path, line=layout.header_row)


def _rows(path: Path, layout: ExcelFormat) -> list[Row]:
    """Return the rows of a sheet, all of one width, up to the last one and the last column that hold anything."""
    with reading_file(path, python_calamine.CalamineError, ValueError), _panics_as_errors():
        if not path.stat().st_size:
            raise SourceError("the file is empty", file=path, line=1, remedy="fetch the file again")
        with python_calamine.load_workbook(str(path)) as workbook:
            if layout.sheet is not None and layout.sheet not in workbook.sheet_names:
                raise SourceError(
                    f"there is no sheet {layout.sheet!r}; the sheets are {', '.join(workbook.sheet_names)}",
                    file=path,
                    remedy="mend `format.sheet` in city.yml",
                )
            sheet = workbook.get_sheet_by_name(layout.sheet or workbook.sheet_names[0])
            rows = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
            merged = sheet.merged_cell_ranges or []
    for (top, left), (bottom, right) in merged:
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [rows[top][left]] * len(row[left : right + 1])
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((at + 1 for row in rows for at, cell in enumerate(row) if cell), default=0)
    return [row[:width] for row in rows]


@contextmanager
def _panics_as_errors() -> Iterator[None]:
    """Turn a panic of the library, which is no `Exception`, into an error of the file."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(str(error)) from None


def _text(cell: object) -> str | None:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _GREATEST_WHOLE else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        seconds = round(cell.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    return str(cell) or None
