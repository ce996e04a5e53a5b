"""The simulated district without any defect, and with a known share of defects planted on its records.

Here: making the files, and computing every figure of them as a nightly run does. Not here: any claim.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from indicators.catalogue.reading import load_catalogue
from indicators.compute import compute
from indicators.inputs import Figures
from pipelines.loading import areas, context
from pipelines.loading.records import load_kind
from pipelines.pack.city import load_city_pack
from pipelines.publishing.figures import read_inputs
from pipelines.pulling.pull import pull_source
from pipelines.simulation.district import ADDRESSES_PER_BEAT, BEAT_CODES, addresses, write_areas
from pipelines.simulation.incidents import Incidents
from pipelines.simulation.patrols import Patrols
from pipelines.simulation.people import Activities, Survey
from pipelines.simulation.profiles import Profiles
from pipelines.simulation.requests import Handoffs, Requests
from pipelines.simulation.seasons import months
from pipelines.simulation.simulate import PACK
from pipelines.simulation.stream import Stream
from pipelines.simulation.write import Sink
from tests.pipelines.small_pack import SALT, warehouse

AS_OF = date(2025, 11, 30)
# Records of each source; the profiles, which every rate is divided by, are whole whatever is planted.
RECORDS = {"incidents": 5000, "requests": 4000, "patrols": 3500, "handoffs": 300, "activities": 300, "survey": 300}
SPOILED = ("incidents", "requests", "patrols")
UPDATED = {"incidents": "updated", "requests": "更新时间", "patrols": "updated"}
# A field of each that some figure asks for, and something that it cannot be.
UNREADABLE = {"incidents": ("offence", "jaywalking"), "requests": ("办结时间", "已结"), "patrols": ("who", "?")}
POINTS = {"incidents": ("lon", "lat"), "requests": ("经度", "纬度"), "patrols": ("lon", "lat")}


@dataclass(frozen=True)
class District:
    """Streams of the simulation, each with its lines."""

    streams: Mapping[str, Stream]
    lines: Mapping[str, pl.DataFrame]


def without_defects(seed: int) -> District:
    """Make the records of every source, each of them whole and right."""
    rng = np.random.default_rng(seed)
    requests = Requests()
    drawn = {"requests": requests.counts(rng, RECORDS["requests"])}
    made: tuple[Stream, ...] = (
        *(Incidents(), requests, Patrols(), Handoffs(drawn["requests"]), Activities(), Survey(), Profiles()),
    )
    lines = {}
    for stream in made:
        counts = drawn.get(stream.name)
        if counts is None:
            counts = stream.counts(rng, RECORDS.get(stream.name, 0))
        day, beat = (np.repeat(each, counts.ravel()) for each in np.indices(counts.shape).reshape(2, -1))
        rows = stream.rows(rng, day, beat, np.arange(len(day)), whole=True)
        # Whatever is planted on a line, it comes with the month of its record.
        lines[stream.name] = rows.with_columns(_month=pl.col(stream.first_time).dt.strftime("%Y-%m"))
    return District({stream.name: stream for stream in made}, lines)


def planted(district: District, shares: Mapping[str, float], seed: int) -> District:
    """Plant defects on shares of the records of three sources, never two on one record.

    Parameters
    ----------
    shares
        By kind of defect: `time_missing` (the first time is empty), `area_missing` (neither beat nor point),
        `area_unknown` (a beat that there is not), `field_unreadable` (a word that cannot be), `repeated` (the line
        comes twice), `conflicting` (the line comes once more, of another beat and time, and no time of update tells
        which holds).
    """
    rng = np.random.default_rng(seed)
    lines = dict(district.lines)
    for name in SPOILED:
        stream, rows = district.streams[name], district.lines[name]
        kinds = ["none", *shares]
        drawn = rng.choice(len(kinds), rows.height, p=[1 - sum(shares.values()), *shares.values()])
        kind = pl.Series([kinds[each] for each in drawn], dtype=pl.String)
        emptied = {stream.first_time: "time_missing", **dict.fromkeys((stream.area, *POINTS[name]), "area_missing")}
        changed = rows.with_columns(
            pl.when(kind != defect).then(column).alias(column) for column, defect in emptied.items()
        ).with_columns(pl.when(kind == "area_unknown").then(pl.lit("XX99")).otherwise(stream.area).alias(stream.area))
        again = rows.filter(kind == "repeated")
        other = _elsewhere_and_later(stream, rows.filter(kind == "conflicting"), rng)
        together = [
            changed.with_columns(_defect=kind),
            *(each.with_columns(_defect=pl.lit("")) for each in (again, other)),
        ]
        column, word = UNREADABLE[name]
        text = (
            pl.col(column).dt.strftime(stream.layout.moment) if rows.schema[column] == pl.Datetime else pl.col(column)
        )
        lines[name] = (
            pl.concat(together, how="vertical_relaxed")
            .with_columns(
                pl.when(pl.col("_defect") == "field_unreadable").then(pl.lit(word)).otherwise(text).alias(column)
            )
            .sort("_month", maintain_order=True)
        )
    return District(district.streams, lines)


def _elsewhere_and_later(stream: Stream, rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Move lines to an address of any beat, and one to five days on, but for their time of update."""
    beat = rng.integers(0, len(BEAT_CODES), rows.height)
    at = pl.Series(beat * ADDRESSES_PER_BEAT)
    longitude, latitude = POINTS[stream.name]
    days = pl.Series(rng.integers(1, 6, rows.height))
    times = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    return rows.with_columns(
        *(pl.col(time) + pl.duration(days=days) for time in times if time != UPDATED[stream.name]),
        pl.Series(stream.area, [BEAT_CODES[each] for each in beat], dtype=pl.String),
        addresses().lon.gather(at).alias(longitude),
        addresses().lat.gather(at).alias(latitude),
    )


def write(district: District, folder: Path) -> None:
    """Write the pack and its files."""
    data = folder / "data"
    data.mkdir(parents=True)
    shutil.copyfile(PACK, folder / PACK.name)
    write_areas(data)
    for name, lines in district.lines.items():
        stream = district.streams[name]
        sink = Sink(data, stream.layout)
        for each, *_ in months():
            part = lines.filter(pl.col("_month") == each)
            sink.write(each, part.columns, stream.layout.lines(part))
        sink.close()


def figures_of(folder: Path) -> Figures:
    """Compute every figure of a pack, as a nightly run does before it judges and publishes."""
    pack, project = load_city_pack(folder), load_project()
    with warehouse() as con:
        areas.load_areas(con, pack)
        context.write_context(con, pack, AS_OF)
        for name in pack.sources:
            pull_source(con, pack, name, salt=SALT)
        for kind in pack.kinds:
            load_kind(con, pack, kind, AS_OF)
        for model in project.models:
            run_model(con, model)
        return compute(load_catalogue(), read_inputs(con, project, pack, AS_OF))
