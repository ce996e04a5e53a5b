"""The whole nightly run of the simulated district on two Spark workers: the same release as on DuckDB, to the hash."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.publishing import release
from tests.conftest import wardlight

pytestmark = pytest.mark.spark

ROWS = 20_000
SETTINGS = 'engine: spark\nspark: {master: "local-cluster[2,1,1024]"}\n'


def manifest(home: Path) -> Mapping[str, Any]:
    served = release.current(home)
    assert served is not None
    return served.manifest


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A home for each engine, after a nightly run."""
    folder = tmp_path_factory.mktemp("districts")
    made = {}
    for engine, settings in (("duckdb", ""), ("spark", SETTINGS)):
        city = folder / engine
        done = wardlight("simulate", "--out", city, "--rows", str(ROWS), "--seed", "3")
        assert done.returncode == 0, done.stderr
        pack = city / "city.yml"
        pack.write_text(pack.read_text("utf-8").replace("sources:\n", f"{settings}sources:\n", 1), encoding="utf-8")
        done = wardlight("nightly", "--city", city, "--home", city / "home")
        assert done.returncode == 0, done.stderr
        made[engine] = city / "home"
    return made


def test_two_workers_give_the_release_of_duckdb(homes: dict[str, Path]) -> None:
    ours, theirs = manifest(homes["duckdb"]), manifest(homes["spark"])
    assert ours["tables"] == theirs["tables"] != {}
    # The pack is another, since it says `engine: spark`, and the hash of the whole names it.
    differing = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    assert differing == {"pack_hash", "content_hash", "release_id", "run_id"}


def test_spark_made_the_tables_and_left_nothing_behind(homes: dict[str, Path]) -> None:
    with duckdb.connect(str(homes["spark"] / "warehouse.duckdb"), read_only=True) as con:
        made = con.execute("select model, starts_with(fingerprint, 'spark:') from models.built").fetchall()
    assert made
    assert all(is_of_spark for _, is_of_spark in made)
    left = {path.name for path in homes["spark"].iterdir()} - {path.name for path in homes["duckdb"].iterdir()}
    assert left == {"exchange"}
    assert list((homes["spark"] / "exchange").iterdir()) == []
