"""The ledger: every record that was read is accounted for, per source and batch.

`read = accepted + quarantined + duplicate + superseded + merged + deferred`, where merged rows are further rows of
a record that a source writes over several (one a victim, say). Rows in staging = Σ accepted − Σ replaced − Σ deleted.
The two sides of each identity are counted apart: `read` when the file is read, the others when its rows are judged,
staging in the table itself.
"""

import duckdb

from pipelines.errors import LedgerError
from pipelines.warehouse import one_row, scalar

COUNTED = ("accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
_REMEDY = (
    "nothing was published; `wardlight requarantine --everything` judges every raw row again; "
    "report it if the ledger still does not balance"
)


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the ledger's lines, and the records of earlier batches that later ones displaced."""
    counts = ", ".join(f'"{column}" bigint' for column in ("read", *COUNTED, "replaced", "deleted"))
    con.execute(f"create table if not exists ledger.batch (source varchar, batch_id varchar, {counts})")
    con.execute(
        "create table if not exists ledger.displaced "
        "(source varchar, batch_id varchar, replaced bigint, deleted bigint)"
    )


def enter(con: duckdb.DuckDBPyConnection, source: str, kind: str) -> None:
    """Write the lines of a source's current batches anew, each side of the identities counted where it stands.

    A row that withdraws its record counts as accepted, and as deleted in the same line. A batch whose file has since
    changed keeps its line as it was; what it had in staging now counts as replaced (the record came again) or deleted
    (it did not) in the line of the batch that was then the newest.
    """
    current = "select batch_id from ledger.delivery where source = ? and is_current"
    con.execute(f"delete from ledger.batch where source = ? and batch_id in ({current})", (source, source))
    aside = ", ".join(
        f"coalesce(sum(row_count) filter (where status = '{status}'), 0)" for status in COUNTED if status != "accepted"
    )
    con.execute(
        f"""
        insert into ledger.batch
        with counted as (
            select batch_id, 'accepted' as status, count(*) as row_count
            from staging.{kind} where source = ? group by all
            union all
            select batch_id, status, count(*) from ledger.unstaged where source = ? group by all
            union all
            select batch_id, 'quarantined', count(*) from quarantine.record where source = ? group by all
        ),
        displaced as (
            select batch_id, sum(replaced) as replaced, sum(deleted) as deleted
            from ledger.displaced where source = ? group by batch_id
        )
        select ?, delivery.batch_id, any_value(delivery."read"),
            coalesce(sum(row_count) filter (where status in ('accepted', 'withdrawn')), 0), {aside},
            coalesce(any_value(displaced.replaced), 0),
            coalesce(any_value(displaced.deleted), 0)
                + coalesce(sum(row_count) filter (where status = 'withdrawn'), 0)
        from ledger.delivery as delivery
        left join counted using (batch_id)
        left join displaced using (batch_id)
        where delivery.source = ? and delivery.is_current
        group by delivery.batch_id
        """,
        (source,) * 6,
    )


def check(con: duckdb.DuckDBPyConnection, kind: str | None = None) -> None:
    """Refuse to go on unless both identities hold for every batch and source, of one kind or of all.

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
    for source, of_kind, due in con.execute(
        "select batch.source, source.kind, sum(accepted - replaced - deleted)::bigint from ledger.batch as batch "
        "join staging.source as source using (source) where source.kind = coalesce(?, source.kind) "
        "group by all order by all",
        (kind,),
    ).fetchall():
        staged = scalar(con, f"select count(*) from staging.{of_kind} where source = ?", (source,))
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
