"""Interventions that a pack declares: what is wrong with one is told with its line, before anything is run."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from indicators.declared import Intervention
from pipelines.errors import PackError, WardlightError
from pipelines.loading import areas
from pipelines.pack.mistakes import listed
from pipelines.validating.preflight import check_pack
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

DECLARED = """\
interventions:
  lights:
    title: {en: Street lights, zh: 路灯}
    indicator: B2
    geography: ward
    treated: ["1"]
    start: 2016-04-01
    months: 3
"""


def text(part: str = "", new: str = "") -> str:
    assert not part or DECLARED.count(part) == 1
    return CITY_YML.replace("sources:\n", DECLARED.replace(part, new) + "sources:\n", 1)


def test_an_intervention_is_what_the_statistics_take(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, city_yml=text("    months: 3\n", '    months: 3\n    buffer: ["2"]\n'))
    assert pack.interventions["lights"].evaluated("lights") == Intervention(
        "lights", "B2", "ward", treated=("ward-1",), buffer=("ward-2",), start=date(2016, 4, 1), months=3
    )


def test_a_pack_that_declares_none_has_none(tmp_path: Path) -> None:
    assert write_pack(tmp_path).interventions == {}


@pytest.mark.parametrize(
    ("part", "new", "marker", "field", "problem"),
    [
        ("  lights:\n", "  Lights!:\n", "Lights!", "Lights!", "name"),
        ("indicator: B2", "indicator: B99", "indicator:", "lights.indicator", "not in the catalogue"),
        ("indicator: B2", "indicator: M2", "indicator:", "lights.indicator", "not a rate of counted events"),
        ("indicator: B2", "indicator: B3", "indicator:", "lights.indicator", "not a rate of counted events"),
        ("geography: ward", "geography: wart", "geography: wart", "lights.geography", "not declared"),
        ('treated: ["1"]', "treated: []", "treated:", "lights.treated", "at least 1"),
        ('treated: ["1"]', 'treated: ["1", "1"]', "treated:", "lights.treated.1", "twice"),
        ('treated: ["1"]', 'treated: ["1"]\n    buffer: ["1"]', "buffer:", "lights.buffer.0", "under treated"),
        ('treated: ["1"]', 'treated: ["1"]\n    control: ["2", "1"]', "control:", "lights.control.1", "under treated"),
        ('treated: ["1"]', 'treated: ["1"]\n    control: ["2"]', "control:", "lights.control", "too few"),
        ("start: 2016-04-01", "start: 2016-03-31", "start:", "lights.start", "begin on 2015-12-01"),
        ("start: 2016-04-01", "start: soon", "start:", "lights.start", "date"),
        ("months: 3", "months: 2", "months:", "lights.months", "greater than or equal to 3"),
        ("months: 3", "months: 3\n    harm: {B2: 0}", "harm:", "lights.harm.B2", "greater than 0"),
        (
            "months: 3",
            "months: 3\n    harm: {B2: 10, M2: 5}",
            "harm:",
            "lights.harm.M2",
            "not a rate of counted events",
        ),
        ("    start: 2016-04-01\n", "", "lights:", "lights.start", "missing"),
        ("months: 3", "month: 3", "month: 3", "lights.month", "no key"),
    ],
)
def test_mistakes_are_told_with_their_line(
    part: str, new: str, marker: str, field: str, problem: str, tmp_path: Path
) -> None:
    wrong = text(part, new)
    with pytest.raises(PackError) as caught:
        write_pack(tmp_path, city_yml=wrong)
    error = caught.value
    assert (error.field, error.line) == (f"interventions.{field}", line_of(wrong, marker))
    assert problem in error.problem
    assert error.remedy


def test_a_window_past_the_last_month_is_refused(tmp_path: Path) -> None:
    late = text().replace("first_month: 2016-01\n", "first_month: 2016-01\nlast_month: 2016-06\n")
    write_pack(tmp_path, city_yml=late)
    with pytest.raises(PackError, match="end with 2016-07, after the last month, 2016-06"):
        write_pack(tmp_path, city_yml=late.replace("start: 2016-04-01", "start: 2016-04-02"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "new", "field", "problem", "remedy"),
    [
        ('treated: ["1"]', 'treated: ["1", "7"]', "treated.1", "'7' is not an area of ward", "name its ward"),
        ('treated: ["1"]', 'treated: ["1"]\n    buffer: [ward-2]', "buffer.0", "'ward-2'", "name its ward"),
        ('treated: ["1"]', 'treated: ["1"]\n    control: ["2", "x"]', "control.1", "'x'", "name its ward"),
        ('treated: ["1"]', 'treated: ["1", "2"]', "treated", "1 other areas of ward", "at least 2"),
    ],
)
def test_areas_that_are_not_there_are_told_by_validate_and_by_the_run(
    part: str, new: str, field: str, problem: str, remedy: str, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    pack = write_pack(tmp_path, city_yml=text(part, new))
    for tried in (lambda: check_pack(pack), lambda: areas.load_areas(con, pack)):
        with pytest.raises(WardlightError) as caught:
            tried()
        (error,) = listed(caught.value)
        assert error.field == f"interventions.lights.{field}"
        assert error.line
        assert problem in error.problem
        assert remedy in (error.remedy or "")


def test_a_pack_with_an_intervention_fits(tmp_path: Path) -> None:
    assert check_pack(write_pack(tmp_path, city_yml=text())).sources == 1
