"""From records to the tables that say how sources and areas stand."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from indicators.data_quality import DIMENSIONS, SCORE_SCHEMA
from indicators.quality_caps import CAPS
from indicators.silence import FRESHNESS_SCHEMA
from pipelines.publishing import tables
from pipelines.publishing.figures import read_inputs
from pipelines.quality import store
from pipelines.quality.expectations import judge
from pipelines.quality.standing import write_area_freshness, write_quality_score
from pipelines.quality.suite import loading_expectations
from tests.pipelines.small_pack import AS_OF, call, changed, load, text_of, warehouse, write_pack

pytestmark = pytest.mark.slow

STOPPED = date(2016, 6, 1)
MEASURES = ("msr_source_span", *(dimension.measure for dimension in DIMENSIONS.values()))


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
        build(con, "msr_area_day", "msr_source_freshness", "fct_profile", *MEASURES)
        write_area_freshness(con, AS_OF)
        names = {dimension.measure for dimension in DIMENSIONS.values()}
        rows_written = write_quality_score(con, load_project(), read_inputs(con, load_project(), pack, AS_OF, names))
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
        # No call came after the first of the month.
        "continuity": (1, 31, "D"),
        "overall": (4, 6, "D"),
    }


def test_failed_checks_and_silence_cap_the_grade(tmp_path: Path) -> None:
    """Each ward calls every day from February on, ward 1 no more after 1 June; a call in ward 2 has -1 victims."""
    days = [AS_OF - timedelta(days=back) for back in range(150)]
    rows = [
        call(f"{ward}-{day}", f"{day} 10:00", area=ward, what="theft")
        for ward in ("1", "2", "3")
        for day in days
        if ward != "1" or day <= STOPPED
    ]
    with warehouse() as con:
        pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
        load(con, pack)
        build(con, "msr_area_day", "msr_source_freshness", "fct_profile", *MEASURES)
        write_area_freshness(con, AS_OF)
        con.execute("update staging.incident set victims = -1 where incident_id = '2-2016-05-10'")
        wanted = [each for each in loading_expectations() if (each.table, each.name) == ("incident", "victims_counted")]
        store.remember(con, judge(con, wanted, "run"), AS_OF)
        inputs = read_inputs(con, load_project(), pack, AS_OF, {*MEASURES} - {"msr_source_span"})
        write_quality_score(con, load_project(), inputs)
        scores = con.sql("select * from quality.quality_score").pl()
    caps = scores.filter(pl.col("dimension").is_in(CAPS)).select(
        "area_id", "period_kind", "period_start", "dimension", "numerator", "denominator", "grade"
    )
    whole = (AS_OF - timedelta(days=149)).replace(day=1)
    found = {row[:4]: row[4:] for row in caps.rows()}
    may, june = date(2016, 5, 1), date(2016, 6, 1)
    assert found == {
        ("ward-1", "all", whole, "continuity"): (121, 150, "C"),
        ("ward-2", "month", may, "checks"): (30, 31, "B"),
        ("ward-2", "all", whole, "checks"): (149, 150, "B"),
        ("city", "month", may, "checks"): (92, 93, "B"),
        ("city", "all", whole, "checks"): (420, 421, "B"),
    }
    overall = scores.filter(dimension="overall", area_id="ward-2", period_kind="month")
    told = {start: told for start, *told in overall.select("period_start", "grade", "decided_by").iter_rows()}
    assert told[may] == ["B", "checks"]
    assert told[june] == ["A", None]
