"""Record kinds: the fields of each, which times date a record, and what a value of a field can be at all.

The columns themselves are declared beside the SQL models; here is what loading must know besides their types.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from dbt_like_sql.project import Project, load_project

FIRST_TIME = {
    "incident": "occurred_at",
    "patrol": "started_at",
    "service": "opened_at",
    "handoff": "requested_at",
    "participation": "started_at",
    "survey": "answered_at",
    "profile": "valid_from",
}
# Known before they happen; every other time after as_of has not happened yet.
FORESEEN = frozenset({"due_at", "planned_start", "planned_end"})
# With the first time, these say from when a record is known: later than as_of, they defer it.
KNOWN_FROM = ("occurred_until", "recorded_at")
# Pairs of times of which the second cannot be before the first.
ORDER = {
    "incident": (
        ("occurred_at", "occurred_until"),
        ("reported_at", "dispatched_at"),
        ("dispatched_at", "arrived_at"),
        ("arrived_at", "closed_at"),
    ),
    "patrol": (("started_at", "ended_at"), ("planned_start", "planned_end")),
    "service": (("opened_at", "first_response_at"), ("opened_at", "closed_at"), ("closed_at", "reopened_at")),
    "handoff": (("requested_at", "acknowledged_at"),),
}
# Words of a closed vocabulary; a value outside it cannot be used.
VOCABULARIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "incident": {"victim_group": ("resident", "new_citizen", "unknown")},
    "patrol": {
        "subject": ("police", "enterprise", "volunteer", "joint"),
        "mode": ("foot", "vehicle", "video"),
        "initiated_by": ("self", "call"),
    },
    "service": {"requester_group": ("resident", "new_citizen", "enterprise")},
    "participation": {"subject": ("enterprise", "resident", "new_citizen")},
}
# Least and greatest possible value of numbers; None where there is no greatest.
RANGES: Mapping[str, Mapping[str, tuple[int, int | None]]] = {
    "incident": {"priority": (1, 4), "victims": (0, None), "victims_killed": (0, None)},
    "patrol": {"personnel": (0, None), "checks": (0, None), "duration_seconds": (0, None)},
    "participation": {"level": (0, 4), "minutes": (0, None)},
    "survey": {"weight": (0, None)},
    "profile": dict.fromkeys(
        (
            *("population", "new_citizens", "estimated_new_citizens", "registered_new_citizens", "officers"),
            *("grid_staff", "staff", "staff_trained", "cameras_installed", "cameras_online", "camera_area_km2"),
            *("area_km2", "key_enterprises", "enterprises_in_copatrol", "registered_volunteers"),
        ),
        (0, None),
    ),
}
# Columns of a staging table that are not mapped but found by loading.
_FOUND = frozenset(
    [
        *("source", "batch_id", "line", "geography", "area_id", "day", "known_day", "settled_day", "time_precision"),
        *("time_flag", "flags", "required_cells", "filled_cells", "coords_in_area", "lat", "lon"),
    ]
)


@dataclass(frozen=True)
class KindFields:
    """Columns of a kind's staging table: its times, its other mapped fields, and the order of all."""

    kind: str
    types: dict[str, str]
    times: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def id_field(self) -> str:
        """Name of the id column."""
        return f"{self.kind}_id"

    @property
    def first_time(self) -> str:
        """Name of the time field that dates the record."""
        return FIRST_TIME[self.kind]

    @property
    def known_from(self) -> tuple[str, ...]:
        """Times from which, all of them past, a record is known."""
        return (self.first_time, *(time for time in KNOWN_FROM if time in self.times))

    @property
    def order(self) -> tuple[tuple[str, str], ...]:
        """Pairs (earlier, later) of which a later time before its earlier one is not used."""
        return ORDER.get(self.kind, ())

    @property
    def has_place(self) -> bool:
        """Whether the kind has a point of its own."""
        return "lat" in self.types

    def type_of(self, field: str) -> str:
        """Return the type in which a field is mapped: times as local wall time."""
        return "timestamp" if field in self.times else self.types[field]


def local_column(time: str) -> str:
    """Return the column of a time field that holds local wall time."""
    return f"{time.removesuffix('_at')}_local"


def day_column(time: str) -> str:
    """Return the column of a time field that holds the local day."""
    return f"{time.removesuffix('_at')}_day"


@functools.cache
def models() -> Project:
    """Return the SQL models, read once a process: they declare the tables that loading writes."""
    return load_project()


@functools.cache
def kind_fields(kind: str) -> KindFields:
    """Return the fields of a record kind, as the SQL models' sources declare them."""
    types = models().source_columns(kind)
    times = tuple(name for name in types if local_column(name) in types)
    derived = {column for time in times for column in (local_column(time), day_column(time))}
    others = tuple(name for name in types if name not in _FOUND | derived | {f"{kind}_id"} and name not in times)
    return KindFields(kind, types, times, others)
