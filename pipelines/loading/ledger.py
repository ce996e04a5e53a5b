"""The ledger: every record that was read is accounted for, per source and batch.

`read = accepted + quarantined + duplicate + superseded + merged + deferred`, where merged rows are further rows of
a record that a source writes over several (one a victim, say). Rows in staging = Σ accepted − Σ replaced − Σ deleted.
The two sides of each identity are counted apart: `read` when the file is read, the others when its rows are judged,
staging in the table itself.
"""

from dataclasses import dataclass

import duckdb

from pipelines.errors import LedgerError
from pipelines.warehouse import one_row, scalar

COUNTED = ("accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
_REMEDY = "nothing was published; load the source again, and report it if the ledger still does not balance"


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the ledger's tables: lines, and deliveries (one row a file and content, with the file's columns)."""
    con.execute(
        "create table if not exists ledger.delivery (source varchar, file varchar, content varchar, "
        "batch_id varchar, read bigint, is_current boolean, position bigint, columns varchar[])"
    )
    counts = ", ".join(f'"{column}" bigint' for column in ("read", *COUNTED, "replaced", "deleted"))
    con.execute(f"create table if not exists ledger.batch (source varchar, batch_id varchar, {counts})")


@dataclass(frozen=True)
class Displaced:
    """Records of earlier contents of a source's files that are in staging no longer."""

    replaced: int
    deleted: int


def enter(con: duckdb.DuckDBPyConnection, source: str, displaced: Displaced) -> None:
    """Write a source's lines anew from the temporary table `judged`, within the caller's transaction.

    A batch whose file has since changed keeps its line as it was; what it had accepted now counts as replaced (the
    record came again) or deleted (it did not) in the line of the source's newest batch.
    """
    current = "select batch_id from ledger.delivery where source = ? and is_current"
    kept = con.execute(
        f"select batch_id, replaced, deleted from ledger.batch where source = ? and batch_id in ({current})",
        (source, source),
    ).fetchall()
    con.execute(f"delete from ledger.batch where source = ? and batch_id in ({current})", (source, source))
    counts = ", ".join(f"count(*) filter (where judged.status = '{status}')" for status in COUNTED)
    con.execute(
        f"insert into ledger.batch select ?, delivery.batch_id, delivery.read, {counts}, 0, 0 "
        "from ledger.delivery left join judged on judged._batch_id = delivery.batch_id "
        "where delivery.source = ? and delivery.is_current group by delivery.batch_id, delivery.read",
        (source, source),
    )
    for batch, replaced, deleted in kept:
        con.execute(
            "update ledger.batch set replaced = ?, deleted = ? where source = ? and batch_id = ?",
            (replaced, deleted, source, batch),
        )
    con.execute(
        "update ledger.batch set replaced = replaced + ?, deleted = deleted + ? where source = ? and batch_id = "
        "(select batch_id from ledger.delivery where source = ? and is_current order by position desc limit 1)",
        (displaced.replaced, displaced.deleted, source, source),
    )


def check(con: duckdb.DuckDBPyConnection) -> None:
    """Refuse to go on unless both identities hold for every batch and source.

    Raises
    ------
    LedgerError
        Naming the batch or source, both sides and the difference.
    """
    total = " + ".join(COUNTED)
    for source, batch, read, counted in con.execute(
        f'select source, batch_id, "read", {total} as counted from ledger.batch where "read" <> counted order by all'
    ).fetchall():
        raise LedgerError(
            f"source {source}, batch {batch}: {read:,} records were read, {counted:,} are accounted for "
            f"({read - counted:+,})",
            remedy=_REMEDY,
        )
    for source, kind, due in con.execute(
        "select batch.source, source.kind, sum(accepted - replaced - deleted)::bigint from ledger.batch as batch "
        "join staging.source as source using (source) group by all order by all"
    ).fetchall():
        staged = scalar(con, f"select count(*) from staging.{kind} where source = ?", (source,))
        if staged != due:
            raise LedgerError(
                f"source {source}: the ledger says {due:,} records are in staging, it holds {staged:,} "
                f"({staged - due:+,})",
                remedy=_REMEDY,
            )


def totals(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the sums of the lines of all current batches, by column."""
    columns = ("read", *COUNTED)
    sums = ", ".join(f'coalesce(sum("{column}"), 0)' for column in columns)
    row = one_row(
        con,
        f"select {sums} from ledger.batch where batch_id in (select batch_id from ledger.delivery where is_current)",
    )
    return {column: int(count) for column, count in zip(columns, row, strict=True)}
