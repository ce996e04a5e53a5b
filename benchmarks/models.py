"""Time the SQL models, our runner against dbt build on the same folder and data: `python -m benchmarks.models`.

Prints JSON. Both make all models of the simulated district's records, whole and then the days of a window alone; dbt
build also runs the data tests, so that its models alone are told too (the sum of their own times). Here: running both
in turn on copies of one warehouse, each in a process of its own. Not here: what comes before and after the models.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.loading import areas, context
from pipelines.loading.records import load_kind
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.pulling import pull
from pipelines.pulling.personal import home_salt
from pipelines.simulation.simulate import simulate
from pipelines.warehouse import open_warehouse

REPOSITORY = Path(__file__).parent.parent
DBT = REPOSITORY / ".venv-dbt" / "bin" / "dbt"
WINDOW_DAYS = 7
PROFILE = """\
wardlight:
  target: bench
  outputs:
    bench: {{type: duckdb, path: '{database}', schema: main, threads: 1, settings: {{TimeZone: UTC}}}}
"""
OURS = """\
import sys
import duckdb
from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
with duckdb.connect(sys.argv[1]) as con:
    con.execute("set TimeZone = 'UTC'")
    for model in load_project().models:
        run_model(con, model, load=int(sys.argv[2]))
"""
COMPILE = """\
import time
from dbt_like_sql.project import load_project
started = time.process_time()
load_project()
print(time.process_time() - started)
"""


def load(pack: CityPack, home: Path) -> Path:
    """Load the pack's records into a new home; return its warehouse."""
    if pack.as_of is None:
        raise ValueError("the simulated pack pins its as_of")
    with open_warehouse(home) as con:
        context.ensure_tables(con)
        areas.load_areas(con, pack)
        context.write_context(con, pack, pack.as_of)
        for name in pack.sources:
            pull.pull_source(con, pack, name, None, home_salt(home))
        for kind in pack.kinds:
            load_kind(con, pack, kind, pack.as_of)
    return home / "warehouse.duckdb"


def touch_window(pack: CityPack, database: Path) -> None:
    """List the days of the last week as those that a load has affected."""
    last = pack.as_of or pack.first_day
    with duckdb.connect(str(database)) as con:
        con.execute("delete from staging.affected_day where day < ?", (last - timedelta(days=WINDOW_DAYS - 1),))


def compiling() -> float:
    """Return the seconds of processor time in which a new process reads, checks and compiles the whole project."""
    done = subprocess.run([sys.executable, "-c", COMPILE], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return float(done.stdout)


def timed(command: Sequence[str | Path], folder: Path) -> float:
    """Run a command to its end; return the seconds, or stop with its output when it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONPATH": str(REPOSITORY)},
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def by_dbt(database: Path, home: Path) -> dict[str, float]:
    """Let dbt build the folder in a database; return its seconds, and those of the models alone."""
    (home / "profiles.yml").write_text(PROFILE.format(database=database), encoding="utf-8")
    folders = {"profiles-dir": home, "project-dir": REPOSITORY / "dbt_like_sql", "target-path": home / "target"}
    options = [part for name, folder in {**folders, "log-path": home}.items() for part in (f"--{name}", folder)]
    seconds = timed([DBT, "--quiet", "build", *options], home)
    results = json.loads((home / "target" / "run_results.json").read_text("utf-8"))["results"]
    models = sum(each["execution_time"] for each in results if each["unique_id"].startswith("model."))
    return {"dbt_build": seconds, "dbt_models": models}


def benchmark(rows: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Make the models `rounds` times in both ways, one after the other, from copies of one warehouse."""
    simulate(folder / "pack", rows, 1)
    pack = load_city_pack(folder / "pack")
    loaded = load(pack, folder / "home")
    found: list[dict[str, float]] = []
    for number in range(rounds):
        seconds = {"compile": compiling()}
        ours, theirs, home = (folder / f"{name}-{number}" for name in ("ours.duckdb", "theirs.duckdb", "dbt"))
        home.mkdir()
        shutil.copyfile(loaded, ours)
        shutil.copyfile(loaded, theirs)
        for turn in ("whole", "window"):
            if turn == "window":
                touch_window(pack, ours)
                touch_window(pack, theirs)
            seconds[f"ours_{turn}"] = timed([sys.executable, "-c", OURS, ours, "1"], folder)
            seconds |= {f"{name}_{turn}": each for name, each in by_dbt(theirs, home).items()}
        found.append({name: round(each, 2) for name, each in seconds.items()})
        print(f"round {number + 1}: {found[-1]}", file=sys.stderr)
    medians = {name: round(statistics.median(each[name] for each in found), 2) for name in found[0]}
    ratios = {turn: round(medians[f"dbt_build_{turn}"] / medians[f"ours_{turn}"], 1) for turn in ("whole", "window")}
    return {"records": rows, "window_days": WINDOW_DAYS, **medians, "dbt_build_to_ours": ratios, "rounds": found}


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=500_000, help="records in the files (default: 500 000)")
    parser.add_argument("--rounds", type=int, default=2, help="times that each is run (default: 2)")
    arguments = parser.parse_args()
    if not DBT.exists():
        sys.exit("dbt is not there: run `make test-dbt` first, which sets it up in .venv-dbt")
    with tempfile.TemporaryDirectory(prefix="wardlight-bench-") as folder:
        print(json.dumps(benchmark(arguments.rows, arguments.rounds, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
