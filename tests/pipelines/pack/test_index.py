"""The composite index that a pack declares: defaults, and mistakes told with their line."""

from pathlib import Path

import pytest

from indicators.composites.rules import IndexRules
from pipelines.errors import PackError
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

DECLARED = """\
index:
  goalposts: {B2: [0, 2500]}
  weights: {mechanism: 2, B3: 0}
  impute: previous
  periods: {month: 24}
"""


def text(part: str = "", new: str = "") -> str:
    assert not part or DECLARED.count(part) == 1
    return CITY_YML.replace("sources:\n", DECLARED.replace(part, new) + "sources:\n", 1)


def test_a_pack_that_declares_none_has_the_defaults(tmp_path: Path) -> None:
    assert write_pack(tmp_path).index.rules() == IndexRules()


def test_what_is_declared_is_what_the_statistics_take(tmp_path: Path) -> None:
    assert write_pack(tmp_path, city_yml=text()).index.rules() == IndexRules(
        goalposts={"B2": (0, 2500)}, weights={"mechanism": 2, "B3": 0}, impute="previous", periods={"month": 24}
    )


@pytest.mark.parametrize(
    ("part", "new", "field", "problem"),
    [
        ("{B2:", "{B99:", "goalposts.B99", "no indicator"),
        ("{B2:", "{K1:", "goalposts.K1", "context"),
        ("[0, 2500]", "[2500, 0]", "goalposts.B2", "not below"),
        ("[0, 2500]", "[0]", "goalposts.B2.1", "missing"),
        ("{mechanism:", "{mechanisms:", "weights.mechanisms", "neither a dimension nor an indicator"),
        ("B3: 0", "B3: -1", "weights.B3", "greater than or equal to 0"),
        ("impute: previous", "impute: guess", "impute", "previous"),
        ("{month: 24}", "{week: 24}", "periods.week", "month"),
        ("impute:", "imputes:", "imputes", "no key"),
    ],
)
def test_mistakes_are_told_with_their_line(part: str, new: str, field: str, problem: str, tmp_path: Path) -> None:
    wrong = text(part, new)
    with pytest.raises(PackError) as caught:
        write_pack(tmp_path, city_yml=wrong)
    error = caught.value
    assert (error.field or "").startswith(f"index.{field}")
    assert error.line in range(line_of(wrong, "index:"), line_of(wrong, "sources:"))
    assert problem in error.problem
