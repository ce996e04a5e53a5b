"""An independent recount of the simulated files: plain Python, line by line, by the contract of loading alone.

It shares no code with the simulation or with loading. Here: reading, judging and counting. Not here: any claim.
"""

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

Cells = Mapping[str, str]
Check = Callable[[Cells, "Source"], bool]
AS_OF, FIRST_DAY, ZONE = date(2025, 11, 30), date(2023, 1, 1), ZoneInfo("America/Vancouver")


@dataclass(frozen=True)
class Source:
    """What city.yml says of a source, in the terms of this recount."""

    pattern: str
    identity: Callable[[Cells], str]
    area: str
    first: str
    moment: str
    recorded: Sequence[str] = ()
    updated: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    withdrawn: Callable[[Cells], bool] = lambda _: False
    point: tuple[str, str] | None = None
    rejects: Mapping[str, Check] = field(default_factory=dict)
    flags: Mapping[str, Check] = field(default_factory=dict)

    def time(self, cells: Cells, column: str) -> datetime | None:
        for form in (self.moment, "%Y-%m-%d %H:%M:%S"):
            try:
                return datetime.strptime(cells[column], form)  # noqa: DTZ007 - local wall time
            except ValueError:
                continue
        return None


def _before(earlier: str, later: str) -> Check:
    """Make the check that a later time lies before its earlier one."""

    def is_before(cells: Cells, source: Source) -> bool:
        first, second = source.time(cells, earlier), source.time(cells, later)
        return first is not None and second is not None and second < first

    return is_before


def _not_in(column: str, *words: str) -> Check:
    return lambda cells, _: cells[column] != "" and cells[column] not in words


def _no_number(column: str) -> Check:
    def check(cells: Cells, _: Source) -> bool:
        try:
            float(cells[column] or "0")
        except ValueError:
            return True
        return False

    return check


def _outside(column: str, least: float, greatest: float) -> Check:
    is_text = _no_number(column)
    return lambda cells, source: (
        cells[column] != "" and not is_text(cells, source) and not least <= float(cells[column]) <= greatest
    )


_OFFENCES = ("theft", "burglary", "vehicle theft", "assault", "robbery", "vandalism", "fraud", "dispute", "disturbance")

SOURCES = {
    "incidents": Source(
        "incidents_*.csv",
        lambda cells: cells["case_no"],
        "beat",
        "occurred",
        "%Y-%m-%d %H:%M:%S",
        ("occurred_until", "recorded"),
        "updated",
        withdrawn=lambda cells: cells["status"] == "withdrawn",
        point=("lon", "lat"),
        rejects={"out_of_range:victims": _outside("victims", 0, 50)},
        flags={
            "times_out_of_order": lambda cells, source: any(
                _before(*pair)(cells, source)
                for pair in (
                    ("occurred", "occurred_until"),
                    ("reported", "dispatched"),
                    ("dispatched", "arrived"),
                    ("arrived", "closed"),
                )
            ),
            "future_time": _before("occurred", "recorded"),
            "out_of_range:priority": _outside("priority", 1, 4),
            "unusable:priority": _no_number("priority"),
            "unusable:category": _not_in("offence", *_OFFENCES),
            "unusable:lat": _no_number("lat"),
        },
    ),
    "patrols": Source(
        "patrols.csv.gz",
        lambda cells: cells["leg"],
        "beat",
        "started",
        "%Y-%m-%d %H:%M:%S",
        updated="updated",
        point=("lon", "lat"),
        flags={
            "times_out_of_order": lambda cells, source: (
                _before("started", "ended")(cells, source) or _before("planned_from", "planned_to")(cells, source)
            ),
            "implausible_duration": _outside("minutes", 0, 12 * 60),
            "unusable:subject": _not_in("who", "P", "E", "V", "J"),
            "unusable:checks": _no_number("checks"),
        },
    ),
    "requests": Source(
        "requests.csv",
        lambda cells: cells["工单号"],
        "网格",
        "受理时间",
        "%Y/%m/%d %H:%M",
        ("登记时间",),
        "更新时间",
        encoding="gb18030",
        withdrawn=lambda cells: cells["状态"] == "作废",
        point=("经度", "纬度"),
        rejects={
            "times_out_of_order": lambda cells, source: (
                _before("受理时间", "首次响应")(cells, source) or _before("受理时间", "办结时间")(cells, source)
            )
        },
        flags={
            "future_time": _before("受理时间", "登记时间"),
            "unusable:requester_group": _not_in("诉求人", "户籍居民", "新市民", "企业"),
            "unusable:due_at": lambda cells, source: source.time(cells, "办结期限") is None,
        },
    ),
    "handoffs": Source(
        "handoffs.csv",
        lambda cells: cells["handoff"],
        "beat",
        "requested",
        "%d.%m.%Y %H:%M:%S",
        delimiter=";",
        rejects={"pattern:record_id": lambda cells, _: not (len(cells["record"]) == 10 and cells["record"].isdigit())},
        flags={"times_out_of_order": _before("requested", "acknowledged")},
    ),
    "activities": Source(
        "activities.ndjson",
        lambda cells: cells["activity"],
        "beat",
        "start",
        "%Y-%m-%dT%H:%M:%S",
        rejects={"out_of_range:minutes": _outside("minutes", 0, 1440)},
        flags={
            "out_of_range:level": _outside("level", 0, 4),
            "not_allowed:subject": _not_in("subject", "resident", "new_citizen", "enterprise"),
        },
    ),
    "survey": Source(
        "survey.csv",
        lambda cells: cells["respondent"] and "/".join(cells[part] for part in ("respondent", "wave", "item")),
        "beat",
        "answered",
        "%Y-%m-%d",
        rejects={
            "not_allowed:answer": _not_in("answer", "1", "2", "3", "4", "5"),
            "out_of_range:weight": _outside("weight", 0, 1e9),
        },
    ),
    "profiles": Source(
        "profiles.csv",
        lambda cells: cells["row"],
        "beat",
        "valid_from",
        "%Y-%m-%d",
        updated="updated",
        rejects={"condition:cameras_online": lambda cells, _: int(cells["online"]) > int(cells["installed"])},
    ),
}


@dataclass
class Row:
    """A row that broke no rule."""

    cells: Cells
    updated: datetime | None
    known: date
    flags: list[str]


@dataclass
class Count:
    """What the recount finds of one source; `staged` are the records that remain."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    repeated_ids: int = 0
    conflicting_ids: int = 0
    staged: list[Cells] = field(default_factory=list)


def read_lines(folder: Path, source: Source) -> Iterator[Cells | None]:
    """Yield the cells of every line below the headers; None where it does not parse."""
    for path in sorted(folder.glob(source.pattern)):
        packed = path.read_bytes()
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode(source.encoding)
        lines = text.split("\n")
        assert lines.pop() == ""
        if path.suffix == ".ndjson":
            for line in lines:
                try:
                    parsed = json.loads(line)
                except json.JSONDecodeError:
                    yield None
                else:
                    keys = ("activity", "beat", "start", "subject", "person", "enterprise", "level", "minutes")
                    yield {key: "" if parsed.get(key) is None else str(parsed[key]) for key in keys}
            continue
        header, *rest = lines
        names = header.split(source.delimiter)
        for line in rest:
            try:
                (cells,) = csv.reader([line], delimiter=source.delimiter, strict=True)
            except csv.Error:
                yield None
                continue
            yield dict(zip(names, cells, strict=True)) if len(cells) == len(names) else None


def is_doubtful(local: datetime) -> bool:
    """Tell whether a local time is there twice or not at all."""
    early, late = (local.replace(tzinfo=ZONE, fold=fold) for fold in (0, 1))
    is_there = early.astimezone(UTC).astimezone(ZONE).replace(tzinfo=None) == local
    return not is_there or early.utcoffset() != late.utcoffset()


def is_inside(lon: float, lat: float, ring: Sequence[Sequence[float]]) -> bool:
    """Tell whether a point lies in a polygon, by the crossings of a ray."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _reasons(cells: Cells, source: Source, first: datetime | None, areas: Mapping[str, object]) -> list[str]:
    if not any(cells.values()):
        return ["blank_row"]
    found = [] if source.identity(cells) else ["missing_id"]
    if first is None:
        found.append("unparseable_time" if cells[source.first] else "missing_time")
    elif first.date() < FIRST_DAY:
        found.append("before_first_month")
    if cells[source.area] and cells[source.area] not in areas:
        found.append("unknown_area")
    return found + [reason for reason, check in source.rejects.items() if check(cells, source)]


def _flags(cells: Cells, source: Source, first: datetime, areas: Mapping[str, Sequence[Sequence[float]]]) -> list[str]:
    found = [flag for flag, check in source.flags.items() if check(cells, source)]
    if source.moment != "%Y-%m-%d" and is_doubtful(first):
        found.append("clock_change")
    lon, lat = (_number(cells[column]) for column in source.point) if source.point else (None, None)
    has_point = lon is not None and lat is not None
    if cells[source.area]:
        if has_point and not is_inside(lon or 0, lat or 0, areas[cells[source.area]]):
            found.append("outside_area")
    elif not has_point or not any(is_inside(lon or 0, lat or 0, ring) for ring in areas.values()):
        found.append("area_missing")
    return found


def recount(folder: Path, source: Source) -> Count:
    """Count what loading must report of a source, from its files."""
    features = json.loads((folder / "beats.geojson").read_text(encoding="utf-8"))["features"]
    areas = {each["properties"]["beat"]: each["geometry"]["coordinates"][0] for each in features}
    count = Count()
    good: dict[str, list[Row]] = defaultdict(list)
    for cells in read_lines(folder, source):
        if cells is None:
            count.statuses["quarantined"] += 1
            count.reasons["malformed_line"] += 1
            continue
        first = source.time(cells, source.first) if any(cells.values()) else None
        known = [first, *(source.time(cells, column) for column in source.recorded)] if first else []
        known_day = max((moment.date() for moment in known if moment), default=None)
        reasons = _reasons(cells, source, first, areas)
        if known_day is not None and known_day > AS_OF:
            count.statuses["deferred"] += 1
        elif reasons or first is None or known_day is None:
            count.statuses["quarantined"] += 1
            count.reasons.update(reasons)
        else:
            updated = source.time(cells, source.updated) if source.updated else None
            row = Row(cells, updated, known_day, _flags(cells, source, first, areas))
            good[source.identity(cells)].append(row)
    for rows in good.values():
        _settle(rows, source, count)
    return count


def _settle(rows: Sequence[Row], source: Source, count: Count) -> None:
    """Decide which of the rows of one id stands for the record."""
    end = datetime.combine(AS_OF, datetime.min.time()) + timedelta(days=1)
    count.repeated_ids += len(rows) - 1
    due = [row for row in rows if row.updated is None or row.updated < end] or list(rows)
    count.statuses["deferred"] += len(rows) - len(due)
    newest = max((row.updated for row in due if row.updated), default=None)
    winners = [row for row in due if row.updated == newest]
    contents = {tuple(row.cells.items()) for row in winners}
    winner = winners[0]
    is_conflict = len(contents) > 1
    count.conflicting_ids += is_conflict
    seen: set[tuple[tuple[str, str], ...]] = set()
    for row in due:
        content = tuple(row.cells.items())
        if row is winner:
            count.statuses["accepted"] += 1
        elif content in seen or content == tuple(winner.cells.items()):
            count.statuses["duplicate"] += 1
        else:
            count.statuses["superseded"] += 1
        seen.add(content)
    if source.withdrawn(winner.cells):
        count.statuses["deleted"] += 1
        return
    count.flags.update([*winner.flags, *(["conflicting_id"] if is_conflict else [])])
    count.staged.append(winner.cells)
