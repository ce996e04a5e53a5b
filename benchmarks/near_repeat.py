"""Time the Knox table: `python -m benchmarks.near_repeat [--events N] [--permutations N] [--rounds N]`.

Prints JSON: pairs counted a second of processor time, and what a permutation of the dates adds. Counted are the pairs
within reach of the bands of distance, each looked at once; all other pairs are told from totals. Here: the table of
events strewn over a made-up town, in one process. Not here: reading the extract.
"""

import argparse
import json
import resource
import statistics
import time
from typing import Any

import numpy as np

from indicators.near_repeat import Bands, Events, knox_table

TOWN_METRES = 20_000
# Of all times, so that the table holds every pair within reach.
BANDS = Bands((0, 200, 400, 1000), (0, 7, 14, 28, float("inf")), metric="euclidean")


def strewn(events: int, seed: int) -> Events:
    """Events of a year, a tenth of them at the address of another."""
    random = np.random.default_rng(seed)
    metres = random.uniform(0, TOWN_METRES, (events, 2))
    addresses = np.arange(events)
    again = random.choice(events, events // 10, replace=False)
    addresses[again] = random.integers(0, events, len(again))
    return Events(metres[addresses], random.integers(0, 365, events), addresses)


def timed(events: Events, permutations: int) -> tuple[float, int]:
    """Processor seconds of a table, and the pairs that it counted within reach."""
    started = time.process_time()
    found = knox_table(events, BANDS, permutations)
    return time.process_time() - started, int(found["observed"].sum())


def benchmark(events: int, permutations: int, rounds: int) -> dict[str, Any]:
    """Make the table without and with permutations, `rounds` times, each of other events."""
    taken = []
    for number in range(rounds):
        town = strewn(events, number)
        seconds, pairs = timed(town, 0)
        with_permutations, _ = timed(town, permutations)
        taken.append((pairs, seconds, with_permutations, pairs / seconds, pairs * permutations / with_permutations))
    pairs, seconds, permuted, rate, permuted_rate = (statistics.median(column) for column in zip(*taken, strict=True))
    return {
        "events": events,
        "pairs_within_reach": round(pairs),
        "pairs_in_all": events * (events - 1) // 2,
        "cpu_seconds": round(seconds, 2),
        "million_pairs_per_cpu_second": round(rate / 1e6, 2),
        "permutations": permutations,
        "cpu_seconds_with_permutations": round(permuted, 2),
        "million_permuted_pairs_per_cpu_second": round(permuted_rate / 1e6, 2),
        "peak_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=50_000, help="incidents of the year (default: 50 000)")
    parser.add_argument("--permutations", type=int, default=99, help="of their dates (default: 99)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is run (default: 3)")
    arguments = parser.parse_args()
    print(json.dumps(benchmark(arguments.events, arguments.permutations, arguments.rounds), indent=2))


if __name__ == "__main__":
    main()
