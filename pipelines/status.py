"""What the served release says of itself: the account that a run, `wardlight status` and tests read.

Here: reading it. How it looks on a terminal is in `status_report`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ReleaseError
from pipelines.publishing import release
from pipelines.warehouse import one_row

OUTCOMES = ("accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
COUNTED = ("read", *OUTCOMES, "replaced", "deleted", "in_figures")

# Of deliveries whose content has since changed, only what became of their records counts.
_CURRENT = ", ".join(f'coalesce(sum("{each}") filter (where is_current), 0)::bigint' for each in ("read", *OUTCOMES))
_LEDGER = f"""
    select source, {_CURRENT}, sum(replaced)::bigint, sum(deleted)::bigint,
        sum(accepted - replaced - deleted)::bigint
    from ledger group by source order by source
"""
_QUARANTINE = "select source, reason, field, row_count from quarantine_summary order by all"
_DRIFT = (
    "select source, file, what, column_name, field, rows, share_ppm, suggestion, policy from source_drift order by all"
)


@dataclass(frozen=True)
class Status:
    """Counts of the served release.

    Attributes
    ----------
    records
        Over all sources, rows read in the deliveries that are current, and what became of them.
    ledger
        By source, the same; and, `replaced` and `deleted`, records of all deliveries so far that a later one replaced,
        or that are there no longer; and `in_figures`, records that count.
    balances
        Whether, in every source, the rows read are the sum of their outcomes.
    quarantine
        Rows by source, reason and field; a row has one reason or several.
    drift
        Changes of the sources in the deliveries that are current.
    """

    release_id: str
    as_of: str
    content_hash: str
    records: dict[str, int]
    ledger: dict[str, dict[str, int]]
    balances: bool
    quarantine: list[dict[str, Any]]
    drift: list[dict[str, Any]]
    expectations_passed: int
    expectations_failed: int
    expectations_broken: int
    indicators_published: int
    indicators_not_available: int
    figures: dict[str, int]
    gates_closed: list[str]
    sources: dict[str, str]


def read_status(home: Path, of: release.Release | None = None) -> Status:
    """Read the status of a release, by default of the one that a home folder serves.

    Raises
    ------
    ReleaseError
        If none is served yet, or another version made it.
    """
    served = of or release.served(home)
    with duckdb.connect(str(served.folder / release.DATABASE), read_only=True) as con:
        try:
            return _status(served, con)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise ReleaseError(
                f"release {served.release_id} was made by another version of Wardlight: it lacks tables or columns",
                file=served.folder,
                remedy="run `wardlight nightly` with this version",
            ) from error


def _status(served: release.Release, con: duckdb.DuckDBPyConnection) -> Status:
    ledger = {source: dict(zip(COUNTED, counts, strict=True)) for source, *counts in con.execute(_LEDGER).fetchall()}
    passed, failed, broken = one_row(
        con,
        "select count(*) filter (where success), count(*) filter (where not success and exception is null), "
        "count(*) filter (where exception is not null) from expectation_results",
    )
    available, missing = one_row(
        con,
        "select count(*) filter (where status = 'available'), count(*) filter (where status <> 'available') "
        "from indicator_catalogue",
    )
    figures = con.execute("select status, count(*) from indicator_values group by all order by all").fetchall()
    closed = con.execute("select distinct reason from gates order by all").fetchall()
    sources = con.execute("select source, status from source_freshness order by all").fetchall()
    return Status(
        release_id=served.release_id,
        as_of=str(served.manifest["as_of"]),
        content_hash=str(served.manifest["content_hash"]),
        records={column: sum(line[column] for line in ledger.values()) for column in ("read", *OUTCOMES)},
        ledger=ledger,
        balances=all(line["read"] == sum(line[outcome] for outcome in OUTCOMES) for line in ledger.values()),
        quarantine=_rows(con, _QUARANTINE),
        drift=_rows(con, _DRIFT),
        expectations_passed=passed,
        expectations_failed=failed,
        expectations_broken=broken,
        indicators_published=available,
        indicators_not_available=missing,
        figures=dict(figures),
        gates_closed=[row[0] for row in closed],
        sources=dict(sources),
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = con.execute(sql)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
