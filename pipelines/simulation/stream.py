"""Streams: writing one source, clean records and defects, month after month, and counting what loading must report."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulation.defects import Defect
from pipelines.simulation.district import BEATS
from pipelines.simulation.seasons import Integers, months
from pipelines.simulation.write import Layout, Sink

# Months are made together up to so many lines, since each frame costs time, however small. A month with more is made
# in parts, so that memory is bounded.
MOST_LINES_AT_ONCE = 100_000
DAY_AFTER_AS_OF = datetime(2025, 12, 1)  # noqa: DTZ001 - local wall time


@dataclass(frozen=True)
class Tally:
    """A count of staged records that the truth gives: how to group them, and what to keep of each group."""

    keys: tuple[pl.Expr, ...]
    only: pl.Expr | None = None
    value: pl.Expr = field(default_factory=pl.len)
    combine: Callable[[pl.Expr], pl.Expr] = pl.Expr.sum

    def columns(self) -> set[str]:
        """Return the columns that the count reads."""
        read = (*self.keys, self.value, *(() if self.only is None else (self.only,)))
        return {name for expression in read for name in expression.meta.root_names()}


class Stream(ABC):
    """One source: its file, its records, its defects and what is counted of it."""

    name: str
    kind: str
    layout: Layout
    area: str
    first_time: str
    known: tuple[str, ...] = ()
    lines_per_record: int = 1
    defects: Sequence[Defect]

    @abstractmethod
    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Draw how many clean records each day and beat has, shape (days, beats)."""

    @abstractmethod
    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make the lines of records by day, beat and running number.

        With `whole` they are the clean records of some months, in order of day and beat; without, records to plant a
        defect on, each of one line.
        """

    def tallies(self) -> Mapping[str, Tally]:
        """Return the further counts of staged records that the truth gives."""
        return {}

    def all_tallies(self) -> Mapping[str, Tally]:
        """Return every count of staged records that the truth gives."""
        year = pl.col(self.first_time).dt.year().alias("year")
        return {"by_area_and_year": Tally((pl.col("_area"), year)), **self.tallies()}

    def counted_columns(self) -> list[str]:
        """Return the columns that the counts read."""
        read = {name for tally in self.all_tallies().values() for name in tally.columns()}
        return sorted(read)

    def clean_records(self, lines: int) -> int:
        """Return how many clean records fit into a number of lines beside the defects."""
        planted = sum(defect.records(lines) * len(defect.statuses) for defect in self.defects)
        return max(0, lines - planted) // self.lines_per_record

    def lines(self, wanted: int) -> int:
        """Return how many lines are written where so many are wanted: whole records, no fewer than the defects."""
        planted = sum(defect.records(wanted) * len(defect.statuses) for defect in self.defects)
        return planted + self.clean_records(wanted) * self.lines_per_record


@dataclass
class Account:
    """What loading must report of one source."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    planted: dict[str, int] = field(default_factory=dict)
    repeated_ids: int = 0
    conflicting_ids: int = 0
    tallies: dict[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Lines delivered."""
        return sum(self.statuses.values())

    def accept(self, stream: Stream, clean: pl.DataFrame) -> None:
        """Count clean records: those known only after as_of are deferred."""
        late = [pl.col(name) >= pl.lit(DAY_AFTER_AS_OF) for name in (stream.first_time, *stream.known)]
        is_late = clean.select(pl.any_horizontal(late).fill_null(value=False)).to_series()
        staged = clean.select(stream.counted_columns()).filter(~is_late)
        self.statuses["deferred"] += clean.height - staged.height
        self.statuses["accepted"] += staged.height
        self.tally(stream, staged)

    def plant(self, defect: Defect, records: int) -> None:
        """Count the records of a defect."""
        self.planted[defect.name] = records
        for status in defect.statuses:
            self.statuses[status] += records
        if defect.reason is not None:
            self.reasons[defect.reason] += records
        for flag in defect.flags:
            self.flags[flag] += records
        self.repeated_ids += records * (len(defect.statuses) - 1)
        self.conflicting_ids += records * defect.is_conflict

    def tally(self, stream: Stream, staged: pl.DataFrame) -> None:
        """Add staged records to the stream's counts."""
        for name, tally in stream.all_tallies().items():
            chosen = staged if tally.only is None else staged.filter(tally.only)
            found = chosen.group_by(tally.keys).agg(tally.value.cast(pl.Int64).alias("value"))
            if name in self.tallies:
                found = pl.concat([self.tallies[name], found])
                found = found.group_by(found.columns[:-1]).agg(tally.combine(pl.col("value")))
            self.tallies[name] = found


def write_stream(
    stream: Stream,
    folder: Path,
    wanted: int,
    counts: Integers,
    seed: np.random.SeedSequence,
    report: Callable[[int], None],
) -> Account:
    """Write a source's files and return what loading must report of it.

    Parameters
    ----------
    wanted
        Lines asked for; the stream says how many of them it writes.
    counts
        Clean records by day and beat, as the stream drew them, shape (days, beats).
    seed
        Seed of the stream.
    report
        Called with the number of lines each time that some were written.
    """
    account = Account()
    sink = Sink(folder, stream.layout)
    rng = np.random.Generator(np.random.PCG64(seed))
    planned = _plan(stream, wanted, rng, account)
    deliveries: list[list[bytes]] = [[] for _ in months()]  # planted lines by month
    number, planted_number = 0, int(counts.sum())
    for span, edges in _spans(counts * stream.lines_per_record):
        first, end = edges[0], edges[-1]
        chosen = [(defect, days[(days >= first) & (days < end)]) for defect, days in planned]
        staged = _plant(stream, chosen, edges, rng, planted_number, deliveries[span.start :])
        if staged:
            account.tally(stream, pl.concat(staged, how="vertical_relaxed"))
        planted_number += sum(len(days) for _, days in chosen)
        for clean, cuts in _parts(stream, rng, counts[first:end], edges, number):
            account.accept(stream, clean)
            for at, (begin, stop) in zip(span, pairwise(cuts), strict=True):
                lines, planted = stream.layout.lines(clean[begin:stop]), b"".join(deliveries[at])
                deliveries[at].clear()
                middle = lines.find(b"\n", int(rng.integers(0, len(lines) + 1))) + 1
                if lines or planted:
                    sink.write(months()[at][0], clean.columns, lines[:middle] + planted + lines[middle:])
                report(stop - begin + planted.count(b"\n"))
        number += int(counts[first:end].sum())
    sink.close()
    return account


def _spans(lines: Integers) -> Iterator[tuple[range, list[int]]]:
    """Group months that follow one another: their positions, and the first day of each with the day after the last.

    A span is one month, or several that have few lines together.
    """
    found: list[list[int]] = []
    total = 0
    for at, (_, first, end) in enumerate(months()):
        own = int(lines[first:end].sum())
        total += own
        if not found or total > MOST_LINES_AT_ONCE:
            found.append([])
            total = own
        found[-1].append(at)
    for span in found:
        yield range(span[0], span[-1] + 1), [*(months()[at][1] for at in span), months()[span[-1]][2]]


def _plan(stream: Stream, wanted: int, rng: np.random.Generator, account: Account) -> list[tuple[Defect, Integers]]:
    """Draw the days on which each defect's records begin, and count them."""
    planned = []
    for defect in stream.defects:
        records = defect.records(wanted)
        account.plant(defect, records)
        planned.append((defect, np.sort(rng.choice(np.asarray(defect.days), records))))
    return planned


def _parts(
    stream: Stream, rng: np.random.Generator, cells: Integers, edges: Sequence[int], number: int
) -> Iterator[tuple[pl.DataFrame, Integers]]:
    """Make the clean records of a span, some beats at a time where they are many; numbers go by day, then beat.

    With them come the rows at which the months begin, and the end of the last.
    """
    before = number + np.concatenate(([0], np.cumsum(cells)[:-1])).reshape(cells.shape)
    parts = min(len(BEATS), 1 + int(cells.sum()) * stream.lines_per_record // MOST_LINES_AT_ONCE)
    for beats in np.array_split(np.arange(len(BEATS)), parts):
        counts = cells[:, beats]
        records = int(counts.sum())
        day = np.repeat(edges[0] + np.arange(len(cells)), counts.sum(axis=1))
        beat = np.repeat(np.tile(beats, len(cells)), counts.ravel())
        within = np.arange(records) - np.repeat(np.cumsum(counts) - counts.ravel(), counts.ravel())
        numbers = np.repeat(before[:, beats].ravel(), counts.ravel()) + within
        rows = stream.rows(rng, day, beat, numbers, whole=True)
        yield _with_area(stream, rows), np.searchsorted(day, edges) * stream.lines_per_record


def _plant(
    stream: Stream,
    planned: Sequence[tuple[Defect, Integers]],
    edges: Sequence[int],
    rng: np.random.Generator,
    number: int,
    deliveries: Sequence[list[bytes]],
) -> list[pl.DataFrame]:
    """Put the lines of a span's defects into the deliveries with which they come; return the staged records."""
    day = np.concatenate([days for _, days in planned])
    beat = rng.integers(0, len(BEATS), len(day))
    rows = _with_area(stream, stream.rows(rng, day, beat, np.arange(number, number + len(day)), whole=False))
    counted = stream.counted_columns()
    staged = []
    at = 0
    for defect, days in planned:
        if not len(days):
            continue
        frames = defect.change(rows[at : at + len(days)], rng)
        at += len(days)
        for position, (frame, status) in enumerate(zip(frames, defect.statuses, strict=True)):
            lines = _spoiled(stream.layout, defect, stream.layout.lines(frame))
            ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n")) + 1
            starts = np.concatenate(([0], ends))[np.searchsorted(days, edges)]
            later = int(position >= len(frames) - defect.later)
            for month, (begin, stop) in enumerate(pairwise(starts), later):
                if begin < stop:
                    deliveries[month].append(lines[begin:stop])
            if status == "accepted":
                staged.append(frame.select(counted))
    return staged


def _spoiled(layout: Layout, defect: Defect, lines: bytes) -> bytes:
    """Return lines damaged as the defect says."""
    if defect.damage is None:
        return lines
    text = lines.decode(layout.encoding)
    return "".join(f"{defect.damage(line, layout.delimiter)}\n" for line in text.splitlines()).encode(layout.encoding)


def _with_area(stream: Stream, rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the true area beside the one that a defect may change."""
    return rows.with_columns(pl.col(stream.area).alias("_area"))
