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

from dbt_like_sql import built
from dbt_like_sql.project import Project
from dbt_like_sql.run import run_model
from pipelines.loading import affected
from pipelines.loading.kinds import FIRST_TIME
from pipelines.warehouse import literal
from tests.dbt_like_sql.generated_rows import AREAS, rows_of

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


def relations(database: Path) -> dict[str, tuple[str, list[tuple[str, str]], list[tuple[Any, ...]]]]:
    """Return every table and view: which of the two it is, its columns with their types, its rows in order."""
    found = {}
    with duckdb.connect(str(database), read_only=True) as con:
        named = con.execute("select table_schema || '.' || table_name, table_type from information_schema.tables")
        for relation, kind in named.fetchall():
            columns = [(name, data_type) for name, data_type, *_ in con.execute(f"describe {relation}").fetchall()]
            found[relation] = (kind, columns, con.execute(f"select * from {relation} order by all").fetchall())
    return found


def files() -> dict[Path, int]:
    """Return the files of the project and when they were last written to; bytecode is Python's own."""
    paths = [path for path in FOLDER.rglob("*") if "__pycache__" not in path.parts]
    return {path: path.stat().st_mtime_ns for path in paths}


def change(database: Path) -> None:
    """Take some records away, move others to the day after and to another area, and list the days that this touches."""
    with duckdb.connect(str(database)) as con:
        affected.begin(con)
        for kind in FIRST_TIME:
            some = f"select * from staging.{kind} where hash({kind}_id) % 7 = 0"
            affected.note(con, kind, f"({some})")
            con.execute(f"delete from staging.{kind} where hash({kind}_id) % 14 = 0")
            columns = [name for name, *_ in con.execute(f"describe staging.{kind}").fetchall()]
            later = [f"{name} = {name} + interval 1 day" for name in columns if name.endswith("_local")]
            later += [f"{name} = {name} + 1" for name in columns if name == "day" or name.endswith("_day")]
            con.execute(
                f"update staging.{kind} set {', '.join(later)}, area_id = {literal(AREAS[0])} "
                f"where hash({kind}_id) % 7 = 0"
            )
            affected.note(con, kind, f"({some})")
        con.execute("delete from staging.affected_day")
        con.execute(
            "insert into staging.affected_day select distinct 1, kind, day_of, day from touched where day is not null"
        )


def compare(ours: Path, theirs: Path, project: Project) -> None:
    expected, found = relations(ours), relations(theirs)
    del expected[f"{built.SCHEMA}.built"]  # our runner's own list
    assert found.keys() == expected.keys() >= {model.relation for model in project.models}
    for relation, (kind, columns, rows) in expected.items():
        assert found[relation][:2] == (kind, columns), relation
        differing = [pair for pair in zip(rows, found[relation][2], strict=False) if pair[0] != pair[1]]
        assert not differing[:3], relation
        assert len(found[relation][2]) == len(rows), relation


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
        assert bool(rows) == (case != "empty tables" or relation == "models.built"), f"{relation} has {len(rows)} rows"
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
