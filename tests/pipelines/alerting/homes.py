"""Homes with a release that says what a test wants it to, made as real ones are."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.publishing import release
from tests.pipelines.publishing import columns

_RESULTS = (
    "layer varchar, table_name varchar, expectation varchar, severity varchar, success boolean, observed varchar, "
    "failed_count bigint, exception varchar, failing_since date"
)
_FRESHNESS = "source varchar, title_en varchar, title_zh varchar, status varchar, last_day date, days_behind integer"
Row = tuple[object, ...]
HELD = ("staging", "incident", "unique", "error", True, "0", 0, None, None)
ALIVE = ("calls", "Calls", "报警", "alive", "2016-06-30", 0)


def failed(expectation: str, severity: str = "error", *, rows: int | None = 3, since: str = "2016-06-29") -> Row:
    """Give the result of a check that fails; with no rows, one that could not be judged."""
    exception = "an engine's words about Jane Roe" if rows is None else None
    return ("staging", "incident", expectation, severity, False, "Jane Roe", rows, exception, since)


def silent(status: str = "silent", source: str = "calls") -> Row:
    return (source, "Calls", "报警", status, "2016-06-10", 20)


def publish(
    home: Path,
    results: Iterable[Row] = (HELD,),
    freshness: Iterable[Row] = (ALIVE,),
    as_of: str = "2016-06-30",
    areas: Iterable[tuple[str, str]] | None = None,
) -> None:
    """Publish a release with the two tables that are looked at, and that of areas where they are given."""
    with duckdb.connect() as con:
        con.execute(f"create table results ({_RESULTS}); create table freshness ({_FRESHNESS})")
        con.executemany(f"insert into results values ({', '.join('?' * 9)})", list(results))
        con.executemany(f"insert into freshness values ({', '.join('?' * 6)})", list(freshness))
        # A release without figures is refused.
        queries = {
            "indicator_values": "select 1 as value",
            "expectation_results": "from results",
            "source_freshness": "from freshness",
        }
        if areas is not None:
            con.execute("create table areas (source varchar, status varchar)")
            con.executemany("insert into areas values (?, ?)", list(areas))
            queries["area_freshness"] = "from areas"
        release.publish(home, con, queries, {"as_of": as_of}, allowed=columns.of(con, queries))
