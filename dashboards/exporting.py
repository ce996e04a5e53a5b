"""A table of a page as a file that can be passed on: its rows, where they come from, and what its columns mean.

Here: which rows and words a file holds, and writing CSV and XLSX. Not here: what stands in a table, which its page
decides: a file holds that and nothing else, so that nothing is in a file that is withheld on the page.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from rustpy_xlsxwriter import FastExcel, Format

from dashboards import elements as html
from dashboards.address import href
from dashboards.components.context import Context
from dashboards.components.grid import GRID
from dashboards.components.layout import TABLE

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With one of these a spreadsheet takes text for a formula (OWASP, CSV injection)."""
NUMBER = re.compile(r"[−-]?\d{1,3}(,\d{3})*(\.\d+)?|[−-]?\d+(\.\d+)?")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WIDEST = 60
"""Characters that a column of a workbook is wide at most."""
LONGEST_TEXT = 32_767
"""Characters that a cell of a workbook holds."""


@dataclass(frozen=True)
class Table:
    """What a file holds of a table: a name without ending, (field, title) of each column, and cells row by row."""

    name: str
    columns: list[tuple[str, str]]
    rows: list[list[Any]]


def find_table(content: Any, name: str) -> Table | None:
    """Take the table of that name out of a page's content; None if there is no such."""
    for part in content._traverse():
        identity = getattr(part, "id", None)
        if identity == {GRID: name}:
            return _of_grid(part)
        if identity == {TABLE: name}:
            return _of_table(part, name)
    return None


def account(context: Context, table: Table) -> list[tuple[str, str]]:
    """Say where a table comes from and what its indicators mean: (what, text), in the reader's language.

    The address names the release, so it leads to these very figures for as long as that is kept.
    """
    words, info = context.words, context.release.info
    view = context.view.to(context.view.page or "overview", release=info.release_id)
    lines = [
        ("city", words.of(vars(info), "title")),
        ("page", words(f"nav.{view.page}")),
        ("release", info.release_id),
        ("as_of", words.day(info.as_of)),
        ("disclosure", words(f"disclosure.{info.disclosure}")),
        ("attribution", words.of(vars(info), "attribution")),
        ("version", f"Wardlight {info.code_version}"),
        ("address", href(view)),
    ]
    told = [(words(f"export.{name}"), text) for name, text in lines if text]
    defined = [(words.of(each, "title"), _definition(context, each)) for each in _indicators(context, table)]
    return told + defined


def as_csv(table: Table, lines: Sequence[tuple[str, str]]) -> bytes:
    """Write a table as UTF-8 text: its account in lines that begin with #, then field names, then the rows."""
    out = io.StringIO()
    for what, text in [*lines, *((field, title) for field, title in table.columns)]:
        out.write(f"# {what}: {' '.join(text.split())}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([field for field, _ in table.columns])
    writer.writerows([[_harmless(cell) for cell in row] for row in table.rows])
    return out.getvalue().encode()


def as_xlsx(table: Table, lines: Sequence[tuple[str, str]], titles: tuple[str, str]) -> bytes:
    """Write a table as a workbook: the rows on its first sheet, their account on the second.

    Text stays text, whatever it begins with.

    Parameters
    ----------
    titles
        Of the two sheets.
    """
    heads = _told_apart(table.columns)
    # A sheet takes its head from its first row.
    rows = [dict(zip(heads, row, strict=True)) for row in table.rows] or [dict.fromkeys(heads)]
    longest = [max((len(str(row[head])) for row in rows if row[head] is not None), default=0) for head in heads]
    widths = [float(min(max(most, len(head) // 2, 8) + 2, WIDEST)) for most, head in zip(longest, heads, strict=True)]
    if max(longest, default=0) > LONGEST_TEXT:
        rows = [{head: _fitting(cell) for head, cell in row.items()} for row in rows]
    head = Format().set_bold().set_text_wrap().set_align("top").set_border_bottom("thin")
    wrapped = Format().set_text_wrap().set_align("top")
    about = [dict(zip(titles, map(_fitting, line), strict=True)) for line in lines] or [dict.fromkeys(titles)]
    out = io.BytesIO()
    book = FastExcel(out)
    book.sheet(titles[0], rows, header_format=head, column_widths=widths, autofilter=True)
    book.sheet(titles[1], about, header_format=head, column_widths=[28.0, 100.0], column_formats=[head, wrapped])
    book.freeze(row=1, sheet=titles[0])
    book.save()
    return out.getvalue()


def _fitting(cell: Any) -> Any:
    return f"{cell[: LONGEST_TEXT - 1]}…" if isinstance(cell, str) and len(cell) > LONGEST_TEXT else cell


def _told_apart(columns: Sequence[tuple[str, str]]) -> list[str]:
    """Titles of columns; where several share one, their fields stand beside it."""
    shared = {title for title, count in Counter(title for _, title in columns).items() if count > 1}
    return [f"{title} ({field})" if title in shared else title for field, title in columns]


def _of_grid(part: Any) -> Table:
    # A column with an id of its own shows several fields at once; the file has them one by one.
    columns = [(each["field"], each["headerName"]) for each in part.columnDefs if "colId" not in each]
    fields = [field for field, _ in columns]
    rows = (
        part.rowData.select(fields).rows()
        if isinstance(part.rowData, pl.DataFrame)
        else [[row.get(field) for field in fields] for row in part.rowData]
    )
    return Table(part.csvExportParams["fileName"], columns, [[_plain(cell) for cell in row] for row in rows])


def _of_table(part: Any, name: str) -> Table:
    rows = [each for each in part._traverse() if isinstance(each, html.Tr)]
    titles = [_text(cell) for cell in rows[0].children]
    columns = [(f"column_{at}", title or f"column_{at}") for at, title in enumerate(titles, 1)]
    return Table(name, columns, [[_number(_text(cell)) for cell in row.children] for row in rows[1:]])


def _text(part: Any) -> str:
    if part is None:
        return ""
    if isinstance(part, (list, tuple)):
        return " ".join(filter(None, map(_text, part)))
    if isinstance(part, (str, int, float)):
        return str(part)
    return _text(getattr(part, "children", None))


def _number(text: str) -> float | int | str | None:
    """Read a number as the pages write it; other text stays, a dash is nothing."""
    if text in ("", "–"):
        return None
    if not NUMBER.fullmatch(text):
        return text
    plain = text.replace(",", "").replace("−", "-")
    return float(plain) if "." in plain else int(plain)


def _plain(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, (bool, int, float, str)) else str(cell)


def _harmless(cell: Any) -> Any:
    """Text that no spreadsheet runs, with line feeds alone for breaks, since readers take others for a new row."""
    if not isinstance(cell, str):
        return cell
    text = f"'{cell}" if cell.startswith(FORMULA) else cell
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _indicators(context: Context, table: Table) -> list[dict[str, Any]]:
    """Those that a column of the table names; without one, the one that the view is about."""
    fields = [field for field, _ in table.columns]
    if "indicator_id" in fields:
        at = fields.index("indicator_id")
        named = [context.release.indicator(each) for each in dict.fromkeys(row[at] for row in table.rows)]
    else:
        named = [context.release.indicator(context.view.indicator)] if context.view.indicator else []
    return [each for each in named if each]


def _definition(context: Context, indicator: dict[str, Any]) -> str:
    words = context.words
    parts = [
        indicator["indicator_id"],
        words.unit(indicator["unit"]),
        words.of(indicator, "about"),
        words.of(indicator, "formula"),
        words.of(indicator, "caveats"),
        indicator["definition_hash"] and words("export.definition_hash", hash=indicator["definition_hash"]),
    ]
    return words.join([part for part in parts if part])
