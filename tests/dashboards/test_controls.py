"""Every control of every page, by mouse and by keyboard: it changes the address, and the back button undoes that.

Here: what holds of all controls alike, found on the pages themselves. What a choice shows is in `test_browser`.
"""

import json
import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboards.address import PAGES, REACHED, View, href

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CONTROLS = """[id*='"control":'][id$='"}']"""
# Those of the page itself, which no address can leave out; briefing and overview have theirs by area and by map.
FEWEST = {"catalogue": 3, "trend": 3, "compare": 3, "district": 3, "explain": 3, "cooperation": 2, "public": 2}


def names_of(page: Page) -> list[str]:
    """Names of the controls that are shown, in their order."""
    ids = page.locator(CONTROLS).evaluate_all("controls => controls.map(control => control.id)")
    return list(dict.fromkeys(json.loads(each)["control"] for each in ids))


def control_of(page: Page, name: str) -> Locator:
    return page.locator(f'[id=\'{{"control":"{name}"}}\']').first


def by_mouse(page: Page, control: Locator) -> None:
    if control.locator("input[type=radio]").count():
        control.locator("input[type=radio]:not(:checked) + label").first.click()
    elif control.get_attribute("aria-haspopup") == "listbox":
        control.click()
        page.locator("[role=option]:not([data-combobox-active]):visible").first.click()
    else:
        control.click()
        page.keyboard.type("rate")


def by_keyboard(page: Page, control: Locator) -> None:
    if control.locator("input[type=radio]").count():
        control.locator("input[type=radio]:checked").focus()
        page.keyboard.press("ArrowRight")
        return
    control.focus()
    if control.get_attribute("aria-haspopup") != "listbox":
        page.keyboard.type("rate")
        return
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option]:visible").first).to_be_visible()
    # The arrow begins at the chosen one and comes round to it again; each of its steps takes a moment to be seen.
    reached, at = page.locator("[role=option][data-combobox-selected]:visible"), ""
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        expect(reached.and_(page.locator(f"[role=option]:not([id='{at}'])"))).to_have_count(1)
        at = reached.get_attribute("id") or ""
        if reached.get_attribute("data-combobox-active") is None:
            break
    page.keyboard.press("Enter")


@pytest.mark.parametrize("operate", [by_mouse, by_keyboard])
@pytest.mark.parametrize("name", [*PAGES, *REACHED])
def test_each_control_is_operated(browser: Browser, base_url: str, name: str, operate: object) -> None:
    assert callable(operate)
    expect.set_options(timeout=15_000)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    address = base_url + href(View(page=name, language="en", scheme="light"))
    page.goto(address)
    expect(page.locator("main h1")).to_be_visible()
    controls = names_of(page)
    assert len(controls) >= FEWEST.get(name, 0)
    for control in controls:
        page.goto(address)
        expect(page.locator("main h1")).to_be_visible()
        if control_of(page, control).locator("input[type=radio]").count() == 1:
            continue  # Figures of years alone leave nothing to choose.
        before = names_of(page)
        operate(page, control_of(page, control))
        expect(page, control).not_to_have_url(address)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.get_by_text("This page could not be drawn")).to_have_count(0)
        page.go_back()
        expect(page).to_have_url(re.compile(re.escape(address)))
        expect(control_of(page, control)).to_be_visible()
        expect(page.locator(CONTROLS)).to_have_count(len(before))
        assert names_of(page) == before
    context.close()
