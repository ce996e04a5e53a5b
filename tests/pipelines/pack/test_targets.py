"""Targets that a pack declares: what the statistics take, and what is wrong with one, told with its line."""

from datetime import date
from pathlib import Path

import pytest

from indicators.declared import Target
from pipelines.errors import PackError
from pipelines.pack.targets import targets_of
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

DECLARED = """\
targets:
  B2: {value: 40, since: 2016-02-01, due: 2017-12-31}
  M4: {value: 90, since: 2016-02-01, due: 2017-12-31, baseline: 70.5, everywhere: true}
"""


def text(part: str = "", new: str = "") -> str:
    assert not part or part in DECLARED
    return CITY_YML.replace("sources:\n", DECLARED.replace(part, new, 1) + "sources:\n", 1)


def test_targets_are_what_the_statistics_take(tmp_path: Path) -> None:
    days = (date(2016, 2, 1), date(2017, 12, 31))
    assert targets_of(write_pack(tmp_path, city_yml=text())) == (
        Target("B2", 40.0, *days),
        Target("M4", 90.0, *days, baseline=70.5, everywhere=True),
    )


@pytest.mark.parametrize(
    ("part", "new", "marker", "field", "problem"),
    [
        ("  B2:", "  B99:", "B99:", "B99", "not in the catalogue"),
        ("  B2:", "  B4:", "B4:", "B4", "no end of it is better"),
        ("value: 90", "value: 101", "M4:", "M4.value", "more than the whole, 100"),
        ("value: 40", "value: -1", "B2:", "B2.value", "greater than or equal to 0"),
        ("due: 2017-12-31", "due: 2016-02-01", "B2:", "B2.due", "before it begins"),
        ("since: 2016-02-01, ", "", "B2:", "B2.since", "missing"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, part: str, new: str, marker: str, field: str, problem: str
) -> None:
    wrong = text(part, new)
    with pytest.raises(PackError, match=problem) as caught:
        write_pack(tmp_path, city_yml=wrong)
    assert caught.value.field == f"targets.{field}"
    assert caught.value.line == line_of(wrong, marker)
