"""The overview never passes an old figure off as today's, and says what can be believed."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboards.address import View
from dashboards.components.context import Context
from dashboards.components.timeliness import alarm, why_no_newer
from dashboards.data import Release
from dashboards.figures.theme import LIGHT
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release

ALL_SILENT = """
    update indicator_values set value = null, status = 'not_available', reason = 'no_records:thefts'
      where period_start >= '2015-07-01';
    delete from changes;
    update source_freshness set status = 'silent', last_day = '2015-06-30', days_behind = 550;
    update source_freshness set last_day = '2014-12-31' where source = 'stops_2014'
"""
Make = Callable[[str], Releases]


@pytest.fixture
def make(tmp_path: Path, home: Path) -> Make:
    """Write a release in another state."""

    def _make(sql: str) -> Releases:
        sample_release.write_changed(tmp_path, home, sql)
        return Releases(tmp_path)

    return _make


def _context(release: Release, language: str = "en") -> Context:
    return Context(release, View(), Words(language), "light", LIGHT)


def _value(release: Release, indicator_id: str, start: date) -> float:
    row = release.city.figure(indicator_id, "month", start)
    assert row is not None
    return float(row["value"])


def test_a_provisional_figure_is_explained_and_not_compared(make: Make, home: Path) -> None:
    settled = reading.words(reading.find(render(Releases(home), "/", "").content, {"card": "B1_theft"}))
    assert "than November 2016" in settled
    provisional = (
        "update indicator_values set status = 'provisional', reason = 'maturing:30' "
        "where indicator_id = 'B1_theft' and period_kind = 'month' and period_start = '2016-12-01'"
    )
    shown = reading.words(reading.find(render(make(provisional), "/", "").content, {"card": "B1_theft"}))
    assert "than November 2016" not in shown
    assert "records of this period may still arrive or close for 30 days" in shown


@pytest.mark.parametrize(
    ("language", "period", "reason"),
    [
        ("en", "December 2014", "No newer figure: no record from Stops 2014 since 31 December 2014"),
        ("zh", "2014年12月", "没有更新的数字：2014 年盘查自2014年12月31日起没有记录"),
    ],
)
def test_each_card_shows_the_newest_figure_of_its_own_indicator(
    home: Path, release: Release, language: str, period: str, reason: str
) -> None:
    content = render(Releases(home), "/", f"?lang={language}").content
    old = reading.find(content, {"card": "X5"})
    assert old.className == "card card-old"
    assert f"{_value(release, 'X5', date(2014, 12, 1)):.1f}%" in reading.words(old)
    assert period in reading.words(old)
    assert reason in reading.words(old)
    current = reading.find(content, {"card": "B1_theft"})
    assert current.className == "card"
    assert f"{_value(release, 'B1_theft', date(2016, 12, 1)):.1f}" in reading.words(current)
    assert reason[:8] not in reading.words(current)
    (section,) = reading.by_class(content, "cards-section")
    assert reading.words(section).startswith(
        "New York City, December 2016" if language == "en" else "纽约市，2016年12月"
    )


def test_a_period_that_is_not_over_is_not_the_newest(make: Make) -> None:
    releases = make("update release_info set as_of = '2016-12-15'")
    content = render(releases, "/", "").content
    (section,) = reading.by_class(content, "cards-section")
    assert reading.words(section).startswith("New York City, November 2016")
    shown = reading.words(reading.find(content, {"card": "B1_theft"}))
    assert f"{_value(releases.current(), 'B1_theft', date(2016, 11, 1)):.1f}" in shown


def test_a_period_asked_for_is_shown_as_asked(home: Path, release: Release) -> None:
    content = render(Releases(home), "/", "?period=2016-03-01").content
    theft = reading.words(reading.find(content, {"card": "B1_theft"}))
    assert f"{_value(release, 'B1_theft', date(2016, 3, 1)):.1f}" in theft
    silent = reading.find(content, {"card": "X5"})
    assert silent.className == "card"
    assert "no records from the source Stops 2014 in this period" in reading.words(silent)
    assert reading.by_class(content, "map-warning") == []


@pytest.mark.parametrize(
    ("language", "line", "title"),
    [
        (
            "en",
            "Without a figure for the whole city: Burglary rate (needs a population for this area).",
            "Vehicle theft rate",
        ),
        ("zh", "没有全市数字：入室盗窃率（需要该区域的人口数）。", "机动车盗窃率"),
    ],
)
def test_indicators_without_a_figure_leave_the_cards_and_the_map_to_others(
    home: Path, language: str, line: str, title: str
) -> None:
    content = render(Releases(home), "/", f"?lang={language}").content
    assert reading.find(content, {"card": "B0"}) is None
    # The place that it leaves is taken by the next indicator of its dimension.
    assert reading.find(content, {"card": "B1_shooting"}) is not None
    assert line in reading.words(content)
    (panel,) = reading.by_class(content, "map-panel")
    assert reading.words(panel).startswith(title)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "No figure for any area: needs a population for this area."),
        ("zh", "所有区域都没有数字：需要该区域的人口数。"),
    ],
)
def test_a_map_without_any_figure_says_why(home: Path, language: str, sentence: str) -> None:
    content = render(Releases(home), "/", f"?indicator=B0&lang={language}").content
    assert [reading.words(part) for part in reading.by_class(content, "map-warning")] == [sentence]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            (
                "5 of 5 sources are silent: not all figures after 31 December 2014 can be relied on, and none after "
                "30 June 2015.",
                "Shown for June 2015. No newer figure: no record from Vehicle thefts since 30 June 2015.",
                "No indicator of the city has a figure for December 2016, so a change could not be seen.",
            ),
        ),
        (
            "zh",
            (
                "5 个数据源中 5 个沉默：2014年12月31日之后的数字并非全部可信，2015年6月30日之后的均不可信。",
                "所示为2015年6月。没有更新的数字：机动车盗窃自2015年6月30日起没有记录。",
                "没有任何全市指标有2016年12月的数字，因此无从发现变化。",
            ),
        ),
    ],
)
def test_when_every_source_is_silent_the_page_says_so(make: Make, language: str, sentences: tuple[str, ...]) -> None:
    content = render(make(ALL_SILENT), "/", f"?lang={language}").content
    for sentence in sentences:
        assert sentence in reading.words(content)
    (panel,) = reading.by_class(content, "map-panel")
    assert ("June 2015" if language == "en" else "2015年6月") in reading.words(panel.children[0])


def test_a_current_indicator_is_mapped_before_an_old_one(make: Make) -> None:
    old = "update indicator_values set value = null where indicator_id = 'B1_theft' and period_start >= '2015-07-01'"
    (panel,) = reading.by_class(render(make(old), "/", "").content, "map-panel")
    assert reading.words(panel).startswith("Shooting rate, December 2016")


ALIVE = "update source_freshness set status = 'alive', last_day = '2016-12-31'"
COLLAPSED = "; update source_freshness set status = 'collapsed' where source = 'cases'"
THEFTS = "; update source_freshness set status = 'silent', last_day = '2016-05-03' where source = 'thefts'"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "english", "chinese"),
    [
        (ALIVE, None, None),
        (
            "",
            "1 of 5 sources is silent and 1 has collapsed: not all figures after 31 December 2014 can be relied on.",
            "5 个数据源中 1 个沉默、1 个骤减：2014年12月31日之后的数字并非全部可信。",
        ),
        (
            ALIVE + COLLAPSED,
            "1 of 5 sources has collapsed: not all figures after 30 September 2016 can be relied on.",
            "5 个数据源中 1 个骤减：2016年9月30日之后的数字并非全部可信。",
        ),
        (
            "delete from source_freshness where source <> 'thefts'" + THEFTS,
            "1 of 1 sources is silent: no figure after 3 May 2016 can be relied on.",
            "1 个数据源中 1 个沉默：2016年5月3日之后的数字均不可信。",
        ),
        (
            ALIVE + "; update source_freshness set status = 'silent', last_day = null where source = 'thefts'",
            "1 of 5 sources is silent: figures that need them cannot be relied on.",
            "5 个数据源中 1 个沉默：依赖它们的数字不可信。",
        ),
    ],
)
def test_the_alarm_is_one_sentence_that_leads_to_the_quality_page(
    make: Make, sql: str, english: str | None, chinese: str | None
) -> None:
    release = make(sql).current()
    for language, sentence in {"en": english, "zh": chinese}.items():
        drawn = alarm(_context(release, language))
        if sentence is None:
            assert drawn is None
        else:
            assert reading.words(drawn) == f"▲ {sentence}"
            assert drawn.href.startswith("/quality")


@pytest.mark.parametrize(
    ("row", "english", "chinese"),
    [
        # The source of its kind has collapsed: too few records follow from that.
        (
            {"reason": "small_denominator:10;partial_records:3/31"},
            "Council cases has collapsed since October 2016",
            "市议会个案自2016年10月起骤减",
        ),
        # The source named is alive: a gap, not a silence.
        (
            {"reason": "no_records:thefts"},
            "no records from the source Vehicle thefts in this period",
            "该时段内数据源 机动车盗窃 没有记录",
        ),
    ],
)
def test_the_reason_names_the_sources_at_fault(
    release: Release, row: dict[str, Any], english: str, chinese: str
) -> None:
    for language, reason in {"en": english, "zh": chinese}.items():
        context = _context(release, language)
        assert why_no_newer(context, {"needs": ["service.closed_at"]}, row) == reason


def test_a_reason_that_no_source_explains_stays_as_it_is(release: Release) -> None:
    theft: dict[str, Any] = {"needs": ["incident.category"]}
    assert why_no_newer(_context(release), theft, {"reason": "nothing_to_count"}) == "nothing to count in this period"
    assert why_no_newer(_context(release), theft, None) == "not published for this kind of period"


@pytest.mark.parametrize(
    ("language", "warning"),
    [("en", "the sources cover 20 of the period's 31 days"), ("zh", "数据源仅覆盖该时段 31 天中的 20 天")],
)
def test_a_figure_of_part_of_its_period_says_so(home: Path, language: str, warning: str) -> None:
    content = render(Releases(home), "/", f"?period=2014-01-01&lang={language}").content
    part, whole = (reading.words(reading.find(content, {"card": name})) for name in ("X3", "B1_theft"))
    assert warning in part
    assert warning not in whole
