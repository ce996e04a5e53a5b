"""The survey's tables of the release before stand in for those that a failed expectation holds back."""

from pathlib import Path

import duckdb
import polars as pl

from indicators.survey_tables import SCHEMAS, empty_tables
from pipelines.publishing.figures import _survey_before
from pipelines.publishing.tables import QUERIES


def test_tables_of_the_release_before_are_read_and_those_it_lacks_are_empty(tmp_path: Path) -> None:
    file = tmp_path / "release.duckdb"
    row = dict.fromkeys(SCHEMAS["survey_waves"]) | {"wave": "2024-05", "asked": 640}
    waves = pl.DataFrame([row], SCHEMAS["survey_waves"])
    with duckdb.connect(str(file)) as con:
        con.register("rows", waves)
        con.execute("create table survey_waves as from rows")
    with duckdb.connect() as con:
        con.execute(f"attach '{file}' as before (read_only)")
        found = _survey_before(con)
    assert found["survey_waves"].equals(waves)
    assert {name: frame.schema for name, frame in found.items()} == SCHEMAS
    assert all(frame.is_empty() for name, frame in found.items() if name != "survey_waves")


def test_every_table_is_released_in_a_fixed_order() -> None:
    for name in empty_tables():
        assert f"from indicators.{name} order by " in QUERIES[name]
