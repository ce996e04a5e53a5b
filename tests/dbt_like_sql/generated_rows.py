"""Rows of every kind for the source tables: drawn by their declared types, around the days on which dates go wrong.

Here: rows that fulfil what the `.yml` declares of the tables, the same for the same seed. Not here: what is made of
them.
"""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dbt_like_sql.declarations import Column
from dbt_like_sql.project import Project, Source

AS_OF = date(2016, 12, 31)
ZONE = ZoneInfo("America/New_York")
GEOGRAPHIES = ("precinct", "街道")
AREAS = ("precinct:1", "precinct:2", "街道:和庭", "precinct:unallocated", "街道:unallocated")
WORDS = ("theft", "O'Brien", "盗窃", "Übergriff", "two\nlines", "{{ braces }}", " padded ", "🚓", "")
EDGES = (
    datetime(2014, 12, 29, 8),  # week 1 of ISO 2015
    datetime(2015, 12, 31, 23, 59, 59),  # week 53
    datetime(2016, 1, 1),
    datetime(2016, 1, 3, 23, 59, 59),
    datetime(2016, 1, 4),  # week 1
    datetime(2016, 2, 28, 23, 59, 59),
    datetime(2016, 2, 29),
    datetime(2016, 2, 29, 23, 59, 59),
    datetime(2016, 3, 1),
    datetime(2016, 3, 13, 2, 30),  # an hour that clocks skip
    datetime(2016, 11, 6, 1, 30),  # an hour that they repeat
    datetime(2016, 12, 31, 23, 59, 59),
)
LATER = (-3600, 0, 1, 3600, 86_399, 86_400, 3 * 86_400 + 7, 40 * 86_400, 400 * 86_400)
# So many incidents that months have enough of them to be judged by; one month has many times more, one none.
RECORDS = {"incident": 1500}
OTHERWISE = 200
BURST, GAP = datetime(2016, 8, 1), datetime(2016, 5, 1)


def rows_of(project: Project, table: Source, seed: int) -> list[dict[str, Any]]:
    """Draw rows of a source table, every column given."""
    draw = random.Random(f"{seed} {table.name}")
    declared = next(each.tests for each in project.sources if each.name == "source")
    kinds = next(test.arguments["values"] for test in declared if test.name == "accepted_values")
    if table.name == "run_window":
        return [{"as_of": AS_OF}]
    if table.name == "source":
        spoken = [(f"{kind}s", kind) for kind in kinds]
        return [
            {
                "source": source,
                "kind": kind,
                "geography": draw.choice(GEOGRAPHIES),
                "silent_after_days": draw.choice((3, 14)),
            }
            for source, kind in [*spoken, ("never", "incident")]
        ]
    if table.name == "area":
        return [{**_row(draw, table, n, []), "area_id": area} for n, area in enumerate(AREAS)]
    if table.name in kinds:
        return list(_records(draw, table))
    return [_row(draw, table, n, [f"{kind}s" for kind in kinds]) for n in range(OTHERWISE)]


def _records(draw: random.Random, table: Source) -> Iterator[dict[str, Any]]:
    always = [test.column for test in table.tests if test.name == "not_null"]
    first = next(name for name in always if name.endswith("_local")).removesuffix("_local")
    for n in range(RECORDS.get(table.name, OTHERWISE)):
        moment = EDGES[n % len(EDGES)] if n < 5 * len(EDGES) else _moment(draw)
        row = _row(draw, table, n, [f"{table.name}s"])
        names = [column.name for column in table.columns]
        for local in [name for name in names if name.endswith("_local")]:
            stem = local.removesuffix("_local")
            at = moment if stem == first else moment + timedelta(seconds=draw.choice(LATER))
            if row["time_precision"] == "day":
                at = datetime.combine(at.date(), datetime.min.time())
            given: tuple[Any, ...] = (at, at.date(), _instant(at, draw))
            if stem != first and draw.random() < 0.3:
                given = (None, None, None)
            row |= dict(zip((local, f"{stem}_day", stem if stem in names else f"{stem}_at"), given, strict=True))
        row["day"] = row["known_day"] = row["settled_day"] = moment.date()
        yield row


def _moment(draw: random.Random) -> datetime:
    moment = datetime(2014, 1, 1) + timedelta(seconds=draw.randrange(3 * 365 * 86_400))
    in_gap = (moment.year, moment.month) == (GAP.year, GAP.month)
    return BURST + (moment - GAP) if in_gap else draw.choice((*[moment] * 5, BURST))


def _instant(local: datetime, draw: random.Random) -> datetime:
    """Return the UTC instant of a local time, one of two where clocks repeat it."""
    return local.replace(tzinfo=ZONE, fold=draw.randrange(2)).astimezone(UTC).replace(tzinfo=None)


def _row(draw: random.Random, table: Source, number: int, sources: Sequence[str]) -> dict[str, Any]:
    return {column.name: _value(draw, table, column, number, sources) for column in table.columns}


def _value(draw: random.Random, table: Source, column: Column, number: int, sources: Sequence[str]) -> Any:
    tests = {test.name: test.arguments for test in table.tests if test.column == column.name}
    if "not_null" not in tests and draw.random() < 0.3:
        return None
    named = {"source": sources, "geography": GEOGRAPHIES, "area_id": AREAS}
    if "accepted_values" in tests:
        return draw.choice(tests["accepted_values"]["values"])
    if column.name in named:
        return draw.choice(named[column.name])
    if "unique" in tests or column.name == f"{table.name}_id":
        return f"{draw.choice(WORDS)}{number}"
    of_type: dict[str, Callable[[], Any]] = {
        "varchar": lambda: draw.choice(WORDS),
        "varchar[]": lambda: draw.sample(WORDS, draw.randrange(3)),
        "boolean": lambda: draw.random() < 0.5,
        "integer": lambda: draw.randrange(10),
        "bigint": lambda: draw.choice((0, 1, 59, 86_400, 2**40)),
        "double": lambda: draw.uniform(-180, 180),
        "decimal": lambda: Decimal(draw.randrange(10**8)).scaleb(-4),
        "date": lambda: draw.choice(EDGES).date(),
        "timestamp": lambda: draw.choice(EDGES),
    }
    return of_type[column.data_type.split("(")[0]]()
