"""What a run is about: the range of partitions, by month or by day as the pack asks."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.staging import partitions
from pipelines.errors import WardlightError
from pipelines.runs import AS_OF_TAG, TRIGGER_TAG, run_tags, run_trigger
from tests.pipelines.small_pack import changed, write_pack

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
BY_DAY = changed("disclosure: open\n", "disclosure: open\nschedule: {lookback_days: 3, partitions: day}\n")


def test_months_are_the_partitions_unless_the_pack_asks_for_days(tmp_path: Path) -> None:
    by_month, by_day = write_pack(tmp_path / "m"), write_pack(tmp_path / "d", city_yml=BY_DAY)
    assert isinstance(partitions(by_month), dg.MonthlyPartitionsDefinition)
    assert isinstance(partitions(by_day), dg.DailyPartitionsDefinition)
    assert (
        partitions(by_day).get_first_partition_key() == partitions(by_month).get_first_partition_key() == "2016-01-01"
    )
    as_of = date(2016, 6, 2)
    assert run_tags(by_month, as_of, None, None) == {AS_OF_TAG: "2016-06-02", START: "2016-04-01", END: "2016-06-01"}
    assert run_tags(by_day, as_of, None, None) == {AS_OF_TAG: "2016-06-02", START: "2016-05-30", END: "2016-06-02"}


@pytest.mark.parametrize("city_yml", [None, BY_DAY])
def test_a_range_ends_at_as_of_and_begins_with_the_pack(tmp_path: Path, city_yml: str | None) -> None:
    pack = write_pack(tmp_path, city_yml=city_yml) if city_yml else write_pack(tmp_path)
    tags = run_tags(pack, date(2016, 2, 10), date(2010, 1, 1), date(2020, 1, 1))
    assert tags[START] == "2016-01-01"
    assert tags[END] == ("2016-02-10" if city_yml else "2016-02-01")
    with pytest.raises(WardlightError, match="is empty"):
        run_tags(pack, date(2016, 2, 10), date(2016, 3, 1), None)


@pytest.mark.parametrize(
    ("tags", "trigger"),
    [
        ({TRIGGER_TAG: "command:nightly"}, "command:nightly"),
        ({"dagster/schedule_name": "every_night", "dagster/run_key": "1"}, "schedule:every_night"),
        ({"dagster/sensor_name": "alerts"}, "sensor:alerts"),
        ({"dagster/backfill": "abc"}, "backfill:abc"),
        ({}, "dagster"),
    ],
)
def test_what_asked_for_a_run_is_told_from_its_tags(tags: dict[str, str], trigger: str) -> None:
    assert run_trigger(tags) == trigger
