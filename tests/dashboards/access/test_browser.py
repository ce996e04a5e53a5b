"""Sign-in in a real browser, from the door to the way out, over the served dashboard."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards import browsing
from tests.dashboards.access.conftest import PASSWORD, lines, make_people

pytestmark = [pytest.mark.slow, pytest.mark.browser]
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def secured(zones: Path, tmp_path_factory: pytest.TempPathFactory, quick_hashes: None) -> Iterator[tuple[Path, str]]:
    home = tmp_path_factory.mktemp("secured")
    (home / "releases").symlink_to(zones / "releases")
    (home / "access.yml").write_text("mode: local\n", encoding="utf-8")
    make_people(home)
    with browsing.serve(home) as url:
        yield home, url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.blocked = []  # type: ignore[attr-defined]
    page.on("console", lambda message: page.blocked.append(message.text) if "Security Policy" in message.text else None)  # type: ignore[attr-defined]
    yield page
    assert page.blocked == []  # type: ignore[attr-defined]
    context.close()


def _sign_in(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_from_a_link_through_the_door_to_the_view_and_out(secured: tuple[Path, str], page: Page) -> None:
    home, url = secured
    page.goto(f"{url}/trend?indicator=B1_theft&area=zone-75&by=month")
    expect(page.get_by_label("User name")).to_be_focused()
    _sign_in(page, "lian")
    page.wait_for_url("**/trend?indicator=B1_theft&area=zone-75&by=month")
    bar = page.get_by_role("region", name="Your account")
    expect(bar).to_contain_text("Lian")
    expect(bar).to_contain_text("limited to 2 areas")
    expect(page.locator(".chart").first).to_be_visible()
    page.goto(f"{url}/?indicator=B1_theft&by=month")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert set(re.findall(r"zone-\d+", page.content())) <= {"zone-40", "zone-41", "zone-42", "zone-75"}
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You have signed out")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()
    assert [row["event"] for row in lines(home)] == ["sign_in", "sign_out"]


def test_a_session_that_ends_while_a_page_is_open_leads_to_the_door_and_back(
    secured: tuple[Path, str], page: Page
) -> None:
    _, url = secured
    page.goto(f"{url}/?lang=en")
    _sign_in(page, "victor")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_url("**/sign-in?**")
    expect(page.get_by_role("status")).to_contain_text("Your session has ended")
    _sign_in(page, "victor")
    page.wait_for_url("**/compare?lang=en")
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.locator("a[download]")).to_have_count(0)


def test_a_form_of_another_site_signs_nobody_out(secured: tuple[Path, str], page: Page) -> None:
    """A page of another origin sends the browser there with its cookie; the session goes on."""
    _, url = secured
    page.goto(url)
    _sign_in(page, "victor")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto("about:blank")
    page.set_content(f"<form method='post' action='{url}/sign-out'><button>Go</button></form>")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", name="This was not sent by a page of the dashboard")).to_be_visible()
    page.goto(url)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out_at_the_door(
    secured: tuple[Path, str], page: Page, scheme: Literal["light", "dark"]
) -> None:
    """The form, the form after a wrong password, a page that is refused, and the way out, by axe-core."""
    _, url = secured
    page.emulate_media(color_scheme=scheme)
    page.goto(url)
    expect(page.get_by_label("User name")).to_be_visible()
    assert browsing.faults_of(page) == []
    page.get_by_label("User name").fill("victor")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert browsing.faults_of(page) == []
    page.goto(url)
    _sign_in(page, "victor")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(f"{url}/download/csv/trend/trend?indicator=B1_theft")
    expect(page.get_by_role("heading")).to_be_visible()
    assert browsing.faults_of(page) == []
    page.goto(url)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You have signed out")).to_be_visible()
    assert browsing.faults_of(page) == []
