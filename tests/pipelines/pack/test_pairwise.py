"""Weights by pairwise comparisons: the published example, and mistakes told with file, line and field."""

from pathlib import Path

import pytest

from indicators.composites.rules import IndexRules
from pipelines.errors import PackError
from pipelines.pack.pairwise import judge, pairwise_weights
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

DECLARED = """\
index:
  pairwise:
    overall:
      mechanism: {social_linkage: 2, rule_of_law: 4}
      social_linkage: {rule_of_law: 2}
    mechanism:
      M1:
        M2: 3
        M4: 1
      M2:
        M4: 1/3
"""


def text(part: str = "", new: str = "") -> str:
    assert not part or DECLARED.count(part) == 1
    return CITY_YML.replace("sources:\n", DECLARED.replace(part, new) + "sources:\n", 1)


def test_the_published_matrix_has_its_consistency_ratio() -> None:
    """Rows 1,1/2,4,3,3 / 2,1,7,5,5 / 1/4,1/7,1,1/2,1/3 / 1/3,1/5,2,1,1 / 1/3,1/5,3,1,1 (conformance)."""
    found = judge(
        {
            "a": {"b": 1 / 2, "c": 4, "d": 3, "e": 3},
            "b": {"c": 7, "d": 5, "e": 5},
            "c": {"d": 1 / 2, "e": 1 / 3},
            "d": {"e": 1},
        }
    )
    assert found.consistency_ratio == pytest.approx(0.01609, abs=5e-6)
    assert found.weights[1] == found.weights.max()


def test_the_order_of_a_pair_does_not_matter() -> None:
    one = pairwise_weights({"x": {"a": {"b": 4.0, "c": 2.0}, "b": {"c": 0.5}}})
    other = pairwise_weights({"x": {"b": {"a": 0.25}, "c": {"a": 0.5, "b": 2.0}}})
    assert one == pytest.approx(other)
    assert sum(one.values()) == pytest.approx(3)
    assert one["a"] == pytest.approx(4 * one["b"]) == pytest.approx(2 * one["c"])


def test_comparisons_become_weights_of_the_index(tmp_path: Path) -> None:
    rules = write_pack(tmp_path, city_yml=text()).index.rules()
    weights = dict(rules.weights)
    assert weights.pop("mechanism") == pytest.approx(3 * 4 / 7)
    assert weights.pop("social_linkage") == pytest.approx(3 * 2 / 7)
    assert weights.pop("rule_of_law") == pytest.approx(3 / 7)
    assert weights == pytest.approx({"M1": 9 / 7, "M2": 3 / 7, "M4": 9 / 7})
    assert rules.consistency == pytest.approx({"overall": 0, "mechanism": 0}, abs=1e-9)
    assert IndexRules(weights=rules.weights, consistency=rules.consistency) == rules


@pytest.mark.parametrize(
    ("part", "new", "field", "problem"),
    [
        ("rule_of_law: 2}", "rule_of_law: 1/8}", "overall.mechanism.social_linkage", "consistency ratio 0."),
        ("    overall:", "    whole:", "whole", "neither overall nor a dimension"),
        ("M4: 1/3", "M4: a third", "mechanism.M2.M4", "such as 1/3"),
        ("M4: 1/3", "M4: 12", "mechanism.M2.M4", "from 1/9 to 9"),
        ("      M2:\n        M4: 1/3\n", "", "mechanism", "M2 and M4 are not compared"),
        ("M4: 1/3", "M4: 1/3\n        M1: 1/3", "mechanism.M2.M1", "compared twice"),
        ("M4: 1/3", "M4: 1/3\n        M2: 1", "mechanism.M2.M2", "itself"),
        ("M2: 3", "L1: 3", "mechanism.M1.L1", "no indicator of mechanism"),
        ("{social_linkage: 2,", "{social_links: 2,", "overall.mechanism.social_links", "no dimension"),
        ("  pairwise:", "  weights: {M1: 2}\n  pairwise:", "mechanism.M1", "under weights, too"),
    ],
)
def test_mistakes_are_told_with_their_line(part: str, new: str, field: str, problem: str, tmp_path: Path) -> None:
    wrong = text(part, new)
    with pytest.raises(PackError) as caught:
        write_pack(tmp_path, city_yml=wrong)
    error = getattr(caught.value, "found", (caught.value,))
    (told,) = [each for each in error if problem in each.problem][:1]
    assert (told.field or "") == f"index.pairwise.{field}"
    assert str(told.file).endswith("city.yml")
    assert told.line in range(line_of(wrong, "index:"), line_of(wrong, "sources:"))


def test_a_contradiction_names_the_comparison_to_look_at_again(tmp_path: Path) -> None:
    wrong = text("rule_of_law: 2}", "rule_of_law: 1/8}")
    with pytest.raises(PackError, match="look again at") as caught:
        write_pack(tmp_path, city_yml=wrong)
    assert caught.value.line == line_of(wrong, "mechanism: {social_linkage")
