"""Data Docs: what the pages say, that they ask for nothing from elsewhere, and which files are written anew."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from indicators.disclosure import Disclosure
from pipelines.quality import store
from pipelines.quality.data_docs import site
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import Verdict

DAYS = [date(2016, 12, 30), date(2016, 12, 31)]
AREA = Expectation("area_given", "staging", "incident", "area_id", "ExpectColumnValuesToNotBeNull", {"column": "area"})
ORDER = Expectation(
    "in_order",
    "staging",
    "incident",
    None,
    "UnexpectedRowsExpectation",
    {"description": "a < b & c", "unexpected_rows_query": "select secret", "mostly": 0.9},
    "warn",
    "consistency",
)
COUNT = Expectation("rows", "facts", "fct_incident", None, "ExpectTableRowCountToEqual", {"value": 3})


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema quality")
        yield opened


def verdict(expectation: Expectation, failed: int = 0, exception: str | None = None) -> Verdict:
    return Verdict(
        "run",
        expectation.table,
        expectation.layer,
        expectation.name,
        expectation.column,
        expectation.severity,
        not failed and exception is None,
        None,
        failed,
        exception,
        expectation.threshold,
        expectation.dimension,
    )


def judged(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, *found: tuple[Expectation, Verdict]) -> int:
    expectations, verdicts = [each for each, _ in found], [each for _, each in found]
    store.remember(con, verdicts, as_of)
    return site.write_pages(home, con, expectations, verdicts)


def texts(home: Path) -> dict[str, str]:
    folder = home / site.FOLDER
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of each row of the body of a page's first table, tags left out."""
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in body.split("</tr>")]
    return [[" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in row] for row in cells if row]


def test_a_page_tells_each_expectation_and_how_it_came_out(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    judged(con, tmp_path, DAYS[0], (AREA, verdict(AREA)), (ORDER, verdict(ORDER)))
    looked = replace(verdict(ORDER, 1_234), examined="2016-12-01/2016-12-31")
    judged(con, tmp_path, DAYS[1], (AREA, verdict(AREA, exception="<b>Binder Error</b>")), (ORDER, looked))
    judged(con, tmp_path, DAYS[1], (COUNT, verdict(COUNT)))
    pages = texts(tmp_path)
    assert set(pages) == {"index.html", "style.css", "staging/incident.html", "facts/fct_incident.html"}
    broken, failed = rows_of(pages["staging/incident.html"])
    assert broken[0] == "not judged"
    assert "&lt;b&gt;Binder Error" in broken[1]
    assert failed == [
        *("failed", "a &lt; b &amp; c in_order", "consistency", "warn", "1,234", "", "mostly 0.9"),
        *("2016-12-01/2016-12-31", "2016-12-31"),
    ]
    assert [row[0] for row in rows_of(pages["facts/fct_incident.html"])] == ["held"]
    assert rows_of(pages["index.html"]) == [
        ["facts.fct_incident", "1", "0", "0", "1/1", "", "", "", "", ""],
        ["staging.incident", "2", "1", "1", "0/1", "", "", "", "0/1", ""],
    ]
    by_date = pages["staging/incident.html"].partition("By date")[2]
    assert rows_of(by_date) == [["2016-12-31", "2", "2"], ["2016-12-30", "2", "0"]]


def test_pages_ask_for_their_stylesheet_alone_and_run_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    judged(con, tmp_path, DAYS[0], (ORDER, verdict(ORDER, 5)))
    for name, text in texts(tmp_path).items():
        assert not re.search(r"https?:|//[a-z]|@import|url\(|<script| style=| on\w+=", text), name
        assert "secret" not in text, "a query may hold values"
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            assert (tmp_path / site.FOLDER / name).parent.joinpath(link).resolve().is_file(), f"{name}: {link}"


def test_counts_are_as_the_profile_shows_them(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    verdicts = [replace(verdict(ORDER, 3), observed="2016-03-01"), verdict(AREA)]
    store.remember(con, verdicts, DAYS[0])
    site.write_pages(tmp_path, con, [ORDER, AREA], verdicts, Disclosure(profile="hes"))
    failed, held = rows_of(texts(tmp_path)["staging/incident.html"])
    assert (failed[4], failed[5], held[4]) == ("4", "", "0")


def test_what_would_stay_the_same_is_left(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert judged(con, tmp_path, DAYS[0], (AREA, verdict(AREA)), (ORDER, verdict(ORDER))) == 3
    assert judged(con, tmp_path, DAYS[0], (COUNT, verdict(COUNT))) == 2
    assert judged(con, tmp_path, DAYS[0], (AREA, verdict(AREA)), (ORDER, verdict(ORDER))) == 0
    assert judged(con, tmp_path, DAYS[0], (AREA, verdict(AREA)), (ORDER, verdict(ORDER, 1))) == 2
    assert not list(tmp_path.rglob("*.new"))
