"""One Spark session for all tests on it: starting one takes seconds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from dbt_like_sql.project import Project, load_project
from dbt_like_sql.spark.session import Where, started

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    with started(Where(master="local[2]"), tmp_path_factory.mktemp("scratch")) as session:
        yield session


@pytest.fixture(scope="session")
def spark_project() -> Project:
    return load_project(engine="spark")
