"""Drawn pages are kept with their release: quick when seen again, never stale."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards import rendering
from dashboards.app import create_app
from dashboards.components.context import Context
from dashboards.data import ReleaseError
from dashboards.releases import Releases
from dashboards.rendering import KEPT_PAGES, PAGES, KeptPages, Page, render
from tests.dashboards import browsing, sample_release
from tests.pace import pace

pytestmark = pytest.mark.slow


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
    monkeypatch.setattr(rendering, "draw_page", lambda _release, view, scheme: Page([view.search], scheme, "en", ""))
    kept = KeptPages()
    for number in range(KEPT_PAGES + 5):
        assert kept(release, rendering.parse("/", f"?q={number}"), "light").content == f'["{number}"]'
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
    assert min(seconds[1:]) < 0.05 * pace()


def due(folder: Path, home: Path, next_due: datetime | None) -> Releases:
    said = "null" if next_due is None else f"'{next_due.isoformat()}'"
    change = f"update release_info set next_due = {said}, time_zone = 'Asia/Shanghai'"
    sample_release.write_changed(folder, home, change)
    return Releases(folder)


def test_the_header_says_when_the_next_release_is_due_and_since_when_it_is_overdue(tmp_path: Path, home: Path) -> None:
    moment, kept = datetime(2099, 11, 28, 1, tzinfo=UTC), KeptPages()
    releases = due(tmp_path / "coming", home, moment)
    for query, told in (("", "Next release due 28 November, 09:00"), ("?lang=zh", "下次发布：11 月 28 日 09:00")):
        assert told in str(render(releases, "/catalogue", query, draw=kept).content)
    past = due(tmp_path / "late", home, moment.replace(year=2019))
    for query, told in (
        ("", "overdue since 28 November, 09:00"),
        ("?lang=zh", "下次发布已逾期，应于 11 月 28 日 09:00"),
    ):
        assert told in str(render(past, "/catalogue", query, draw=kept).content)
    assert "Next release" not in str(render(due(tmp_path / "none", home, None), "/catalogue", "", draw=kept).content)


def test_a_kept_page_is_drawn_anew_once_the_next_release_is_overdue(tmp_path: Path, home: Path) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    releases, kept = due(tmp_path, home, soon), KeptPages()
    assert "Next release due" in str(render(releases, "/catalogue", "", draw=kept).content)
    time.sleep(max((soon - datetime.now(UTC)).total_seconds(), 0) + 0.1)
    assert "overdue since" in str(render(releases, "/catalogue", "", draw=kept).content)


def test_a_held_release_is_shown_from_its_time_on_and_never_before(tmp_path: Path, home: Path) -> None:
    sample_release.write_changed(tmp_path, home, "update release_info set release_id = 'held'")
    current, held = tmp_path / "releases" / "current", tmp_path / "releases" / "held"
    target = current.readlink()
    current.unlink()
    held.mkdir()
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    (held / f"{moment:%Y-%m-%dT%H-%M-%SZ}").symlink_to(Path("..") / target)
    releases = Releases(tmp_path)
    with pytest.raises(ReleaseError, match="held"):
        releases.current()
    told = str(render(releases, "/", "").content)
    assert "held until its time" in told
    assert moment.isoformat() in told
    time.sleep(max((moment - datetime.now(UTC)).total_seconds(), 0) + 0.1)
    assert releases.current().info.release_id == "held"
    releases.close()


def test_who_knows_the_id_of_a_held_release_is_not_shown_it_before_its_time(tmp_path: Path, home: Path) -> None:
    release_id = "2016-12-31-0001-abcdef12"
    sample_release.write_changed(tmp_path, home, "update release_info set release_id = 'served'")
    held = tmp_path / "releases" / release_id
    held.mkdir()
    (held / "release.duckdb").write_bytes((tmp_path / "releases" / "changed" / "release.duckdb").read_bytes())
    releases = Releases(tmp_path)
    for moment, is_shown in ((datetime(2099, 1, 1, tzinfo=UTC), False), (datetime(2019, 1, 1, tzinfo=UTC), True)):
        (held / "manifest.json").write_text(json.dumps({"publish_at": moment.isoformat()}), encoding="utf-8")
        if is_shown:
            assert releases.named(release_id).folder.name == release_id
        else:
            with pytest.raises(ReleaseError, match="gone"):
                releases.named(release_id)
    releases.close()
