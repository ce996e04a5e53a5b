"""When releases are due: from which instant one is served, and when the next is to be there. Pure; no clock is read.

The times hang on the `as_of` of a release alone, so that a run that comes late, or again, holds it no longer.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines.pack.city import CityPack
from pipelines.pack.running import Monthly, Releases, Weekly

# Without a time to hold releases until, they come as runs end: these begin on schedule and take their time.
RUN_TAKES = timedelta(hours=1)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def publish_at(pack: CityPack, as_of: date) -> datetime | None:
    """Return from when a release is served: the first time of the calendar after its `as_of` is over.

    None where the pack holds none, as those of historical data do.
    """
    if pack.releases.hold_until is None or pack.as_of is not None:
        return None
    return _slot(pack, as_of + timedelta(days=1))


def next_due(pack: CityPack, as_of: date) -> datetime | None:
    """Return when the release after one is to be served; None where none is to come."""
    following = as_of + timedelta(days=1)
    if pack.as_of is not None or (pack.day_after is not None and following >= pack.day_after):
        return None
    own = publish_at(pack, as_of)
    if own is not None:
        return _slot(pack, own.date() + timedelta(days=1))
    begun = time(pack.schedule.hour, pack.schedule.minute)
    return datetime.combine(following + timedelta(days=1), begun, ZoneInfo(pack.time_zone)) + RUN_TAKES


def _slot(pack: CityPack, first: date) -> datetime:
    """Return the first time of the calendar on or after a day."""
    day = first
    while not _is_on(pack.releases, day):
        day += timedelta(days=1)
    return datetime.combine(day, time.fromisoformat(pack.releases.hold_until or "00:00"), ZoneInfo(pack.time_zone))


def _is_on(releases: Releases, day: date) -> bool:
    calendar = releases.calendar
    if isinstance(calendar, Weekly):
        return _WEEKDAYS[day.weekday()] == calendar.weekly
    return day.day == calendar.monthly if isinstance(calendar, Monthly) else True
