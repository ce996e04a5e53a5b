"""Pages as answers to addresses, without a browser."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards import vintage_data
from dashboards.access.headers import HEADERS
from dashboards.address import LANGUAGES, PAGES, SCHEMES, View
from dashboards.app import create_app, create_server, destination
from dashboards.encoding import as_json
from dashboards.pages.catalogue import narrowed
from dashboards.periods import period_end
from dashboards.releases import Releases
from dashboards.rendering import PAGES as PAGE_FUNCTIONS
from dashboards.rendering import render
from tests.dashboards import sample_release

pytestmark = pytest.mark.slow


def _text(content: Any) -> str:
    return as_json(content)


@pytest.fixture(scope="module")
def releases(home: Path) -> Releases:
    return Releases(home)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_answers_in_every_language_and_scheme(
    releases: Releases, page: str, language: str, scheme: str
) -> None:
    path = "/" if page == "overview" else f"/{page}"
    content, shown_scheme, shown_language, title = render(releases, path, f"?lang={language}&scheme={scheme}")
    assert (shown_scheme, shown_language) == (scheme, language)
    assert ("New York City" if language == "en" else "纽约市") in title
    assert "None" not in title
    assert len(_text(content)) > 5000


def test_a_change_is_one_sentence_that_links_to_its_trend(releases: Releases) -> None:
    text = _text(render(releases, "/", "")[0])
    assert "Precinct 75: Vehicle theft rate rose above the expected range in November 2016, at " in text
    assert "/trend?indicator=B1_theft&area=75&by=month&period=2016-11-01" in text
    assert "812 series were tested" in text
    assert "about 2.4" in text


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            r"Precinct 75: [\w -]+ came out higher in November 2016 than season, calendar and trend let expect, "
            r"at [\d.]+[^()]*\(about [\d.]+ expected\)\.",
        ),
        ("zh", r"高于按季节、日历与趋势的预期，[^（）]*（预期约为 [\d.]+）。"),
    ],
)
def test_a_change_against_its_season_says_what_was_expected(releases: Releases, language: str, sentence: str) -> None:
    """The limits of its chart know no season, and are not named."""
    assert re.search(sentence, _text(render(releases, "/", f"?lang={language}")[0]))


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            (
                "Shooting rate: 41 days without an event by the end of November 2016, where they are usually about 9.5",
                "Shooting rate: 12 days with an event in November 2016, where the years before let expect about 4.2.",
            ),
        ),
        ("zh", ("已连续 41 天无事件，而通常约每隔 9.5 天发生一次。", "有 12 天发生事件，而按往年预期约为 4.2 天。")),
    ],
)
def test_a_change_of_rare_events_is_told_in_days(
    home: Path, tmp_path: Path, language: str, sentences: tuple[str, ...]
) -> None:
    rare = "update changes set indicator_id = 'B1_shooting', period_start = '2016-11-01', method = 'gap', "
    sample_release.write_changed(
        tmp_path,
        home,
        f"{rare} signal = 'long_wait', value = 41, centre = 9.5 where position = 1;"
        f"{rare} signal = 'many_event_days', value = 12, centre = 4.2 where position = 2",
    )
    text = _text(render(Releases(tmp_path), "/", f"?lang={language}")[0])
    for sentence in sentences:
        assert sentence in text


def test_days_between_rare_events_are_charted_for_the_areas_that_have_them(releases: Releases) -> None:
    shown = _text(render(releases, "/trend", "?indicator=B1_shooting&area=75&area=5")[0])
    assert "Days between events · Shooting rate · Precinct 75" in shown
    assert "90 days without an event so far" in shown
    assert "Days between events" not in _text(render(releases, "/trend", "?indicator=B1_shooting&area=5")[0])


def test_the_same_period_last_year_is_told_with_what_chance_explains(home: Path, tmp_path: Path) -> None:
    releases = Releases(home)
    overview = _text(render(releases, "/", "")[0])
    assert re.search(r"(lower|higher) than December 2015; hardly by chance \(p = 0\.003\)", overview)
    shown = _text(render(releases, "/trend", "?indicator=B1_theft&area=city&area=75")[0])
    assert "34% less than December 2015; hardly by chance (p = 0.003)" in shown
    assert "1% more than December 2015; may be chance (p = 0.91)" in shown
    assert "比2015年12月少 34%" in _text(render(releases, "/trend", "?indicator=B1_theft&area=city&lang=zh")[0])
    moved = "update year_comparisons set months = 2, period_start = '2016-02-01', prior_start = '2015-02-01'"
    sample_release.write_changed(tmp_path, home, moved)
    together = "34% less than in January and February 2015, the two months together"
    found = Releases(tmp_path)
    assert together in _text(render(found, "/trend", "?indicator=B1_theft&area=city")[0])
    assert together in _text(render(found, "/", "?indicator=B1_theft&by=month&period=2016-02-01")[0])


def test_the_latest_period_is_told_against_its_season(releases: Releases) -> None:
    by_month = _text(render(releases, "/trend", "?indicator=B1_theft&area=city&area=75")[0])
    assert "Precinct 75, December 2016: 8.1, where season, weekdays, calendar and trend let expect 7.4" in by_month
    assert "unusual" not in by_month
    by_week = _text(render(releases, "/trend", "?indicator=B1_theft&area=city&by=week")[0])
    assert "let expect 7.7 (99.5% of sums 6.1 to 9.6; p < 0.001)." in by_week
    assert "unusual" in by_week


def test_the_legend_says_whether_the_season_is_taken_out(home: Path, tmp_path: Path) -> None:
    plain = Releases(home)
    assert "the season taken out" in _text(render(plain, "/trend", "?indicator=B1_theft&area=city")[0])
    assert "no season is established" in _text(render(plain, "/trend", "?indicator=B3&area=city")[0])
    sample_release.write_changed(tmp_path, home, "update indicator_limits set basis = 'level' where area_id = '75'")
    both = _text(render(Releases(tmp_path), "/trend", "?indicator=B1_theft&area=city&area=75")[0])
    assert "the season is taken out where one is established" in both


def test_a_target_is_told_on_the_overview_and_on_the_trend(releases: Releases) -> None:
    overview = _text(render(releases, "/", "")[0])
    assert "Target: 6.0 per 10,000 residents a year by 31 December 2017. Reached with 7% probability." in overview
    assert "off the path" in overview
    shown = _text(render(releases, "/trend", "?indicator=B1_theft&area=75&area=city")[0])
    assert "It was 8.0 on 1 January 2014. 2016: 7.1 per 10,000 residents a year." in shown
    assert "By growth so far: progress, which needs to be faster." in shown
    assert "leads to 6.9 (95% of months 5.8 to 8.0)" in shown
    assert "Fewer than 12 final months since then, too few for a probability." in shown
    for other in ("?indicator=B1_theft&area=5", "?indicator=B3&area=city"):
        assert "Target:" not in _text(render(releases, "/trend", other)[0])


def test_special_causes_statuses_and_missing_dimensions_are_said(releases: Releases) -> None:
    text = _text(render(releases, "/", "")[0])
    for said in ("below expected range", "provisional", "carried forward", "no figure published", "Rule of law"):
        assert said in text
    assert "no record since 31 December 2014, 731 days ago" in text


def test_gaps_on_the_trend_have_their_reason_in_words(releases: Releases) -> None:
    text = _text(render(releases, "/trend", "?indicator=X3&area=75&area=22")[0])
    assert "January 2015 to December 2015: no records from the source Stops 2016 in this period" in text
    assert "too small a base: under 1000 no figure is published" in text


def test_the_catalogue_says_which_field_is_missing(releases: Releases) -> None:
    text = _text(render(releases, "/catalogue", "?status=not_available")[0])
    assert "needs incident.reported_at, which no source of this city provides" in text
    assert "B1_theft" not in text


def test_catalogue_filters_narrow(releases: Releases) -> None:
    catalogue = releases.current().catalogue
    assert narrowed(catalogue, "THEFT rate", None, None)["indicator_id"].to_list() == ["B1_theft"]
    assert narrowed(catalogue, "机动车", "prevention_foundation", "available")["indicator_id"].to_list() == ["B1_theft"]
    assert narrowed(catalogue, None, "team", "available").height == 0


def test_the_quality_page_accounts_for_every_record(releases: Releases) -> None:
    text = _text(render(releases, "/quality", "")[0])
    assert "The ledger balances" in text
    assert "167,523" in text
    assert "132,512 records count in the figures" in text
    assert "39,990 were replaced by a later delivery, and 10 withdrawn" in text
    assert "5 passed, 3 failed" in text
    for said in ("area is not on the city's list", "6,036", "October 2016 to December 2016: collapsed (270 records)"):
        assert said in text


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("/trend", "?indicator=NOPE", "There is no indicator NOPE"),
        ("/trend", "?indicator=M1", "needs incident.reported_at"),
        ("/", "?indicator=NOPE", "There is no indicator NOPE"),
        ("/nowhere", "", "There is no such page"),
        ("/catalogue", "?q=zzz", "No indicator matches"),
        ("/trend", "?indicator=B1_theft&area=atlantis", "New York City"),
        ("/", "?by=day", "December 2016"),
    ],
)
def test_odd_addresses_get_a_clear_page(releases: Releases, path: str, query: str, said: str) -> None:
    assert said in _text(render(releases, path, query)[0])


def test_a_page_that_fails_says_so_and_the_log_tells_why(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_context: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(PAGE_FUNCTIONS, "trend", broken)
    content, *_ = render(Releases(home), "/trend", "?lang=en")
    assert "This page could not be drawn" in _text(content)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(("query", "said"), [("", "make nightly"), ("?lang=zh", "请先运行夜间任务")])
def test_without_a_release_the_page_says_what_to_do(tmp_path: Path, query: str, said: str) -> None:
    content, *_ = render(Releases(tmp_path), "/", query)
    assert said in _text(content)


def test_the_default_language_is_the_city_s(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "update release_info set language = 'zh'")
    assert [render(Releases(folder), "/quality", "").language for folder in (home, tmp_path)] == ["en", "zh"]


def test_controls_and_the_map_lead_to_addresses() -> None:
    view = View(indicator="B1_theft", language="zh")
    assert destination(view, [_changed({"control": "indicator"}, "value", "G2")], {}) == "/?indicator=G2&lang=zh"
    assert destination(view, [_changed({"control": "indicator"}, "value", "B1_theft")], {}) is None
    click = {"points": [{"curveNumber": 3, "customdata": ["75", 4.2]}]}
    there = "/district?indicator=B1_theft&area=75&by=month&lang=zh"
    assert destination(view, [_changed({"map": "month"}, "clickData", click)], {}) == there
    assert destination(view, [_changed({"map": "month"}, "clickData", None)], {}) is None
    chosen = destination(View(page="trend"), [_changed({"control": "areas"}, "value", ["1", "75"])], {"areas": ["1"]})
    assert chosen == "/trend?area=1&area=75"
    period = destination(View(), [_changed({"control": "period"}, "value", date(2016, 3, 1).isoformat())], {})
    assert period == "/?period=2016-03-01"


def test_a_control_as_drawn_is_no_choice(releases: Releases) -> None:
    content = render(releases, "/trend", "")[0]
    shown = content[-1].data
    assert shown == {"indicator": "B1_theft", "areas": ["city"], "period_kind": "month"}
    drawn = [_changed({"control": name}, "value", value) for name, value in shown.items()]
    assert destination(View(page="trend"), drawn, shown) is None


def _changed(identity: dict[str, str], name: str, value: Any) -> dict[str, Any]:
    return {"prop_id": f"{json.dumps(identity, separators=(',', ':'))}.{name}", "value": value}


def test_the_application_is_served_from_this_machine_only(home: Path) -> None:
    client = create_app(Releases(home)).server.test_client()
    page = client.get("/")
    assert b"https://" not in page.data
    for name, value in HEADERS.items():
        assert page.headers[name] == value
    assert client.get("/health").status_code == 200


def test_the_server_reads_its_home_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDLIGHT_HOME", str(home))
    assert create_server().test_client().get("/health").status_code == 200


def test_a_trend_tells_what_is_still_expected_and_what_was_published_before(releases: Releases) -> None:
    """Nowcasts beside provisional figures, the delays that they come from, and revisions with their reasons."""
    text = _text(render(releases, "/trend", f"?indicator={sample_release.REVISED}&area=city&by=month&lang=en")[0])
    vintages = releases.current().vintages
    now = vintages.nowcasts(sample_release.REVISED, ["city"], "month", date.min)
    assert [row["period_start"] for row in now.to_dicts()] == [date(2016, 11, 1), date(2016, 12, 1)]
    assert text.count("Expected once all is recorded: ") == 2
    assert f"Expected once all is recorded: {now['value'][1]:,.1f} days" in text
    assert "Expected once all is recorded, with its 95% interval" in text
    assert "Records come late: 50% within 1 day; 90% within 3 days; 99% within 7 days, of those made within 8" in text
    assert "new records; records were corrected" in text
    assert vintages.revisions(sample_release.REVISED, ["75"], "month", date.min)["reason"].to_list() == [
        "definition:pack"
    ]
    found = vintages.revisions(sample_release.REVISED, ["city"], "month", date.min)
    series = releases.current().series(sample_release.REVISED, ["city"], "month")
    ends = [period_end("month", start) for start in series["period_start"]]
    series = series.with_columns(pl.Series("period_end", ends))
    triangle = vintage_data.triangle(found, series, sample_release.AS_OF, 6)
    now = {row["period_start"]: row["value"] for row in triangle.to_dicts() if row["as_of"] == sample_release.AS_OF}
    told = [
        (row["period_start"], row["as_of"].day, row["value"] / now[row["period_start"]]) for row in triangle.to_dicts()
    ]
    november, february = date(2016, 11, 1), date(2016, 2, 1)
    assert told == [
        *((november, day, pytest.approx(share)) for day, share in ((14, 0.91), (29, 0.97), (31, 1.0))),
        *((february, day, pytest.approx(share)) for day, share in ((14, 1.01), (29, 1.01), (31, 1.0))),
    ]
    last = vintage_data.triangle(found, series, sample_release.AS_OF, 1)
    assert last["as_of"].unique().to_list() == [sample_release.AS_OF]
    assert "What was known when: New York City" in text
    chinese = _text(render(releases, "/trend", f"?indicator={sample_release.REVISED}&area=75&by=month&lang=zh")[0])
    assert "城市的设置已变" in chinese
    # Where nothing was revised and no delay is known, there is no empty panel.
    assert "What was published before" not in _text(render(releases, "/trend", "?indicator=B1_theft&lang=en")[0])
