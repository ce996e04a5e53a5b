"""When a release is served and when the next is due follow from its `as_of` and the pack alone."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import PackError
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.publishing import due
from tests.pipelines.small_pack import CITY_YML, write_pack

ALIVE = CITY_YML.replace("as_of: 2016-06-30\n", "").replace("America/New_York", "Asia/Shanghai")
SUNDAY = date(2016, 11, 27)


def pack(folder: Path, releases: str = "", city_yml: str = ALIVE) -> CityPack:
    return write_pack(folder, city_yml=f"{city_yml}releases: {{{releases}}}\n")


def local(moment: datetime | None) -> str:
    return "none" if moment is None else f"{moment:%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("releases", "served", "following"),
    [
        ("", "none", "Tue 2016-11-29 04:30"),  # the run of Monday begins on Tuesday at half past three
        ('hold_until: "09:00"', "Mon 2016-11-28 09:00", "Tue 2016-11-29 09:00"),
        ('hold_until: "09:00", calendar: {weekly: monday}', "Mon 2016-11-28 09:00", "Mon 2016-12-05 09:00"),
        ('hold_until: "07:30", calendar: {weekly: sunday}', "Sun 2016-12-04 07:30", "Sun 2016-12-11 07:30"),
        ('hold_until: "00:00", calendar: {monthly: 5}', "Mon 2016-12-05 00:00", "Thu 2017-01-05 00:00"),
    ],
)
def test_a_release_is_served_at_the_first_time_after_its_day_and_the_next_is_due_one_later(
    tmp_path: Path, releases: str, served: str, following: str
) -> None:
    declared = pack(tmp_path, releases)
    assert (local(due.publish_at(declared, SUNDAY)), local(due.next_due(declared, SUNDAY))) == (served, following)


def test_of_historical_data_none_is_held_and_none_is_due(tmp_path: Path) -> None:
    declared = pack(tmp_path, 'hold_until: "09:00"', CITY_YML)
    assert due.publish_at(declared, SUNDAY) is due.next_due(declared, SUNDAY) is None


def test_after_the_last_month_none_is_due(tmp_path: Path) -> None:
    declared = pack(tmp_path, "", ALIVE + "last_month: 2016-11\n")
    assert due.next_due(declared, date(2016, 11, 29)) is not None
    assert due.next_due(declared, date(2016, 11, 30)) is None


def test_the_hour_is_the_city_s_on_either_side_of_a_clock_change(tmp_path: Path) -> None:
    declared = pack(tmp_path, 'hold_until: "09:00"', ALIVE.replace("Asia/Shanghai", "America/New_York"))
    hours = [due.publish_at(declared, date(2016, 11, day)) for day in (4, 5)]
    assert [each and each.astimezone(UTC).hour for each in hours] == [13, 14]


@given(st.dates(date(2016, 1, 1), date(2026, 12, 31)), st.sampled_from(["nightly", "weekly", "monthly"]))
def test_the_next_comes_after_this_one_and_is_that_of_a_later_day(as_of: date, calendar: str) -> None:
    declared = PACKS[calendar]
    own, following = due.publish_at(declared, as_of), due.next_due(declared, as_of)
    assert own is not None
    assert following is not None
    assert own.date() > as_of
    assert following > own
    # What comes in between is held until the same time, or until the next.
    assert due.publish_at(declared, as_of + timedelta(days=1)) in (own, following)
    assert due.publish_at(declared, own.date()) == following


@pytest.mark.parametrize(
    ("releases", "told"),
    [
        ("calendar: {weekly: monday}", "hold_until"),
        ('hold_until: "24:00"', "hold_until"),
        ('hold_until: "09:00", calendar: {monthly: 31}', "monthly"),
        ('hold_until: "09:00", calendar: {weekly: noday}', "weekly"),
    ],
)
def test_a_calendar_that_cannot_be_kept_is_refused(tmp_path: Path, releases: str, told: str) -> None:
    with pytest.raises(PackError, match=told):
        pack(tmp_path, releases)


@pytest.fixture(autouse=True, scope="module")
def _packs(tmp_path_factory: pytest.TempPathFactory) -> None:
    for calendar, written in (("nightly", "nightly"), ("weekly", "{weekly: friday}"), ("monthly", "{monthly: 28}")):
        folder = tmp_path_factory.mktemp(calendar)
        pack(folder, f'hold_until: "09:00", calendar: {written}')
        PACKS[calendar] = load_city_pack(folder)


PACKS: dict[str, CityPack] = {}
