"""The quality page: changes in deliveries, and a ledger over deliveries that came again."""

from pathlib import Path
from typing import Any

import pytest

from dashboards.address import LANGUAGES
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_release

pytestmark = pytest.mark.slow


def page(home: Path, language: str) -> Any:
    return render(Releases(home), "/quality", f"?lang={language}")[0]


def lines(part: Any) -> list[list[str]]:
    """Give the words of a plain table, row by row and cell by cell."""
    (body,) = [each for each in reading.parts(part) if type(each).__name__ == "Tbody"]
    return [[reading.words(cell) for cell in row.children] for row in body.children]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                ["Council cases", "times are written otherwise opened in cases.csv", "300", "▼ set aside"],
                [
                    "Shootings",
                    "categories that are not known offence in 3 files, such as shootings_2016.csv",
                    "15",
                    "● went on",
                ],
                ["Vehicle thefts", "a new column beat in thefts.csv", "26,100", "● went on"],
            ],
        ),
        (
            "zh",
            [
                ["市议会个案", "时间写法改变 opened 见 cases.csv", "300", "▼ 隔离"],
                ["枪击案件", "出现未知类别 offence 见于 3 个文件，如 shootings_2016.csv", "15", "● 照常读入"],
                ["机动车盗窃", "新增一列 beat 见 thefts.csv", "26,100", "● 照常读入"],
            ],
        ),
    ],
)
def test_changes_in_deliveries_are_told(home: Path, language: str, expected: list[list[str]]) -> None:
    (panel,) = reading.by_class(page(home, language), "drift")
    found = lines(panel)
    assert [[" ".join(cell.split()) for cell in row[:4]] for row in found] == expected
    assert found[0][4] == "column opened is written as '%d/%m/%Y' now: write strptime(opened, '%d/%m/%Y')"
    suggestions = [part for part in reading.parts(panel) if getattr(part, "lang", None) == "en"]
    assert len(suggestions) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_any_change_quarantine_or_finding_the_page_says_so(home: Path, tmp_path: Path, language: str) -> None:
    sample_release.write_changed(
        tmp_path, home, "delete from source_drift; delete from quarantine_summary; delete from source_finding"
    )
    shown = reading.words(page(tmp_path, language))
    words = Words(language)
    for empty in ("quality.no_drift", "quality.no_quarantine", "quality.no_findings"):
        assert words(empty) in shown
        assert words(empty) not in reading.words(page(home, language))


def test_the_ledger_s_table_says_what_is_left_of_accepted_records(home: Path) -> None:
    (table,) = [
        part for part in reading.by_class(page(home, "en"), "table") if "quarantined" in reading.words(part.children[1])
    ]
    head = [reading.words(cell) for cell in table.children[1].children.children]
    cases = next(dict(zip(head, row, strict=True)) for row in lines(table) if row[0] == "Council cases")
    assert (cases["read"], cases["accepted"], cases["replaced"], cases["deleted"]) == (
        "68,421",
        "41,900",
        "39,990",
        "10",
    )
    assert cases["in the figures"] == "41,900"


def test_a_ledger_that_does_not_balance_is_said_so(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(
        tmp_path,
        home,
        "update ledger set read = read + 5 where batch_id = 'b-thefts'; "
        "update ledger set read = read - 5 where source = 'shootings'",
    )
    assert "10 records unaccounted for" in reading.words(page(tmp_path, "en"))
    assert "The ledger balances" in reading.words(page(home, "en"))


@pytest.mark.parametrize(("language", "said"), [("en", "area is not on the city's list"), ("zh", "区域不在本市清单中")])
def test_reasons_of_quarantine_can_be_sorted_and_downloaded(home: Path, language: str, said: str) -> None:
    (grid,) = [
        part for part in reading.parts(page(home, language)) if getattr(part, "id", None) == {"grid": "quarantine"}
    ]
    unknown = next(row for row in grid.rowData if row["field"] == "area_id")
    assert (unknown["reason"], unknown["row_count"]) == (said, 10)
    assert [each["field"] for each in grid.columnDefs] == ["source", "reason", "field", "row_count", "example"]


def test_checks_are_shown_from_the_second_date_on(home: Path, tmp_path: Path) -> None:
    def of(changed: str) -> Any:
        folder = tmp_path / str(abs(hash(changed)))
        sample_release.write_changed(folder, home, changed)
        return page(folder, "en")

    (cells,) = reading.find(page(home, "en"), "checks-figure").figure.checked.data
    assert list(cells.y) == ["service", "msr_incident_day", "patrol"]
    assert list(cells.z[0]) == [0] * 8 + [None] + [0] * 2 + [2] * 10
    assert "1 of 2 checks failed" in cells.customdata[0][-1]
    one_date = of("delete from expectation_history where as_of < '2016-12-31'")
    sound = of("update expectation_history set success = true")
    for without in (one_date, sound):
        assert "checks-figure" not in [getattr(part, "id", None) for part in reading.parts(without)]
    assert Words("en")("quality.never_failed", count="20") in reading.words(sound)


def test_silent_areas_are_told_by_source_those_silent_for_longest_first(home: Path) -> None:
    (panel,) = reading.by_class(page(home, "en"), "area-silence")
    (grid,) = [part for part in reading.parts(panel) if getattr(part, "id", None) == {"grid": "silent_areas"}]
    assert [(row["source"], row["area"], row["days_behind"], row["expected"]) for row in grid.rowData] == [
        ("Vehicle thefts", "Precinct 120", 61, 12),
        ("Vehicle thefts", "Precinct 75", 30, 16),
    ]
    head = [reading.words(cell) for cell in reading.by_class(panel, "table")[0].children[1].children.children]
    assert head == ["Source", "heard of", "silent", "source silent", "never heard of", "too few records to tell"]
    assert lines(panel) == [
        ["Shootings", "76", "0", "0", "0", "1"],
        ["Stops 2014", "0", "0", "77", "0", "0"],
        ["Vehicle thefts", "74", "2", "0", "1", "0"],
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_silent_area_the_page_says_so(home: Path, tmp_path: Path, language: str) -> None:
    sample_release.write_changed(tmp_path, home, "delete from area_freshness where status = 'silent'")
    (panel,) = reading.by_class(page(tmp_path, language), "area-silence")
    assert Words(language)("area_freshness.none") in reading.words(panel)
    assert "silent_areas" not in str(panel)


def _scores(home: Path, language: str = "en") -> Any:
    (panel,) = reading.by_class(page(home, language), "quality-score")
    return panel


@pytest.mark.parametrize(
    ("language", "thefts", "cases"),
    [
        (
            "en",
            [
                "C 85.00 850 of 1,000",
                "C 60.00 120 of 200",
                "nothing to count",
                "C 90.00 4 of 6 dimensions known; decided by: Timeliness",
            ],
            "the source has no recorded_at",
        ),
        (
            "zh",
            [
                "C 85.00 1,000 中的 850",
                "C 60.00 200 中的 120",
                "无可计数",
                "C 90.00 6 个维度中已知 4 个；决定维度：及时性",
            ],
            "数据源没有 recorded_at",
        ),
    ],
)
def test_every_source_is_graded_by_dimension_in_its_newest_month(
    home: Path, language: str, thefts: list[str], cases: str
) -> None:
    first, second = lines(_scores(home, language))
    assert [second[n] for n in (2, 5, 7, 8)] == thefts
    assert first[5] == cases
    assert {row[1] for row in (first, second)} == {Words(language).period("month", sample_release.AS_OF.replace(day=1))}


def test_what_may_still_change_is_said_to(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(
        tmp_path, home, "update quality_score set status = 'provisional' where dimension = 'timeliness'"
    )
    assert [row[5] for row in lines(_scores(tmp_path))][1] == "C 60.00 120 of 200; provisional"


def test_what_caps_a_grade_is_told_where_something_is_amiss(home: Path, tmp_path: Path) -> None:
    row = "'checks' as dimension, 180 as numerator, 90 as score, 'B' as grade"
    sample_release.write_changed(
        tmp_path,
        home,
        f"insert into quality_score select * replace ({row}) from quality_score "
        "where source = 'thefts' and area_id = 'city' and dimension = 'validity'",
    )
    cases, thefts = lines(_scores(tmp_path))
    assert (cases[8], thefts[8]) == ("nothing amiss", "B 90.00 180 of 200")
    assert len(lines(_scores(home))[0]) == len(cases) - 1


def test_grades_are_drawn_by_source_and_month(home: Path) -> None:
    (cells,) = reading.find(_scores(home), "grades-figure").figure.checked.data
    assert list(cells.y) == ["Council cases", "Vehicle thefts"]
    assert [len(row) for row in cells.z] == [36, 36]
    assert set(cells.z[1]) == {2}
    legend = reading.by_class(_scores(home), "grade-legend")
    assert reading.words(legend) == "A B C D"
    assert cells.customdata[1][-1] == "<b>Vehicle thefts</b><br>December 2016<br>C 90.00<br>decided by: Timeliness"


def test_areas_below_a_are_listed_and_those_with_too_few_records_are_not(home: Path, tmp_path: Path) -> None:
    def listed(panel: Any) -> list[tuple[str, str]] | None:
        found = [part for part in reading.parts(panel) if getattr(part, "id", None) == {"grid": "area_scores"}]
        return [(row["source"], row["area"]) for row in found[0].rowData] if found else None

    assert listed(_scores(home)) == [("Vehicle thefts", "Precinct 75")]
    sample_release.write_changed(tmp_path, home, "update quality_score set grade = 'A' where dimension = 'overall'")
    good = _scores(tmp_path)
    assert listed(good) is None
    assert "No area is below A in December 2016." in reading.words(good)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_graded_month_the_page_says_so(home: Path, tmp_path: Path, language: str) -> None:
    sample_release.write_changed(tmp_path, home, "update quality_score set grade = null, score = null")
    assert Words(language)("quality_score.none") in reading.words(_scores(tmp_path, language))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "service.expect_column_values_to_not_be_null in area_id; in rows of Council cases; held back: "),
        (
            "zh",
            "service.expect_column_values_to_not_be_null 涉及字段 area_id；仅限数据源 市议会个案 的记录；搁置的指标：",
        ),
    ],
)
def test_a_closed_gate_tells_what_it_is_about_and_which_figures_it_holds_back(
    home: Path, language: str, expected: str
) -> None:
    title = sample_release.INDICATORS["F5"][f"title_{language}"]
    assert expected + title in " ".join(reading.words(page(home, language)).split())
