"""A reader's tab in Chromium: what it opened, what is drawn in it, and what went wrong; for the browser tests."""

import time
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

DRAWN = """() => [...document.querySelectorAll('.js-plotly-plot')].map(plot => plot._fullData.map(trace => ({
  meta: trace.meta, customdata: trace.customdata && Array.from(trace.customdata),
  x: trace.x && Array.from(trace.x), y: trace.y && Array.from(trace.y)})))"""


class Visitor:
    """A browser tab that remembers what went wrong and where its requests went."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on(
            "request", lambda request: self.hosts.add(urlsplit(request.url).hostname or urlsplit(request.url).scheme)
        )

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"{kind}: {text}")

    def open(self, address: str) -> None:
        self.page.goto(self.base_url + address)
        expect(self.page.locator("main h1")).to_be_visible()

    def drawn(self) -> list[list[dict[str, Any]]]:
        """Traces of every chart on the page, once all of them are there; there must be one."""
        expect(self.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        return self.shown()

    def shown(self) -> list[list[dict[str, Any]]]:
        """The same of a page that need not have any."""
        expect(self.page.locator(".dash-graph:not(:has(.main-svg))")).to_have_count(0)
        found: list[list[dict[str, Any]]] = self.page.evaluate(DRAWN)
        return found

    def fits(self, width: int, seconds: float = 10) -> bool:
        """Whether the page needs no sideways scrolling; charts and tables take their width after the window."""
        until = time.monotonic() + seconds
        while self.page.evaluate("document.documentElement.scrollWidth") > width:
            if time.monotonic() > until:
                return False
            self.page.wait_for_timeout(100)
        return True

    def leave(self) -> None:
        """Close the tab; nothing may have gone wrong in it, and no request may have left this machine."""
        self.page.close()
        assert self.problems == []
        assert self.hosts <= {"127.0.0.1", "data", "blob"}
