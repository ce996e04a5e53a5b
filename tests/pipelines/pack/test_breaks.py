"""Breaks that a pack declares: what they concern, and what is wrong with one, told with its line."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from indicators.declared import Break
from pipelines.errors import PackError
from pipelines.pack.breaks import break_frame, breaks_of
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

DECLARED = """\
breaks:
  form:
    title: {en: New form, zh: 新表格}
    start: 2016-03-01
    sources: [calls]
  law:
    title: {en: New law, zh: 新法}
    start: 2016-04-01
    indicators: [B1]
"""


def text(part: str = "", new: str = "") -> str:
    assert not part or DECLARED.count(part) == 1
    return CITY_YML.replace("sources:\n", DECLARED.replace(part, new) + "sources:\n", 1)


def test_breaks_are_what_the_statistics_take_and_readers_are_told(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, city_yml=text())
    assert breaks_of(pack) == (
        Break("form", date(2016, 3, 1), (), ("calls",)),
        Break("law", date(2016, 4, 1), ("B1",), ()),
    )
    sources = pl.DataFrame(
        [
            ("B1", "calls", "feeding"),
            ("B2", "calls", "feeding"),
            ("B2", "people", "residents"),
            ("M3", "legs", "feeding"),
        ],
        schema=["indicator_id", "source", "part"],
        orient="row",
    )
    assert break_frame(pack, sources).select("indicator_id", "break_id", "title_zh").rows() == [
        ("B1", "form", "新表格"),
        ("B2", "form", "新表格"),
        ("B1", "law", "新法"),
    ]
    assert break_frame(write_pack(tmp_path), sources).is_empty()


@pytest.mark.parametrize(
    ("part", "new", "marker", "field", "problem"),
    [
        ("  form:\n", "  Form!:\n", "Form!", "Form!", "name"),
        ("sources: [calls]", "sources: [cals]", "sources: [cals]", "form.sources.0", "no source 'cals'"),
        ("indicators: [B1]", "indicators: [B99]", "indicators:", "law.indicators.0", "no indicator 'B99'"),
        ("    indicators: [B1]\n", "", "law:", "law", "concerns nothing"),
        ("start: 2016-03-01", "start: 2016-01-01", "start: 2016-01-01", "form.start", "nothing is before"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, part: str, new: str, marker: str, field: str, problem: str
) -> None:
    wrong = text(part, new)
    with pytest.raises(PackError, match=problem) as caught:
        write_pack(tmp_path, city_yml=wrong)
    assert caught.value.field == f"breaks.{field}"
    assert caught.value.line == line_of(wrong, marker)
