"""Sortable, filterable tables for many rows, each to be had as a file."""

from collections.abc import Callable, Sequence
from typing import Any

import dash_ag_grid as dag
import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.downloads import download_links

GRID = "grid"
CHARACTER_PIXELS, PADDING_PIXELS = 7, 30
"""Of a digit in a table, and of both sides of a cell."""
THEME = (
    "themeQuartz.withParams({backgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)', "
    "headerBackgroundColor: 'var(--page)', headerTextColor: 'var(--muted)', borderColor: 'var(--rule)', "
    "accentColor: 'var(--accent)', browserColorScheme: 'inherit', fontFamily: 'inherit', fontSize: 13, "
    "wrapperBorderRadius: 8, spacing: 6})"
)


def grid(
    context: Context,
    name: str,
    columns: Sequence[dict[str, Any]],
    rows: list[dict[str, Any]] | pl.DataFrame,
    file_name: str,
    indicator: str | None = None,
) -> Any:
    """A table with links to its files.

    Parameters
    ----------
    name
        Identifies the table on its page.
    columns
        AG Grid column definitions.
    rows
        Plain values by field; a frame where there may be thousands, which is written for the browser as it is.
    file_name
        Of its files, without an ending.
    indicator
        What the table is about, if about one.
    """
    words = context.words
    shown = [column for column in columns if _is_filled(column["field"], rows)]
    return html.Div(
        [
            download_links(context, name, indicator),
            dag.AgGrid(
                id={GRID: name},
                columnDefs=shown,
                rowData=rows,
                defaultColDef={
                    "sortable": True,
                    "resizable": True,
                    "filter": True,
                    "minWidth": 84,
                    "suppressHeaderFilterButton": True,
                    "wrapHeaderText": True,
                    "autoHeaderHeight": True,
                },
                columnSize="responsiveSizeToFit",
                csvExportParams={"fileName": file_name},
                dashGridOptions={
                    "theme": {"function": THEME},
                    "domLayout": "autoHeight" if len(rows) <= 12 else "normal",
                    "enableCellTextSelection": True,
                    "ensureDomOrder": True,
                    "tooltipShowDelay": 300,
                    "localeText": {"noRowsToShow": words("grid.empty")},
                },
                className="grid" if len(rows) > 12 else "grid grid-auto",
                enableEnterpriseModules=False,
            ),
        ],
        className="grid-frame",
    )


def said(found: pl.Series, column: str, tell: Callable[[Any], str]) -> pl.Expr:
    """Put a column into words; what is said of many rows is made once.

    Parameters
    ----------
    found
        What the column holds, null among it or not.
    column
        Its name in the frame that the expression is for.
    """
    codes = found.unique()
    return pl.col(column).replace_strict(codes, [tell(code) for code in codes], return_dtype=pl.String)


def _is_filled(field: str, rows: list[dict[str, Any]] | pl.DataFrame) -> bool:
    """A column without any value would only take room."""
    if isinstance(rows, pl.DataFrame):
        column = rows[field].drop_nulls()
        return rows.is_empty() or bool((column != "").any() if column.dtype == pl.String else column.len())
    return not rows or any(row[field] not in (None, "") for row in rows)


def number_column(field: str, title: str, decimals: int, **settings: Any) -> dict[str, Any]:
    """Column of numbers, right-aligned; empty cells show a dash."""
    shown = {"function": f"params.value == null ? '–' : d3.format(',.{decimals}f')(params.value)"}
    return {
        "field": field,
        "headerName": title,
        "type": "rightAligned",
        "valueFormatter": shown,
        "filter": "agNumberColumnFilter",
    } | settings


def range_column(
    low: str, high: str, title: str, decimals: int, rows: Sequence[dict[str, Any]] | pl.DataFrame, **settings: Any
) -> dict[str, Any]:
    """Column of ranges from one field to another ("1.2 – 3.4", "1.2 – ∞" where the upper end is null), sorted by the
    lower end; left out of the file.

    It is as wide as the longest numbers in `rows` need.
    """
    characters = 0
    for end in (low, high):
        values = rows[end].to_list() if isinstance(rows, pl.DataFrame) else [row[end] for row in rows]
        known = [value for value in values if value is not None] or [0.0]
        characters += max(len(f"{value:,.{decimals}f}") for value in (min(known), max(known)))
    least = max(PADDING_PIXELS + CHARACTER_PIXELS * (characters + 3), 96)
    ends = [f"d3.format(',.{decimals}f')(params.data.{field})" for field in (low, high)]
    upper = f"(params.data.{high} == null ? '∞' : {ends[1]})"
    return {
        "colId": f"{low}-{high}",
        "field": low,
        "headerName": title,
        "type": "rightAligned",
        "valueFormatter": {"function": f"params.data.{low} == null ? '–' : {ends[0]} + ' – ' + {upper}"},
        "filter": False,
        "minWidth": least,
        "width": least,
    } | settings


def wrapped_column(field: str, title: str, **settings: Any) -> dict[str, Any]:
    """Column of text that takes as many lines as it needs."""
    return text_column(field, title, wrapText=True, autoHeight=True, cellClass="wrapped") | settings


def text_column(field: str, title: str, **settings: Any) -> dict[str, Any]:
    """Column of text; the whole text shows on hovering."""
    return {"field": field, "headerName": title, "tooltipField": field} | settings


def link_column(field: str, title: str, **settings: Any) -> dict[str, Any]:
    """Column of links, made by `link_cell`; left out of the file."""
    return {
        "colId": f"link-{field}",
        "field": field,
        "headerName": title,
        "cellRenderer": "markdown",
        "sortable": False,
        "filter": False,
        "width": 92,
        "minWidth": 84,
    } | settings


def link_cell(text: str, href: str) -> str:
    """Cell of a `link_column`; the address is one of the application's own."""
    return f"[{text}]({href})"
