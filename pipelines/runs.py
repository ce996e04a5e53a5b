"""What a run is about: its `as_of`, and the months that it rewrites whether they changed or not."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast, get_args
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    BACKFILL_ID_TAG,
    PARTITION_NAME_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
)

from pipelines.errors import WardlightError
from pipelines.loading.records import Again
from pipelines.pack.city import CityPack

# The job over everything, from the files to a release.
NIGHTLY = "nightly"
AS_OF_TAG = "wardlight/as_of"
# Set on runs that judge rows again though nothing about them has changed.
AGAIN_TAG = "wardlight/judge_again"
# What asked for a run, where that was neither a schedule or sensor nor a person at the Dagster UI.
TRIGGER_TAG = "wardlight/trigger"


def partition_key(pack: CityPack, day: date) -> str:
    """Return the key of the partition that a day lies in: its month's first day, or itself."""
    return (day if pack.schedule.partitions == "day" else day.replace(day=1)).isoformat()


def local_date(moment: datetime, pack: CityPack) -> date:
    """Return the local day of an instant in the city."""
    return moment.astimezone(ZoneInfo(pack.time_zone)).date()


def as_of_tick(pack: CityPack, tick: datetime) -> date:
    """Return the `as_of` of a nightly run: the pinned one, else the day before the tick in the city."""
    return pack.as_of or local_date(tick, pack) - timedelta(days=1)


def run_tags(pack: CityPack, as_of: date, first: date | None, last: date | None) -> dict[str, str]:
    """Return the tags that make one run of the nightly job: `as_of` and the range of months.

    Parameters
    ----------
    first, last
        First and last day to rewrite; by default the pack's look-back before `as_of`.
    """
    last = min(last or as_of, as_of)
    first = max(first or last - timedelta(days=pack.schedule.lookback_days), pack.first_day)
    if first > last:
        raise WardlightError(
            f"the range from {first} to {last} is empty",
            remedy=f"the pack begins on {pack.first_day}; as_of is {as_of}",
        )
    return {
        AS_OF_TAG: as_of.isoformat(),
        ASSET_PARTITION_RANGE_START_TAG: partition_key(pack, first),
        ASSET_PARTITION_RANGE_END_TAG: partition_key(pack, last),
    }


def run_again(context: dg.AssetExecutionContext) -> Again | None:
    """Return which rows a run judges again: its tag, else only those about which something has changed."""
    tag = context.run.tags.get(AGAIN_TAG)
    if tag is not None and tag not in get_args(Again):
        raise WardlightError(
            f"{tag!r} is not what can be judged again",
            field=f"run tag {AGAIN_TAG}",
            remedy=f"write {' or '.join(get_args(Again))}",
        )
    return cast(Again | None, tag)


def run_trigger(tags: Mapping[str, str]) -> str:
    """Return what asked for a run, from its tags."""
    for tag, what in ((SCHEDULE_NAME_TAG, "schedule"), (SENSOR_NAME_TAG, "sensor"), (BACKFILL_ID_TAG, "backfill")):
        if tag in tags:
            return f"{what}:{tags[tag]}"
    return tags.get(TRIGGER_TAG, "dagster")


def run_as_of(context: dg.AssetExecutionContext, pack: CityPack) -> date:
    """Return the `as_of` of a run: its tag, else the pack's, else the day before the run was asked for."""
    tag = context.run.tags.get(AS_OF_TAG)
    if tag is not None:
        try:
            return date.fromisoformat(tag)
        except ValueError:
            raise WardlightError(
                f"{tag!r} is not a date", field=f"run tag {AS_OF_TAG}", remedy="write it as 2016-12-31"
            ) from None
    record = context.instance.get_run_record_by_id(context.run_id)
    asked = datetime.now(UTC) if record is None else record.create_timestamp
    return as_of_tick(pack, asked)


def run_window(context: dg.AssetExecutionContext, pack: CityPack) -> tuple[date, date] | None:
    """Return the first and last day of the partitions that a run is about; None where it is about none."""
    tags = context.run.tags
    one = tags.get(PARTITION_NAME_TAG)
    first, last = tags.get(ASSET_PARTITION_RANGE_START_TAG, one), tags.get(ASSET_PARTITION_RANGE_END_TAG, one)
    if first is None or last is None:
        return None
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise WardlightError(
            f"{first!r} to {last!r} is not a range of partitions",
            field=f"run tags {ASSET_PARTITION_RANGE_START_TAG}, {ASSET_PARTITION_RANGE_END_TAG}",
            remedy="name a day as 2016-12-31, and a month by its first day",
        ) from None
    if pack.schedule.partitions == "day":
        return begin, end
    month_after = (end.replace(day=1) + timedelta(days=31)).replace(day=1)
    return begin, month_after - timedelta(days=1)
