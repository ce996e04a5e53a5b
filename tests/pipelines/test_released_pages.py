"""Every page of the real city's and the simulated district's releases, as a reader's browser shows it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from dash import dcc
from playwright.sync_api import Browser, BrowserContext, expect

from dashboards.address import LANGUAGES, PAGES, REACHED, SCHEMES, View, href
from dashboards.data import Release
from dashboards.releases import Releases
from dashboards.rendering import draw_page
from dashboards.wording import Words
from tests.dashboards import browsing, reading
from tests.dashboards.browsing import faults_of
from tests.dashboards.visiting import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DESKTOP, PHONE = (1280, 900), (390, 844)
CITIES = ("nyc", "heting")


class Served(NamedTuple):
    """A city's dashboard."""

    url: str
    release: Release


@pytest.fixture(scope="module")
def served(nyc_home: Path, district: Path) -> Iterator[dict[str, Served]]:
    with ExitStack() as stack:
        found = {}
        for city, home in zip(CITIES, (nyc_home, district / "home"), strict=True):
            releases = Releases(home)
            stack.callback(releases.close)
            found[city] = Served(stack.enter_context(browsing.serve(home)), releases.current())
        yield found


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    expect.set_options(timeout=15_000)
    yield context
    context.close()


def view_of(release: Release, name: str, language: str, scheme: str) -> View:
    """A page without a choice but for what it is of; where a figure comes from needs a figure."""
    view = View(page=name, language=language, scheme=scheme)
    if name not in REACHED:
        return view
    indicator, period = next(iter(release.newest_figures("month").items()))
    return view.to(name, indicator=indicator, areas=(release.city_id,), period_kind="month", period=period)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("city", CITIES)
def test_every_page_at_both_widths(
    window: BrowserContext, served: dict[str, Served], city: str, language: str, scheme: str
) -> None:
    url, release = served[city]
    visitor, words = Visitor(window.new_page(), url), Words(language)
    page, charts, wanted = visitor.page, 0, 0
    for name in (*PAGES, *REACHED):
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        view = view_of(release, name, language, scheme)
        visitor.open(href(view))
        expect(page.locator("main h1")).to_have_text(words(f"{name}.title"))
        expect(page.locator("html")).to_have_attribute("data-scheme", scheme)
        expect(page).to_have_title(f"{words(f'nav.{name}')} · {words.of(vars(release.info), 'title')} · Wardlight")
        parts = reading.parts(draw_page(release, view, scheme).content)
        charts += len(visitor.shown())
        wanted += sum(isinstance(part, dcc.Graph) for part in parts)
        assert charts == wanted, name
        if (language, scheme) == ("en", "light"):
            assert not faults_of(page), name
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert visitor.fits(PHONE[0]), name
    assert charts >= 8
    visitor.leave()


@pytest.mark.parametrize("city", CITIES)
def test_what_is_drawn_is_what_the_release_says(window: BrowserContext, served: dict[str, Served], city: str) -> None:
    url, release = served[city]
    visitor = Visitor(window.new_page(), url)
    indicator, period = next(
        each
        for each in release.newest_figures("month", by_area=True).items()
        if "year" in release.period_kinds(each[0])
    )
    of_city = View(indicator=indicator, areas=(release.city_id,), period_kind="year")
    visitor.open(href(of_city.to("trend")))
    series = release.series(indicator, [release.city_id], "year")
    (chart, *_) = visitor.drawn()
    (line,) = (trace for trace in chart if trace["meta"] == "line")
    # Where charts begin anew the line is lifted.
    assert [value for value in line["y"] if value is not None] == series["value"].drop_nulls().to_list()
    level = release.levels(indicator)[0]
    visitor.open(href(View("overview", indicator=indicator, period_kind="month", period=period, level=level)))
    drawn = dict(trace["customdata"] for trace in visitor.drawn()[0] if trace["customdata"])
    values = release.map_values(indicator, "month", period, level)
    assert drawn == dict(values.select("area_id", "value").iter_rows())
    visitor.open(href(View("quality", language="en")))
    for name in ("read", "accepted", "quarantined", "duplicate", "deferred"):
        expect(visitor.page.locator(f"#flow-{name}")).to_have_text(f"{release.quality.ledger[name].sum():,}")
    visitor.leave()
