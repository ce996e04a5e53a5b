"""Write a release as wide as a large city's: 100 areas, 47 indicators, ten years, every table that the pages read.

The tests' sample release has a row of every kind; here its rows are repeated for further areas, indicators and years.
Not here: what is asked of it (answers).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from shapely.affinity import translate
from shapely.geometry import mapping, shape

from pipelines.publishing.release import DATABASE, STORED
from pipelines.publishing.tables import QUERIES
from tests.dashboards import sample_release

WHOLE_CITY = ("city", "precinct:unallocated")
YEARS_APART, WEEKS_APART = "3 years", "364 days"
"""How far the sample reaches back: in months and years, and in weeks."""
DEGREES_APART = 0.7
"""Longitude by which repeated outlines lie beside the city."""
CHECKS, NIGHTS_OF_CHECKS = 120, 20
"""Times that each check is repeated, and each of its verdicts by night."""
NOT_REPEATED = ("game_parameters", "intervention_results", "areas", "indicator_catalogue", "changes")
"""Tables that name areas or indicators and are not as wide as these."""


@dataclass(frozen=True)
class Size:
    """How wide a release is; the city counts as an area."""

    areas: int = 100
    indicators: int = 47
    years: int = 10
    has_weeks: bool = True
    """Weeks are two thirds of all figures."""


def write(home: Path, size: Size | None = None) -> Path:
    """Write the release under a home folder, as the current one; gives its own folder."""
    wanted = size or Size()
    folder = sample_release.write(home)
    with duckdb.connect(str(folder / DATABASE)) as con:
        _write_areas(con, wanted.areas)
        _write_catalogue(con, wanted.indicators)
        for name, columns in _tables(con).items():
            if name in NOT_REPEATED:
                continue
            if name in QUERIES and {"area_id", "indicator_id"} & columns:
                _repeat(con, name, columns, wanted)
        con.execute(
            """create or replace table changes as
            select c.* replace (row_number() over (order by c.position, i.n)::integer as position,
              i.indicator_id as indicator_id)
            from changes c join indicator_sources_of i on i.source = c.indicator_id"""
        )
        con.execute(
            f"""insert into source_month select s.* replace (month - n * interval '{YEARS_APART}' as month)
            from source_month s, range(1, 4) r(n) where month - n * interval '{YEARS_APART}' >= ?""",
            [_first_day(wanted.years)],
        )
        con.execute(
            f"""insert into expectation_results select e.* replace (table_name || '_' || n as table_name)
            from expectation_results e, range(1, {CHECKS}) r(n)"""
        )
        con.execute(
            f"""insert into expectation_history select e.* replace (table_name || '_' || n as table_name)
            from expectation_history e, range(1, {NIGHTS_OF_CHECKS}) r(n)"""
        )
        con.execute("drop table indicator_sources_of")
    _store(folder / DATABASE)
    return folder


def _store(path: Path) -> None:
    """Store a release's file anew, as publishing does."""
    made = path.with_suffix(".made")
    path.rename(made)
    with duckdb.connect() as con:
        con.execute(f"attach '{made}' as made (read_only)")
        con.execute(f"attach '{path}' as release ({STORED})")
        con.execute("copy from database made to release")
    made.unlink()


def _first_day(years: int) -> date:
    return date(sample_release.AS_OF.year - years + 1, 1, 1)


def _tables(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in con.execute("select table_name, column_name from duckdb_columns()").fetchall():
        found.setdefault(table, set()).add(column)
    return found


def _write_areas(con: duckdb.DuckDBPyConnection, count: int) -> None:
    """Repeat districts, as many as are missing, with their outlines moved aside."""
    found = con.execute("select area_id, geometry from areas where geometry is not null order by area_id").fetchall()
    moved = [
        (area, json.dumps(mapping(translate(shape(json.loads(geometry)), xoff=DEGREES_APART))))
        for area, geometry in found[: max(count - 1 - len(found), 0)]
    ]
    con.executemany(
        """insert into areas select * replace (area_id || '-east' as area_id, title_en || ' East' as title_en,
          title_zh || '（东）' as title_zh, ? as geometry) from areas where area_id = ?""",
        [(outline, area) for area, outline in moved],
    )


def _write_catalogue(con: duckdb.DuckDBPyConnection, count: int) -> None:
    """Keep the indicators that have figures and repeat them under further names."""
    con.execute(
        """create table indicator_sources_of as
        with known as (
          select indicator_id, row_number() over (order by indicator_id) - 1 as place, count(*) over () as known
          from indicator_catalogue
          where indicator_id in (select indicator_id from indicator_values where value is not null)
        )
        select indicator_id as source, n,
          case n // known when 0 then indicator_id else indicator_id || '_' || (n // known + 1) end as indicator_id
        from range(?) r(n) join known on place = n % known""",
        [count],
    )
    con.execute(
        """create or replace table indicator_catalogue as
        select c.* replace (i.indicator_id as indicator_id,
          case when i.n < known then title_en else title_en || ' ' || (i.n // known + 1) end as title_en,
          case when i.n < known then title_zh else title_zh || ' ' || (i.n // known + 1) end as title_zh)
        from indicator_catalogue c join indicator_sources_of i on i.source = c.indicator_id,
          (select count(distinct source) as known from indicator_sources_of)
        order by i.n"""
    )


def _repeat(con: duckdb.DuckDBPyConnection, table: str, columns: set[str], size: Size) -> None:
    """Give every area, indicator and year the rows of one that the sample has; where there are none it stays so."""
    con.execute(f"alter table {table} rename to sampled")
    con.execute(f"create table {table} as from sampled limit 0")
    kinds: Iterable[str | None] = [None]
    if "period_kind" in columns:
        kinds = [kind for (kind,) in con.execute("select distinct period_kind from sampled").fetchall()]
        kinds = [kind for kind in kinds if size.has_weeks or kind != "week"]
    for kind in kinds:
        of_kind = "" if kind is None else f" where period_kind = '{kind}'"
        con.execute(f"create or replace temp table rows_of_kind as from sampled{of_kind}")
        source = "rows_of_kind"
        for column, known in (
            ("area_id", "select area_id from areas"),
            ("indicator_id", "select indicator_id from indicator_catalogue"),
        ):
            if column in columns:
                source = _copied(con, source, column, known)
        con.execute(f"insert into {table} from {source}")
        if kind in ("month", "week", "year", "quarter") and "period_start" in columns and table != "nowcasts":
            step = WEEKS_APART if kind == "week" else YEARS_APART
            con.execute(
                f"""insert into {table} select s.* replace (period_start - n * interval '{step}' as period_start)
                from {source} s, range(1, {size.years}) r(n) where period_start - n * interval '{step}' >= ?""",
                [_first_day(size.years)],
            )
    if table in ("indicator_values", "indicator_limits"):
        con.execute(
            f"""insert into {table} select t.* replace (kind as period_kind)
            from {table} t, (values ('quarter'), ('rolling_12m')) k(kind)
            where period_kind = 'month' and (kind <> 'quarter' or month(period_start) % 3 = 1)"""
        )
    # As publishing writes them: answers then read but a part of the file.
    _, _, order = QUERIES[table].rpartition("order by ")
    con.execute(f"create or replace table {table} as from {table} order by {order}")
    con.execute("drop table sampled")


def _copied(con: duckdb.DuckDBPyConnection, source: str, column: str, known: str) -> str:
    whole = ", ".join(f"'{area}'" for area in WHOLE_CITY)
    con.execute(
        f"""create or replace temp table copied_{column} as
        with present as (
          select {column} as present, row_number() over (order by {column}) - 1 as place, count(*) over () as many
          from (select distinct {column} from {source} where {column} not in ({whole}))
        ), wanted as (
          select {column} as wanted, row_number() over (order by {column}) - 1 as n from ({known})
          where {column} not in ({whole})
        ), pairs as (
          select wanted, coalesce(p.present, q.present) as present from wanted
          left join present p on p.present = wanted left join present q on q.place = n % q.many
          union all select unnest([{whole}]) as wanted, wanted as present
        )
        select s.* replace (wanted as {column}) from {source} s join pairs on present = s.{column}"""
    )
    return f"copied_{column}"
