"""Tables beside figures: those of the release before stand in where a failed expectation holds them back."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from indicators.catalogue.reading import load_catalogue
from indicators.survey_tables import SCHEMAS
from pipelines.publishing.figures import TABLES_BESIDE, _resting_on_the_same, _tables_before
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
        found = _tables_before(con, "survey")
    assert found["survey_waves"].equals(waves)
    assert {name: frame.schema for name, frame in found.items()} == SCHEMAS
    assert all(frame.is_empty() for name, frame in found.items() if name != "survey_waves")


@pytest.mark.parametrize("name", TABLES_BESIDE)
def test_every_table_is_released_in_a_fixed_order(name: str) -> None:
    for table in TABLES_BESIDE[name]:
        assert f"from indicators.{table} order by " in QUERIES[table]


def test_what_holds_back_figures_of_networks_and_hand_offs_holds_back_the_linkage() -> None:
    held = _resting_on_the_same("linkage", load_catalogue())
    assert held == {"L2", "L3", "L2_handoffs", "L3_handoffs", "L5", "F1"}
    assert {"S1", "N2", "S6"} <= _resting_on_the_same("survey", load_catalogue())
