"""New York's files as plain Python lists, for recomputing published figures by another path.

Nothing of Wardlight is imported here, no database and no frame library: csv, json and arithmetic.
"""

import csv
import datetime as dt
import gzip
import json
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[2] / "cities" / "nyc" / "data"
Ring = list[tuple[float, float]]


def rows(name: str) -> Iterator[dict[str, str]]:
    """Give the rows of a compressed file, values without the blanks around them."""
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {key: value.strip() for key, value in row.items()}


@dataclass
class Shooting:
    """An incident: all rows of one key."""

    precinct: str
    day: dt.date
    victims: int = 0
    killed: int = 0


def shootings(as_of: dt.date) -> list[Shooting]:
    found: dict[str, Shooting] = {}
    for row in rows("shooting_victims_2006_2023.csv.gz"):
        day = dt.date.fromisoformat(row["OCCUR_DATE"])
        if day <= as_of:
            shooting = found.setdefault(row["INCIDENT_KEY"], Shooting(row["PRECINCT"], day))
            shooting.victims += 1
            shooting.killed += row["STATISTICAL_MURDER_FLAG"] == "true"
    return list(found.values())


@dataclass
class Stop:
    """A stop report; `self_initiated` is None where the report does not say, `finding` where a flag is blank."""

    precinct: str
    day: dt.date
    self_initiated: bool | None
    finding: bool


def stops(year: int) -> list[Stop]:
    weapons = ("pistol", "riflshot", "asltweap", "knifcuti", "machgun", "othrweap")
    found = []
    for row in rows(f"stops_{year}.csv.gz"):
        if not any(row.values()):
            continue  # 2016 ends with a blank record
        written = row["datestop"].zfill(8)  # MDDYYYY, its leading zero lost
        finding = "Y" in (row["arstmade"], row["sumissue"], row["contrabn"])
        found.append(
            Stop(
                precinct=row["pct"],
                day=dt.date(int(written[4:]), int(written[:2]), int(written[2:4])),
                self_initiated={"Y": False, "1": False, "N": True, "0": True}.get(row["radio"]),
                finding=finding or any(row[weapon] in ("Y", "1") for weapon in weapons),
            )
        )
    return found


@dataclass
class Theft:
    """A vehicle theft, known to lie between two local times; of two precincts where it is put on their border."""

    precincts: frozenset[str | None]
    start: dt.datetime
    end: dt.datetime

    def share_within(self, first: dt.date, last: dt.date) -> float:
        """Give the part of the interval that lies within local days, its ends included (an aoristic count)."""
        opening = dt.datetime.combine(first, dt.time())
        closing = dt.datetime.combine(last + dt.timedelta(days=1), dt.time())
        if self.end <= self.start:
            return float(opening <= self.start < closing)
        within = min(self.end, closing) - max(self.start, opening)
        return max(within / (self.end - self.start), 0.0)


def thefts(as_of: dt.date) -> list[Theft]:
    shapes = precinct_shapes()
    located: dict[tuple[float, float], frozenset[str | None]] = {}  # many are put at the middle of one street
    found = []
    for row in rows("vehicle_thefts_2014_2017.csv.gz"):
        start = dt.datetime.fromisoformat(row["date_start"])
        end = dt.datetime.fromisoformat(row["date_end"]) if row["date_end"] else start
        if max(start, end).date() <= as_of:
            point = float(row["longitude"]), float(row["latitude"])
            if point not in located:
                located[point] = precincts_around(*point, shapes)
            found.append(Theft(located[point], start, end))
    return found


@dataclass
class Shape:
    """The outline of a precinct: rings of all its polygons, and the box around them."""

    precinct: str
    rings: list[Ring]
    box: tuple[float, float, float, float]


def precinct_shapes() -> list[Shape]:
    with gzip.open(DATA / "precincts_77.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = []
    for feature in features:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        rings = [[(x, y) for x, y, *_ in ring] for polygon in polygons for ring in polygon]
        xs, ys = zip(*(point for ring in rings for point in ring), strict=True)
        precinct = str(feature["properties"]["police_precinct_id"])
        shapes.append(Shape(precinct, rings, (min(xs), min(ys), max(xs), max(ys))))
    return shapes


def precinct_of(x: float, y: float, shapes: list[Shape]) -> str | None:
    """Find the precinct that holds a point: a ray from inside crosses its outline an odd number of times."""
    for shape in shapes:
        left, bottom, right, top = shape.box
        if left <= x <= right and bottom <= y <= top and sum(_crossings(x, y, ring) for ring in shape.rings) % 2:
            return shape.precinct
    return None


def precincts_around(x: float, y: float, shapes: list[Shape]) -> frozenset[str | None]:
    """Find the precinct of a point, or of a point on a border (to a tenth of a millimetre) those on both sides."""
    return frozenset(precinct_of(x + nudge, y + nudge, shapes) for nudge in (-1e-9, 1e-9))


def _crossings(x: float, y: float, ring: Ring) -> int:
    return sum(
        (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)
    )


@dataclass(frozen=True)
class Case:
    """A case of a council office; `closed` is None while it is open."""

    board: str
    opened: dt.date
    closed: dt.date | None

    def closed_within(self, days: int) -> bool:
        return self.closed is not None and (self.closed - self.opened).days <= days


def cases() -> dict[str, set[Case]]:
    """Give the readings of each case by its key: two or more where rows of one key contradict each other."""
    found: dict[str, set[Case]] = defaultdict(set)
    for row in rows("council_cases_2015_2025.csv.gz"):
        closed = dt.date.fromisoformat(row["closedate"]) if row["closedate"] else None
        case = Case(row["community_board"], dt.date.fromisoformat(row["opendate"]), closed)
        found[row["unique_key"]].add(case)
    return found


BOROUGHS = {"Manhattan": "1", "Bronx": "2", "Brooklyn": "3", "Queens": "4", "Staten Island": "5"}
BOARDS = {"1": 12, "2": 12, "3": 18, "4": 14, "5": 3}


def district(board: str) -> str:
    """Turn '07 Manhattan' into 107; '' where no board is given, '?' where there is no such board."""
    if not board:
        return ""
    number, _, name = board.partition(" ")
    borough = BOROUGHS.get(name)
    if borough and number.isdigit() and 1 <= int(number) <= BOARDS[borough]:
        return f"{borough}{int(number):02}"
    return "?"


def lengths_and_ages(cases: list[Case], seen_on: dt.date) -> tuple[list[int], list[int]]:
    """Give the days that closed cases took, and the ages of the open ones, as they stood at the end of a day."""
    closed = [case for case in cases if case.closed is not None and case.closed <= seen_on]
    lengths = [(case.closed - case.opened).days for case in closed if case.closed is not None]
    ages = [(seen_on - case.opened).days for case in cases if case.closed is None or case.closed > seen_on]
    return lengths, ages


def kaplan_meier_median(durations: list[int], ages_of_open: list[int]) -> int | None:
    """Give the first day by which half are closed, taking open ones as lasting longer than their age."""
    at_risk, survival = len(durations) + len(ages_of_open), 1.0
    for day in sorted({*durations, *ages_of_open}):
        closed = durations.count(day)
        survival *= 1 - closed / at_risk
        if survival <= 0.5:
            return day
        at_risk -= closed + ages_of_open.count(day)
    return None


def median(durations: list[int]) -> float:
    return statistics.median(durations)
