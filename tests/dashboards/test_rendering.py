"""Drawn pages are kept with their release: quick when seen again, never stale."""

import time
from pathlib import Path
from typing import Any

import pytest

from dashboards import rendering
from dashboards.app import create_app
from dashboards.components.context import Context
from dashboards.releases import Releases
from dashboards.rendering import KEPT_PAGES, PAGES, KeptPages, render
from tests.dashboards import browsing, sample_release


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is drawn, as (release, colour scheme), each time it is."""
    found: list[tuple[str, str]] = []
    draw = PAGES["overview"]

    def watched(context: Context) -> Any:
        found.append((context.release.info.release_id, context.scheme))
        return draw(context)

    monkeypatch.setitem(PAGES, "overview", watched)
    return found


@pytest.mark.slow
def test_a_view_is_drawn_once_per_release_and_scheme(tmp_path: Path, home: Path, drawn: list[tuple[str, str]]) -> None:
    sample_release.write_changed(tmp_path, home, "update release_info set release_id = 'one'")
    releases, kept = Releases(tmp_path), KeptPages()

    def see(query: str, system: str = "light") -> Any:
        return render(releases, "/", query, system, kept)

    first = see("")
    assert see("") == first
    assert see("?scheme=light", "dark").scheme == "light"
    assert see("", "dark").scheme == "dark"
    assert see("?scheme=dark", "light") != first
    assert drawn == [("one", "light"), ("one", "light"), ("one", "dark"), ("one", "dark")]
    sample_release.write(tmp_path, "two", seed=8)
    assert see("") != first
    assert drawn[4:] == [("two", "light")]
    releases.close()


def test_a_page_that_failed_is_drawn_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    releases, kept = Releases(home), KeptPages()
    draw = PAGES["quality"]
    monkeypatch.setitem(PAGES, "quality", lambda _context: 1 / 0)
    failed = render(releases, "/quality", "", draw=kept)
    monkeypatch.setitem(PAGES, "quality", draw)
    assert render(releases, "/quality", "", draw=kept).title != failed.title


def test_no_more_pages_are_kept_than_fit(release: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "draw_page", lambda _release, view, scheme: (view.search, scheme, "en", ""))
    kept = KeptPages()
    for number in range(KEPT_PAGES + 5):
        assert kept(release, rendering.parse("/", f"?q={number}"), "light").content == str(number)
    assert [len(pages) for pages in kept._kept.values()] == [KEPT_PAGES]


@pytest.mark.parametrize("pathname", ["/", "/trend", "/quality", "/catalogue"])
def test_a_repeated_view_is_answered_within_50_milliseconds(home: Path, pathname: str) -> None:
    client = create_app(Releases(home)).server.test_client()
    question = browsing.question(pathname, system="dark")
    answers, seconds = [], []
    for _ in range(4):
        start = time.perf_counter()
        answers.append(client.post("/_dash-update-component", data=question, content_type="application/json").json)
        seconds.append(time.perf_counter() - start)
    assert answers[0]["response"]["theme"] == {"forceColorScheme": "dark"}
    assert all(answer == answers[0] for answer in answers)
    assert min(seconds[1:]) < 0.05
