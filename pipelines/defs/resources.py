"""Resources: the warehouse of the home folder, held by one run at a time, and how runs execute.

No from-future annotations here or in any module of `defs/`: Dagster reads the annotations.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from pipelines import engines, location
from pipelines.loading import context as loading_context
from pipelines.progress import progress_logger
from pipelines.publishing import release
from pipelines.warehouse import open_warehouse, writing


class Warehouse(dg.ConfigurableResource["Warehouse"]):
    """The warehouse, opened for the length of a run under the writer's lock."""

    home: str

    _con: duckdb.DuckDBPyConnection = PrivateAttr()
    _engine: engines.Engine = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Warehouse"]:
        """Hold lock, connection and engine while the run's steps work."""
        with (
            writing(self.folder),
            open_warehouse(self.folder) as con,
            engines.opened(location.city_pack(), self.folder) as engine,
        ):
            # What the run compares with, and goes back to, is what is served as it begins.
            release.promote(self.folder)
            loading_context.ensure_tables(con)
            self._con = con
            self._engine = engine
            yield self

    @property
    def folder(self) -> Path:
        """The home folder."""
        return Path(self.home)

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The run's connection."""
        return self._con

    @property
    def engine(self) -> engines.Engine:
        """The engine of the pack's models."""
        return self._engine


@dg.definitions
def resources() -> dg.Definitions:
    """Bind the warehouse to the home folder; in one process, since fifteen empty steps take 149 s in fifteen."""
    return dg.Definitions(
        resources={"warehouse": Warehouse(home=str(location.home_folder()))},
        executor=dg.in_process_executor,
        loggers={"console": progress_logger},
    )
