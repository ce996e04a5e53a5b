"""Where the pack protects counts, those of sources and checks are rounded like all others, and the ledger balances."""

from pathlib import Path
from typing import Literal, get_args

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.disclosure import EXACT_PROFILES, Disclosure, ProfileName
from pipelines.publishing.protecting import OUTCOMES, protected, shown
from pipelines.publishing.tables import QUERIES
from tests.dashboards import sample_release

pytestmark = pytest.mark.slow

PROTECTING = sorted({*get_args(ProfileName)} - {*EXACT_PROFILES})
HES = Disclosure(profile="hes")
# Whole numbers that count no records: where a row is, and days.
NO_COUNTS = {
    "quarantine_summary": {"example_line"},
    "area_freshness": {"expected"},
    "source_stability": {"classes"},
}


@pytest.mark.parametrize("profile", PROTECTING)
@given(count=st.one_of(st.integers(1, 200), st.integers(1, 10**10)))
def test_the_rule_in_sql_is_that_of_the_profile(profile: Literal["hes", "acro", "census"], count: int) -> None:
    disclosure = Disclosure(profile=profile)
    assert _one(f"select {shown(f'{count}::bigint', disclosure)}") == disclosure.show(np.array([count])).value[0]
    assert _one(f"select {shown('0', disclosure)}") == 0
    assert _one(f"select {shown('null::bigint', disclosure)}") is None


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_release.write(tmp_path_factory.mktemp("home")) / "release.duckdb"


def test_no_count_of_a_source_or_check_is_told_as_it_is(released: Path) -> None:
    """In a release where each whole number is 3, none is left in any table but those made of figures."""
    told = {table for table, query in QUERIES.items() if "from indicators." not in query} - {"areas"}
    told |= {"source_anomaly", "source_drift"}
    with duckdb.connect(str(released), read_only=True) as con:
        for table in sorted(told):
            rows = con.execute(f"describe {table}").fetchall()
            counts = {row[0] for row in rows if row[1] == "BIGINT"} - NO_COUNTS.get(table, set())
            threes = ", ".join(f'3::bigint as "{name}"' for name in counts)
            query = f"select * replace ({threes}) from {table}" if counts else f"select * from {table}"
            found = con.sql(protected({table: query}, HES)[table]).pl()
            assert found.height, table
            assert counts <= set(found.columns)
            left = {name for name in counts if (found[name] == 3).any()}
            assert not left, f"{table}: {left}"


def test_the_ledger_still_balances(released: Path) -> None:
    with duckdb.connect(str(released), read_only=True) as con:
        exact = con.sql("select * from ledger").pl()
        found = con.sql(protected({"ledger": "select * from ledger"}, HES)["ledger"]).pl()
    assert found.columns == exact.columns
    assert found["read"].to_list() == found.select(OUTCOMES).sum_horizontal().to_list()
    assert found["read"].to_list() != exact["read"].to_list()
    assert (found["accepted"] >= found["replaced"] + found["deleted"]).all()
    assert ((found["read"] - exact["read"]).abs() <= 3 * len(OUTCOMES)).all()


def test_public_records_are_counted_as_they_are() -> None:
    for profile in EXACT_PROFILES:
        assert protected(QUERIES, Disclosure(profile=profile)) == QUERIES


def _one(query: str) -> object:
    ((value,),) = duckdb.execute(query).fetchall()
    return value
