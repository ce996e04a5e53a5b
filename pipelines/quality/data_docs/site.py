"""Data Docs: a page for each table with what is expected of it and how that came out last, and an index of all.

Here: the pages, made from verdicts and their memory. Not here: judging, and serving them (the dashboard does).

Great Expectations' own site builder is not used: its templates fetch fourteen files from content delivery networks and
run inline scripts, which neither a machine without a network nor the dashboard's content security policy lets pass,
and it knows nothing of verdicts that stand because no row has changed. These pages ask for their stylesheet alone, and
hold counts only: no row, key or value of a record.
"""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import jinja2

from dbt_like_sql.declarations import Expectation as Declared
from dbt_like_sql.docs.wording import expectation_in_words
from indicators.disclosure import EXACT, Disclosure
from pipelines.quality import store
from pipelines.quality.declarations import Expectation
from pipelines.quality.dimensions import DIMENSIONS
from pipelines.quality.expectations import Verdict

FOLDER = Path("quality") / "data_docs"
"""Where the site lies in a home folder."""
_TEMPLATES = Path(__file__).parent
_STYLESHEET = "style.css"
_LATEST_DATES = 14


@dataclass(frozen=True)
class _Line:
    """One expectation on a page: what it asks, how it came out, and since when it fails."""

    asks: str
    verdict: Verdict
    failing_since: date | None


def page_of(home: Path, layer: str, table: str) -> Path:
    """Return the file of a table's page."""
    return home / FOLDER / layer / f"{table}.html"


def write_pages(
    home: Path,
    con: duckdb.DuckDBPyConnection,
    expectations: Sequence[Expectation],
    verdicts: Sequence[Verdict],
    disclosure: Disclosure = EXACT,
) -> int:
    """Write the pages of tables that were judged just now, and the index; files that would stay the same are left.

    Parameters
    ----------
    expectations, verdicts
        In the same order; the verdicts are in the memory already.
    disclosure
        How counts are protected: the pages are served beside the dashboard.

    Returns
    -------
    int
        How many files were written.
    """
    since = _failing_since(con)
    tables: dict[tuple[str, str], list[_Line]] = {}
    for expectation, verdict in zip(expectations, verdicts, strict=True):
        key = (verdict.layer, verdict.table_name)
        line = _Line(_words(expectation), _shown(verdict, disclosure), since.get((*key, verdict.expectation)))
        tables.setdefault(key, []).append(line)
    files = {home / FOLDER / _STYLESHEET: (_TEMPLATES / _STYLESHEET).read_text(encoding="utf-8")}
    for (layer, table), lines in tables.items():
        lines.sort(key=lambda line: (line.verdict.success, line.verdict.severity, line.verdict.expectation))
        files[page_of(home, layer, table)] = _rendered(
            "table.html", root="../", layer=layer, table=table, lines=lines, dates=_dates(con, layer, table)
        )
    summaries = [_summary(layer, table, found) for (layer, table), found in _newest(con).items()]
    files[home / FOLDER / "index.html"] = _rendered("index.html", root="", summaries=summaries)
    return sum(_write(path, text) for path, text in files.items())


def _shown(verdict: Verdict, disclosure: Disclosure) -> Verdict:
    """Give a verdict as it may be read: what was observed may be a count, or a value of a single record."""
    if disclosure.is_exact:
        return verdict
    count = verdict.failed_count
    # That nothing is otherwise is always told.
    return replace(verdict, observed=None, failed_count=int(disclosure.show([count]).value[0]) if count else count)


def _words(expectation: Expectation) -> str:
    # What a share is taken of is told by the declaration's file.
    said = {name: value for name, value in expectation.kwargs.items() if name not in ("out_of", "mostly")}
    return expectation_in_words(Declared(expectation.kind, said, expectation.severity))


def _failing_since(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], date]:
    rows = con.execute(f"select layer, table_name, expectation, failing_since from ({store.FAILING_SINCE})").fetchall()
    return {(layer, table, expectation): since for layer, table, expectation, since in rows}


def _dates(con: duckdb.DuckDBPyConnection, layer: str, table: str) -> list[tuple[date, int, int]]:
    """Return the latest dates with how many expectations were judged, and how many failed."""
    return con.execute(
        f"select as_of, count(*), count(*) filter (not success) from ({store.BY_DATE}) "
        "where layer = ? and table_name = ? group by as_of order by as_of desc limit ?",
        (layer, table, _LATEST_DATES),
    ).fetchall()


def _newest(con: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, str], list[Verdict]]:
    found: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in store.recall(con):
        found.setdefault((verdict.layer, verdict.table_name), []).append(verdict)
    return found


def _summary(layer: str, table: str, verdicts: Sequence[Verdict]) -> dict[str, object]:
    failed = Counter(verdict.severity for verdict in verdicts if not verdict.success)
    judged = Counter(verdict.dimension for verdict in verdicts)
    held = Counter(verdict.dimension for verdict in verdicts if verdict.success)
    cells = [f"{held[name]}/{judged[name]}" if judged[name] else "" for name in DIMENSIONS]
    return {
        "layer": layer,
        "table": table,
        "judged": len(verdicts),
        "errors": failed["error"],
        "warnings": failed["warn"],
        "cells": cells,
    }


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["dimensions"] = DIMENSIONS
    return environment


def _rendered(template: str, **told: object) -> str:
    return _environment().get_template(template).render(**told)


def _write(path: Path, text: str) -> bool:
    """Put a text into a file unless it is there; a reader sees the old one or the new one."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
    return True
