"""Real dbt on the same folder: it builds and tests it without a complaint, and its tables are ours, row for row.

`make test-dbt` runs this: dbt lives in an environment of its own, whose pins the other tools do not share.
"""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_like_sql.project import Project
from dbt_like_sql.run import run_model
from tests.dbt_like_sql.generated_rows import rows_of
from tests.dbt_like_sql.two_warehouses import change, compare, relations

pytestmark = pytest.mark.dbt

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dbt_like_sql"
DBT = ROOT / ".venv-dbt" / "bin" / "dbt"
PROFILE = """\
wardlight:
  target: test
  outputs:
    test: {{type: duckdb, path: '{database}', schema: main, threads: 1, settings: {{TimeZone: UTC}}}}
"""


@pytest.fixture(scope="module")
def dbt_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all that dbt writes; with the database always at one path, it parses the project once."""
    assert DBT.exists(), "dbt is not there: run `make test-dbt`, which sets it up in .venv-dbt"
    home = tmp_path_factory.mktemp("dbt")
    (home / "profiles.yml").write_text(PROFILE.format(database=home / "warehouse.duckdb"), encoding="utf-8")
    return home


def build(home: Path) -> list[dict[str, Any]]:
    """Let dbt build and test everything in the database of its folder; return what became of each node."""
    folders = {"profiles-dir": home, "project-dir": FOLDER, "target-path": home / "target", "log-path": home / "logs"}
    done = subprocess.run(
        [
            *(DBT, "--no-use-colors", "--quiet", "--warn-error-options", "{'error': ['Deprecations']}", "build"),
            *(part for name, folder in folders.items() for part in (f"--{name}", folder)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=home,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results: list[dict[str, Any]] = json.loads((home / "target" / "run_results.json").read_text("utf-8"))["results"]
    return results


def files() -> dict[Path, int]:
    """Return the files of the project and when they were last written to; bytecode is Python's own."""
    paths = [path for path in FOLDER.rglob("*") if "__pycache__" not in path.parts]
    return {path: path.stat().st_mtime_ns for path in paths}


@pytest.mark.parametrize("case", ["rows of every kind", "empty tables"])
def test_dbt_makes_what_our_runner_makes(
    case: str, project: Project, new_warehouse: Any, dbt_home: Path, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "warehouse.duckdb", dbt_home / "warehouse.duckdb"
    warehouse = new_warehouse(ours)
    if case != "empty tables":
        for table in project.sources:
            warehouse.insert_rows(table.name, rows_of(project, table, seed=7))
    warehouse.con.execute("checkpoint")
    shutil.copyfile(ours, theirs)
    warehouse.build()
    warehouse.con.close()

    before = files()
    results = build(dbt_home)
    assert files() == before
    assert {result["status"] for result in results} == {"success", "pass"}
    assert Counter(result["unique_id"].split(".")[0] for result in results) == {
        "model": len(project.models),
        "test": sum(len(each.tests) for each in (*project.models, *project.sources)) + len(project.identities),
        "unit_test": len(project.unit_tests),
    }
    compare(ours, theirs, project)
    for relation, (_, _, rows) in relations(ours).items():
        is_filled = case != "empty tables" or relation.startswith("models.")  # our runner's own lists
        assert bool(rows) == is_filled, f"{relation} has {len(rows)} rows"
    if case == "empty tables":
        return

    # Once more, where both make the affected days alone.
    for database in (ours, theirs):
        change(database)
    with duckdb.connect(str(ours)) as con:
        con.execute("set TimeZone = 'UTC'")
        in_part = {model.name for model in project.models if not run_model(con, model, load=1).is_whole}
    assert in_part == {model.name for model in project.models if model.increment is not None} != set()
    assert {result["status"] for result in build(dbt_home)} == {"success", "pass"}
    compare(ours, theirs, project)
