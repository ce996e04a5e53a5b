"""The log of revisions: which figures of periods that were over have changed since the release before, and why.

Each release carries the log of those before, so that every value which a figure has had can be told from one release.
What has become of records is noted by `loading/record_changes`; what defines a figure is hashed by `definitions`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb

from indicators.footprints import Reach
from pipelines.loading import record_changes
from pipelines.publishing.release import DATABASE, Release
from pipelines.warehouse import date_literal, literal, scalar

TABLE = "indicators.revisions"
COLUMNS: Mapping[str, str] = {
    "sequence": "integer",
    "as_of": "date",
    "release_before": "varchar",
    "as_of_before": "date",
    "indicator_id": "varchar",
    "area_id": "varchar",
    "period_kind": "varchar",
    "period_start": "date",
    "value_before": "double",
    "value_now": "double",
    "numerator_before": "double",
    "numerator_now": "double",
    "status_before": "varchar",
    "status_now": "varchar",
    "reason": "varchar",
}
PERIOD_END = """case period_kind
    when 'day' then period_start
    when 'week' then period_start + interval 6 day
    when 'month' then period_start + interval 1 month - interval 1 day
    when 'quarter' then period_start + interval 3 month - interval 1 day
    when 'year' then period_start + interval 1 year - interval 1 day
    when 'rolling_12m' then period_start + interval 12 month - interval 1 day
end::date"""
# Whether records of some days may have moved the figure of a period.
_REACHED: Mapping[Reach, str] = {
    "period": "first_day <= period_end and last_day >= period_start",
    "calendar_year": "year(first_day) <= year(period_end) and year(last_day) >= year(period_start)",
    "everything": "true",
}
_KEY = "indicator_id, area_id, period_kind, period_start"
# What became of records, as `record_changes` has it, and the reason that this is.
_OF_RECORDS = {
    "reread": "definition:reading",
    "new": "new_records",
    "completed": "completed_records",
    "corrected": "corrected_records",
    "withdrawn": "withdrawn_records",
}
REASONS = (
    *("definition:catalogue", "definition:pack", "definition:code"),
    *_OF_RECORDS.values(),
    *("gate", "rebuilt", "records_elsewhere", "time_passed", "unknown"),
)


@dataclass(frozen=True)
class Making:
    """The release about to be made: its place in the order of releases, date, code's hash and disclosure profile.

    `reaches` says of indicators which periods a changed day reaches; those that it does not name, which hold the day.
    """

    sequence: int
    as_of: date
    code_hash: str
    profile: str
    reaches: Mapping[str, Reach] = field(default_factory=dict)


def write(con: duckdb.DuckDBPyConnection, before: Release | None, making: Making, log_days: int) -> int:
    """Write the log as of the release about to be made; return how many figures differ from the one before.

    Parameters
    ----------
    con
        The warehouse, with the figures to publish, `indicators.definitions` and `indicators.computed_sources`.
    before
        The release that is served.
    log_days
        Revisions that releases of so many days have made are carried along.
    """
    listed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    con.execute(f"create or replace table {TABLE} ({listed})")
    # What was published under another profile may tell more than this one allows.
    if before is None or before.manifest.get("disclosure") != making.profile:
        return 0
    con.execute(f"attach {literal(str(before.folder / DATABASE))} as before (read_only)")
    try:
        _carry(con, making.as_of - timedelta(days=log_days))
        _compare(con, min(making.as_of, date.fromisoformat(before.manifest["as_of"])))
        for query in _reasons(con, before, making):
            con.execute(f"insert into given {query}")
        _explain_the_rest(con, before, making)
        return _enter(con, before, making)
    finally:
        con.execute("detach before")


def _has(con: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    rows = con.execute(
        "select 1 from duckdb_columns() where database_name = 'before' and table_name = ? and column_name = ?",
        (table, column),
    ).fetchall()
    return bool(rows)


def _carry(con: duckdb.DuckDBPyConnection, since: date) -> None:
    """Take over the log of the release before, but for what is old; releases of earlier versions have none."""
    if _has(con, "revisions", "reason"):
        names = ", ".join(COLUMNS)
        con.execute(
            f"insert into {TABLE} ({names}) select {names} from before.revisions where as_of > {date_literal(since)}"
        )


def _compare(con: duckdb.DuckDBPyConnection, over_by: date) -> None:
    """Make the temporary tables `revised`, figures that differ, and `given`, still empty, for their reasons.

    A period that was not over by then is not revised by going on; an indicator that is new has nothing to revise.
    """
    figures = f"select {_KEY}, value, numerator, status from"
    con.execute(
        f"""
        create or replace temp table revised as
        with was as ({figures} before.indicator_values),
        now as ({figures} indicators.indicator_values)
        select {_KEY}, was.value as value_before, now.value as value_now, was.numerator as numerator_before,
            now.numerator as numerator_now, was.status as status_before, now.status as status_now,
            {PERIOD_END} as period_end
        from was full join now using ({_KEY})
        where was.value is distinct from now.value and {PERIOD_END} <= {date_literal(over_by)}
            and indicator_id in (select indicator_id from before.indicator_values)
        """
    )
    con.execute(f"create or replace temp table given as select {_KEY}, null::varchar as reason from revised limit 0")


def _reasons(con: duckdb.DuckDBPyConnection, before: Release, making: Making) -> Iterator[str]:
    """Compose queries that give figures of `revised`, each with a reason."""
    for column, reason in (("definition_hash", "catalogue"), ("settings_hash", "pack")):
        if _has(con, "indicator_catalogue", column):
            yield (
                f"select {_KEY}, 'definition:{reason}' from revised join indicators.definitions as now using "
                f"(indicator_id) join before.indicator_catalogue as was using (indicator_id) "
                f"where was.{column} is distinct from now.{column}"
            )
    if before.manifest.get("code_hash", making.code_hash) != making.code_hash:
        yield f"select {_KEY}, 'definition:code' from revised"
    yield f"select {_KEY}, 'gate' from revised where status_before = 'stale' or status_now = 'stale'"
    load = record_changes.since(con, before.release_id)
    if load is None:
        yield f"select {_KEY}, 'rebuilt' from revised"
        return
    named = " ".join(f"when {literal(what)} then {literal(reason)}" for what, reason in _OF_RECORDS.items())
    con.execute(
        f"""
        create or replace temp table touched_period as
        with recursive above (area_id, upper_id) as (
            select area_id, area_id from staging.area
            union all
            select above.area_id, area.parent_id
            from above join staging.area as area on area.area_id = above.upper_id
            where area.parent_id is not null
        ),
        changes as (
            select distinct source, upper_id as area_id, first_day, last_day, case what {named} end as reason
            from ledger.record_change join above using (area_id) where load_id > {load}
        ),
        resting as (select distinct indicator_id, source from indicators.computed_sources)
        select distinct indicator_id, changes.area_id, period_kind, period_start, reason
        from (select distinct indicator_id, period_kind, period_start, period_end from revised) as revised
        join resting using (indicator_id)
        join changes using (source)
        where {_is_reached(making.reaches)}
        """
    )
    yield f"select {_KEY}, reason from revised join touched_period using ({_KEY})"


def _is_reached(reaches: Mapping[str, Reach]) -> str:
    """Compose the condition under which changed records may have moved an indicator's figure of a period."""
    wider = [
        f"when indicator_id in ({', '.join(literal(name) for name, its in reaches.items() if its == reach)}) "
        f"then {_REACHED[reach]}"
        for reach in sorted({*reaches.values()} - {"period"})
    ]
    return f"case {' '.join(wider)} else {_REACHED['period']} end" if wider else _REACHED["period"]


def _explain_the_rest(con: duckdb.DuckDBPyConnection, before: Release, making: Making) -> None:
    """Give a reason to figures that nothing of their own has changed: records elsewhere have, or only time."""
    elsewhere = "false"
    if record_changes.since(con, before.release_id) is not None:
        elsewhere = (
            "(indicator_id, period_kind, period_start) in "
            "(select (indicator_id, period_kind, period_start) from touched_period)"
        )
    time = "unknown" if before.manifest["as_of"] == making.as_of.isoformat() else "time_passed"
    con.execute(
        f"insert into given select {_KEY}, case when {elsewhere} then 'records_elsewhere' else {literal(time)} end "
        f"from revised anti join given using ({_KEY})"
    )


def _enter(con: duckdb.DuckDBPyConnection, before: Release, making: Making) -> int:
    order = ", ".join(map(literal, REASONS))
    con.execute(
        f"""
        insert into {TABLE} by name
        with reasons as (
            select {_KEY}, string_agg(reason, ';' order by list_position([{order}], reason)) as reason
            from (select distinct * from given) group by all
        )
        select {making.sequence} as sequence, {date_literal(making.as_of)} as as_of,
            {literal(before.release_id)} as release_before, {literal(before.manifest["as_of"])}::date as as_of_before,
            revised.* exclude (period_end), reason
        from revised join reasons using ({_KEY})
        """
    )
    return scalar(con, "select count(*) from temp.revised")
