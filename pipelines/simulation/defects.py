"""Defects: what is planted in a source beside its clean records, and what loading must make of each.

A defect is planted on records of its own, never two on one record, so that the numbers add up exactly. Here are the
kinds of defect that several sources share; which ones a source has stands with the source.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from pipelines.simulation.seasons import AUTUMN_DAYS, SPRING_DAYS, day_number

# What becomes of a line; `deleted` is an accepted line that withdraws its record.
Status = Literal["accepted", "quarantined", "duplicate", "superseded", "deferred", "deleted"]
Change = Callable[[pl.DataFrame, np.random.Generator], list[pl.DataFrame]]

USUAL_PER_MILLION = 500
LEAST_RECORDS = 2
# Records with a defect, and their corrections, are all known well before as_of.
LAST_DAY_OF_DEFECTS = day_number(date(2025, 8, 28))
_LAST_VERSION_DAYS = range(day_number(date(2025, 11, 3)), day_number(date(2025, 11, 13)))
_UPDATES_AROUND_AS_OF = (date(2025, 11, 25), date(2025, 12, 5))


@dataclass(frozen=True)
class Defect:
    """One kind of defect.

    `change` turns clean records into the lines that are delivered for them: one frame for each of `statuses`. The
    last `later` frames come with the next month's delivery. `damage` spoils the text of a line instead.
    """

    name: str
    means: str
    change: Change
    statuses: tuple[Status, ...] = ("accepted",)
    reason: str | None = None
    flags: tuple[str, ...] = ()
    per_million: int = USUAL_PER_MILLION
    later: int = 0
    days: Sequence[int] = range(LAST_DAY_OF_DEFECTS)
    is_conflict: bool = False
    damage: Callable[[str, str], str] | None = None

    def records(self, lines: int) -> int:
        """Return how many records of a source of so many lines have this defect."""
        return max(LEAST_RECORDS, round(lines * self.per_million / 1_000_000))


def texts(rows: pl.DataFrame, *choices: str | None) -> pl.Series:
    """Return a column of the given texts in turn."""
    return pl.Series([choices[at % len(choices)] for at in range(rows.height)], dtype=pl.String)


def overwritten(
    name: str,
    means: str,
    columns: Mapping[str, tuple[str | None, ...] | pl.Expr],
    *,
    reason: str | None = None,
    flags: tuple[str, ...] = (),
) -> Defect:
    """Make a defect in which columns hold something else; a reason sends its rows to quarantine."""

    def change(rows: pl.DataFrame, _: np.random.Generator) -> list[pl.DataFrame]:
        new = {c: value if isinstance(value, pl.Expr) else texts(rows, *value) for c, value in columns.items()}
        return [rows.with_columns(**new)]

    return Defect(name, means, change, ("quarantined",) if reason else ("accepted",), reason, flags)


def days_later(rows: pl.DataFrame, column: str, days: np.ndarray) -> pl.Series:
    """Return a column of times so many whole days later."""
    return rows[column] + pl.Series(days.astype(np.int64) * 86_400_000).cast(pl.Duration("ms"))


def duplicate() -> Defect:
    """Make exact repetitions of a line."""
    return Defect(
        "duplicate",
        "a line is there twice, with every cell the same",
        lambda rows, _: [rows, rows],
        ("accepted", "duplicate"),
        per_million=4 * USUAL_PER_MILLION,
    )


def corrected(name: str, means: str, change: Callable[[pl.DataFrame], pl.DataFrame], updated: str) -> Defect:
    """Make records of which a newer version comes with the next month's delivery."""

    def versions(rows: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
        newer = days_later(rows, updated, rng.integers(1, 15, rows.height)).alias(updated)
        return [rows, change(rows).with_columns(newer)]

    return Defect(
        name,
        means,
        versions,
        ("superseded", "accepted"),
        per_million=2 * USUAL_PER_MILLION,
        later=1,
    )


def stale(change: Callable[[pl.DataFrame], pl.DataFrame], updated: str) -> Defect:
    """Make records of which an older version arrives after the newer one."""

    def versions(rows: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
        older = days_later(rows, updated, -rng.integers(1, 15, rows.height)).alias(updated)
        return [rows, change(rows).with_columns(older)]

    means = "an older version (by its time of update) arrives with the next month's delivery"
    return Defect("stale_version", means, versions, ("accepted", "superseded"), later=1)


def withdrawn(updated: str, status: str, word: str) -> Defect:
    """Make records that the source takes back in a later delivery."""

    def versions(rows: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
        newer = days_later(rows, updated, rng.integers(1, 15, rows.height)).alias(updated)
        return [rows, rows.with_columns(newer, pl.lit(word).alias(status))]

    means = "a newer version says that the record is withdrawn: it leaves staging"
    return Defect("withdrawn", means, versions, ("superseded", "deleted"), per_million=2 * USUAL_PER_MILLION, later=1)


def updated_after_as_of(change: Callable[[pl.DataFrame], pl.DataFrame], updated: str) -> Defect:
    """Make records of the last month that change only after as_of: as of then, the earlier version holds."""

    def versions(rows: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
        before, after = (pl.lit(day).cast(pl.Datetime("ms")).alias(updated) for day in _UPDATES_AROUND_AS_OF)
        rows = rows.with_columns(before)
        return [rows, change(rows).with_columns(after)]

    return Defect(
        "updated_after_as_of",
        "a newer version whose time of update lies after as_of: the earlier version holds, the newer one is deferred",
        versions,
        ("accepted", "deferred"),
        later=1,
        days=_LAST_VERSION_DAYS,
    )


def conflicting(means: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Defect:
    """Make pairs of lines with one id that differ, in a source that has no time of update to decide by."""
    return Defect(
        "conflicting",
        means,
        lambda rows, _: [rows, change(rows)],
        ("accepted", "superseded"),
        flags=("conflicting_id",),
        is_conflict=True,
    )


def clock_changes(first: str, others: Sequence[str]) -> list[Defect]:
    """Make records that begin in the hour that a clock change leaves out, or has twice."""

    def at_hour(hour: int) -> Change:
        def change(rows: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
            second = pl.Series(rng.integers(hour * 3600, (hour + 1) * 3600, rows.height) * 1000)
            start = rows[first].dt.truncate("1d") + second.cast(pl.Duration("ms"))
            # The others well after it, so that their order is beyond doubt.
            return [rows.with_columns(start.alias(first), *(pl.col(each) + pl.duration(hours=8) for each in others))]

        return change

    kinds = (
        (
            "absent_hour",
            "it begins between 02:00 and 03:00 on a day on which the clocks skip that hour",
            2,
            SPRING_DAYS,
        ),
        ("ambiguous_hour", "it begins between 01:00 and 02:00 on a day on which that hour comes twice", 1, AUTUMN_DAYS),
    )
    return [
        Defect(
            name,
            means,
            at_hour(hour),
            flags=("clock_change",),
            days=[day for day in days if day < LAST_DAY_OF_DEFECTS],
        )
        for name, means, hour, days in kinds
    ]


def unusable_rows(identity: str, first: str, area: str, unreadable: tuple[str, ...], too_early: str) -> list[Defect]:
    """Make the defects that every source can have and that cost it the row."""
    early = "the first time lies before the pack's first month"
    return [
        overwritten("missing_id", "the id is empty", {identity: (None,)}, reason="missing_id"),
        overwritten("missing_time", "the first time is empty", {first: (None,)}, reason="missing_time"),
        overwritten("unparseable_time", "the first time is no date", {first: unreadable}, reason="unparseable_time"),
        overwritten("before_first_month", early, {first: (too_early,)}, reason="before_first_month"),
        overwritten("unknown_area", "the area is none of the city's", {area: ("XX99", "HT9")}, reason="unknown_area"),
    ]


def broken_lines(is_ndjson: bool = False) -> list[Defect]:
    """Make lines that do not parse, and empty ones."""

    def spoiled(name: str, means: str, damage: Callable[[str, str], str], reason: str) -> Defect:
        return Defect(name, means, lambda rows, _: [rows], ("quarantined",), reason, damage=damage, per_million=200)

    if is_ndjson:
        return [
            spoiled(
                "cut_line", "a JSON object that is cut off", lambda line, _: line[: len(line) // 2], "malformed_line"
            ),
            spoiled("blank", "a JSON object without a value", lambda *_: "{}", "blank_row"),
        ]
    return [
        spoiled(
            "ragged_short",
            "a line with too few cells",
            lambda line, delimiter: line.rsplit(delimiter, 2)[0],
            "malformed_line",
        ),
        spoiled(
            "ragged_long",
            "a line with too many cells",
            lambda line, delimiter: f"{line}{delimiter}more{delimiter}cells",
            "malformed_line",
        ),
        spoiled(
            "stray_quote",
            "a line with a quote that never ends",
            lambda line, delimiter: line.replace(delimiter, f'{delimiter}"unclosed ', 1),
            "malformed_line",
        ),
        spoiled(
            "blank", "a line of empty cells", lambda line, delimiter: delimiter * line.count(delimiter), "blank_row"
        ),
    ]
