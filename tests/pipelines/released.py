"""What a home folder holds after a run, for tests of whole runs: the release that it serves, and its warehouse."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.publishing import release


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask the release that is current now."""
    return list(table(home, sql).iter_rows())


def table(home: Path, sql: str) -> pl.DataFrame:
    """Ask the release that is current now for a frame."""
    served = release.current(home)
    assert served is not None
    return _asked(served.folder / release.DATABASE, sql)


def in_warehouse(home: Path, sql: str) -> pl.DataFrame:
    """Ask the warehouse, which no run may be writing to."""
    return _asked(home / "warehouse.duckdb", sql)


def _asked(database: Path, sql: str) -> pl.DataFrame:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.sql(sql).pl()
