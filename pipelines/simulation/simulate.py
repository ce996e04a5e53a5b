"""Simulating the district: all its sources at once, the truth beside them, and the pack that describes them."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pipelines.errors import SourceError
from pipelines.simulation.district import addresses, write_areas
from pipelines.simulation.incidents import Incidents
from pipelines.simulation.patrols import Patrols
from pipelines.simulation.people import Activities, Survey
from pipelines.simulation.profiles import Profiles
from pipelines.simulation.requests import Handoffs, Requests
from pipelines.simulation.seasons import Integers
from pipelines.simulation.stream import Account, Stream, write_stream
from pipelines.simulation.truth import Truth, write_truth

PACK = Path(__file__).resolve().parents[2] / "cities" / "heting" / "city.yml"
LEAST_ROWS = 10_000
# Share of the rows by source, in the order in which they are begun: those that take longest first. The incidents
# have what the others, which are of whole records, leave of the number asked for; the profiles are as many for any.
SHARES = {
    "incidents": 0.30,
    "requests": 0.25,
    "patrols": 0.20,
    "handoffs": 0.10,
    "activities": 0.09,
    "survey": 0.06,
    "profiles": 0.0,
}
_AT_ONCE = 2


def simulate(out: Path, rows: int, seed: int, report: Callable[[int], None] = lambda _: None) -> Truth:
    """Write a complete pack of the simulated district: `city.yml`, `data/`, and `truth.json` at last.

    The same rows and seed give the same bytes. A source is made some months, or some of a month's beats, at a time,
    so that memory is bounded.

    Parameters
    ----------
    out
        Folder of the pack; what it holds of an earlier simulation is replaced.
    rows
        Lines of all sources together, defects among them, at least 10 000.
    report
        Called with the number of lines written since the last call, from more than one thread.

    Raises
    ------
    SourceError
        If the folder cannot be written to.
    """
    if rows < LEAST_ROWS:
        raise ValueError(f"{rows} rows are too few to plant every defect: at least {LEAST_ROWS}")
    try:
        return _simulate(out, rows, seed, report)
    except OSError as error:
        raise SourceError(
            f"the simulated district cannot be written: {error}",
            file=out,
            remedy="give a folder that can be written to, with room for about 120 bytes a row",
        ) from error


def _simulate(out: Path, rows: int, seed: int, report: Callable[[int], None]) -> Truth:
    data = out / "data"
    data.mkdir(parents=True, exist_ok=True)
    truth = out / "truth.json"
    truth.unlink(missing_ok=True)  # so that it never stands beside files that it does not describe
    if out.resolve() != PACK.parent:
        shutil.copyfile(PACK, out / PACK.name)
    write_areas(data)
    addresses()  # made once, before the threads need it

    wanted = {name: round(rows * share) for name, share in SHARES.items()}
    seeds = {
        name: own.spawn(2) for name, own in zip(SHARES, np.random.SeedSequence(seed).spawn(len(SHARES)), strict=True)
    }

    def draw(stream: Stream) -> Integers:
        rng = np.random.Generator(np.random.PCG64(seeds[stream.name][0]))
        return stream.counts(rng, stream.clean_records(wanted[stream.name]))

    requests = Requests()
    handoffs = Handoffs(draw(requests))
    made: tuple[Stream, ...] = (Incidents(), requests, Patrols(), handoffs, Activities(), Survey(), Profiles())
    streams = {stream.name: stream for stream in made}
    others = sum(stream.lines(wanted[name]) for name, stream in streams.items() if name != "incidents")
    wanted["incidents"] = rows - others
    counts = {name: draw(stream) for name, stream in streams.items()}

    def write(name: str) -> Account:
        return write_stream(streams[name], data, wanted[name], counts[name], seeds[name][1], report)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        accounts = dict(zip(streams, pool.map(write, streams), strict=True))
    return write_truth(truth, rows, seed, streams, accounts)
