"""Checks are told in words, stage by stage."""

import pytest

from dashboards.address import View
from dashboards.components.checks import check_grid, check_name, check_summary
from dashboards.components.context import Context
from dashboards.data import Release
from dashboards.figures.theme import LIGHT
from dashboards.wording import Words
from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from pipelines.quality.suite import candidate_expectations, published_expectations, warehouse_expectations
from tests.dashboards import reading

PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
COLUMNS = ("victims", "victims_killed", "opened", "closed")


@pytest.mark.parametrize(
    ("expectation", "column", "english", "chinese"),
    [
        ("not_null_area_id", "area_id", "Always filled", "始终有值"),
        ("not_null_area_id", None, "Always filled: area_id", "始终有值：area_id"),
        ("unique_source", "source", "No value occurs twice", "没有重复值"),
        ("expect_column_values_to_be_in_set_status", "status", "Only declared values", "仅含声明的取值"),
        ("one_root", None, "Exactly one area stands for the whole city", "只有一个区域代表全市"),
        (f"{PAIR}_opened_closed", None, "opened never below closed", "opened 不小于 closed"),
        (
            f"{PAIR}_victims_victims_killed",
            None,
            "victims never below victims_killed",
            "victims 不小于 victims_killed",
        ),
        (
            f"{PAIR}_left_right",
            None,
            "First column never below the second: left_right",
            "前一列不小于后一列：left_right",
        ),
        ("a_rule_of_the_city", None, "A rule of the city", "A rule of the city"),
    ],
)
def test_checks_have_readable_names(expectation: str, column: str | None, english: str, chinese: str) -> None:
    assert check_name(Words("en"), expectation, column, COLUMNS) == english
    assert check_name(Words("zh"), expectation, column, COLUMNS) == chinese


@pytest.mark.parametrize(
    ("language", "stages"),
    [
        ("en", ["staging 1 of 3 ■ 2 failed", "measures 3 of 4 ■ 1 failed", "indicators 1 of 1 ● all passed"]),
        ("zh", ["暂存 1 / 3 ■ 2 项未通过", "度量 3 / 4 ■ 1 项未通过", "指标 1 / 1 ● 全部通过"]),
    ],
)
def test_the_summary_counts_by_stage(release: Release, language: str, stages: list[str]) -> None:
    context = Context(release, View(), Words(language), "light", LIGHT)
    summary = check_summary(context, release.quality.expectations)
    assert [reading.words(step) for step in summary.children] == stages


def test_the_grid_keeps_the_technical_name_on_hovering_and_in_the_file(release: Release) -> None:
    frame = check_grid(Context(release, View(), Words("en"), "light", LIGHT), release.quality.expectations)
    (grid,) = [part for part in reading.parts(frame) if hasattr(part, "columnDefs")]
    rows = {row["expectation"]: row["check"] for row in reading.rows(grid)}
    assert rows[f"{PAIR}_opened_closed"] == "opened never below closed"
    (check,) = [column for column in grid.columnDefs if column["field"] == "check"]
    assert check["tooltipField"] == "expectation"
    assert "expectation" in [each["field"] for each in grid.columnDefs]


def test_every_declared_check_has_a_name_in_both_languages() -> None:
    declared = [
        *warehouse_expectations(load_project()),
        *candidate_expectations(load_catalogue()),
        *published_expectations(),
    ]
    columns = {each.column for each in declared if each.column}
    # What has no name is shown in the English of its code.
    told = {each.name: check_name(Words("zh"), each.name, each.column, columns) for each in declared}
    assert [name for name, chinese in told.items() if chinese.isascii() and not name.startswith(PAIR)] == []
