"""Time writing the simulated district: `python -m benchmarks.simulating [--rows N …] [--rounds N]`.

Prints JSON: rows a second by wall clock and by processor time, at each size. What a run costs however few rows it has
weighs on the small sizes. Here: the writing alone, in this process. Not here: starting Python, or loading (loading).
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from pipelines.simulation.simulate import LEAST_ROWS, simulate

ROWS = (20_000, 200_000, 1_000_000, 6_000_000)


def benchmark(rows: int, rounds: int) -> dict[str, float]:
    """Write the district `rounds` times; return the medians."""
    walls, processors = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="wardlight-bench-") as folder:
            wall, processor = time.perf_counter(), time.process_time()
            simulate(Path(folder), rows, 1)
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
    seconds, processor_seconds = statistics.median(walls), statistics.median(processors)
    return {
        "rows": rows,
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor_seconds, 2),
        "rows_a_second": round(rows / seconds),
        "rows_a_processor_second": round(rows / processor_seconds),
    }


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, help="sizes (default: 20 000 to 6 000 000)")
    parser.add_argument("--rounds", type=int, default=1, help="times that each is written (default: 1)")
    arguments = parser.parse_args()
    if min(arguments.rows) < LEAST_ROWS or arguments.rounds < 1:
        parser.error(f"--rows must be at least {LEAST_ROWS} and --rounds positive")
    print(json.dumps({"simulating": [benchmark(rows, arguments.rounds) for rows in arguments.rows]}, indent=2))


if __name__ == "__main__":
    main()
