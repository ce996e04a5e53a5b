"""The written site: every table with all that is declared of it, links that lead somewhere, no request outside."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from playwright.sync_api import Browser

from dbt_like_sql.declarations import Expectation
from dbt_like_sql.docs.site import write_site
from dbt_like_sql.project import Project

FURTHER = {"staging.incident": [Expectation("ExpectTableRowCountToEqual", {"value": 7}, "warn")]}


class _Read(HTMLParser):
    """Collects ids, addresses, open elements and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input"):
            self._open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src", "action", "data"):
                self.addresses.append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def site(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert write_site(project, folder, FURTHER) == len(project.models) + len(project.sources) + 1
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, _Read]:
    return {path.name: _Read(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}


@pytest.mark.slow
def test_every_address_leads_to_a_page_and_its_part(site: Path, pages: dict[str, _Read]) -> None:
    for name, page in pages.items():
        assert len(set(page.ids)) == len(page.ids), name
        for address in page.addresses:
            if address != "data:,":  # no icon, and no request for one
                file, part = urldefrag(address)
                assert (site / (file or name)).is_file(), (name, address)
                assert not part or part in pages[file or name].ids, (name, address)
    for path in site.iterdir():
        assert not re.search(r"https?:|url\(|@import", path.read_text(encoding="utf-8")), path.name


def test_every_table_is_reached_from_the_index(project: Project, pages: dict[str, _Read]) -> None:
    tables = {f"{source.schema}.{source.name}.html" for source in project.sources}
    tables |= {f"{model.relation}.html" for model in project.models}
    assert pages.keys() == tables | {"index.html"}
    assert tables <= set(pages["index.html"].addresses)


def test_a_page_holds_all_that_is_declared(project: Project, pages: dict[str, _Read]) -> None:
    for model in project.models:
        page = pages[f"{model.relation}.html"]
        assert model.description in page.text
        assert model.compiled_sql.strip() in page.text
        assert model.raw_sql.strip() in page.text
        for column in model.columns:
            assert f"column-{column.name}" in page.ids
            assert column.description in page.text
        for name in model.depends_on:
            assert f"{project.model(name).relation}.html" in page.addresses
        for reader in project.models:
            if model.name in reader.depends_on:
                assert f"{reader.relation}.html" in page.addresses


def test_a_source_table_has_its_page(pages: dict[str, _Read]) -> None:
    page = pages["staging.incident.html"]
    assert "staging.stg_incident.html" in page.addresses
    assert "staging.area.html#column-area_id" in page.addresses  # a relationships test
    assert "the number of rows is 7" in page.text
    assert "warn" in page.text


def test_texts_are_shown_as_they_are(site: Path) -> None:
    # Descriptions hold "<geography>:unallocated".
    assert html.escape("<geography>:unallocated") in (site / "staging.stg_incident.html").read_text(encoding="utf-8")


def test_the_same_project_gives_the_same_bytes(project: Project, site: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.html").write_text("mine", encoding="utf-8")
    write_site(project, tmp_path, FURTHER)
    assert (tmp_path / "kept.html").read_text(encoding="utf-8") == "mine"
    for path in site.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.slow
@pytest.mark.browser
def test_a_table_is_found_by_keyboard_and_its_sql_shown_as_written(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text))
    page.goto(f"{site.as_uri()}/index.html#facts_account_for_staging")
    assert page.locator("#facts_account_for_staging").get_attribute("open") is not None
    page.keyboard.press("/")
    page.keyboard.type("patrol_d")
    assert page.locator("nav li:visible").all_inner_texts() == ["msr_patrol_day"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/measures.msr_patrol_day.html")
    assert page.locator("pre:visible", has_text="facts.fct_patrol").count() == 1
    page.locator("input[value=compiled]").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("pre:visible", has_text="ref('fct_patrol')").count() == 1
    assert page.locator("pre:visible", has_text="facts.fct_patrol").count() == 0
    page.locator(".box", has_text="fct_patrol").last.focus()
    assert page.locator(".drawing.following path.near").count() == 3
    assert faults == []
    page.close()
