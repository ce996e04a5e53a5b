"""Declared tests and expectations become what can be run, or are refused with place and remedy."""

from pathlib import Path

import pytest

from dbt_like_sql.errors import ProjectError
from dbt_like_sql.project import Project, load_project
from indicators.catalogue.reading import load_catalogue
from pipelines.quality.declarations import DeclarationError, Expectation, project_expectations, read_expectations
from pipelines.quality.suite import indicator_expectations, warehouse_expectations

SOURCES = """
version: 2
sources:
  - name: staging
    tables:
      - name: area
        description: One row per area
        columns:
          - {name: area_id, description: Area, data_type: varchar}
      - name: incident
        description: One row per incident
        columns:
          - name: area_id
            description: Area
            data_type: varchar
            data_tests:
              - not_null
              - unique:
                  config: {severity: warn}
              - relationships:
                  arguments: {to: "source('staging','area')", field: area_id}
          - name: status
            description: Status
            data_type: varchar
            data_tests:
              - accepted_values:
                  arguments: {values: [open, closed]}
        config:
          meta:
            expectations:
"""
PROJECT = "name: little\nversion: '1.0'\nconfig-version: 2\nmodel-paths: [models]\n"


def project_with(folder: Path, expectations: str, sources: str = SOURCES) -> Project:
    (folder / "models" / "staging").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "models" / "staging" / "sources.yml").write_text(sources.rstrip() + expectations)
    return load_project(folder)


def test_each_declared_form_becomes_its_expectation(tmp_path: Path) -> None:
    project = project_with(
        tmp_path,
        """
              - expectation: ExpectColumnPairValuesAToBeGreaterThanB
                kwargs: {column_A: area_id, column_B: status}
                severity: warn
              - expectation: UnexpectedRowsExpectation
                dimension: completeness
                kwargs:
                  description: Status, never blank
                  unexpected_rows_query: select * from {batch} where status = ''
""",
    )
    pair, query = "ExpectColumnPairValuesAToBeGreaterThanB", "UnexpectedRowsExpectation"
    relation = (
        "select area_id from {batch} where area_id is not null"
        " and area_id not in (select area_id from staging.area where area_id is not null)"
    )
    at = ("staging", "incident")
    assert project_expectations(project) == [
        Expectation("not_null_area_id", *at, "area_id", "ExpectColumnValuesToNotBeNull", {"column": "area_id"}),
        Expectation("unique_area_id", *at, "area_id", "ExpectColumnValuesToBeUnique", {"column": "area_id"}, "warn"),
        Expectation(
            "relationships_area_id",
            *at,
            "area_id",
            query,
            {"unexpected_rows_query": relation},
            declared_dimension="consistency",
        ),
        Expectation(
            "accepted_values_status",
            *at,
            "status",
            "ExpectColumnValuesToBeInSet",
            {"column": "status", "value_set": ["open", "closed"]},
        ),
        Expectation(
            "expect_column_pair_values_a_to_be_greater_than_b_area_id_status",
            *at,
            None,
            pair,
            {"column_A": "area_id", "column_B": "status"},
            "warn",
        ),
        Expectation(
            "status_never_blank",
            *at,
            None,
            query,
            {
                "description": "Status, never blank",
                "unexpected_rows_query": "select * from {batch} where status = ''",
            },
            declared_dimension="completeness",
        ),
    ]


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("{expectation: ExpectColumnValuesToMatchRegex, kwargs: {column: status, regex: x}}", "UnexpectedRows"),
        ("{expectation: ExpectColumnToBeBeautiful, kwargs: {column: status}}", "does not work inside DuckDB"),
        ("{expectation: UnexpectedRowsExpectation, kwargs: {unexpected_rows_query: 'x'}}", "no description"),
        (
            "{expectation: UnexpectedRowsExpectation, kwargs: {description: d, unexpected_rows_query: 'select 1'}}",
            "write `from {batch}`",
        ),
        ("{expectation: UnexpectedRowsExpectation, kwargs: {description: '!'}}", "does not read its table"),
        (
            "{expectation: UnexpectedRowsExpectation, kwargs: {description: d, unexpected_rows_query: '{batch}'}}",
            "give it a dimension beside its kwargs: completeness, validity,",
        ),
        (
            "{expectation: ExpectColumnToExist, dimension: beauty, kwargs: {column: status}}",
            "the dimension beauty of 'expect_column_to_exist_status' is not known",
        ),
    ],
)
def test_what_cannot_run_is_refused_with_place_and_remedy(tmp_path: Path, declared: str, says: str) -> None:
    project = project_with(tmp_path, f"\n              - {declared}\n")
    with pytest.raises(DeclarationError, match=r"sources\.yml, field staging\.incident") as refused:
        project_expectations(project)
    assert says in str(refused.value)
    assert refused.value.remedy


def test_two_expectations_of_one_name_are_refused(tmp_path: Path) -> None:
    one = "\n              - {expectation: ExpectColumnMaxToBeBetween, kwargs: {column: status, max_value: 1}}"
    with pytest.raises(DeclarationError, match="2 expectations are named expect_column_max_to_be_between_status"):
        project_expectations(project_with(tmp_path, one + one + "\n"))


def test_a_relation_to_an_unknown_table_is_refused(tmp_path: Path) -> None:
    sources = SOURCES.replace("'staging','area'", "'staging','aera'").replace(
        "        config:\n          meta:\n            expectations:\n", ""
    )
    with pytest.raises(DeclarationError, match="area_id relates to source"):
        project_expectations(project_with(tmp_path, "\n", sources))


def test_own_yml_fills_lists_and_tells_lines(tmp_path: Path) -> None:
    path = tmp_path / "tables.yml"
    path.write_text(
        "tables:\n"
        "  - name: indicators.indicator_values\n"
        "    expectations:\n"
        "      - expectation: UnexpectedRowsExpectation\n"
        "        dimension: validity\n"
        "        severity: warn\n"
        "        kwargs:\n"
        "          description: shares\n"
        "          unexpected_rows_query: select * from {batch} where id in ({shares}) or id in ({none})\n"
    )
    (found,) = read_expectations(path, lists={"shares": ["K3", "d'accord"], "none": []})
    assert (found.layer, found.table, found.severity) == ("indicators", "indicator_values", "warn")
    assert found.kwargs["unexpected_rows_query"].endswith("id in ('K3', 'd''accord') or id in (null)")

    path.write_text(path.read_text().replace("UnexpectedRowsExpectation", "ExpectColumnValuesToMatchRegex"))
    with pytest.raises(DeclarationError, match=r"tables\.yml:2, field indicators\.indicator_values"):
        read_expectations(path)
    path.write_text(path.read_text().replace("severity: warn", "severity: loud"))
    path.write_text(path.read_text().replace("ExpectColumnValuesToMatchRegex", "ExpectColumnToExist"))
    with pytest.raises(DeclarationError, match="severity loud"):
        read_expectations(path)
    path.write_text("tables:\n  - name: a.b\n    expects: []\n")
    with pytest.raises(ProjectError, match=r"tables\.yml:3"):
        read_expectations(path)


def test_all_that_the_project_and_catalogue_declare_can_be_run_and_told_apart() -> None:
    expected = [*warehouse_expectations(load_project()), *indicator_expectations(load_catalogue())]
    names = [(e.layer, e.table, e.name) for e in expected]
    assert len(set(names)) == len(names)
    judged = {e.table for e in expected}
    assert {model.name for model in load_project().models} <= judged
    assert {"incident", "patrol", "service", "computed_values", "computed_limits", "computed_changes"} <= judged
    assert all(name.isidentifier() for *_, name in names)
    assert not any("{additive}" in str(e.kwargs) or "{proportions}" in str(e.kwargs) for e in expected)
