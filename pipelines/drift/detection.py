"""Drift: a delivery that is not what its source delivered before, or not what the pack says of it.

Here: what was found made ready for the caller, by the pack's policies. How each sort of change is found is in the
modules beside this one; all of them are stateless, so that the same deliveries always show the same drift.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.drift import columns, places, texts, times
from pipelines.drift.evidence import ALL, TABLES, Change, Evidence
from pipelines.errors import SourceError
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Policy
from pipelines.warehouse import literal, scalar

_PPM = 1_000_000


@dataclass(frozen=True)
class Drift:
    """One change of a source's shape in one delivery.

    Attributes
    ----------
    what
        `new_column`, `missing_column`, `renamed_column`, `retyped_column`, `unknown_category`, `reference_system` or
        `date_format`.
    column, field
        The source's column and the canonical field concerned; None where there is none.
    rows, share
        Rows of the delivery that are concerned, and their share of all, 0 to 1.
    suggestion
        What was seen, and what to do about it.
    policy
        What the pack says to do; `adapt` where the change is only worth knowing.
    """

    source: str
    file: str
    what: str
    column: str | None
    field: str | None
    batch_id: str
    rows: int
    share: float
    suggestion: str
    policy: Policy


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table of drift."""
    con.execute(
        "create table if not exists ledger.drift (source varchar, batch_id varchar, what varchar, column_name varchar, "
        "field varchar, rows bigint, share_ppm bigint, suggestion varchar, policy varchar)"
    )


def detect(con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, batches: Sequence[str]) -> list[Drift]:
    """Compare deliveries of a source with those before them, and with what the pack says of the source.

    Makes the temporary table `drifted(_batch_id, _line, reason, field)`: the rows to set aside, one row for each
    reason, where the pack's policy is to quarantine. It is made anew by every call, empty where there is nothing.

    Parameters
    ----------
    batches
        Batches of the source that are to be compared; each is held against all deliveries before it.

    Returns
    -------
    list of Drift
        In the order of the deliveries; a caller refuses those whose policy is `stop`.
    """
    none_drifted(con)
    if not batches:
        return []
    evidence = Evidence.gather(con, pack, name, batches)
    changes = columns.changes(evidence)
    dated = times.changes(evidence)
    changes += [*dated, *texts.changes(evidence), *places.changes(evidence)]
    order = {delivery.batch_id: at for at, delivery in enumerate(evidence.new)}
    drifts = [_drift(evidence, change) for change in sorted(changes, key=lambda each: order[each.delivery.batch_id])]
    for table in TABLES:
        con.execute(f"drop table if exists temp.{table}")
    return drifts


def none_drifted(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `drifted` of a source whose rows are all as they were."""
    con.execute("create or replace temp table drifted (_batch_id varchar, _line bigint, reason varchar, field varchar)")


def _drift(evidence: Evidence, change: Change) -> Drift:
    """Count the rows that a change concerns, and list them where they are to be set aside."""
    con, delivery = evidence.con, change.delivery
    policy: Policy = "adapt" if change.only_told else evidence.source.drift.model_dump()[change.what]
    concerned = f"from {evidence.rows([delivery])} as delivered where {change.concerned}"
    if change.concerned == ALL:
        rows = delivery.rows
    else:
        rows = scalar(con, f"select count(*) {concerned}") if change.rows is None else change.rows
    if policy == "quarantine":
        con.execute(
            f"insert into drifted select _batch_id, _line, {literal(f'drift:{change.what}')}, "
            f"{literal(change.field or change.column or '')} {concerned}"
        )
    return Drift(
        source=evidence.name,
        file=delivery.file,
        what=change.what,
        column=change.column,
        field=change.field,
        batch_id=delivery.batch_id,
        rows=rows,
        share=rows / max(delivery.rows, 1),
        suggestion=change.suggestion,
        policy=policy,
    )


def record(con: duckdb.DuckDBPyConnection, name: str, batches: Sequence[str], drifts: Sequence[Drift]) -> None:
    """Write the drift found in batches of a source to the ledger, in place of what was known of them."""
    for batch in batches:
        con.execute("delete from ledger.drift where source = ? and batch_id = ?", (name, batch))
    if drifts:
        con.executemany(
            "insert into ledger.drift values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (name, d.batch_id, d.what, d.column, d.field, d.rows, round(d.share * _PPM), d.suggestion, d.policy)
                for d in drifts
            ],
        )


def refusal(drifts: Sequence[Drift]) -> SourceError:
    """Make the error that refuses deliveries with such drift: the first one in full, the others by name."""
    first, *others = drifts
    named = "; ".join(f"{_told(drift)} in {drift.file}" for drift in others)
    return SourceError(
        f"source {first.source} is not what it was: {_told(first)}, {first.rows:,} rows ({first.share:.1%}) concerned"
        + (f"; also {named}" if named else ""),
        file=first.file,
        field=first.field or first.column,
        remedy=f"{first.suggestion}; or say what else to do in sources.{first.source}.drift.{first.what} of city.yml: "
        "quarantine or adapt",
    )


def _told(drift: Drift) -> str:
    return drift.what.replace("_", " ") + (f" {drift.column}" if drift.column else "")
