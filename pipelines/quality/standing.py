"""How sources and their areas stand: measures out of the warehouse into frames, judged, and back as tables.

Here: moving frames, and which tables a judgement reads. Not here: the judging itself, which is pure (`indicators/`),
and what is expected of tables (`expectations`).
"""

from dataclasses import replace
from datetime import date

import duckdb
import polars as pl

from dbt_like_sql.project import Project
from indicators.areas import AreaTree
from indicators.data_quality import score_sources
from indicators.inputs import Inputs
from indicators.quality_caps import Standing, capped
from indicators.silence import judge_areas
from pipelines.quality import store
from pipelines.quality.failures import broken_records
from pipelines.quality.suite import warehouse_expectations
from pipelines.warehouse import transaction


def write_area_freshness(con: duckdb.DuckDBPyConnection, as_of: date) -> int:
    """Judge which areas fell silent in which source, into `quality.area_freshness`; return how many rows that has."""
    judged = judge_areas(
        _table(con, "measures.msr_area_day"),
        AreaTree(_table(con, "staging.area")),
        _table(con, "measures.msr_source_freshness"),
        as_of,
    )
    return _write(con, "area_freshness", judged)


def write_quality_score(con: duckdb.DuckDBPyConnection, project: Project, inputs: Inputs) -> int:
    """Score sources by area and period, into `quality.quality_score`; return how many rows that has.

    Reads the newest verdicts on records, and `quality.area_freshness`.
    """
    known = _in_known_areas(inputs)
    broken = broken_records(con, store.recall(con), warehouse_expectations(project))
    standing = Standing(broken, _table(con, "quality.area_freshness"))
    return _write(con, "quality_score", capped(score_sources(known), known, standing))


def _in_known_areas(inputs: Inputs) -> Inputs:
    """Leave out what counts in areas that there are not: an expectation tells of it, and it belongs to no score."""
    known = inputs.areas["area_id"].implode()
    return replace(
        inputs,
        measures={name: frame.filter(pl.col("area_id").is_in(known)) for name, frame in inputs.measures.items()},
    )


def _table(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    return con.sql(f"select * from {name} order by all").pl()


def _write(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> int:
    with transaction(con):
        con.register("new_rows", frame)
        con.execute(f"create or replace table quality.{name} as from new_rows")
        con.unregister("new_rows")
    return len(frame)
