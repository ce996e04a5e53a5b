"""The exchange folder: tables on their way from DuckDB to Spark and back, as Parquet files.

Here: writing a table for Spark, and where Spark writes a result. Not here: what is asked of either engine (models).
Both engines must see the folder under one path: on a cluster, it is on a file system that all of its machines share.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class Exchange:
    """Tables in a folder, each in a folder of its own.

    Parameters
    ----------
    folder
        The folder, which is empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._given: dict[str, Path] = {}
        self._written = 0

    def give(self, con: duckdb.DuckDBPyConnection, relation: str) -> tuple[Path, bool]:
        """Have a table of the warehouse in the folder; return its path, and whether it was written now."""
        if relation in self._given:
            return self._given[relation], False
        path = self.place(relation)
        path.mkdir()
        con.execute(f"copy {relation} to {_literal(path / 'table.parquet')} (format parquet)")
        self._given[relation] = path
        return path, True

    def place(self, relation: str) -> Path:
        """Return a path that does not exist yet, for a table."""
        self._written += 1
        return self._folder / f"{self._written}-{relation}"

    def put(self, relation: str, path: Path) -> None:
        """Say that a path holds all rows of a table, as it is in the warehouse from now on."""
        self.forget(relation)
        self._given[relation] = path

    def forget(self, relation: str) -> None:
        """Drop a table that the warehouse has other rows of by now."""
        if (path := self._given.pop(relation, None)) is not None:
            shutil.rmtree(path)


def reading(path: Path) -> str:
    """Return a query of DuckDB that gives the rows which Spark has written to a path."""
    return f"select * from read_parquet({_literal(path / '*.parquet')})"


def for_spark(path: Path) -> str:
    """Return a path as Spark takes it: of the file system that the machines share, whatever the cluster's default."""
    return f"file://{path}"


@contextmanager
def exchange(folder: Path) -> Iterator[Exchange]:
    """Make an exchange below a folder, which is as it was in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    # Records lie here: the folder is the user's alone, as Python makes it.
    with tempfile.TemporaryDirectory(prefix="exchange-", dir=folder) as own:
        yield Exchange(Path(own).resolve())


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
