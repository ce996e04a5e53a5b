"""Starting Spark: what is missing is told, and a Spark Connect server gives what a session here gives."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbt_like_sql.project import Project
from dbt_like_sql.run import ModelError, run_model
from dbt_like_sql.spark import session
from dbt_like_sql.spark.models import on_spark
from dbt_like_sql.spark.session import SparkUnavailableError, Where, check_requirements, started
from tests.dbt_like_sql.generated_rows import rows_of

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    for where in (Where(), Where(remote="sc://localhost")):
        with pytest.raises(SparkUnavailableError, match="pyspark is not installed") as refused:
            check_requirements(where)
        assert "requirements-spark.lock" in refused.value.remedy
    with pytest.raises(SparkUnavailableError), started(Where(), tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def java(folder: Path, told: str) -> Path:
    """Write a `java` that says which version it is, as the real one does, and nothing else."""
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho '{told}' >&2\n", encoding="utf-8")
    path.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "11.0.2" 2019-01-15', 11),
        ("no Java at all", None),
    ],
)
def test_java_versions_are_read(told: str, found: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, told)))
    assert session.java_version() == found


def test_java_is_looked_for_where_spark_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert session.java_version() is None
    java(tmp_path, 'openjdk version "17.0.1"')
    assert session.java_version() == 17
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "elsewhere"))
    assert session.java_version() is None


@pytest.mark.spark
def test_java_that_is_missing_or_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_requirements(Where())
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, 'java version "1.8.0_392"')))
    with pytest.raises(SparkUnavailableError, match="needs Java 17 or newer, but the Java found is 8") as refused:
        check_requirements(Where())
    assert "JAVA_HOME" in refused.value.remedy
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(SparkUnavailableError, match="no Java was found"):
        check_requirements(Where())
    check_requirements(Where(remote="sc://localhost"))  # which has a Java of its own


@pytest.mark.spark
def test_a_master_that_there_is_not_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SparkUnavailableError, match="Spark did not start on locall"),
        started(Where("locall"), tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.spark
def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    where = Where(remote=f"sc://127.0.0.1:{free_port()}/;token=secret")
    with (
        pytest.raises(SparkUnavailableError, match=r"no Spark Connect server answers at .*: .*refused") as refused,
        started(where, tmp_path),
    ):
        pass
    assert "secret" not in str(refused.value)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Spark Connect server in a process of its own, on loopback."""
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.port": port,
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": folder / "warehouse",
        # Not ours: the session must bring its own.
        "spark.sql.session.timeZone": "America/New_York",
    }
    installed = importlib.util.find_spec("pyspark")
    assert installed is not None
    assert installed.origin is not None
    spark_home = Path(installed.origin).parent
    given = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    with (folder / "log.txt").open("w") as log:
        running = subprocess.Popen(
            [spark_home / "bin" / "spark-submit", "--master", "local[2]", *given, "--class", SERVER, "spark-internal"],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, "SPARK_HOME": str(spark_home), "SPARK_LOCAL_IP": "127.0.0.1"},
            start_new_session=True,
        )
    try:
        for _ in range(120):
            assert running.poll() is None, (folder / "log.txt").read_text("utf-8")[-2000:]
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        yield f"sc://127.0.0.1:{port}"
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


@pytest.mark.spark
def test_a_connect_server_gives_what_duckdb_gives(
    server: str, project: Project, spark_project: Project, new_warehouse: Any, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if name.startswith("SPARK_")}
    warehouse = new_warehouse()
    for table in project.sources:
        warehouse.insert_rows(table.name, rows_of(project, table, seed=5))
    wanted = ("fct_incident_day", "msr_service_due_day", "msr_source_month")
    warehouse.build(*wanted)
    expected = {name: warehouse.rows(rows(project, name)) for name in wanted}
    with (
        started(Where(remote=server), tmp_path) as connected,
        on_spark(lambda: connected, spark_project, tmp_path / "exchange") as spark,
    ):
        for name in wanted:
            run_model(warehouse.con, project.model(name), None, spark)
    for name in wanted:
        assert warehouse.rows(rows(project, name)) == expected[name] != []
    # Else a process that is started from this one would take itself to be connected.
    assert {name: value for name, value in os.environ.items() if name.startswith("SPARK_")} == environment

    # Views are DuckDB's, and it minds too; so here one whose columns Spark alone misses.
    warehouse.con.execute("drop view staging.stg_run_window")
    warehouse.con.execute("alter table staging.run_window rename as_of to until")
    with (
        started(Where(remote=server), tmp_path) as connected,
        on_spark(lambda: connected, spark_project, tmp_path / "exchange") as spark,
        pytest.raises(ModelError, match=r"(?s)msr_service_due_day .*on Spark: staging.stg_run_window.*as_of") as failed,
    ):
        run_model(warehouse.con, project.model("msr_service_due_day"), None, spark)
    assert "stacktrace" not in str(failed.value)
    assert list((tmp_path / "exchange").iterdir()) == []
    warehouse.con.close()


def rows(project: Project, name: str) -> str:
    return f"select * from {project.model(name).relation} order by all"
