"""The briefing: sentences that are true of the release, a document that needs nothing else, refusals that say why."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dash import dcc, html

from dashboards.address import LANGUAGES, View
from dashboards.app import create_app
from dashboards.components.brief import Brief, evidence, headlines
from dashboards.components.context import Context
from dashboards.data import Release
from dashboards.document import BriefingError, document, html_of
from dashboards.figures.theme import palette
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words, texts
from dashboards.write_briefings import write
from tests.dashboards import reading, sample_release

pytestmark = pytest.mark.slow

NOVEMBER = date(2016, 11, 1)


def brief(release: Release, area: str = "75", month: date = NOVEMBER, language: str = "en") -> Brief:
    view = View("briefing", areas=(area,), period=month)
    context = Context(release, view, Words(language), "light", palette("light"))
    return Brief(context, release.area_rows[area], month)


def sheet(home: Path, query: str) -> Any:
    return reading.find(render(Releases(home), "/briefing", query)[0], "briefing")


def test_the_most_important_comes_first_and_is_a_sentence(release: Release) -> None:
    told = headlines(brief(release))
    assert told[0].startswith("Shooting rate rose above the expected range in November 2016, at ")
    assert told[3] == "2 further changes are listed below."
    assert "2 of 11 figures are provisional: records may still arrive or close." in told
    assert "1 figure is carried forward from an earlier release, as a check failed: Required fields filled." in told
    assert told[-1] == "2 of 13 indicators have no figure; the reasons are given below."
    assert all(line.endswith(".") for line in told)


def test_a_quiet_month_is_called_quiet_only_as_far_as_it_was_looked_at(
    home: Path, release: Release, tmp_path: Path
) -> None:
    assert headlines(brief(release, "5", date(2016, 10, 1)))[0] == (
        "Nothing stands out in October 2016: all 11 figures that could be held against their usual range lie within it."
    )
    provisional = "update indicator_values set signal = null where period_start >= '2016-10-01'"
    sample_release.write_changed(tmp_path, home, provisional)
    told = headlines(brief(Releases(tmp_path).current(), "5", date(2016, 10, 1)))
    assert told[0] == ("No figure in October 2016 is final yet, so none could be held against its usual range.")
    assert (
        told[1]
        == "Settled meanwhile in September 2016: 11 further figures, all within their usual range by their charts."
    )


def test_a_change_comes_with_what_speaks_for_and_against_it(release: Release) -> None:
    here = brief(release)
    theft = next(row for row in here.changes if row["indicator_id"] == "B1_theft")
    told = evidence(here, theft)
    tested = "Of 812 series tested, about 2.4 of all changes found would be chance."
    assert told[0] == f"Held against the months before: p < 0.001. {tested}"
    assert any(line.startswith("95% interval ") for line in told)
    assert any("if all 3 unusable records fell one way or the other" in line for line in told)
    assert "data grade C: 3.0% of its records refused or not readable; 8.5% of the records in no known area" in told
    # The street lights are judged by thefts, and their twelve months are not over.
    assert any(line.startswith("Since 1 January 2016, Street lights is under way here. ") for line in told)
    severity = next(row for row in here.changes if row["indicator_id"] == "B3")
    assert not any("Street lights" in line for line in evidence(here, severity))


def test_a_change_just_after_a_break_or_of_a_revised_figure_says_so(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(
        tmp_path,
        home,
        "update breaks set start = '2016-06-01'; update revisions set indicator_id = 'B3', area_id = '75', "
        "period_start = '2016-11-01' where sequence = 3",
    )
    here = brief(Releases(tmp_path).current())
    told = evidence(here, next(row for row in here.changes if row["indicator_id"] == "B3"))
    assert "Revised 1 time since first published (new records)." in told
    assert any(line.startswith("Counted otherwise since 1 June 2016 (New penal code): ") for line in told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_on_the_sheet_are_the_release_s_and_each_has_its_definition(
    home: Path, release: Release, language: str
) -> None:
    content = sheet(home, f"?area=75&period=2016-11&lang={language}")
    shown = [
        part for part in reading.parts(reading.by_class(content, "brief-figures")[0]) if type(part).__name__ == "Tr"
    ]
    told = release._con.cursor().execute(
        f"select i.title_{language}, i.decimals, v.value, v.lower, v.upper from indicator_values v "
        "join indicator_catalogue i using (indicator_id) where v.area_id = '75' and v.period_kind = 'month' "
        "and v.period_start = '2016-11-01'"
    )
    figures = {title: rest for title, *rest in told.fetchall()}
    for number, row in enumerate(shown[1:], start=1):
        name = reading.words(row.children[0].children[0].children[0])
        decimals, value, lower, upper = figures[name]
        text = reading.words(row)
        assert f"{value:,.{decimals}f}" in text
        assert f"{lower:,.{decimals}f} – {upper:,.{decimals}f}" in text
        assert name in reading.words(reading.find(content, f"note-{number}"))
    assert len(shown) == 9
    assert "2016-12-31-sample" in reading.words(reading.find(content, "imprint"))


def test_the_sheet_is_paper_in_the_dark_too(home: Path) -> None:
    light, dark = (sheet(home, f"?area=75&period=2016-11&scheme={scheme}") for scheme in ("light", "dark"))
    assert html_of(light) == html_of(dark)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_needs_no_script_and_no_other_file(home: Path, language: str) -> None:
    written = document(Releases(home), View("briefing", areas=("75",), period=NOVEMBER, language=language))
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in written
    assert "<script" not in written
    sources = re.findall(r'(?:src|href)="([^"]*)"', written)
    assert sources
    assert all(source.startswith(("data:image/svg+xml", "#note-")) for source in sources)
    # What footnotes are linked is there.
    assert all(f'id="{source[1:]}"' in written for source in sources if source.startswith("#"))
    # No key of a text has been left where the text should be, and nothing unfilled.
    assert not [key for key in texts(language) if key.startswith("briefing.") and f">{key}<" in written]
    assert not re.search(r">[^<]*\{\w+\}[^<]*<", written.partition("</style>")[2])


def test_what_is_written_is_escaped_and_a_control_cannot_be_printed() -> None:
    content = html.P(["<b>&", html.Br(), html.Img(src='a"b', alt=""), dcc.Link("there", href="/trend")], className="x")
    assert html_of(content) == '<p class="x">&lt;b&gt;&amp;<br><img alt="" src="a&quot;b">there</p>'
    with pytest.raises(TypeError, match="Dropdown is no element of HTML"):
        html_of(dcc.Dropdown())


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("area=75&period=2031-01", "This release holds no figures of January 2031."),
        ("area=atlantis", "There is no area atlantis"),
        ("area=atlantis&lang=zh", "没有区域 atlantis"),
    ],
)
def test_a_briefing_that_there_is_not_is_refused_with_the_reason(home: Path, query: str, said: str) -> None:
    answer = create_app(Releases(home)).server.test_client().get(f"/briefing.html?{query}")
    assert answer.status_code == 404
    assert said in answer.text
    with pytest.raises(BriefingError, match="no release"):
        document(Releases(home / "nowhere"), View("briefing"))


def test_the_document_is_served_with_the_headers_of_every_page(home: Path) -> None:
    answer = create_app(Releases(home)).server.test_client().get("/briefing.html?area=75&period=2016-11")
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Precinct 75, November 2016" in answer.text


def test_documents_are_written_by_area_and_language_and_listed(home: Path, tmp_path: Path) -> None:
    listed = write(Releases(home), tmp_path, ["75", "5"], NOVEMBER, ["zh"])
    assert [(each["file"], each["month"]) for each in listed] == [("75_zh.html", "2016-11"), ("5_zh.html", "2016-11")]
    assert "第5分局，2016年11月" in (tmp_path / "5_zh.html").read_text(encoding="utf-8")
    with pytest.raises(BriefingError, match="There is no area x in this release"):
        write(Releases(home), tmp_path, ["x"], None, [])


def test_without_a_choice_it_is_every_district_in_its_newest_month_that_was_over(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(
        tmp_path / "home", home, "update areas set area_level = 'district' where area_id in ('1', '5')"
    )
    listed = write(Releases(tmp_path / "home"), tmp_path / "out", [], None, [])
    assert [(each["area"], each["month"], each["language"]) for each in listed] == [
        ("1", "2016-12", "en"),
        ("5", "2016-12", "en"),
    ]
