"""The pack's calendar: the country's holidays, corrected by the pack's file, or weekdays and weekends alone."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import PackError, SourceError
from pipelines.loading.calendar import read_calendar
from pipelines.pack.city import CityPack
from pipelines.validating.preflight import check_pack
from tests.pipelines.small_pack import changed, line_of, write_pack

WITH_CALENDAR = changed("as_of:", "calendar: {country: CN, overrides: days.csv}\nas_of:")
FIRST, LAST = date(2024, 2, 1), date(2024, 2, 29)


def pack_of(folder: Path, days: str) -> CityPack:
    return write_pack(folder, {"days.csv": days}, city_yml=WITH_CALENDAR)


def types(frame: pl.DataFrame) -> dict[date, str]:
    return dict(frame.select("day", "day_type").iter_rows())


def test_the_packs_days_stand_in_place_of_the_countrys(tmp_path: Path) -> None:
    pack = pack_of(tmp_path, "note,day,day_type\nmarch of lanterns,2024-02-24,holiday\n,,\n,2024-02-18, workday \n")
    check_pack(pack)
    found = types(read_calendar(pack, FIRST, LAST))
    assert len(found) == 29
    assert found[date(2024, 2, 10)] == "spring_festival"
    assert found[date(2024, 2, 4)] == "make_up_workday"
    # As in the file; the country has a weekend and a working day made up.
    assert found[date(2024, 2, 24)] == "holiday"
    assert found[date(2024, 2, 18)] == "workday"


def test_without_a_calendar_only_weekends_are_known(tmp_path: Path) -> None:
    found = types(read_calendar(write_pack(tmp_path), FIRST, LAST))
    assert [day.day for day, kind in found.items() if kind == "weekend"] == [3, 4, 10, 11, 17, 18, 24, 25]
    assert set(found.values()) == {"weekend", "workday"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2024-02-30,holiday", "day"),
        ("2024-02-24,festival", "'festival' is no type of day"),
        ("2024-02-10,workday", "2024-02-10 is here twice"),
        ("2024-02-24", "malformed"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    pack = pack_of(tmp_path, f"day,day_type\n2024-02-10,holiday\n{line}\n")
    with pytest.raises(SourceError, match=problem) as caught:
        read_calendar(pack, FIRST, LAST)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "days.csv"), 3)
    assert "spring_festival" in (caught.value.remedy or "")


def test_a_missing_column_is_told_by_a_check_of_the_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no column 'day_type'") as caught:
        check_pack(pack_of(tmp_path, "day,type\n"))
    assert (caught.value.field, caught.value.line) == ("calendar.overrides", line_of(WITH_CALENDAR, "calendar"))
    assert caught.value.remedy == "its columns are day, type"


def test_a_missing_file_is_told_by_a_check_of_the_pack(tmp_path: Path) -> None:
    pack = pack_of(tmp_path, "day,day_type\n")
    (tmp_path / "days.csv").unlink()
    with pytest.raises(SourceError, match=r"days\.csv"):
        check_pack(pack)
