"""Each record kind and each layer is judged by all six dimensions, or it is said why one cannot be."""

from collections import defaultdict
from typing import get_args

import pytest

from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from pipelines.pack.sources import Kind
from pipelines.quality.declarations import SUPPORTED, Expectation
from pipelines.quality.dimensions import DIMENSIONS, NOT_JUDGED, of_kind
from pipelines.quality.suite import indicator_expectations, published_expectations, warehouse_expectations
from pipelines.warehouse import SCHEMAS


@pytest.fixture(scope="module")
def declared() -> list[Expectation]:
    return [
        *warehouse_expectations(load_project()),
        *indicator_expectations(load_catalogue()),
        *published_expectations(),
    ]


def test_each_record_kind_is_judged_by_all_dimensions(declared: list[Expectation]) -> None:
    for kind in get_args(Kind):
        judged = {each.dimension for each in declared if (each.layer, each.table) == ("staging", kind)}
        assert judged == set(DIMENSIONS), kind


def test_each_layer_is_judged_by_all_dimensions_or_says_why_not(declared: list[Expectation]) -> None:
    judged = defaultdict(set)
    for each in declared:
        judged[each.layer].add(each.dimension)
    assert set(judged) == {*SCHEMAS} - {"raw"}
    for layer, dimensions in judged.items():
        assert dimensions.isdisjoint(NOT_JUDGED.get(layer, {})), "a reason that holds no longer"
        assert dimensions | set(NOT_JUDGED.get(layer, {})) == set(DIMENSIONS), layer
    assert set(NOT_JUDGED) <= set(judged)


def test_the_kind_says_the_dimension_unless_the_declaration_does() -> None:
    assert {of_kind(kind) for kind in SUPPORTED} == {"completeness", "validity", "uniqueness", "consistency"}
    by_kind = Expectation("it", "staging", "t", "c", "ExpectColumnValuesToBeUnique", {"column": "c"})
    assert by_kind.dimension == "uniqueness"
    declared = Expectation("it", "staging", "t", None, "UnexpectedRowsExpectation", {}, declared_dimension="accuracy")
    assert declared.dimension == "accuracy"
