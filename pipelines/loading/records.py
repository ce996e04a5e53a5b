"""Loading one record kind: raw rows judged and accounted for, and the records that they make kept in staging.

The result depends on the raw rows, the pack and `as_of` alone, whatever the order of arrival. Rows are judged when
they arrive, and again when something decides anew about them: another `as_of`, a further row of their record, a
changed pack, a backfill. Everything else is left as it is.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb

from pipelines.drift import detection
from pipelines.loading import affected, findings, first_load, ledger, storing
from pipelines.loading.judging import Judge
from pipelines.loading.kinds import FIRST_TIME, kind_fields
from pipelines.loading.winners import decide
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Kind
from pipelines.pulling import raw_layer
from pipelines.warehouse import date_literal, literal, quoted, scalar, transaction

Days = tuple[date, date]
Again = Literal["quarantined", "everything"]
_WAITING = ("judged", "gone", "as_read")


@dataclass(frozen=True)
class Load:
    """What loading a kind did: records in staging, rows that were judged, and the local days that changed."""

    kind: Kind
    rows: int
    judged: int
    affected_days: tuple[date, ...]
    drifts: tuple[detection.Drift, ...] = ()


def load_kind(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    kind: Kind,
    as_of: date,
    window: Days | None = None,
    again: Again | None = None,
) -> Load:
    """Bring staging, quarantine, receipts and ledger of a kind up to date, as of a date, in one transaction.

    Parameters
    ----------
    window
        First and last local day whose records are judged again whether anything changed or not, as a backfill asks.
    again
        Judge the rows in quarantine again, or every row.

    Raises
    ------
    PackError, SourceError
        If a mapping or rule does not work, or a source has drifted and the pack says to stop; nothing is changed.
    LedgerError
        If not every record read is accounted for; nothing is changed.
    """
    # What is found out goes to temporary tables, and those are committed before the transaction begins: the engine
    # reads with one thread what its own transaction has written.
    outcomes = [_judge(con, pack, name, as_of, window, again) for name in pack.of_kind(kind)]
    with transaction(con):
        affected.begin(con)
        for outcome in outcomes:
            _enter(con, pack, outcome, as_of)
        _drop_unknown_sources(con, pack)
        if window is not None:
            first, last = map(date_literal, window)
            affected.note(con, kind, f"(select * from staging.{kind} where day between {first} and {last})")
        judged = sum(outcome.judged for outcome in outcomes)
        days = affected.enter(con, kind, as_of, window, judged)
        ledger.check(con, kind)
    rows = scalar(con, f"select count(*) from staging.{kind}")
    return Load(kind, rows, judged, tuple(days), tuple(drift for outcome in outcomes for drift in outcome.drifts))


@dataclass(frozen=True)
class _Outcome:
    """What is to be written down of one source.

    Its rows wait in the temporary tables that `_WAITING` lists, after its name, unless nothing `has_changed`, or it
    `is_first`: then they are judged on their way into staging.
    """

    name: str
    reading: str
    before: date | None
    is_of_another_kind: bool
    is_anew: bool
    has_changed: bool
    is_reread: bool
    is_first: bool = False
    judged: int = 0
    compared: Sequence[str] = ()
    drifts: Sequence[detection.Drift] = ()


def _judge(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    name: str,
    as_of: date,
    window: Days | None,
    again: Again | None,
) -> _Outcome:
    """Judge the rows of one source that are new or to be judged again, and change nothing that lasts."""
    source = pack.sources[name]
    fields = kind_fields(source.kind)
    reading = reading_hash(pack, name)
    is_of_another_kind = storing.was_of_another_kind(con, name, source)
    known = con.execute("select reading, as_of from ledger.judged where source = ?", (name,)).fetchone()
    before = None if known is None or is_of_another_kind else known[1]
    is_anew = before is None or known is None or known[0] != reading or again == "everything"
    new = _new_batches(con, name, is_anew)
    storing.find_gone(con, name)
    storing.choose(con, name, fields, as_of, before, window, again == "quarantined", is_anew)
    # Where nothing has changed the raw rows are not even looked at.
    has_changed = bool(new) or scalar(con, "select (select count(*) from chosen) + (select count(*) from gone)") > 0
    is_reread = before is not None and known is not None and known[0] != reading
    outcome = _Outcome(name, reading, before, is_of_another_kind, is_anew, has_changed, is_reread)
    if has_changed:
        # Of rows that are judged again, those that were set aside for their delivery's drift must be so again.
        compared = [*new, *_drifted_before(con, name)]
        drifts = _drifts(con, pack, name, compared)
        outcome = replace(outcome, compared=compared, drifts=drifts)
    if before is None and has_changed and first_load.is_first(con, name, source):
        rows = scalar(con, f"select count(*) from {raw_layer.raw_rows(name)}")
        outcome = replace(outcome, is_first=True, judged=rows)
    elif has_changed:
        _judge_rows(con, pack, name, as_of, new)
        outcome = replace(outcome, judged=scalar(con, "select count(*) from judged"))
        storing.look_up(con, raw_layer.raw_rows(name))
        for table in _WAITING:
            con.execute(f"drop table if exists temp.{quoted(f'{name}_{table}')}")
            con.execute(f"alter table temp.{table} rename to {quoted(f'{name}_{table}')}")
    for table in ("gone", "chosen", "located", "drifted"):
        con.execute(f"drop table if exists temp.{table}")
    return outcome


def _drifts(con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, batches: list[str]) -> list[detection.Drift]:
    """Compare deliveries with those before them; refuse drift that the pack says to stop at."""
    raw_layer.check_kept(con, name)
    drifts = detection.detect(con, pack, name, batches)
    stopping = [each for each in drifts if each.policy == "stop"]
    if stopping:
        raise detection.refusal(stopping)
    return drifts


def _judge_rows(con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, as_of: date, new: list[str]) -> None:
    """Judge the rows of new batches and those in `chosen`, with all further rows of their records, into `judged`."""
    source = pack.sources[name]
    fields = kind_fields(source.kind)
    rows = raw_layer.raw_rows(name)
    listed = ", ".join(map(literal, new))
    chosen = "(_batch_id, _line) in (select batch_id, line from chosen)"
    asked = [f"_batch_id in ({listed})"] if new else []
    if scalar(con, "select count(*) from chosen"):
        asked.append(chosen)
    judge = Judge(con, pack, name, raw_layer.headers(con, name), as_of)
    judge.judge(f"(select * from {rows} as raw where {' or '.join(asked) or 'false'})")
    # Further rows of the same records, which were judged before: only together can they be ranked.
    if storing.choose_companions(con, name, fields):
        judge.judge_further(f"(select * from {rows} as raw where {chosen})")
    decide(con, source, fields, as_of)


def _enter(con: duckdb.DuckDBPyConnection, pack: CityPack, outcome: _Outcome, as_of: date) -> None:
    """Write down what judging a source came to."""
    name = outcome.name
    source = pack.sources[name]
    fields = kind_fields(source.kind)
    if outcome.is_of_another_kind:
        _drop(con, f"source = {literal(name)}")
    if outcome.is_anew:
        storing.forget(con, name)
    affected.note_due(con, source.kind, outcome.before, as_of)
    if outcome.has_changed:
        if outcome.is_first:
            judge = Judge(con, pack, name, raw_layer.headers(con, name), as_of)
            first_load.keep_plain(judge)
        else:
            for table in _WAITING:
                con.execute(f"alter table temp.{quoted(f'{name}_{table}')} rename to {table}")
        detection.record(con, name, outcome.compared, outcome.drifts)
        headers = raw_layer.headers(con, name)
        storing.store(con, name, source, fields, as_of, headers, outcome.is_reread, outcome.is_first)
        findings.enter(con, name, source)
        for table in _WAITING:
            con.execute(f"drop table temp.{table}")
    ledger.enter(con, name, source.kind)
    con.execute("delete from ledger.judged where source = ?", (name,))
    con.execute("insert into ledger.judged values (?, ?, ?)", (name, outcome.reading, as_of))


def _new_batches(con: duckdb.DuckDBPyConnection, name: str, is_anew: bool) -> list[str]:
    """Return the current batches of a source in the order of their delivery: all of them, or those not judged yet."""
    rows = con.execute(
        "select batch_id from ledger.delivery where source = ? and is_current and (? or batch_id not in "
        "(select batch_id from ledger.judged_batch where source = ?)) order by position",
        (name, is_anew, name),
    ).fetchall()
    return [str(row[0]) for row in rows]


def _drifted_before(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return the batches of rows in `chosen` of which drift has set rows aside."""
    rows = con.execute(
        "select distinct batch_id from ledger.drift where source = ? and policy = 'quarantine' "
        "and batch_id in (select batch_id from chosen)",
        (name,),
    ).fetchall()
    return [str(row[0]) for row in rows]


def reading_hash(pack: CityPack, name: str) -> str:
    """Hash all that decides how rows of a source are judged, but for the rows and `as_of`.

    That is the source and its geography as the pack declares them, the areas' file, and the code of loading.
    """
    source = pack.sources[name]
    geography = pack.geographies[source.geography]
    digest = hashlib.sha256(_code_hash().encode())
    # Where the rows come from and how they are pulled changes no row that is there.
    said = source.model_dump_json(exclude={"title", "files", "format", "database", "api", "silent_after_days", "drift"})
    for text in (said, geography.model_dump_json(), pack.time_zone, pack.first_month):
        digest.update(f"{text}\0".encode())
    digest.update(pack.path(geography.file).read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def _code_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _drop_unknown_sources(con: duckdb.DuckDBPyConnection, pack: CityPack) -> None:
    """Forget the lines of sources that the pack names no longer, and the records of kinds that it has none of."""
    unknown = f"source not in ({', '.join(map(literal, pack.sources))})"
    # Asked first, since looking through the records of every kind takes long.
    if scalar(con, f"select count(*) from ledger.judged where {unknown}"):
        _drop(con, unknown)
    con.execute(f"update ledger.delivery set is_current = false where {unknown}")


def _drop(con: duckdb.DuckDBPyConnection, which: str) -> None:
    """Forget all of some sources but their raw rows and deliveries."""
    for kind in FIRST_TIME:
        affected.note(con, kind, f"(select * from staging.{kind} where {which})")
        con.execute(f"delete from staging.{kind} where {which}")
    affected.note_received(con, f"(select * from staging.receipt where {which})")
    for table in (*storing.TABLES, "ledger.batch", "ledger.displaced", "ledger.drift", "ledger.judged"):
        con.execute(f"delete from {table} where {which}")
