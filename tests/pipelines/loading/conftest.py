"""A warehouse in memory for each test of loading."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.pipelines import small_pack


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with small_pack.warehouse() as opened:
        yield opened
