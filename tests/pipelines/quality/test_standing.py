"""From records to the tables that say how sources and areas stand."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from indicators.silence import FRESHNESS_SCHEMA
from pipelines.publishing import tables
from pipelines.quality.standing import write_area_freshness
from tests.pipelines.small_pack import AS_OF, call, load, text_of, warehouse, write_pack

STOPPED = date(2016, 6, 1)


def build(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    project = load_project()
    wanted = {*names}
    for model in reversed(project.models):
        if model.name in wanted:
            wanted |= {*model.depends_on}
    for model in project.models:
        if model.name in wanted:
            run_model(con, model)


def test_what_is_refused_or_has_not_happened_yet_is_no_sign_of_life(tmp_path: Path) -> None:
    """Each ward calls every day; of ward 1, what comes after 1 June has no id, and one call lies in the future."""
    days = [AS_OF - timedelta(days=back) for back in range(150)]
    rows = [
        call(None if ward == "1" and day > STOPPED else f"{ward}-{day}", f"{day} 10:00", area=ward)
        for ward in ("1", "2", "3")
        for day in days
    ]
    rows.append(call("later", f"{AS_OF + timedelta(days=3)} 10:00", area="1"))
    with warehouse() as con:
        load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
        build(con, "msr_area_day", "msr_source_freshness")
        assert write_area_freshness(con, AS_OF) == 3
        released = con.sql(tables.QUERIES["area_freshness"]).pl()
    assert released.columns == FRESHNESS_SCHEMA.names()
    # Of the 29 days since, the others spoke on all, and ward 1 had on every day before.
    assert released.filter(pl.col("area_id").str.ends_with("1")).rows() == [
        ("calls", "ward-1", STOPPED, 29, 29, "silent")
    ]
    assert released["status"].to_list() == ["silent", "alive", "alive"]
