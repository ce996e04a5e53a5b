"""Deliveries of a source that drifts: files of many calls, pulled one after another into one warehouse.

Here: making and pulling them. Not here: anything that a test claims.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines.drift import detection
from pipelines.loading import areas
from pipelines.pack.city import CityPack
from tests.pipelines.small_pack import CITY_YML, COLUMNS, call, pull_all, text_of, write_pack

ROWS = 60
Row = dict[str, str]


def calls(
    first: int = 0, rows: int = ROWS, change: Callable[[int, Row], Mapping[str, object]] | None = None
) -> list[Row]:
    """Make so many calls, of days and places that go round; `change` gives the cells that are otherwise."""
    made = []
    for at in range(first, first + rows):
        day, ward = at % 28 + 1, at % 3
        row = call(
            f"c{at:04}",
            f"2016-03-{day:02} {at % 24:02}:30",
            area=str(ward + 1),
            what=("theft", "fight", "noise")[at % 3],
            prio=at % 4 + 1,
            x=ward + 0.1 + at % 8 / 10,
            y=0.2 + at % 7 / 10,
        )
        made.append(row | {column: str(cell) for column, cell in (change(at, row) if change else {}).items()})
    return made


def content(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> str:
    """Write calls as a file, of those columns only."""
    return text_of([{column: row[column] for column in columns} for row in rows], columns)


def deliver(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    *contents: str,
    city_yml: str = CITY_YML,
    files: Mapping[str, str] | None = None,
) -> CityPack:
    """Pull one content of `calls.csv` after the other, the pack's other files being the usual ones or those given."""
    for each in contents:
        pack = write_pack(folder, {**(files or {}), "calls.csv": each}, city_yml)
        areas.load_areas(con, pack)
        pull_all(con, pack)
    return pack


def detected(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    *contents: str,
    city_yml: str = CITY_YML,
    files: Mapping[str, str] | None = None,
) -> list[detection.Drift]:
    """Pull contents, and detect the drift of the last one."""
    pack = deliver(con, folder, *contents, city_yml=city_yml, files=files)
    return detection.detect(con, pack, "calls", newest(con))


def newest(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute("select batch_id from ledger.delivery order by position desc limit 1").fetchall()
    return [str(row[0]) for row in rows]


def set_aside(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Give the lines that are listed for quarantine."""
    return [row[0] for row in con.execute("select distinct _line from drifted order by _line").fetchall()]


def policy(what: str, do: str, city_yml: str = CITY_YML) -> str:
    """Give the city's text with a policy for its source."""
    return city_yml + f"    drift: {{{what}: {do}}}\n"
