"""Sheets of workbooks come in cell by cell, as a person reads them."""

import datetime
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlsxwriter.worksheet import Worksheet

from pipelines.errors import SourceError
from pipelines.pack.origins import ExcelFormat
from pipelines.pulling import excel_files
from pipelines.warehouse import quoted

Raw = list[tuple[object, ...]]


def write(path: Path, *fills: Callable[[Worksheet], object]) -> None:
    """Write a workbook, a sheet for each filling."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for fill in fills:
            fill(book.add_worksheet())


def read(con: duckdb.DuckDBPyConnection, path: Path, **layout: object) -> Raw:
    chosen = ExcelFormat.model_validate({"reader": "excel", **layout})
    reading = excel_files.read(con, path, chosen)
    assert reading.header == excel_files.read_header(path, chosen)
    listed = ", ".join(map(quoted, ("_line", *reading.header)))
    rows = con.execute(f"select {listed} from {reading.relation} order by _line").fetchall()
    assert len(rows) == reading.rows
    return rows


def rows_of(*rows: list[object]) -> Callable[[Worksheet], object]:
    return lambda sheet: [sheet.write_row(at, 0, row) for at, row in enumerate(rows)]


CELLS = [
    (12, "12"),
    (-3.0, "-3"),
    (1.10, "1.1"),
    (0.1 + 0.2, "0.3"),
    (2.0**60, "1.152921504606847e+18"),
    (True, "true"),
    ("0012", "0012"),
    (" x\ny ", " x\ny "),
    ("盗窃", "盗窃"),
    (datetime.datetime(2016, 11, 30, 9, 5, 7), "2016-11-30 09:05:07"),  # noqa: DTZ001 - local wall time
    ("=1/0", None),
]


@pytest.mark.parametrize(("cell", "text"), CELLS, ids=[repr(cell) for cell, _ in CELLS])
def test_cells_are_texts(con: duckdb.DuckDBPyConnection, tmp_path: Path, cell: object, text: str | None) -> None:
    path = tmp_path / "calls.xlsx"

    def fill(sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_string(1, 1, "z")
        if cell == "=1/0":
            sheet.write_formula(1, 0, cell, None, "#DIV/0!")
        else:
            sheet.write(1, 0, cell)

    write(path, fill)
    found = read(con, path)
    assert found == [(2, text, "z")] or (cell == 0.1 + 0.2 and found == [(2, "0.30000000000000004", "z")])


def test_dates_times_and_durations(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["day", "time", "duration"])
        sheet.write_datetime(1, 0, datetime.date(2016, 2, 29), book.add_format({"num_format": "d mmm yyyy"}))
        sheet.write_datetime(1, 1, datetime.time(9, 5), book.add_format({"num_format": "hh:mm"}))
        sheet.write_number(1, 2, 1.5, book.add_format({"num_format": "[h]:mm:ss"}))
    assert read(con, path) == [(2, "2016-02-29", "09:05:00", "36:00:00")]


def test_sheet_and_header_row_are_chosen(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    write(path, rows_of(["a"], [1]), rows_of(["Calls of 2016"], [], ["b", "", "c"], [2, 3, 4]))
    assert read(con, path) == [(2, "1")]
    assert read(con, path, sheet="Sheet2", header_row=3) == [(4, "2", "3", "4")]
    assert excel_files.read_header(path, ExcelFormat(reader="excel", sheet="Sheet2", header_row=3)) == [
        "b",
        "column_2",
        "c",
    ]


def test_empty_rows_count_between_filled_ones_and_merged_cells_share_their_value(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "calls.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        rows_of(["a", "b", ""], [1, 2], [], [3])(sheet)
        sheet.merge_range(4, 0, 5, 0, "both")
        sheet.write(5, 1, 6)
        sheet.write_blank(9, 0, None, book.add_format({"bold": True}))
        sheet.write_blank(0, 5, None, book.add_format({"bold": True}))
    assert read(con, path) == [(2, "1", "2"), (3, None, None), (4, "3", None), (5, "both", None), (6, "both", "6")]


def test_a_sheet_with_only_its_header_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write(tmp_path / "calls.xlsx", rows_of(["a", "b"]))
    assert read(con, tmp_path / "calls.xlsx") == []


def test_what_cannot_be_read_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    write(path, rows_of(["a", "A"], [1, 2]), lambda sheet: None)
    whole = path.read_bytes()
    for layout, problem in (
        ({}, "A, a more than once"),
        ({"sheet": "Sheet2"}, "the sheet is empty"),
        ({"header_row": 9}, "the sheet is empty, or its header row is"),
        ({"sheet": "calls"}, "there is no sheet 'calls'; the sheets are Sheet1, Sheet2"),
    ):
        with pytest.raises(SourceError) as caught:
            read(con, path, **layout)
        assert problem in caught.value.problem
        assert caught.value.file == str(path)
        assert caught.value.remedy
    for content in (b"", b"hello", whole[: len(whole) // 2], whole[:300] + bytes(200) + whole[500:]):
        path.write_bytes(content)
        with pytest.raises(SourceError, match=r"cannot be read|is empty"):
            read(con, path)
    path.unlink()
    with pytest.raises(SourceError, match="missing"):
        read(con, path)


# Workbooks are XML: no control characters; and _x0041_ would stand for a letter.
cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="_￾￿"), max_size=6)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells.filter(bool)), max_size=8))
def test_any_texts_are_read_back(con: duckdb.DuckDBPyConnection, rows: list[tuple[str, str]]) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["a", "名称"])
        for at, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "calls.xlsx", fill)
        expected = [(at, first or None, second) for at, (first, second) in enumerate(rows, start=2)]
        assert read(con, Path(folder) / "calls.xlsx") == expected
