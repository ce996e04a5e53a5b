"""The engine that the models' rows are computed on, as the pack says: DuckDB, or Spark.

Here: what a pack's settings mean, and starting Spark when the first model needs it. Not here: Spark itself
(`dbt_like_sql.spark`), and building a model (`dbt_like_sql.run`).
"""

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dbt_like_sql.project import load_project
from dbt_like_sql.spark.models import SparkModels, on_spark
from dbt_like_sql.spark.session import SparkUnavailableError, Where, check_requirements, started
from pipelines import location
from pipelines.errors import PackError
from pipelines.pack.city import CityPack

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Engine:
    """A pack's engine, for the length of a run; without a pack, DuckDB."""

    def __init__(self, pack: CityPack | None, home: Path, ending: ExitStack) -> None:
        self._pack = pack if pack is not None and pack.engine == "spark" else None
        self._home = home
        self._ending = ending
        self._session: SparkSession | None = None

    @contextmanager
    def models(self) -> Iterator[SparkModels | None]:
        """Give the models on Spark, None where DuckDB computes them; nothing else may write to the warehouse inside."""
        if self._pack is None:
            yield None
            return
        given = self._pack.spark.exchange
        folder = Path(given) if given else self._home / "exchange"
        session = functools.partial(self._started, self._pack)
        with ExitStack() as exchanging:
            try:
                models = exchanging.enter_context(on_spark(session, load_project(engine="spark"), folder))
            except OSError as error:
                raise self._pack.error(
                    f"the exchange folder {folder} cannot be used: {error.strerror or error}",
                    *("spark", "exchange"),
                    remedy="name one that this machine may write to, and that Spark's workers see under the same path",
                ) from error
            yield models

    def _started(self, pack: CityPack) -> "SparkSession":
        if self._session is None:
            try:
                self._session = self._ending.enter_context(started(_where(pack), self._home))
            except SparkUnavailableError as error:
                raise _told(pack, error) from error
        return self._session


@contextmanager
def opened(pack: CityPack | None, home: Path) -> Iterator[Engine]:
    """Give a pack's engine, DuckDB without one, and stop in the end what it has started."""
    with ExitStack() as ending:
        yield Engine(pack, home, ending)


def unmet(pack: CityPack) -> Iterator[PackError]:
    """Yield what this machine lacks for the pack's engine."""
    if pack.engine == "spark":
        try:
            check_requirements(_where(pack))
        except SparkUnavailableError as error:
            yield _told(pack, error)


def _where(pack: CityPack) -> Where:
    remote = pack.spark.remote
    return Where(pack.spark.master, location.secret(remote) if remote else None)


def _told(pack: CityPack, error: SparkUnavailableError) -> PackError:
    return pack.error(str(error), "engine", remedy=error.remedy)
