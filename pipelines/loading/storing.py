"""Storing: which rows to look at again, and what was decided about them written down, each row in one place.

A row that was read is in `staging.<kind>` (it stands for its record), in `quarantine.record` (it broke a rule) or in
`ledger.unstaged` (deferred, duplicate, superseded, merged, or a withdrawal). How rows are judged is no concern here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import duckdb

from pipelines.loading import affected, record_changes
from pipelines.loading.judging import kept_query
from pipelines.loading.kinds import KindFields, day_column
from pipelines.pack.sources import Source
from pipelines.warehouse import date_literal, literal, quoted, scalar

# Beside the staging tables, everything that holds a source's rows or counts of them; receipts are made anew.
TABLES = (
    "quarantine.record",
    "ledger.unstaged",
    "staging.receipt",
    "ledger.judged_batch",
    "ledger.repeated",
    "ledger.finding",
)
_QUARANTINE = (
    "source varchar, batch_id varchar, file varchar, line bigint, kind varchar, day date, known_day date, "
    "last_day date, due_day date, area_id varchar, reasons varchar[], fields varchar[], raw_text varchar"
)
_UNSTAGED = (
    "source varchar, batch_id varchar, line bigint, record_key varchar, status varchar, geography varchar, "
    "area_id varchar, day date, last_day date, due_day date, settled_day date, is_blank boolean, is_contested boolean"
)


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of rows that are not in staging, and of what has been judged."""
    con.execute(f"create table if not exists quarantine.record ({_QUARANTINE})")
    con.execute(f"create table if not exists ledger.unstaged ({_UNSTAGED})")
    con.execute("create table if not exists ledger.judged (source varchar, reading varchar, as_of date)")
    con.execute("create table if not exists ledger.judged_batch (source varchar, batch_id varchar)")


def was_of_another_kind(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> bool:
    """Tell whether what is there of a source was loaded as records of another kind."""
    return scalar(con, "select count(*) from staging.receipt where source = ? and kind <> ?", (name, source.kind)) > 0


def forget(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Let every row of a source be judged anew: what staging holds is compared with the outcome."""
    for table in ("quarantine.record", "ledger.unstaged", "ledger.repeated"):
        con.execute(f"delete from {table} where source = ?", (name,))
    # Batches that are gone stay known, so that what they had in staging is counted as displaced.
    con.execute(
        "delete from ledger.judged_batch where source = ? and batch_id in "
        "(select batch_id from ledger.delivery where source = ? and is_current)",
        (name, name),
    )


def find_gone(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make the temporary table `gone`: batches that were judged and are current no longer."""
    con.execute(
        "create or replace temp table gone as select batch_id from ledger.judged_batch where source = ? except "
        "select batch_id from ledger.delivery where source = ? and is_current",
        (name, name),
    )


def choose(
    con: duckdb.DuckDBPyConnection,
    name: str,
    fields: KindFields,
    as_of: date,
    before: date | None,
    window: tuple[date, date] | None,
    again: bool,
    is_anew: bool,
) -> None:
    """Make the temporary table `chosen`: rows judged before that are to be judged again, by batch and line.

    Those of a record of which a row belongs to a batch that is gone, since what else it has must be ranked without
    that; those in which a time lies between the `as_of` before and now, those in the window, and, where asked for,
    the quarantined ones. None where all batches are judged anew.
    """
    if is_anew:
        con.execute("create or replace temp table chosen (batch_id varchar, line bigint)")
        return
    conditions = []
    if before is not None and before != as_of:
        conditions.append(f"settled_day > {date_literal(min(before, as_of))}")
    if window is not None:
        conditions.append(f"day between {date_literal(window[0])} and {date_literal(window[1])}")
    some = " or ".join(conditions) or "false"
    quarantined = "true" if again else f"known_day > {date_literal(as_of)}"
    is_gone = "batch_id in (select batch_id from gone)"
    id_field = fields.id_field
    con.execute(
        f"""
        create or replace temp table chosen as
        with known as (
            select batch_id, line, {id_field} as record_key, settled_day, day from staging.{fields.kind}
            where source = {literal(name)}
            union all
            select batch_id, line, record_key, settled_day, day from ledger.unstaged where source = {literal(name)}
        )
        select batch_id, line from known
        where not {is_gone} and ({some} or record_key in (select record_key from known where {is_gone}))
        union
        select batch_id, line from quarantine.record
        where source = {literal(name)} and not {is_gone} and {quarantined}
        """
    )


def choose_companions(con: duckdb.DuckDBPyConnection, name: str, fields: KindFields) -> int:
    """Make `chosen` anew: rows of the same records as those in `judged` that are not there; return how many."""
    missing = (
        "batch_id not in (select batch_id from gone) and record_key in (select _key from judged) "
        "and (batch_id, line) not in (select _batch_id, _line from judged)"
    )
    kept = f"select batch_id, line, {fields.id_field} as record_key from staging.{fields.kind} where source = ?"
    aside = "select batch_id, line, record_key from ledger.unstaged where source = ?"
    if not scalar(con, f"select (select count(*) from ({kept})) + (select count(*) from ({aside}))", (name, name)):
        return 0
    con.execute(
        f"create or replace temp table chosen as select batch_id, line from ({kept} union all {aside}) where {missing}",
        (name, name),
    )
    return scalar(con, "select count(*) from chosen")


def look_up(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Make the temporary table `as_read`: raw rows, given as the SQL of a relation, of which the text is told again.

    Those that are quarantined, and those of ids that come more than once.
    """
    con.execute(
        f"""
        create or replace temp table as_read as
        with told as (
            select _batch_id, _line from judged where status = 'quarantined' or _key in (
                select _key from judged where status <> 'quarantined' group by _key having count(*) > 1
            )
        )
        select raw.* from {rows} as raw semi join told on told._batch_id = raw._batch_id and told._line = raw._line
        """
    )


def store(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source: Source,
    fields: KindFields,
    as_of: date,
    headers: Mapping[str, Sequence[str]],
    is_reread: bool,
    is_first: bool,
) -> None:
    """Write down what `judged` says, of the rows in it and of batches that are gone, and note the days that changed.

    The text of what is quarantined comes from `as_read`; `headers` gives the columns of each file; `is_reread` says
    that the pack or the code reads the source in another way than before, `is_first` that all that staging holds of
    the source came there in this load.
    """
    _store_kept(con, name, source, fields, as_of, is_reread, is_first)
    _store_aside(con, name, fields)
    _quarantine(con, name, source, fields, headers)
    con.execute("delete from ledger.judged_batch where source = ?", (name,))
    con.execute(
        "insert into ledger.judged_batch select source, batch_id from ledger.delivery where source = ? and is_current",
        (name,),
    )
    _receive(con, name, source)


def _store_kept(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source: Source,
    fields: KindFields,
    as_of: date,
    is_reread: bool,
    is_first: bool,
) -> None:
    """Replace the records in staging that differ from what is accepted now; note their days, old and new."""
    table = f"staging.{fields.kind}"
    accepted = kept_query(name, source, fields, as_of)
    # Every row of staging whose record is in question: its row was judged again, or is there no longer.
    in_question = (
        f"{fields.id_field} in (select _key from judged) "
        f"or batch_id not in (select batch_id from ledger.judged_batch where source = {literal(name)}) "
        "or batch_id in (select batch_id from gone)"
    )
    con.execute(
        f"create or replace temp table earlier as select * from {table} "
        f"where source = ? and ({'false' if is_first else in_question})",
        (name,),
    )
    if is_first:
        con.execute(f"insert into {table} by name {accepted}")
        new = f"(select * from {table} where source = {literal(name)})"
        affected.note(con, fields.kind, new)
        con.execute("create or replace temp table gone_record as from earlier")
    elif not scalar(con, "select count(*) from earlier"):
        con.execute(f"insert into {table} by name {accepted}")
        affected.note(con, fields.kind, "(select * from judged where status = 'accepted')")
        con.execute("create or replace temp table gone_record as select * from earlier")
        new = f"({accepted})"
    else:
        con.execute(f"create or replace temp table accepted as {accepted}")
        con.execute("create or replace temp table gone_record as from earlier except from accepted")
        con.execute("create or replace temp table new_record as from accepted except from earlier")
        new = "new_record"
        were, are = (f"select * exclude (batch_id, line) from {each}" for each in ("gone_record", new))
        con.execute(
            f"create or replace temp table changed_record as ({were} except {are}) union all ({are} except {were})"
        )
        affected.note(con, fields.kind, "changed_record")
        con.execute(
            f"delete from {table} where source = ? and {fields.id_field} in "
            f"(select {fields.id_field} from gone_record)",
            (name,),
        )
        con.execute(f"insert into {table} by name from new_record")
    record_changes.note(con, name, fields, "gone_record", new, is_reread)
    _displace(con, name, fields)
    for temporary in ("earlier", "accepted", "gone_record", "new_record", "changed_record"):
        con.execute(f"drop table if exists temp.{temporary}")


def _displace(con: duckdb.DuckDBPyConnection, name: str, fields: KindFields) -> None:
    """Count the records of batches that are gone: replaced where the record is still there, else deleted.

    They count in the line of the source's newest batch.
    """
    if not scalar(con, "select count(*) from gone"):
        return
    con.execute(
        f"""
        insert into ledger.displaced
        select ?, newest.batch_id, count(new._key), count(*) - count(new._key)
        from gone_record as old
        left join (select _key from judged where status = 'accepted') as new on new._key = old.{fields.id_field}
        cross join (
            select arg_max(batch_id, position) as batch_id from ledger.delivery where source = ? and is_current
        ) as newest
        where old.batch_id in (select batch_id from gone)
        group by newest.batch_id
        """,
        (name, name),
    )


def _other_days(fields: KindFields) -> str:
    """Compose the last day on which a record may have happened, and the one on which it is due; null where it has none.

    With them, what is not in staging can be laid to every day on which a measure might have counted it.
    """
    return ", ".join(
        day_column(time) if time in fields.times else "null::date" for time in ("occurred_until", "due_at")
    )


def _store_aside(con: duckdb.DuckDBPyConnection, name: str, fields: KindFields) -> None:
    """Write down the rows that are not in staging, in place of what was said of the same rows before."""
    for table in ("quarantine.record", "ledger.unstaged"):
        # Asked first, since most loads have nothing to take back and the rows judged are many.
        if scalar(con, f"select count(*) from {table} where source = ?", (name,)):
            con.execute(
                f"delete from {table} where source = ? and (batch_id in (select batch_id from gone) "
                "or (batch_id, line) in (select _batch_id, _line from judged))",
                (name,),
            )
    con.execute(
        f"""
        insert into ledger.unstaged
        select {literal(name)}, _batch_id, _line, _key, status, geography, area_id, day, {_other_days(fields)},
            greatest(settled_day, known_day), _is_blank,
            status = 'superseded' and list_contains(flags, 'conflicting_id')
        from judged where status not in ('accepted', 'quarantined')
        """
    )


def _quarantine(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source: Source,
    fields: KindFields,
    headers: Mapping[str, Sequence[str]],
) -> None:
    """Write the quarantined rows of `judged` with their text as read."""
    if not scalar(con, "select count(*) from judged where status = 'quarantined'"):
        return
    con.execute(
        f"""
        insert into quarantine.record
        select {literal(name)}, judged._batch_id, judged._file, judged._line, {literal(source.kind)}, judged.day,
            judged.known_day, {_other_days(fields)}, judged.area_id, judged.reasons, judged.fields,
            coalesce(raw._malformed, {_as_read(headers)})
        from judged
        join as_read as raw on raw._batch_id = judged._batch_id and raw._line = judged._line
        where judged.status = 'quarantined'
        """
    )


def _as_read(headers: Mapping[str, Sequence[str]]) -> str:
    """Compose the text of a raw row: the columns of its own file, in their order, whatever other files have."""
    files = defaultdict(list)
    for file, names in headers.items():
        files[tuple(names)].append(literal(file))
    cases = (
        f"when raw._file in ({', '.join(listed)}) "
        f"then to_json({{{', '.join(f'{literal(column)}: raw.{quoted(column)}' for column in names)}}})::varchar"
        for names, listed in files.items()
    )
    return f"case {' '.join(cases)} end" if files else "null"


def _receive(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    """Count what became of every row that is due, by area and day, and write down the days of which that changed."""
    con.execute(
        f"""
        create or replace temp table received as
        select source, {literal(source.kind)} as kind, {literal(source.geography)} as geography, area_id, day, status,
            is_blank, count(*) as row_count
        from (
            select source, area_id, day, 'accepted' as status, false as is_blank from staging.{source.kind}
            union all
            select source, area_id, day, status, is_blank from ledger.unstaged where status <> 'deferred'
            union all
            select source, area_id, day, 'quarantined', list_contains(reasons, 'blank_row') from quarantine.record
        ) as each_row (source, area_id, day, status, is_blank)
        where source = {literal(name)}
        group by all
        """
    )
    before = f"(select * from staging.receipt where source = {literal(name)})"
    con.execute(
        f"create or replace temp table changed_receipt as (from received except from {before}) union all "
        f"(from {before} except from received)"
    )
    affected.note_received(con, "changed_receipt")
    # Undated rows are few: they are written anew whether they changed or not.
    changed = "(day is null or day in (select day from changed_receipt))"
    con.execute(f"delete from staging.receipt where source = ? and {changed}", (name,))
    con.execute(f"insert into staging.receipt from received where {changed}")
    for table in ("received", "changed_receipt"):
        con.execute(f"drop table temp.{table}")
