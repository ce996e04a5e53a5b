"""Time a full load to a release against a script written by hand: `python -m benchmarks.load [--rows N] [--rounds N]`.

Prints JSON: seconds and peak memory of both, their ratio, and how far their measures agree. Here: running both, in
turn, each in a process and a folder of its own. Not here: the data (repeated_pack) and the script (by_hand).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.repeated_pack import write_pack

REPOSITORY = Path(__file__).parent.parent
PROGRAM = Path(sys.executable).parent / "wardlight"


@dataclass(frozen=True)
class Run:
    """What one process took; memory is the most that it or one of its children held at a time."""

    seconds: float
    peak_mebibytes: int


def run(command: list[str | Path], log: Path) -> Run:
    """Run a command to its end and measure it; stop with its output when it fails."""
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{log.read_text()}")
    return Run(round(seconds, 2), usage.ru_maxrss // 1024)


def compare(warehouse: Path, by_hand: Path) -> dict[str, dict[str, int]]:
    """Count the rows of each measure that the script makes, and those in which it differs from Wardlight's.

    The script does without measures and columns of fields that the pack's sources do not have: they are empty here.
    """
    with duckdb.connect() as con:
        con.execute(f"attach '{warehouse}' as ours (read_only); attach '{by_hand}' as theirs (read_only)")
        names = con.execute(
            "select table_name from duckdb_tables() where database_name = 'theirs' and starts_with(table_name, 'msr_') "
            "order by 1"
        )
        found = {}
        for (name,) in names.fetchall():
            columns = ", ".join(row[0] for row in con.execute(f"describe theirs.{name}").fetchall())
            ours, theirs = f"select {columns} from ours.measures.{name}", f"select {columns} from theirs.{name}"
            rows, differing = con.execute(
                f"select (select count(*) from ({ours})), (select count(*) from ({theirs} except all {ours}))"
            ).fetchall()[0]
            found[name] = {"rows": rows, "rows_that_differ": differing}
    return found


def summary(runs: list[Run]) -> dict[str, Any]:
    return {
        "median_seconds": round(statistics.median(run.seconds for run in runs), 2),
        "peak_mebibytes": max(run.peak_mebibytes for run in runs),
        "runs": [asdict(run) for run in runs],
    }


def benchmark(rows: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Run both `rounds` times, one after the other, on the same files."""
    pack = folder / "pack"
    written = write_pack(REPOSITORY / "cities" / "nyc", pack, rows)
    print(f"{written:,} records written", file=sys.stderr)
    ours, theirs = [], []
    for number in range(rounds):
        home, database = folder / f"home-{number}", folder / f"by-hand-{number}.duckdb"
        log = folder / "log.txt"
        ours.append(run([PROGRAM, "nightly", "--city", pack, "--home", home], log))
        theirs.append(run([sys.executable, "-m", "benchmarks.by_hand", pack / "data", database], log))
        print(f"round {number + 1}: Wardlight {ours[-1]}, by hand {theirs[-1]}", file=sys.stderr)
    result: dict[str, Any] = {"records": written, "wardlight": summary(ours), "by_hand": summary(theirs)}
    result["ratio"] = round(result["wardlight"]["median_seconds"] / result["by_hand"]["median_seconds"], 2)
    # Where rows with one id conflict the script keeps another one than Wardlight does: a few rows differ.
    result["measures"] = compare(home / "warehouse.duckdb", database)
    return result


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="records in the files (default: 1 000 000)")
    parser.add_argument("--rounds", type=int, default=2, help="times that each is run (default: 2)")
    arguments = parser.parse_args()
    if arguments.rows < 1 or arguments.rounds < 1:
        parser.error("--rows and --rounds must be positive")
    with tempfile.TemporaryDirectory(prefix="wardlight-bench-") as folder:
        print(json.dumps(benchmark(arguments.rows, arguments.rounds, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
