"""Declarations in words: what is asked, and nothing of it left out."""

from typing import Any

import pytest

from dbt_like_sql.declarations import DataTest, Expectation
from dbt_like_sql.docs import wording


@pytest.mark.parametrize(
    ("kind", "kwargs", "said"),
    [
        ("ExpectColumnValuesToBeBetween", {"column": "n", "min_value": 0}, "n is at least 0"),
        ("ExpectColumnValuesToBeBetween", {"column": "n", "max_value": 5}, "n is at most 5"),
        (
            "ExpectColumnValuesToBeBetween",
            {"column": "n", "min_value": 0, "max_value": 5, "strict_min": True},
            "n is from 0 to 5 (strict_min: True)",
        ),
        ("ExpectColumnPairValuesAToBeGreaterThanB", {"column_A": "a", "column_B": "b"}, "a is greater than b"),
        (
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "a", "column_B": "b", "or_equal": True},
            "a is at least b",
        ),
        ("ExpectCompoundColumnsToBeUnique", {"column_list": ["a", "b"]}, "a, b are unique together"),
        ("ExpectColumnValuesToBeInSet", {"column": "a", "value_set": ["x", "y"]}, "a is one of x, y"),
        ("ExpectColumnValuesToNotBeNull", {"column": "a"}, "a is not null"),
        ("ExpectColumnValuesToBeUnique", {"column": "a"}, "a is unique"),
        ("ExpectTableRowCountToEqual", {"value": 1}, "the number of rows is 1"),
        (
            "ExpectColumnSumToBeBetween",
            {"column": "n", "min_value": 1},
            "column sum to be between (column: n, min_value: 1)",
        ),
        ("UnexpectedRowsExpectation", {"description": "a b", "unexpected_rows_query": "select"}, "a b"),
    ],
)
def test_expectations(kind: str, kwargs: dict[str, Any], said: str) -> None:
    assert wording.expectation_in_words(Expectation(kind, kwargs, "error")) == said


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("not_null", {}, "not null"),
        ("accepted_values", {"values": ["a", 1]}, "one of a, 1"),
        ("relationships", {"to": "source('staging', 'area')", "field": "area_id"}, "in area_id of area"),
        ("relationships", {"to": "ref('fct_a')", "field": "n"}, "in n of fct_a"),
    ],
)
def test_data_tests(name: str, arguments: dict[str, Any], said: str) -> None:
    assert wording.data_test_in_words(DataTest(name, "c", arguments, "error")) == said


def test_queries_name_the_table() -> None:
    query = "select * from {batch} where a = '{{x}}'"
    asked = Expectation("UnexpectedRowsExpectation", {"unexpected_rows_query": query}, "error")
    assert wording.query_of(asked, "facts.a") == "select * from facts.a where a = '{x}'"
    assert wording.query_of(Expectation("ExpectTableRowCountToEqual", {"value": 1}, "error"), "facts.a") is None
