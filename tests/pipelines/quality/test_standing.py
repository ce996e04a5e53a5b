"""From records to the tables that say how sources and areas stand."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from indicators.data_quality import DIMENSIONS, SCORE_SCHEMA
from indicators.silence import FRESHNESS_SCHEMA
from pipelines.publishing import tables
from pipelines.publishing.figures import read_inputs
from pipelines.quality.standing import write_area_freshness, write_quality_score
from tests.pipelines.small_pack import AS_OF, call, changed, load, text_of, warehouse, write_pack

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


def test_the_score_counts_what_loading_found(tmp_path: Path) -> None:
    """40 calls in March, of which 2 without an id and 1 twice; 4 without a category, 1 closed before it began."""
    cells: dict[int, dict[str, object]] = {
        0: {"identity": None}, 1: {"identity": None}, 2: {"identity": "c3"},
        **{n: {"what": None} for n in range(10, 14)},
        20: {"closed": "2016-03-01 09:00"},
    }  # fmt: skip
    rows = [call(**{"identity": f"c{n}", "what": "theft", "updated": None, **cells.get(n, {})}) for n in range(40)]
    fields = "    fields:\n      incident_id: id\n"
    text = changed(fields, f"    rules: [{{field: closed_at, not_before: occurred_at, severity: flag}}]\n{fields}")
    with warehouse() as con:
        pack = write_pack(tmp_path, {"calls.csv": text_of(rows)}, text)
        load(con, pack)
        build(con, "msr_source_span", "fct_profile", *(dimension.measure for dimension in DIMENSIONS.values()))
        names = {dimension.measure for dimension in DIMENSIONS.values()}
        rows_written = write_quality_score(con, read_inputs(con, load_project(), pack, AS_OF, names))
        released = con.sql(tables.QUERIES["quality_score"]).pl()
    assert released.columns == SCORE_SCHEMA.names()
    assert released.height == rows_written
    found = {
        row["dimension"]: (row["numerator"], row["denominator"], row["grade"])
        for row in released.filter(area_id="ward-1", period_kind="month").iter_rows(named=True)
    }
    assert found == {
        "completeness": (3 * 37 - 4, 3 * 37, "B"),
        "validity": (38, 40, "B"),
        "uniqueness": (39, 40, "B"),
        "consistency": (36, 37, "B"),
        "overall": (4, 6, "B"),
    }
