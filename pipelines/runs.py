"""What a run is about: its `as_of`, and the months that it rewrites whether they changed or not."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from pipelines.city_pack import CityPack
from pipelines.errors import WardlightError

AS_OF_TAG = "wardlight/as_of"


def month_key(day: date) -> str:
    """Return the partition key of a day's month."""
    return day.replace(day=1).isoformat()


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
        ASSET_PARTITION_RANGE_START_TAG: month_key(first),
        ASSET_PARTITION_RANGE_END_TAG: month_key(last),
    }


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
