"""Time the quality part of nightly runs, and its expectations on pandas: `python -m benchmarks.quality [--rows N]`.

Prints JSON. Of three nightly runs on the simulated district (the first; again, judging what has changed; again, judging
the whole) the seconds in all and those that expectations, their memory and Data Docs take. And of the expectations that
Great Expectations can judge on pandas, too, the seconds and memory inside DuckDB and on data frames of the same tables.
Beside each stand the seconds of processor time, which other work on the machine does not lengthen.
Here: running these, each in a process of its own. Not here: loading (loading) and the whole job by hand (load).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb

from dbt_like_sql.project import load_project
from pipelines.pack.city import load_city_pack
from pipelines.quality import windows
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import judge
from pipelines.quality.suite import warehouse_expectations
from pipelines.simulation.simulate import simulate

REPOSITORY = Path(__file__).parent.parent
_PARTS = ("nightly", "duckdb", "pandas")


def nightly(pack: Path, home: Path) -> dict[str, Any]:
    """Run the job and time what `pipelines.defs.checks` calls, the import of Great Expectations included."""
    os.environ |= {"WARDLIGHT_CITY": str(pack), "WARDLIGHT_HOME": str(home)}
    from pipelines.defs import checks  # noqa: PLC0415 - reads the environment
    from pipelines.nightly import run_nightly  # noqa: PLC0415 - reads the environment

    seconds: defaultdict[str, float] = defaultdict(float)
    worked: defaultdict[str, float] = defaultdict(float)

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            started, begun = time.perf_counter(), time.process_time()
            try:
                return function(*arguments)
            finally:
                seconds[name] += time.perf_counter() - started
                worked[name] += time.process_time() - begun

        return call

    checks.judge_changes = timed("judging", checks.judge_changes)
    checks.store.remember = timed("memory", checks.store.remember)
    checks.site.write_pages = timed("data_docs", checks.site.write_pages)
    city = load_city_pack(pack)
    if city.as_of is None:
        raise ValueError(f"{pack} pins no as_of")
    begun = time.process_time()
    account = run_nightly(city, home, city.as_of, None, None)
    processor = time.process_time() - begun
    quality = sum(seconds.values())
    return {
        "seconds": round(account.seconds, 2),
        "quality_seconds": round(quality, 2),
        "quality_share": round(quality / account.seconds, 3),
        "of_which": {name: round(each, 2) for name, each in seconds.items()},
        "processor_seconds": round(processor, 2),
        "quality_share_of_processor": round(sum(worked.values()) / processor, 3),
    }


def comparable() -> list[Expectation]:
    """Return the expectations that both judge: all but queries, of what is declared before the indicators."""
    declared = warehouse_expectations(load_project())
    return [each for each in declared if each.kind != "UnexpectedRowsExpectation"]


def in_duckdb(con: duckdb.DuckDBPyConnection, expectations: Iterable[Expectation]) -> list[bool]:
    """Judge as a run does, whole tables."""
    return [verdict.success for verdict in judge(con, list(expectations), "benchmark")]


def on_pandas(con: duckdb.DuckDBPyConnection, expectations: Iterable[Expectation]) -> list[bool]:
    """Judge with Great Expectations on a data frame of each table."""
    import great_expectations as gx  # noqa: PLC0415 - slow to import
    import great_expectations.expectations as gxe  # noqa: PLC0415 - slow to import

    by_table: defaultdict[tuple[str, str], list[Expectation]] = defaultdict(list)
    for each in expectations:
        by_table[each.layer, each.table].append(each)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("pandas")
    found: dict[tuple[str, str, str], bool] = {}
    for (layer, table), chosen in by_table.items():
        frame = con.sql(f'select * from "{layer}"."{table}"').df()
        asset = source.add_dataframe_asset(f"{layer}.{table}")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
        translated = [getattr(gxe, each.kind)(**each.kwargs, meta={"name": each.name}) for each in chosen]
        suite = gx.ExpectationSuite(name=f"{layer}.{table}", expectations=translated)
        for result in batch.validate(suite, result_format="BOOLEAN_ONLY").results:
            found[layer, table, result.expectation_config.meta["name"]] = bool(result.success)
    return [found[each.layer, each.table, each.name] for each in expectations]


def judged(home: Path, judging: Callable[..., list[bool]]) -> dict[str, Any]:
    """Judge a home's warehouse and measure it, without what importing takes."""
    import great_expectations as gx  # noqa: PLC0415 - slow to import

    del gx
    expectations = comparable()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        started, begun = time.perf_counter(), time.process_time()
        held = judging(con, expectations)
        seconds, worked = time.perf_counter() - started, time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {"seconds": round(seconds, 2), "processor_seconds": round(worked, 2), "peak_mebibytes": peak}
    return {**told, "judged": len(held), "held": sum(held)}


def apart(part: str, *arguments: Path) -> dict[str, Any]:
    """Run a part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.quality", "--part", part, *map(str, arguments)]
    environment = {**os.environ, "GX_ANALYTICS_ENABLED": "false"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(part, found, file=sys.stderr)
    return found


def benchmark(rows: int, folder: Path) -> dict[str, Any]:
    """Run everything, one after the other, on the same files."""
    pack, home = folder / "pack", folder / "home"
    simulate(pack, rows, 1)
    runs = {"first": apart("nightly", pack, home), "changes": apart("nightly", pack, home)}
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        windows.forget(con)
    runs["whole"] = apart("nightly", pack, home)
    return {
        "records": rows,
        "nightly": runs,
        "same_expectations": {"duckdb": apart("duckdb", home), "pandas": apart("pandas", home)},
    }


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=500_000, help="records in the files (default: 500 000)")
    parser.add_argument("--part", choices=_PARTS, help=argparse.SUPPRESS)
    parser.add_argument("folders", nargs="*", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part == "nightly":
        print(json.dumps(nightly(*arguments.folders)))
    elif arguments.part:
        print(json.dumps(judged(*arguments.folders, in_duckdb if arguments.part == "duckdb" else on_pandas)))
    else:
        with tempfile.TemporaryDirectory(prefix="wardlight-bench-") as folder:
            print(json.dumps(benchmark(arguments.rows, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
