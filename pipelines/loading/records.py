"""Loading one record kind: raw rows mapped, located, judged and accounted for, then swapped into staging.

The result depends on the raw rows, the pack and `as_of` alone, whatever the order of arrival: every row of a source
is judged again, and only the local days on which the accepted records differ are replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines.city_pack import CityPack, Kind, Source
from pipelines.loading import areas, findings, ledger, rules
from pipelines.loading.mapping import FIRST_TIME, KindFields, day_column, kind_fields, local_column, mapped_query
from pipelines.loading.readers import headers, raw_rows
from pipelines.loading.resolving import locate, resolved_query
from pipelines.warehouse import date_literal, literal, one_row, quoted, scalar, transaction


@dataclass(frozen=True)
class Load:
    """What loading a kind did: accepted records in staging, and the local days that changed."""

    kind: Kind
    rows: int
    affected_days: tuple[date, ...]


def load_kind(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    kind: Kind,
    as_of: date,
    window: tuple[date, date] | None = None,
) -> Load:
    """Judge a kind's raw rows as of a date and bring staging, quarantine, receipts and ledger up to date.

    Parameters
    ----------
    window
        First and last local day that are rewritten whether they differ or not, as a backfill asks.

    Raises
    ------
    LedgerError
        If not every record read is accounted for; nothing is changed then.
    """
    fields = kind_fields(kind)
    con.execute(f"create or replace temp table accepted as from staging.{kind} limit 0")
    with transaction(con):
        for name, source in pack.of_kind(kind).items():
            _judge(con, pack, name, source, fields, as_of)
            con.execute(f"insert into accepted by name {_canonical(fields)}")
            _quarantine(con, name, kind)
            _receive(con, name, source)
            findings.enter(con, name, source)
            ledger.enter(con, name, _displaced(con, name, fields))
        days = _replace_days(con, kind, window)
        _drop_unknown_sources(con, pack)
        ledger.check(con)
    rows = scalar(con, f"select count(*) from staging.{kind}")
    for table in ("accepted", "mapped", "located", "judged"):
        con.execute(f"drop table if exists temp.{table}")
    return Load(kind, rows, days)


def _judge(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    name: str,
    source: Source,
    fields: KindFields,
    as_of: date,
) -> None:
    """Make the temporary table `judged`: every raw row of a source with its status and reasons."""
    query = mapped_query(con, pack, name, raw_rows(name), headers(con, name))
    con.execute(f"create or replace temp table mapped as {query}")
    locate(con, pack, name, areas.shapes(pack, source.geography))
    resolved = resolved_query(pack, source, fields, as_of)
    rejecting = rules.rejecting(fields, pack.first_day)
    flagging = rules.flagging(fields)
    expected = [quoted(field) for field in source.expected]
    filled = " + ".join(f"({field} is not null)::integer" for field in expected) or "0"
    # Rows of one content may differ in their flags: those decide before the place in a file does.
    order = "updated_at desc nulls last, row_hash desc, flags desc, _batch_id, _line"
    con.execute(
        f"""
        create or replace temp table judged as
        with resolved as ({resolved}),
        ruled as (
            select *, {rules.as_list(rejecting, "reason")} as reasons, {rules.as_list(rejecting, "field")} as fields,
                list_concat({rules.as_list(flagging, "reason")},
                    list_transform(_unusable, lambda field: 'unusable:' || field)) as flags,
                {len(expected)} as required_cells, {filled} as filled_cells,
                {_content_hash(fields)} as row_hash
            from resolved
        ),
        dated as (
            select *, coalesce(known_day > {date_literal(as_of)}, false) as is_future from ruled
        ),
        -- Rows with one id: the newest wins, without a time of update the greatest hash; equal rows are duplicates.
        ranked as (
            select *,
                dense_rank() over (id order by updated_at desc nulls last, row_hash desc) as content_rank,
                row_number() over (id order by {order}) as row_rank,
                row_number() over (partition by _key, is_due, row_hash order by {order}) as copy_rank
            from (select *, len(reasons) = 0 and not is_future as is_due from dated) as due
            window id as (partition by _key, is_due)
        )
        select * exclude (flags, is_due, is_future, content_rank, row_rank, copy_rank),
            case
                when is_future then 'deferred'
                when len(reasons) > 0 then 'quarantined'
                when row_rank = 1 then 'accepted'
                when {str(source.merge is not None).lower()} then 'merged'
                when copy_rank > 1 then 'duplicate'
                else 'superseded'
            end as status,
            case when max(content_rank) over (partition by _key, is_due) > 1 and {str(source.merge is None).lower()}
                then list_append(flags, 'conflicting_id') else flags end as flags,
            {literal(name)} as source
        from ranked
        """
    )
    if source.merge is not None:
        _merge(con, fields, source.merge)


def _merge(con: duckdb.DuckDBPyConnection, fields: KindFields, merge: Mapping[str, str]) -> None:
    """Fold the further rows of a record into its accepted row: the declared fields combined, the others the least.

    The place is taken whole, so that it is that of one of the rows.
    """
    place = ("lat", "lon", "coords_in_area", "area_id")
    least = f"min({{{', '.join(f'{column}: {column}' for column in place)}}}) over whole"
    combined = [f"{merge.get(field, 'min')}({quoted(field)}) over whole as {quoted(field)}" for field in fields.others]
    combined += [f"({least}).{column} as {column}" for column in place]
    con.execute(
        f"create or replace temp table judged as select * replace ({', '.join(combined)}) from judged "
        "window whole as (partition by _key, status in ('accepted', 'merged'))"
    )
    con.execute(f"update judged set row_hash = {_content_hash(fields)}")


def _content_columns(fields: KindFields) -> list[str]:
    times = [column for time in fields.times for column in (time, local_column(time), day_column(time))]
    return [
        "area_id",
        "known_day",
        "time_precision",
        "time_flag",
        *times,
        *fields.others,
        "lat",
        "lon",
        "coords_in_area",
    ]


def _content_hash(fields: KindFields) -> str:
    """Compose the hash of a row's canonical content."""
    content = ", ".join(f"coalesce({quoted(column)}::varchar, chr(30))" for column in _content_columns(fields))
    return f"md5(concat_ws(chr(31), {content}))"


def _canonical(fields: KindFields) -> str:
    """Compose the query of the accepted rows in the columns of the staging table."""
    columns = ", ".join(
        f"_batch_id as {quoted(name)}"
        if name == "batch_id"
        else f"_key as {quoted(name)}"
        if name == fields.id_field
        else quoted(name)
        for name in fields.types
    )
    return f"select {columns} from judged where status = 'accepted'"


def _quarantine(con: duckdb.DuckDBPyConnection, name: str, kind: str) -> None:
    con.execute("delete from quarantine.record where source = ?", (name,))
    con.execute(
        f"""
        insert into quarantine.record
        select {literal(name)}, judged._batch_id, judged._file, judged._line, {literal(kind)}, judged.day,
            judged.area_id, judged.reasons, judged.fields, coalesce(raw._malformed, to_json(raw)::varchar)
        from judged
        join raw.{quoted(name)} as raw on raw._batch_id = judged._batch_id and raw._line = judged._line
        where judged.status = 'quarantined'
        """
    )


def _receive(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    con.execute("delete from staging.receipt where source = ?", (name,))
    con.execute(
        f"""
        insert into staging.receipt by name
        select {literal(name)} as source, {literal(source.kind)} as kind, {literal(source.geography)} as geography,
            area_id, day, status, _is_blank as is_blank, count(*) as row_count
        from judged
        where status <> 'deferred'
        group by all
        """
    )


def _displaced(con: duckdb.DuckDBPyConnection, name: str, fields: KindFields) -> ledger.Displaced:
    """Count the staged records of batches that are current no longer, before they are replaced."""
    replaced, deleted = one_row(
        con,
        f"select count(*) filter (where new._key is not null), count(*) filter (where new._key is null) "
        f"from staging.{fields.kind} as old left join (select _key from judged where status = 'accepted') as new "
        f"on new._key = old.{fields.id_field} where old.source = ? and old.batch_id not in "
        "(select batch_id from ledger.delivery where source = ? and is_current)",
        (name, name),
    )
    return ledger.Displaced(replaced, deleted)


def _replace_days(con: duckdb.DuckDBPyConnection, kind: Kind, window: tuple[date, date] | None) -> tuple[date, ...]:
    """Replace, whole, the local days on which staging and the accepted records differ; return them."""
    same = f"source, {kind}_id, batch_id, geography, day, flags, required_cells, filled_cells, row_hash"
    forced = (
        f"union select day from accepted where day between {date_literal(window[0])} and {date_literal(window[1])}"
        if window
        else ""
    )
    con.execute(
        f"""
        create or replace temp table affected as
        select distinct day from (
            (select {same} from accepted except select {same} from staging.{kind})
            union all
            (select {same} from staging.{kind} except select {same} from accepted)
        ) {forced}
        """
    )
    con.execute(f"delete from staging.{kind} where day in (select day from affected)")
    con.execute(
        f"insert into staging.{kind} by name select * from accepted where day in (select day from affected) "
        f"order by day, source, {kind}_id"
    )
    days = con.execute("select day from affected order by day").fetchall()
    con.execute("drop table affected")
    return tuple(row[0] for row in days)


def _drop_unknown_sources(con: duckdb.DuckDBPyConnection, pack: CityPack) -> None:
    """Forget the lines of sources that the pack names no longer, and the records of kinds that it has none of."""
    listed = ", ".join(map(literal, pack.sources))
    for kind in FIRST_TIME:
        con.execute(f"delete from staging.{kind} where source not in ({listed})")
    for table in ("quarantine.record", "staging.receipt", "ledger.batch", "ledger.finding"):
        con.execute(f"delete from {table} where source not in ({listed})")
    con.execute(f"update ledger.delivery set is_current = false where source not in ({listed})")
