"""A Spark session: here, on workers of this machine, or on a cluster through Spark Connect.

Here: what must be installed, and the settings under which Spark gives what DuckDB gives. Not here: what is run in it
(models). PySpark is an optional extra, imported when a session starts and not before.
"""

import importlib.util
import logging
import os
import re
import shutil
import socket
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LEAST_JAVA = 17
_CONNECT_PORT = 15002
_ANSWER_SECONDS = 10
INSTALL_PYSPARK = "install the extra: pip install --require-hashes -r requirements-spark.lock"
INSTALL_JAVA = f"install a Java runtime of version {LEAST_JAVA} or newer, and set JAVA_HOME or put it on the PATH"

# What a session may be told at any time; a server of Spark Connect takes these, too.
_SQL = {
    "spark.sql.session.timeZone": "UTC",
    # Local wall times carry no zone: nothing may shift them.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # Overflows and impossible casts are errors, and "names in double quotes" are names, as in DuckDB.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    # Days before 1582 are counted as DuckDB counts them.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
}
# What only a Spark that we start ourselves is told.
_LOCAL = {
    "spark.app.name": "wardlight",
    "spark.ui.enabled": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # Two hundred partitions, the default, cost more than they save below some hundred million rows.
    "spark.sql.shuffle.partitions": "8",
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC",
    "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
}


class SparkUnavailableError(Exception):
    """Spark cannot be started or reached; `remedy` says what to do."""

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(fault)
        self.remedy = remedy


@dataclass(frozen=True)
class Where:
    """Where Spark runs.

    Attributes
    ----------
    master
        Of a Spark started here: `local[2]` for two threads, `local-cluster[2,1,1024]` for two workers of one core and
        1024 MiB, or the address of a standalone cluster.
    remote
        Address of a Spark Connect server, such as `sc://spark.example:15002`, in place of a master.
    """

    master: str = "local[*]"
    remote: str | None = None


def check_requirements(where: Where) -> None:
    """Look for what a session needs on this machine, without starting one.

    Raises
    ------
    SparkUnavailableError
        If PySpark is not installed, or if Java, which only a Spark started here needs, is missing or too old.
    """
    needed = ["pyspark", *(["grpc", "google.rpc", "zstandard"] if where.remote else [])]
    if absent := [name for name in needed if not _is_installed(name)]:
        raise SparkUnavailableError(f"the engine is spark, but {absent[0]} is not installed", INSTALL_PYSPARK)
    if where.remote is None:
        version = java_version()
        if version is None:
            raise SparkUnavailableError("the engine is spark, but no Java was found", INSTALL_JAVA)
        if version < LEAST_JAVA:
            fault = f"the engine is spark, which needs Java {LEAST_JAVA} or newer, but the Java found is {version}"
            raise SparkUnavailableError(fault, INSTALL_JAVA)


@contextmanager
def started(where: Where, scratch: Path) -> Iterator["SparkSession"]:
    """Start Spark or connect to it, and stop or leave it in the end.

    Parameters
    ----------
    where
        Where it runs.
    scratch
        Folder in which a Spark started here makes one of its own for what it writes, gone in the end.

    Raises
    ------
    SparkUnavailableError
        If something is not installed, or Spark does not start or cannot be reached.
    """
    check_requirements(where)
    # PySpark logs every error of a query as JSON with its stack, beside raising it.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    own_folder = TemporaryDirectory(prefix="spark-", dir=scratch, ignore_cleanup_errors=True)
    with own_folder as own, _environment_kept():
        session = _connected(where.remote) if where.remote else _started(where.master, Path(own))
        try:
            for name, value in _SQL.items():
                session.conf.set(name, value)
            yield session
        finally:
            session.stop()


def _started(master: str, scratch: Path) -> "SparkSession":
    # Workers on this machine would work in PySpark's own folder.
    os.environ.setdefault("SPARK_WORKER_DIR", f"{scratch}/workers")
    folders = {"spark.sql.warehouse.dir": f"{scratch}/warehouse", "spark.local.dir": str(scratch)}
    try:
        with _importing() as builder:
            return builder.master(master).config(map={**_LOCAL, **folders}).getOrCreate()
    except Exception as error:
        raise SparkUnavailableError(
            f"Spark did not start on {master}: {first_line(error)}", "see the lines above; master is a key of the pack"
        ) from error


def _connected(remote: str) -> "SparkSession":
    # Its parameters may hold a token, which no error shall show.
    shown = remote.partition(";")[0]
    try:
        # Asked first, since PySpark itself tries for minutes.
        address = urlsplit(shown)
        socket.create_connection((address.hostname or "", address.port or _CONNECT_PORT), _ANSWER_SECONDS).close()
        with _importing() as builder:
            session = builder.remote(remote).create()
        # The connection is made by the first question.
        session.range(1).count()
    except Exception as error:
        raise SparkUnavailableError(
            f"no Spark Connect server answers at {shown}: {first_line(error)}",
            "start it, or mend the address; its Spark must be of PySpark's minor release or newer",
        ) from error
    return session


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take back what PySpark writes into the environment: that it is in the mode of Connect, for one."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            if name.startswith("SPARK_"):
                del os.environ[name]


@contextmanager
def _importing() -> Iterator["SparkSession.Builder"]:
    """Give the builder of sessions; on import PySpark warns of newer pandas, which it finds but is not asked to use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an optional extra

        yield SparkSession.builder


def first_line(error: BaseException) -> str:
    """Return the first line of an error that says something."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def java_version() -> int | None:
    """Return the feature release of the Java that Spark would start, such as 17; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    if java is None:
        return None
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(\d+)(?:\.(\d+))?', told)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2] or 0)
    # Java 8 calls itself 1.8.
    return second if first == 1 else first
