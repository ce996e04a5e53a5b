"""Files of tables: what is on the page, where it comes from, and nothing that a spreadsheet would run."""

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from dash import html
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from dashboards.address import PAGES, View, download_href, parse
from dashboards.app import create_app
from dashboards.components.grid import GRID
from dashboards.components.layout import TABLE
from dashboards.data import Release, ReleaseError
from dashboards.exporting import Table, account, as_csv, as_xlsx, find_table
from dashboards.releases import Releases
from dashboards.rendering import PAGES as DRAWN
from dashboards.rendering import context_of
from tests.dashboards import reading

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[FlaskClient]:
    releases = Releases(home)
    yield create_app(releases).server.test_client()
    releases.close()


def _tables(release: Release) -> list[tuple[View, str]]:
    """Every named table of every page."""
    found = []
    for page in PAGES:
        view = View(page=page, language="en")
        content = html.Div(DRAWN[page](context_of(release, view, "light")))
        ids = [part.id for part in reading.parts(content) if isinstance(getattr(part, "id", None), dict)]
        found += [(view, each[key]) for each in ids for key in (GRID, TABLE) if set(each) == {key}]
    return found


def _read(text: str) -> tuple[list[str], list[list[str]]]:
    lines = text.splitlines(keepends=True)
    above = [line for line in lines if line.startswith("# ")]
    return above, list(csv.reader(io.StringIO("".join(lines[len(above) :]))))


def test_every_table_of_every_page_is_a_file_in_both_formats(client: FlaskClient, release: Release) -> None:
    tables = _tables(release)
    assert {view.page for view, _ in tables} >= {
        "trend",
        "compare",
        "cooperation",
        "public",
        "quality",
        "interventions",
    }
    for view, name in tables:
        text = client.get(download_href(view, name, "csv"))
        assert text.status_code == 200, (view.page, name)
        above, rows = _read(text.get_data(as_text=True))
        assert f"# Release: {release.info.release_id}\n" in above
        assert len({len(row) for row in rows}) == 1
        book = client.get(download_href(view, name, "xlsx"))
        sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.data))
        assert sheets.sheet_names == ["Rows", "About these rows"]
        cells = sheets.get_sheet_by_index(0).to_python()
        assert (len(cells), len(cells[0])) == (len(rows), len(rows[0])), (view.page, name)
        assert ["Release", release.info.release_id] in sheets.get_sheet_by_index(1).to_python()


def test_no_two_tables_of_a_page_share_a_name(release: Release) -> None:
    tables = _tables(release)
    assert len(set(tables)) == len(tables)


def test_a_file_holds_the_numbers_of_the_release_and_their_definition(client: FlaskClient, release: Release) -> None:
    answer = client.get("/download/csv/trend/trend?indicator=B1_theft&area=75&by=month&lang=en")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="B1_theft_month.csv"'
    text = answer.get_data(as_text=True)
    # As data programs read it.
    read = pl.read_csv(io.StringIO(text), comment_prefix="#", try_parse_dates=True).sort("period_start")
    series = release.series("B1_theft", ["75"], "month").sort("period_start")
    assert read.select("period_start", "value", "lower", "upper").equals(
        series.select("period_start", "value", "lower", "upper")
    )
    indicator = release.indicator("B1_theft")
    assert indicator is not None
    above, _ = _read(text)
    told = next(line for line in above if line.startswith(f"# {indicator['title_en']}: "))
    assert " ".join(indicator["about_en"].split()) in told
    assert "# Address: /trend?" in text
    address = next(line for line in above if line.startswith("# Address: ")).removeprefix("# Address: /trend").strip()
    assert parse("/trend", address).release == release.info.release_id


def test_a_table_without_a_chosen_indicator_names_its_own(release: Release) -> None:
    view = View(page="trend", language="en")
    content = html.Div(DRAWN["trend"](context_of(release, view, "light")))
    links = [part.href for part in reading.parts(content) if isinstance(part, html.A) and hasattr(part, "download")]
    assert links
    assert all("indicator=" in link for link in links if "/trend/trend" in link)


def test_text_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "plain", -1.5, None, 'a,"b"\nc']
    table = Table("t", [("text", "Text")], [[cell] for cell in cells])
    _, rows = _read(as_csv(table, [("Note", "of two\nlines")]).decode())
    assert [row[0] if row else "" for row in rows[1:]] == [
        *("'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\nx", "plain", "-1.5", "", 'a,"b"\nc')
    ]
    sheet = as_xlsx(table, [("Note", "of two lines")], ("Rows", "About"))
    read = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()
    assert read[1] == ["=1+1"]
    assert read[8] == [-1.5]


def test_a_workbook_holds_what_is_odd() -> None:
    """Titles that two columns share, no rows, words among numbers, and more text than a cell has room for."""
    table = Table(
        "t", [("low", "Limit"), ("high", "Limit"), ("said", "Said")], [[None, "text", 1.5], [2, 3, "x" * 40_000]]
    )
    sheet, about = _sheets(as_xlsx(table, [("Release", "=1"), ("Note", "n" * 40_000)], ("Rows", "About")))
    assert sheet[0] == ["Limit (low)", "Limit (high)", "Said"]
    assert sheet[1] == ["", "text", 1.5]
    assert sheet[2] == [2.0, 3.0, "x" * 32_766 + "…"]
    assert about == [["Rows", "About"], ["Release", "=1"], ["Note", "n" * 32_766 + "…"]]
    assert _sheets(as_xlsx(Table("t", [("a", "A")], []), [], ("Rows", "About")))[0][0] == ["A"]


def _sheets(book: bytes) -> list[list[list[object]]]:
    read = CalamineWorkbook.from_filelike(io.BytesIO(book))
    return [read.get_sheet_by_index(at).to_python() for at in range(len(read.sheet_names))]


def test_numbers_of_plain_tables_are_numbers_in_files(release: Release) -> None:
    context = context_of(release, View(page="quality", language="en"), "light")
    table = find_table(html.Div(DRAWN["quality"](context)), "ledger")
    assert table is not None
    counts = [cell for row in table.rows for cell in row[1:]]
    assert sum(cell for cell in counts if isinstance(cell, int)) > 10_000
    assert account(context, table)


@pytest.mark.parametrize(
    "address",
    [
        "/download/csv/trend/nothing",
        "/download/pdf/trend/trend",
        "/download/csv/nowhere/trend",
        "/download/csv/trend/trend?release=2016-12-31-0001-gone",
    ],
)
def test_what_is_not_there_is_said_so(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.fixture
def two(home: Path, tmp_path: Path) -> Iterator[tuple[Releases, list[str]]]:
    """Two releases, of which the second is current."""
    folder = shutil.copytree(home, tmp_path / "home", symlinks=True) / "releases"
    first = (folder / "current").resolve().name
    shutil.copytree(folder / first, folder / "2017-01-31-0002-second")
    with duckdb.connect(str(folder / "2017-01-31-0002-second" / "release.duckdb")) as con:
        con.execute("update release_info set release_id = '2017-01-31-0002-second'")
    (folder / "current").unlink()
    (folder / "current").symlink_to("2017-01-31-0002-second")
    releases = Releases(folder.parent)
    yield releases, [first, "2017-01-31-0002-second"]
    releases.close()


def test_an_address_names_its_release(two: tuple[Releases, list[str]]) -> None:
    releases, (first, second) = two
    assert releases.named(None).info.release_id == second
    assert releases.named(first).folder.name == first
    client = create_app(releases).server.test_client()
    for pinned, expected in (("", second), (f"&release={second}", second)):
        text = client.get(f"/download/csv/trend/trend?indicator=B1_theft{pinned}").get_data(as_text=True)
        assert expected in text


@pytest.mark.parametrize("name", ["current", "../releases", "..", "/etc", "2016", "."])
def test_no_name_leads_to_anything_but_a_kept_release(two: tuple[Releases, list[str]], name: str) -> None:
    with pytest.raises(ReleaseError, match="gone"):
        two[0].named(name)
    unpinned: Any = parse("/", f"?release={name}").release
    assert unpinned is None or "/" not in unpinned
