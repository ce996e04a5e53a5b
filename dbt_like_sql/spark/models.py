"""The models' queries on Spark: tables and views that a model reads as views of the session, its rows as a file.

Here: what Spark is asked. Not here: replacing what stands in the warehouse (run), which is DuckDB's with either engine.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dbt_like_sql.project import Model, Project, in_sql
from dbt_like_sql.spark.exchange import Exchange, exchange, for_spark, reading

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkQueryError(Exception):
    """Spark could not run a query; the message says why, in Spark's words."""


class SparkModels:
    """The models of a project, their rows computed on Spark from what the warehouse holds.

    What has been written for Spark stays while this does: nothing but the runs of models may change the warehouse.

    Parameters
    ----------
    session
        Gives the session; it is first asked when rows are to be computed.
    project
        The project, compiled for Spark.
    tables
        The exchange folder.
    """

    def __init__(self, session: Callable[[], "SparkSession"], project: Project, tables: Exchange) -> None:
        self._session = session
        self._models = {model.name: model for model in project.models}
        self._tables = tables
        self._sources = {source.name: source.relation for source in project.sources}

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint of a model as compiled for Spark."""
        return self._models[name].fingerprint

    @contextmanager
    def rows(self, con: duckdb.DuckDBPyConnection, name: str, is_whole: bool) -> Iterator[str]:
        """Compute a table's rows, and give a query of DuckDB that reads them; the table is theirs after the block.

        Parameters
        ----------
        con
            The connection of the run, with all that the model reads.
        name
            The model, which is no view.
        is_whole
            Whether all rows are wanted, not those of the affected days alone.

        Raises
        ------
        SparkQueryError
            When a query fails, its own or that of a view that it reads.
        """
        model = self._models[name]
        query = model.compiled_sql if is_whole or model.increment is None else model.increment.query
        self._give_inputs(con, model)
        path = self._tables.place(model.relation)
        with _spark_errors(""):
            self._session().sql(query).write.parquet(for_spark(path))
        yield reading(path)
        if is_whole:
            self._tables.put(model.relation, path)
            self._see(model.relation, path)
        else:
            self._tables.forget(model.relation)

    def _give_inputs(self, con: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Let the session see what a model reads: tables of the warehouse, and views, which are its own queries."""
        for relation in (self._sources[name] for name in model.sources):
            self._give_table(con, relation)
        for read in (self._models[name] for name in model.depends_on):
            if read.materialized != "view":
                self._give_table(con, read.relation)
            else:
                # Spark knows a view's inputs by what they were when it was made.
                self._give_inputs(con, read)
                with _spark_errors(f"{read.relation}, which it reads: "):
                    view = self._session().sql(read.compiled_sql)
                    view.createOrReplaceTempView(in_sql(read.relation, "spark"))

    def _give_table(self, con: duckdb.DuckDBPyConnection, relation: str) -> None:
        path, is_new = self._tables.give(con, relation)
        if is_new:
            self._see(relation, path)

    def _see(self, relation: str, path: Path) -> None:
        with _spark_errors(f"{relation}, as written to the exchange folder: "):
            table = self._session().read.parquet(for_spark(path))
            table.createOrReplaceTempView(in_sql(relation, "spark"))


@contextmanager
def on_spark(session: Callable[[], "SparkSession"], project: Project, folder: Path) -> Iterator[SparkModels]:
    """Give the models of a project on a session, which exchange tables below a folder, left clean in the end."""
    with exchange(folder) as tables:
        yield SparkModels(session, project, tables)


@contextmanager
def _spark_errors(what: str) -> Iterator[None]:
    from pyspark.errors import PySparkException  # noqa: PLC0415 - an optional extra

    try:
        yield
    except PySparkException as error:
        raise SparkQueryError(f"{what}{_told(str(error))}") from error


def _told(message: str) -> str:
    """Return what Spark says to people: without its plan of the query and Java's stack."""
    said = message.partition("JVM stacktrace:")[0].strip().splitlines()
    plan = next((n for n, line in enumerate(said) if line.lstrip(" :+-!").startswith(("'", "+-", "at "))), len(said))
    return "\n".join(said[:plan])
