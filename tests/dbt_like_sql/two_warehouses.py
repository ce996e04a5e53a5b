"""Warehouses made twice, by two engines from the same rows: changing both alike, and comparing all that is in them.

Here: what the checks against real dbt and against Spark share. Not here: the rows (generated_rows).
"""

from pathlib import Path
from typing import Any

import duckdb

from dbt_like_sql import built
from dbt_like_sql.project import Project
from pipelines.loading import affected
from pipelines.loading.kinds import FIRST_TIME
from pipelines.warehouse import literal
from tests.dbt_like_sql.generated_rows import AREAS


def relations(database: Path) -> dict[str, tuple[str, list[tuple[str, str]], list[tuple[Any, ...]]]]:
    """Return every table and view: which of the two it is, its columns with their types, its rows in order."""
    found = {}
    with duckdb.connect(str(database), read_only=True) as con:
        named = con.execute("select table_schema || '.' || table_name, table_type from information_schema.tables")
        for relation, kind in named.fetchall():
            columns = [(name, data_type) for name, data_type, *_ in con.execute(f"describe {relation}").fetchall()]
            found[relation] = (kind, columns, con.execute(f"select * from {relation} order by all").fetchall())
    return found


def change(database: Path) -> None:
    """Take some records away, move others to the day after and to another area, and list the days that this touches."""
    with duckdb.connect(str(database)) as con:
        affected.begin(con)
        for kind in FIRST_TIME:
            some = f"select * from staging.{kind} where hash({kind}_id) % 7 = 0"
            affected.note(con, kind, f"({some})")
            con.execute(f"delete from staging.{kind} where hash({kind}_id) % 14 = 0")
            columns = [name for name, *_ in con.execute(f"describe staging.{kind}").fetchall()]
            later = [f"{name} = {name} + interval 1 day" for name in columns if name.endswith("_local")]
            later += [f"{name} = {name} + 1" for name in columns if name == "day" or name.endswith("_day")]
            con.execute(
                f"update staging.{kind} set {', '.join(later)}, area_id = {literal(AREAS[0])} "
                f"where hash({kind}_id) % 7 = 0"
            )
            affected.note(con, kind, f"({some})")
        con.execute("delete from staging.affected_day")
        con.execute(
            "insert into staging.affected_day select distinct 1, kind, day_of, day from touched where day is not null"
        )


def compare(ours: Path, theirs: Path, project: Project) -> None:
    expected, found = relations(ours), relations(theirs)
    for made in (expected, found):
        for own in ("built", "build"):  # our runner's own lists
            made.pop(f"{built.SCHEMA}.{own}", None)
    assert found.keys() == expected.keys() >= {model.relation for model in project.models}
    for relation, (kind, columns, rows) in expected.items():
        assert found[relation][:2] == (kind, columns), relation
        differing = [pair for pair in zip(rows, found[relation][2], strict=False) if pair[0] != pair[1]]
        assert not differing[:3], relation
        assert len(found[relation][2]) == len(rows), relation
