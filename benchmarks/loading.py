"""Time loading alone, files to staging, against DuckDB alone: `python -m benchmarks.loading [--rows N] [--rounds N]`.

Prints JSON, with the ratio by wall clock and by processor time, which other programs on the machine disturb less.
DuckDB alone reads the same files and stores the same mapped fields, typed, with the pack's own
expressions: no raw layer, no rules, no duplicates, no areas, no ledger. Here: the simulated district's files through
both, in turn, in one process. Not here: the job around loading (load).
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from pipelines.loading import areas, context
from pipelines.loading.kinds import kind_fields, models
from pipelines.loading.mapping import expression_of
from pipelines.loading.records import load_kind
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.pack.sources import Source
from pipelines.pulling import files, pull
from pipelines.pulling.personal import home_salt
from pipelines.simulation.simulate import simulate
from pipelines.warehouse import open_warehouse, quoted

# Seconds by the clock and of the processors.
Seconds = npt.NDArray[np.float64]


class _Seconds:
    """Seconds since it was made: by the clock, and of this process's processors."""

    def __init__(self) -> None:
        self._since = self._now()

    def gone(self) -> Seconds:
        """Return the seconds since then."""
        return self._now() - self._since

    @staticmethod
    def _now() -> Seconds:
        return np.array([time.perf_counter(), time.process_time()])


def _total(several: Iterable[Seconds]) -> Seconds:
    total: Seconds = np.sum(list(several), axis=0)
    return total


def is_plain(source: Source) -> bool:
    """Tell whether DuckDB alone reads a source's files in one statement: UTF-8 CSV."""
    return source.format.reader == "csv" and source.format.encoding == "utf-8"


def by_duckdb(pack: CityPack, database: Path) -> dict[str, Seconds]:
    """Read and store the sources typed, with nothing but the engine; return the seconds by source."""
    seconds = {}
    with duckdb.connect(str(database)) as con:
        con.execute("set memory_limit = '6GB'; set TimeZone = 'UTC'")
        for name, source in pack.sources.items():
            if not is_plain(source):
                continue
            started = _Seconds()
            fields = kind_fields(source.kind)
            columns = [
                f"try(cast(({expression_of(mapping)}\n) as "
                f"{'varchar' if field == fields.id_field else fields.type_of(field)})) as {quoted(field)}"
                for field, mapping in source.fields.items()
            ]
            paths = ", ".join(f"'{pack.path(unit.name)}'" for unit in files.units(pack, name))
            con.execute(
                f"create table {quoted(name)} as select {', '.join(columns)} from read_csv([{paths}], "
                "all_varchar = true, ignore_errors = true, union_by_name = true)"
            )
            con.execute("checkpoint")
            seconds[name] = started.gone()
    return seconds


def by_wardlight(pack: CityPack, home: Path, as_of: date) -> tuple[dict[str, dict[str, Seconds]], dict[str, int]]:
    """Pull and load everything into a new home, then once more with nothing new; return seconds and rows read."""
    seconds: dict[str, dict[str, Seconds]] = {}
    read = {}
    with open_warehouse(home) as con:
        context.ensure_tables(con)
        areas.load_areas(con, pack)
        context.write_context(con, pack, as_of)
        window = (as_of - timedelta(days=pack.schedule.lookback_days), as_of)
        for turn, asked in (("pull", None), ("pull_again", window)):
            for name in pack.sources:
                started = _Seconds()
                batches = pull.pull_source(con, pack, name, asked, home_salt(home))
                seconds.setdefault(name, {})[turn] = started.gone()
                read[name] = sum(batch.read for batch in batches)
            for kind in pack.kinds:
                started = _Seconds()
                load_kind(con, pack, kind, as_of, asked)
                con.execute("checkpoint")
                # One kind may have several sources: its seconds go to the first of them.
                first = next(iter(pack.of_kind(kind)))
                seconds[first][turn.replace("pull", "load")] = started.gone()
    return seconds, read


def benchmark(rows: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Run both `rounds` times, one after the other, on the same files."""
    simulate(folder / "pack", rows, 1)
    pack = load_city_pack(folder / "pack")
    as_of = pack.as_of or date.today()  # noqa: DTZ011 - the simulated pack pins it
    # Read once a process, for both: DuckDB alone asks for the fields of a kind, too.
    models()
    found: list[dict[str, Any]] = []
    for number in range(rounds):
        engine = by_duckdb(pack, folder / f"engine-{number}.duckdb")
        ours, read = by_wardlight(pack, folder / f"home-{number}", as_of)
        compared = {name: ours[name]["pull"] + ours[name].get("load", 0) for name in engine}
        engine_seconds, our_seconds = _total(engine.values()), _total(compared.values())
        pulled = _total(ours[name]["pull"] for name in engine)
        again = _total(
            each for times in ours.values() for turn, each in times.items() if turn in ("pull_again", "load_again")
        )
        found.append(
            {
                "duckdb_seconds": float(engine_seconds[0]),
                "wardlight_seconds": float(our_seconds[0]),
                "ratio": float(our_seconds[0] / engine_seconds[0]),
                "duckdb_processor_seconds": float(engine_seconds[1]),
                "wardlight_processor_seconds": float(our_seconds[1]),
                "processor_ratio": float(our_seconds[1] / engine_seconds[1]),
                "pull_seconds": float(pulled[0]),
                "again_seconds": float(again[0]),
                "ratio_by_source": {name: round(float(compared[name][0] / engine[name][0]), 2) for name in engine},
                "processor_ratio_by_source": {
                    name: round(float(compared[name][1] / engine[name][1]), 2) for name in engine
                },
            }
        )
        print(f"round {number + 1}: {found[-1]}", file=sys.stderr)
    return {
        "records": sum(read.values()),
        "records_compared": sum(read[name] for name in engine),
        **{key: round(statistics.median(each[key] for each in found), 2) for key in found[0] if "by_source" not in key},
        "rounds": found,
    }


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=2_000_000, help="records in the files (default: 2 000 000)")
    parser.add_argument("--rounds", type=int, default=2, help="times that each is run (default: 2)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wardlight-bench-") as folder:
        print(json.dumps(benchmark(arguments.rows, arguments.rounds, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
