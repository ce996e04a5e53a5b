"""Unusual days in a sentence each, newest first, and how far fields have drifted."""

from pathlib import Path
from typing import Any

import pytest

from dashboards.address import LANGUAGES
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release
from tests.dashboards.test_quality import lines

pytestmark = pytest.mark.slow


def panel(home: Path, language: str, name: str) -> Any:
    page = render(Releases(home), "/quality", f"?lang={language}")[0]
    (found,) = reading.by_class(page, name)
    return found


def items(part: Any) -> list[list[str]]:
    """Give the words of each item of a list, line by line."""
    found = [each for each in reading.parts(part) if type(each).__name__ == "Li"]
    return [[" ".join(reading.words(line).split()) for line in item.children] for item in found]


@pytest.mark.parametrize(
    ("language", "newest", "next_one"),
    [
        (
            "en",
            [
                "Council cases",
                "29 December 2016",
                "▲ 900 records; 57 to 381 would be usual.",
                "▲ category is Transportation in 39% of 887 records; 4% to 27% would be usual.",
                "▲ area_id is Precinct 75 in 59% of 642 records; 1% to 13% would be usual.",
            ],
            [
                "Vehicle thefts",
                "6 December 2016",
                "▲ occurred_until 2 h or more after the event in 90% of 25 records; 10% to 70% would be usual.",
                "▲ No place_kind in 40% of 25 records; 0% to 20% would be usual.",
            ],
        ),
        (
            "zh",
            [
                "市议会个案",
                "2016年12月29日",
                "▲ 900 条记录；通常为 57 至 381 条。",
                "▲ 887 条记录中 39% 的 category 为“Transportation”；通常为 4% 至 27%。",
                "▲ 642 条记录中 59% 的 area_id 为“第75分局”；通常为 1% 至 13%。",
            ],
            [
                "机动车盗窃",
                "2016年12月6日",
                "▲ 25 条记录中 90% 的 occurred_until 距事件 2 小时以上；通常为 10% 至 70%。",
                "▲ 25 条记录中 40% 缺少 place_kind；通常为 0% 至 20%。",
            ],
        ),
    ],
)
def test_unusual_days_are_told_newest_first(home: Path, language: str, newest: list[str], next_one: list[str]) -> None:
    found = items(panel(home, language, "anomalies"))
    assert found[:2] == [newest, next_one]
    assert len(found) == 4
    words = Words(language)
    assert words("anomaly.mix_other", observed="1%", low="3%", high="40%", records="305", field="lead_agency") in (
        found[2][2].removeprefix("▼ ")
    )
    days = words("anomaly.days", days="7", told="")
    assert found[3][2].removeprefix("▼ ").startswith(days.strip())
    assert "1,024" in found[3][2]


def test_many_days_are_in_a_table_that_can_be_taken_along(home: Path, tmp_path: Path) -> None:
    assert not [each for each in reading.parts(panel(home, "en", "anomalies")) if type(each).__name__ == "AgGrid"]
    more = (
        "insert into source_anomaly select t.* replace (day - n::int as day) "
        "from source_anomaly as t, range(1, 10) as earlier(n) where metric = 'volume'"
    )
    sample_release.write_changed(tmp_path, home, more)
    shown = panel(tmp_path, "en", "anomalies")
    assert len(items(shown)) == 8
    (grid,) = [each for each in reading.parts(shown) if type(each).__name__ == "AgGrid"]
    assert len(grid.rowData) == 7 + 9
    assert grid.rowData[0]["told"] == "900 records; 57 to 381 would be usual."
    assert [each["field"] for each in grid.columnDefs] == ["day", "source", "metric", "field", "told"]


def test_the_newest_month_of_each_field_is_told_the_furthest_first(home: Path) -> None:
    found = lines(panel(home, "en", "stability"))
    assert [[" ".join(cell.split()) for cell in row] for row in found] == [
        ["Council cases", "category", "December 2016", "4,134", "0.34", "0.01", "■ much changed"],
        ["Vehicle thefts", "area_id", "December 2016", "658", "0.15", "0.12", "▲ changed somewhat"],
        ["Shootings", "area_id", "December 2016", "64", "0.38", "1.46", "○ too few records to tell"],
    ]
    assert "1 field is as it was before." in reading.words(panel(home, "en", "stability"))


def test_where_nothing_drifted_there_is_no_table(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "update source_stability set status = 'stable'")
    shown = panel(tmp_path, "en", "stability")
    assert not [each for each in reading.parts(shown) if type(each).__name__ == "Tbody"]
    assert "4 fields are as they were before." in reading.words(shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_nothing_was_unusual_the_page_says_so(home: Path, tmp_path: Path, language: str) -> None:
    sample_release.write_changed(tmp_path, home, "delete from source_anomaly; delete from source_stability")
    words = Words(language)
    assert words("quality.no_anomalies") in reading.words(panel(tmp_path, language, "anomalies"))
    assert words("quality.no_stability") in reading.words(panel(tmp_path, language, "stability"))
