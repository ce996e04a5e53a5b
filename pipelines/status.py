"""What the served release says of itself: the account that a run, `wardlight status` and tests read."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import ReleaseError
from pipelines.publishing import release
from pipelines.warehouse import one_row


@dataclass(frozen=True)
class Status:
    """Counts of the served release."""

    release_id: str
    as_of: str
    content_hash: str
    records: dict[str, int]
    expectations_passed: int
    expectations_failed: int
    expectations_broken: int
    indicators_published: int
    indicators_not_available: int
    figures: dict[str, int]
    gates_closed: list[str]
    sources: dict[str, str]


def read_status(home: Path) -> Status:
    """Read the status of the release that a home folder serves.

    Raises
    ------
    ReleaseError
        If there is no release yet.
    """
    served = release.current(home)
    if served is None:
        raise ReleaseError("there is no release yet", file=home, remedy="run `make nightly` or `wardlight nightly`")
    ledger = ("read", "accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
    with duckdb.connect(str(served.folder / release.DATABASE), read_only=True) as con:
        sums = ", ".join(f'coalesce(sum("{column}"), 0)::bigint' for column in ledger)
        records = dict(zip(ledger, one_row(con, f"select {sums} from ledger"), strict=True))
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
        records=records,
        expectations_passed=passed,
        expectations_failed=failed,
        expectations_broken=broken,
        indicators_published=available,
        indicators_not_available=missing,
        figures=dict(figures),
        gates_closed=[row[0] for row in closed],
        sources=dict(sources),
    )
