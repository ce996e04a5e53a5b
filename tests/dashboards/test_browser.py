"""The dashboard as a reader sees it: real Chromium, the real server, the release's own numbers."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from dashboards.address import LANGUAGES, PAGES, SCHEMES
from dashboards.data import Release
from dashboards.figures.theme import palette
from dashboards.wording import Words
from tests.dashboards.visiting import Visitor
from tests.pdf_text import pages, plain

pytestmark = [pytest.mark.slow, pytest.mark.browser]

WITHOUT_CHARTS = ("catalogue", "briefing")


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """One browser window for all tests, so that scripts are fetched once; the pages leave nothing behind in it."""
    context = browser.new_context(accept_downloads=True)
    # Beside another suite a page may need more than the usual five seconds.
    expect.set_options(timeout=15_000)
    yield context
    context.close()


@pytest.fixture
def visitor(window: BrowserContext, base_url: str) -> Iterator[Visitor]:
    visitor = Visitor(window.new_page(), base_url)
    visitor.page.set_viewport_size({"width": 1280, "height": 900})
    yield visitor
    visitor.leave()


def _address(page: str, **fields: str) -> str:
    query = "&".join(f"{key}={value}" for key, value in fields.items())
    return ("/" if page == "overview" else f"/{page}") + (f"?{query}" if query else "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_in_every_language_and_scheme(visitor: Visitor, language: str, scheme: str) -> None:
    words = Words(language)
    visitor.open(_address("overview", lang=language, scheme=scheme))
    for page in PAGES:
        visitor.page.locator(".nav-link").get_by_text(words(f"nav.{page}"), exact=True).click()
        expect(visitor.page.locator("main h1")).to_have_text(words(f"{page}.title"))
        expect(visitor.page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        expect(visitor.page.locator("html")).to_have_attribute("data-scheme", scheme)
        expect(visitor.page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
        expect(visitor.page).to_have_title(re.compile("纽约市" if language == "zh" else "New York City"))
        expect(visitor.page.locator(".nav-link.active")).to_have_text(words(f"nav.{page}"))
        if page not in WITHOUT_CHARTS:
            assert any(visitor.drawn())


def test_a_phone_needs_no_sideways_scrolling(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.open("/")
    for page in PAGES:
        visitor.page.locator(".nav-link").get_by_text(Words("en")(f"nav.{page}"), exact=True).click()
        expect(visitor.page.locator("main h1")).to_have_text(Words("en")(f"{page}.title"))
        if page not in WITHOUT_CHARTS:
            visitor.drawn()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390, page


PAINTED = """window.painted = new Set();
(function look() {
  if (document.body) painted.add(getComputedStyle(document.body).backgroundColor);
  requestAnimationFrame(look);
})();"""
"""Remembers every background that a frame was painted with."""
LIGHT_PAGE, DARK_PAGE = "rgb(245, 247, 248)", "rgb(17, 24, 31)"


@pytest.mark.parametrize(
    ("system", "query", "scheme", "painted"),
    [
        ("dark", "", "dark", DARK_PAGE),
        ("light", "", "light", LIGHT_PAGE),
        ("dark", "?scheme=light", "light", LIGHT_PAGE),
        ("light", "?scheme=dark", "dark", DARK_PAGE),
    ],
)
def test_the_first_paint_is_in_the_system_s_scheme_unless_the_address_names_one(
    visitor: Visitor, system: Any, query: str, scheme: str, painted: str
) -> None:
    visitor.page.emulate_media(color_scheme=system)
    visitor.page.add_init_script(PAINTED)
    visitor.open(f"/trend{query}")
    visitor.drawn()
    expect(visitor.page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
    assert visitor.page.evaluate("[...painted]") == [painted]
    ink = visitor.page.evaluate("document.querySelector('.js-plotly-plot')._fullLayout.font.color")
    assert ink == palette(scheme).ink


def test_a_change_of_the_system_s_scheme_is_followed_and_stays_out_of_the_address(visitor: Visitor) -> None:
    visitor.page.emulate_media(color_scheme="light")
    visitor.open("/")
    visitor.page.emulate_media(color_scheme="dark")
    expect(visitor.page.locator("html")).to_have_attribute("data-scheme", "dark")
    visitor.page.get_by_role("link", name="Trends", exact=True).click()
    expect(visitor.page).to_have_url(visitor.base_url + "/trend")
    expect(visitor.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    # The address is new at once; the header comes with the page, and until then leads on from the one before.
    light = visitor.page.get_by_role("link", name="Light")
    expect(light).to_have_attribute("href", "/trend?scheme=light")
    light.click()
    expect(visitor.page).to_have_url(visitor.base_url + "/trend?scheme=light")
    expect(visitor.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")


def test_an_old_figure_looks_old_and_the_alarm_leads_to_the_sources(visitor: Visitor) -> None:
    visitor.open("/")
    old, current = (visitor.page.locator("#" + _css_id({"card": name})) for name in ("X5", "B1_theft"))
    expect(old).to_contain_text("December 2014")
    look = "card => { const s = getComputedStyle(card.querySelector('.card-number')); return s.color; }"
    assert old.evaluate(look) != current.evaluate(look)
    visitor.page.locator(".alarm").click()
    expect(visitor.page.locator("main h1")).to_have_text("Data quality")


def test_the_map_s_table_shows_all_its_columns(visitor: Visitor) -> None:
    visitor.open(_address("overview", indicator="B1_theft"))
    headers = visitor.page.locator(".map-panel .ag-header-cell")
    expect(headers).to_have_text(["Area", "Value", "95% interval", "Data grade", "Status"])
    expect(visitor.page.locator(".map-panel .ag-row").first).to_be_visible()
    # The grid fits its columns once it knows its width.
    fits = """() => { const grid = document.querySelector('.map-panel .ag-header-viewport');
        const last = [...grid.querySelectorAll('.ag-header-cell')].at(-1).getBoundingClientRect();
        return last.right <= grid.getBoundingClientRect().right + 1; }"""
    visitor.page.wait_for_function(fits)
    cells = visitor.page.locator(".map-panel .ag-row").first.locator(".ag-cell")
    assert [cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth") for cell in cells.all()] == [True] * 5


def test_gaps_are_drawn_and_their_reasons_can_be_read_in_full(visitor: Visitor) -> None:
    visitor.open(_address("trend", indicator="X3", area="75"))
    visitor.drawn()
    plot = visitor.page.locator(".js-plotly-plot").first
    expect(plot.locator(".shapelayer path").first).to_be_attached()
    left, bottom = plot.evaluate("plot => [plot._fullLayout._size.l, plot._fullLayout._size.b]")
    # Room for the axes' labels: a plot that failed half-way would keep the bare margin of 8 pixels.
    assert left > 20
    assert bottom > 20
    assert plot.locator("pattern").count() == 1
    ranges = visitor.page.locator(".ag-cell[col-id='lower-upper'], .ag-cell[col-id='bound_low-bound_high']")
    expect(ranges.first).to_contain_text(" – ")
    assert all(ranges.evaluate_all("cells => cells.map(cell => cell.scrollWidth <= cell.clientWidth)"))
    reason = visitor.page.locator(".ag-cell.wrapped", has_text="no records from the source Stops 2016").first
    reason.scroll_into_view_if_needed()
    visitor.page.wait_for_function(
        "cell => cell.clientHeight > 24 && cell.scrollWidth <= cell.clientWidth"
        " && cell.scrollHeight <= cell.clientHeight",
        arg=reason.element_handle(),
    )


def test_the_map_and_cards_hold_the_release_s_numbers(visitor: Visitor, release: Release) -> None:
    visitor.open(_address("overview", indicator="B1_theft", by="month", period="2016-11-01"))
    (chart,) = visitor.drawn()
    told = release._con.cursor().execute(
        "select area_id, value from indicator_values where indicator_id = 'B1_theft' and period_kind = 'month' "
        "and period_start = '2016-11-01' and area_level = 'precinct'"
    )
    assert dict(trace["customdata"] for trace in chart) == dict(told.fetchall())
    (value,) = (
        release._con.cursor()
        .execute(
            "select value from indicator_values where indicator_id = 'B1_theft' and period_kind = 'month' "
            "and period_start = '2016-11-01' and area_id = 'city'"
        )
        .fetchone()
    )
    card = visitor.page.locator("#" + _css_id({"card": "B1_theft"}))
    expect(card.locator(".card-number")).to_have_text(f"{value:,.1f}")


def test_the_trend_holds_the_release_s_numbers(visitor: Visitor, release: Release) -> None:
    visitor.open(_address("trend", indicator="B1_theft", area="75", by="month"))
    (chart,) = visitor.drawn()
    frame = release.series("B1_theft", ["75"], "month")
    line = next(trace for trace in chart if trace["meta"] == "line")
    assert line["y"] == frame["value"].to_list()
    assert line["x"] == [day.isoformat() for day in frame["period_start"]]
    marked = next(trace for trace in chart if trace["meta"] == "above_limit")
    assert marked["x"] == ["2016-11-01"]


def test_an_area_of_the_map_leads_to_its_page_and_back(visitor: Visitor) -> None:
    visitor.open(_address("overview", indicator="B1_theft"))
    visitor.drawn()
    visitor.page.locator(".chart-map").scroll_into_view_if_needed()
    # Precinct 123 is Staten Island's south: its middle lies safely inside.
    spot = visitor.page.evaluate(
        """() => { const plot = document.querySelector('.js-plotly-plot');
        const n = plot._fullData.findIndex(trace => trace.customdata[0] === '123');
        const box = plot.querySelectorAll('.scatterlayer .trace')[n].querySelector('.js-fill').getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; }"""
    )
    visitor.page.mouse.move(*spot)
    visitor.page.mouse.click(*spot)
    expect(visitor.page).to_have_url(re.compile(r"/district\?indicator=B1_theft&area=123&by=month"))
    expect(visitor.page.locator("main h2").first).to_have_text("Precinct 123, December 2016")
    visitor.page.go_back()
    expect(visitor.page.locator("main h1")).to_have_text("Overview")
    expect(visitor.page).to_have_url(visitor.base_url + "/?indicator=B1_theft")


def test_a_district_is_chosen_by_mouse_and_keyboard_and_leads_on(visitor: Visitor, release: Release) -> None:
    visitor.open("/district?area=75&period=2016-11")
    places = {trace["meta"]: trace for chart in visitor.drawn() for trace in chart}
    told = release._con.cursor().execute(
        "select rank, rank_low, rank_high from comparisons where area_id = '75' and rank is not null "
        "and period_start = '2015-01-01'"
    )
    rank, low, high = told.fetchone()  # type: ignore[misc]
    assert places["rank"]["customdata"] == [rank]
    assert places["interval"]["x"][:2] == [low, high]
    visitor.page.get_by_label("Area", exact=True).first.click()
    visitor.page.get_by_role("option", name="Precinct 5", exact=True).click()
    expect(visitor.page).to_have_url(re.compile(r"/district\?area=5&period=2016-11-01"))
    expect(visitor.page.locator("main h2").first).to_have_text("Precinct 5, November 2016")
    area = visitor.page.get_by_label("Area", exact=True).first
    area.focus()
    visitor.page.keyboard.press("Control+a")
    visitor.page.keyboard.type("New York City")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("main h2").first).to_have_text("New York City, November 2016")
    # The areas in it, by the indicator that is chosen.
    visitor.page.get_by_label("Indicator").first.click()
    visitor.page.get_by_role("option", name="Shooting rate").click()
    expect(visitor.page).to_have_url(re.compile("indicator=B1_shooting&area=city"))
    visitor.page.locator(".scores").last.get_by_role("link", name="Precinct 9", exact=True).click()
    expect(visitor.page.locator("main h2").first).to_have_text("Precinct 9, November 2016")
    visitor.page.locator(".scores").first.get_by_role("link", name="Vehicle theft rate").click()
    expect(visitor.page).to_have_url(re.compile(r"/trend\?indicator=B1_theft&area=9&by=month"))
    visitor.page.go_back()
    expect(visitor.page.locator("main h2").first).to_have_text("Precinct 9, November 2016")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download this table as CSV").click()
    assert download.value.suggested_filename == "9_month_2016-11-01.csv"


def test_a_briefing_prints_without_the_frame_of_the_page(visitor: Visitor, tmp_path: Path) -> None:
    visitor.open("/briefing?area=75&period=2016-11&scheme=dark")
    expect(visitor.page.locator("#headlines li").first).to_contain_text("Shooting rate rose above")
    visitor.page.get_by_label("Period").first.click()
    visitor.page.get_by_role("option", name="October 2016").click()
    expect(visitor.page.locator(".sheet h2")).to_have_text("Precinct 75, October 2016")
    visitor.page.go_back()
    expect(visitor.page.locator(".sheet h2")).to_have_text("Precinct 75, November 2016")
    visitor.page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    printed = "".join(pages(tmp_path / "page.pdf"))
    assert plain("Precinct 75, November 2016") in printed
    assert plain("Release 2016-12-31-sample") in printed
    for frame in ("Cooperation", "Skip to content", "Open for printing", "One district and month"):
        assert plain(frame) not in printed
    visitor.page.emulate_media(media="print")
    colours = visitor.page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.sheet h2')).color]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(29, 42, 53)"]
    visitor.page.emulate_media(media="screen")
    visitor.page.get_by_role("link", name="Open for printing").click()
    expect(visitor.page).to_have_url(re.compile(r"/briefing\.html\?area=75&period=2016-11-01&lang=en"))
    expect(visitor.page.locator(".sheet h2")).to_have_text("Precinct 75, November 2016")


def test_controls_change_the_address_and_the_back_button_restores_them(visitor: Visitor) -> None:
    visitor.open(_address("trend", indicator="B1_theft", area="75"))
    visitor.page.get_by_text("Year", exact=True).click()
    expect(visitor.page).to_have_url(re.compile("by=year"))
    # Drawn anew: a list opened before that would close again.
    expect(visitor.page.locator("main .ag-row").first).to_contain_text("2016-01-01")
    visitor.page.get_by_role("combobox", name="Indicator").or_(visitor.page.get_by_label("Indicator")).first.click()
    visitor.page.get_by_role("option", name="Cases resolved in time").click()
    expect(visitor.page).to_have_url(re.compile("indicator=G2"))
    expect(visitor.page.locator("main h2").first).to_contain_text("Cases resolved in time")
    visitor.page.go_back()
    expect(visitor.page.locator("main h2").first).to_contain_text("Vehicle theft rate")
    expect(visitor.page.get_by_label("Indicator").first).to_have_value("Vehicle theft rate")


def test_cooperation_holds_the_release_s_numbers_and_its_area_is_chosen(visitor: Visitor, release: Release) -> None:
    visitor.open(_address("cooperation", area="1", period="2015-10-01"))
    scores = release.cooperation.scores("1", "quarter", date(2015, 10, 1))
    by_meta = {trace["meta"]: trace for chart in visitor.drawn() for trace in chart}
    assert sorted(by_meta["score"]["x"]) == sorted(scores["score"].to_list())
    series = release.cooperation.over_time("1", "quarter").filter(parts="foundations")
    assert by_meta["foundations.coordination"]["y"] == series["coordination"].to_list()
    visitor.page.get_by_label("Area", exact=True).first.click()
    visitor.page.get_by_role("option", name="Precinct 5", exact=True).click()
    expect(visitor.page).to_have_url(re.compile(r"area=5&period=2015-10-01"))
    expect(visitor.page.locator("main h2").first).to_have_text("Precinct 5, quarter 4 of 2015")
    with visitor.page.expect_download() as download:
        visitor.page.locator("a[href*='/download/csv/cooperation/scores']").click()
    assert download.value.suggested_filename == "5_quarter_2015-10-01_scores.csv"
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == 1 + scores.height
    visitor.page.go_back()
    expect(visitor.page.locator("main h2").first).to_have_text("Precinct 1, quarter 4 of 2015")


def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    visitor.open(_address("overview"))
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator(".skip-link")).to_be_focused()
    for _ in range(20):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("document.activeElement.textContent") == "Trends":
            break
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("main h1")).to_have_text("Trends")
    visitor.page.get_by_label("Indicator").first.focus()
    visitor.page.keyboard.press("Control+A")
    visitor.page.keyboard.type("Shooting rate")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page).to_have_url(re.compile("indicator=B1_shooting"))


def test_language_and_scheme_switch_keep_the_view(visitor: Visitor) -> None:
    visitor.open(_address("trend", indicator="B1_theft", area="75"))
    visitor.page.get_by_role("link", name="中文").click()
    expect(visitor.page.locator("main h1")).to_have_text("趋势")
    visitor.page.get_by_role("link", name="深色").click()
    expect(visitor.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(visitor.page).to_have_url(re.compile("indicator=B1_theft&area=75&lang=zh&scheme=dark"))


def test_table_and_chart_are_downloaded(visitor: Visitor, release: Release) -> None:
    visitor.open(_address("trend", indicator="B1_theft", area="75", by="month"))
    expect(visitor.page.locator(".ag-row").first).to_be_visible()
    for ending, is_file in (("csv", b"# City: "), ("xlsx", b"PK")):
        with visitor.page.expect_download() as download:
            visitor.page.get_by_role("link", name=f"Download this table as {ending.upper()}").first.click()
        assert download.value.suggested_filename == f"B1_theft_month.{ending}"
        assert download.value.path().read_bytes().startswith(is_file)
    picture = visitor.page.get_by_role("button", name="PNG: ").first
    picture.focus()
    with visitor.page.expect_download() as download:
        visitor.page.keyboard.press("Enter")
    assert download.value.suggested_filename == "wardlight_trend_B1_theft.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_first_visit_explains_how_to_read_until_it_is_put_away(browser: Browser, base_url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(base_url + _address("overview"))
    explained = page.get_by_role("heading", name="How to read these pages")
    expect(explained).to_be_visible()
    page.get_by_role("button", name="Understood").press("Enter")
    expect(explained).to_be_hidden()
    page.goto(base_url + _address("trend"))
    expect(page.locator("main h1")).to_be_visible()
    expect(explained).to_be_hidden()
    page.get_by_role("button", name="How to read").press("Enter")
    expect(explained).to_be_visible()
    expect(page.get_by_role("button", name="Understood")).to_be_focused()
    context.close()


def test_a_link_holds_the_release_until_it_is_let_go(visitor: Visitor, release: Release) -> None:
    visitor.open(_address("trend", indicator="B1_theft", area="75"))
    visitor.page.get_by_role("link", name="Link to just this release").click()
    expect(visitor.page).to_have_url(re.compile(f"release={release.info.release_id}$"))
    expect(visitor.page.get_by_role("link", name="Show the newest release")).to_be_visible()
    visitor.page.get_by_role("link", name="Compare").click()
    expect(visitor.page).to_have_url(re.compile(f"/compare.*release={release.info.release_id}$"))
    visitor.page.get_by_role("link", name="Show the newest release").click()
    expect(visitor.page).not_to_have_url(re.compile("release="))


def test_the_catalogue_is_searched_as_one_types(visitor: Visitor) -> None:
    visitor.open(_address("catalogue"))
    visitor.page.get_by_label("Search").fill("shooting rate")
    expect(visitor.page).to_have_url(re.compile("q=shooting"))
    expect(visitor.page.locator(".item-title")).to_have_text(["Shooting rate"])
    visitor.page.locator(".item-title").click()
    expect(visitor.page.get_by_text("To rank officers.")).to_be_visible()


def test_the_ledger_on_the_page_is_the_release_s(visitor: Visitor, release: Release) -> None:
    visitor.open(_address("quality"))
    for name in ("read", "accepted", "quarantined", "duplicate", "deferred"):
        expect(visitor.page.locator(f"#flow-{name}")).to_have_text(f"{release.quality.ledger[name].sum():,}")
    ledger, grades, volume, checks = visitor.drawn()
    assert [trace["y"] for trace in checks] == [["service", "msr_incident_day", "patrol"]]
    assert [trace["y"] for trace in grades] == [["Council cases", "Vehicle thefts"]]
    assert {trace["meta"] for trace in volume} >= {"records", "expected", "silent", "collapsed", "surge"}
    assert len(ledger) == 5


def _css_id(identity: dict[str, str]) -> str:
    """Dash writes pattern ids as JSON; a CSS selector needs its punctuation escaped."""
    return re.sub(r'([{}":])', r"\\\1", json.dumps(identity, separators=(",", ":")))


def test_the_survey_s_area_and_question_are_chosen_by_mouse_and_keyboard(visitor: Visitor, release: Release) -> None:
    visitor.open("/public")
    visitor.drawn()
    visitor.page.get_by_label("Asked").first.click()
    visitor.page.get_by_role("option", name="Aware of prevention work").click()
    expect(visitor.page).to_have_url(re.compile(r"/public\?topic=aware$"))
    expect(visitor.page.locator("main h2").first).to_have_text("Aware of prevention work, New York City")
    visitor.page.get_by_label("Area").first.focus()
    visitor.page.keyboard.press("Control+a")
    visitor.page.keyboard.type("Precinct 75")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page).to_have_url(re.compile(r"/public\?area=75&topic=aware$"))
    expect(visitor.page.locator("main h2").first).to_have_text("Aware of prevention work, Precinct 75")
    told = release.survey.estimates("75", "aware").drop_nulls("value")
    drawn = {trace["meta"]: trace["y"] for trace in visitor.drawn()[0]}
    assert drawn == {
        group: told.filter(person_group=group)["value"].to_list() for group in told["person_group"].unique()
    }
    visitor.page.go_back()
    expect(visitor.page.locator("main h2").first).to_have_text("Aware of prevention work, New York City")


def _parts(visitor: Visitor, meta: str) -> int:
    """How many points of a kind the phase portrait has."""
    found = next((trace for trace in visitor.drawn()[0] if trace["meta"] == meta), None)
    return 0 if found is None else len(found["x"])


def test_sliders_are_followed_by_keyboard_and_by_mouse(visitor: Visitor) -> None:
    visitor.open("/?lang=en")
    visitor.page.get_by_role("link", name="Game lab").click()
    verdict = visitor.page.locator(".game-verdict")
    expect(verdict).to_contain_text("It depends on the beginning")
    visitor.drawn()
    reward = visitor.page.get_by_role("slider", name=re.compile("^Reward"))
    reward.focus()
    visitor.page.keyboard.press("End")
    expect(reward).to_have_attribute("aria-valuenow", "6")
    visitor.page.keyboard.press("ArrowLeft")
    expect(verdict).to_contain_text("Government would lose nothing by leaving")
    expect(visitor.page).to_have_url(re.compile(r"/game\?set=reward%3A5\.95&map=reward&map=penalty&lang=en$"))
    expect(reward).to_be_focused()
    assert _parts(visitor, "paths_goal") == 0
    track = visitor.page.locator(".lever", has=reward).locator(".mantine-Slider-trackContainer")
    box = track.bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    visitor.page.mouse.down()
    for share in (0.7, 0.4, 0.25):
        visitor.page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2, steps=4)
    # Mantine's slider takes a move with the next frame and none once it is let go, and sets itself back when Dash's
    # echo of the move before comes with that frame; a hand that is still on it moves again, by a pixel.
    amount = visitor.page.locator(".lever", has=reward).locator(".lever-value")
    for aside in range(60):
        visitor.page.mouse.move(box["x"] + box["width"] * 0.25 + aside % 2, box["y"] + box["height"] / 2)
        visitor.page.wait_for_timeout(250)
        if re.match("1.(4|5)", amount.inner_text()):
            break
    expect(amount).to_have_text(re.compile("^1.(4|5)"))
    visitor.page.mouse.up()
    expect(verdict).to_contain_text("It depends on the beginning")
    visitor.page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot').data.some(t => t.meta == 'paths_goal')"
    )
    # A step of the slider is no step back.
    visitor.page.go_back()
    expect(visitor.page.locator("main h1")).to_have_text("Overview")


def test_a_link_reopens_the_sliders_and_language_and_scheme_keep_them(visitor: Visitor) -> None:
    visitor.open("/game?set=cost_public:2&map=cost_public&map=credit&lang=en")
    public = visitor.page.get_by_role("slider", name=re.compile("^Cost to the public"))
    expect(public).to_have_attribute("aria-valuenow", "2")
    public.focus()
    visitor.page.keyboard.press("ArrowRight")
    expect(visitor.page).to_have_url(re.compile(r"set=cost_public%3A2\.1&map=cost_public&map=credit"))
    visitor.page.get_by_role("link", name="中文").click()
    expect(visitor.page.locator("main h1")).to_have_text("博弈实验室")
    expect(visitor.page.locator(".lever-value").last).to_have_text("2.1")
    visitor.page.get_by_role("link", name="深色").click()
    expect(visitor.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(visitor.page).to_have_url(
        re.compile(r"set=cost_public%3A2\.1&map=cost_public&map=credit&lang=zh&scheme=dark")
    )
    visitor.page.reload()
    expect(visitor.page.locator(".lever-value").last).to_have_text("2.1")


def test_scenarios_axes_and_games_are_chosen(visitor: Visitor) -> None:
    visitor.open("/game?lang=en")
    visitor.page.get_by_role("button", name="Double the reward").click()
    expect(visitor.page.locator(".game-verdict")).to_contain_text('the scenario "Double the reward"')
    expect(visitor.page).to_have_url(re.compile(r"set=reward%3A3&"))
    visitor.page.get_by_role("button", name="Today's parameters").click()
    expect(visitor.page.locator(".game-verdict")).to_contain_text('the scenario "Today\'s parameters"')
    visitor.page.get_by_role("textbox", name="Across").click()
    visitor.page.get_by_role("option", name="Cost of leading").click()
    expect(visitor.page).to_have_url(re.compile("map=cost_government&map=penalty"))
    visitor.page.get_by_text("As a table").click()
    expect(visitor.page.locator(".twin th").first).to_have_text("Cost of leading")
    visitor.page.get_by_role("textbox", name="Game", exact=True).click()
    visitor.page.get_by_role("option", name="Inspections").click()
    expect(visitor.page.locator(".game-verdict")).to_contain_text("Nothing is stable")
    expect(visitor.page).to_have_url(re.compile(r"/game\?game=inspection&lang=en$"))
    visitor.page.wait_for_function("() => document.querySelector('.js-plotly-plot').data.some(t => t.meta == 'centre')")
    # Of a page with several tables, each is downloaded by its own button.
    expect(visitor.page.locator(".ag-row").last).to_be_attached()
    with visitor.page.expect_download() as download:
        visitor.page.locator("a[href*='/download/csv/game/sensitivity']").click()
    assert download.value.suggested_filename == "inspection_sensitivity.csv"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_figure_leads_to_where_it_comes_from_and_back(visitor: Visitor, release: Release, language: str) -> None:
    words = Words(language)
    visitor.open(_address("overview", lang=language, scheme="dark"))
    card = visitor.page.locator(".card-frame", has=visitor.page.locator("#" + _css_id({"card": "B1_theft"})))
    card.locator(".card-origin").click()
    expect(visitor.page.locator("main h1")).to_have_text(words("explain.title"))
    expect(visitor.page).to_have_title(re.compile(words("nav.explain")))
    expect(visitor.page.locator("html")).to_have_attribute("data-scheme", "dark")
    figure = release.city.figure("B1_theft", "month", date(2016, 12, 1))
    assert figure is not None
    shown = words.measure(figure["value"], "per 10 000 residents and year", 1)
    expect(visitor.page.get_by_text(shown, exact=True)).to_be_visible()
    expect(visitor.page.locator(".explanation .ag-row").first).to_be_visible()
    # By its own address, on a phone: everything is there without scrolling sideways.
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.page.reload()
    expect(visitor.page.get_by_text("data/thefts.csv")).to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    visitor.page.set_viewport_size({"width": 1280, "height": 900})
    visitor.page.locator(".explained .part-link").first.click()
    expect(visitor.page.locator("main h1")).to_have_text(words("trend.title"))
    # The table's rows are links of their own, each to its period.
    second = visitor.page.locator(".ag-row[row-index='1'] .agGrid-Markdown a")
    second.click()
    expect(visitor.page).to_have_url(re.compile("/explain.*period=2016-11-01"))
    expect(visitor.page.locator("main h1")).to_have_text(words("explain.title"))
