"""What every page costs and whom it shuts out: bytes and requests on a first visit, and axe-core's rules."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboards.address import PAGES, REACHED, SCHEMES, View, href

pytestmark = [pytest.mark.slow, pytest.mark.browser]

MOST_KIBIBYTES = 2_900
"""On the way, zstd or gzip: plotly's bundle alone is 1.5 MB of them; browsers keep all but the page itself."""
MOST_REQUESTS = 45
DESKTOP, PHONE = (1280, 900), (390, 844)


class Counted:
    """What a page has fetched so far."""

    def __init__(self, page: Page) -> None:
        self.requests = self.size = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._add)

    def _add(self, event: dict[str, float]) -> None:
        self.requests += 1
        self.size += int(event["encodedDataLength"])


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has never been here."""
    expect.set_options(timeout=15_000)
    context = browser.new_context()
    yield context
    context.close()


@pytest.mark.parametrize("name", [*PAGES, *REACHED])
def test_a_first_visit_is_light_and_nothing_shuts_readers_out(window: BrowserContext, base_url: str, name: str) -> None:
    page = window.new_page()
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    counted = Counted(page)
    faults = []
    for scheme in SCHEMES:
        page.goto(base_url + href(View(page=name, language="en", scheme=scheme)))
        expect(page.locator("main h1")).to_be_visible()
        page.wait_for_load_state("networkidle")
        if scheme == SCHEMES[0]:
            assert counted.size / 1024 < MOST_KIBIBYTES
            assert counted.requests < MOST_REQUESTS
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        faults += [(scheme, each["id"], each["impact"], [node["html"] for node in each["nodes"]]) for each in found]
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    faults += [("phone", each["id"], each["impact"], [node["html"] for node in each["nodes"]]) for each in found]
    assert not faults
