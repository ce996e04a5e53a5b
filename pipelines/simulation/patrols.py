"""Patrols: legs of police, enterprises and volunteers, in one gzipped CSV file.

Planted here: how many planned legs were never walked, whose log begins and ends at the planned start, and how many
go to the block where most is reported, both by district.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipelines.simulation import defects
from pipelines.simulation.defects import overwritten
from pipelines.simulation.district import (
    ADDRESSES_PER_BEAT,
    ADDRESSES_PER_BLOCK,
    BEAT_CODES,
    BEATS,
    DISTRICT_OF_BEAT,
    addresses,
    slots,
    text_column,
)
from pipelines.simulation.seasons import (
    DAY_SECONDS,
    FIRST_SECOND,
    TIME_ZONE,
    Integers,
    Rhythm,
    draw_counts,
    hour_table,
    lognormal,
    moments,
)
from pipelines.simulation.stream import Stream, Tally
from pipelines.simulation.write import Layout

FIRST_ID = 2_000_000_000
MEDIAN_SECONDS, SIGMA = 2700, 0.6
# Patrol of a beat goes with this power of its residents.
GROWS_WITH = 0.7
# Of 16 planned legs, by district.
MISSED_OF_16 = (1, 1, 2, 1, 2, 4)
_LONGEST_MINUTES = 720
# Of 32 legs go to the beat's most visited block, by district; the others anywhere.
TO_HOTTEST_OF_32 = (16, 8, 0, 0, 4, 0)
_RHYTHM = Rhythm(0.05, 6, (1.0, 1.0, 1.0, 1.0, 1.08, 1.1, 0.95), growth=0.05)
_HOURS = hour_table((5, 5, 4, 3, 2, 2, 3, 5, 6, 6, 6, 5, 5, 5, 5, 5, 5, 6, 7, 8, 9, 9, 8, 6))


class Patrols(Stream):
    """The source `patrols`."""

    name = "patrols"
    kind = "patrol"
    layout = Layout("patrols.csv.gz")
    area = "beat"
    first_time = "started"

    def __init__(self) -> None:
        times = ("planned_from", "planned_to", "ended", "updated")
        self.defects = [
            *defects.unusable_rows(
                "leg", "started", "beat", ("2024-02-30 10:00:00", "n/a", "24:00"), "2022-12-31 10:00:00"
            ),
            defects.duplicate(),
            defects.corrected("corrected", "a newer version counts more checks", _more_checks, "updated"),
            defects.stale(_more_checks, "updated"),
            defects.updated_after_as_of(_more_checks, "updated"),
            *defects.clock_changes("started", times),
            overwritten(
                "plan_ends_before_it_begins",
                "the plan ends two hours before it begins",
                {"planned_to": pl.col("planned_from") - pl.duration(hours=2)},
                flags=("times_out_of_order",),
            ),
            overwritten(
                "too_long",
                "a leg of 20 hours",
                {"ended": pl.col("started") + pl.duration(hours=20), "minutes": ("1200",)},
                flags=("implausible_duration",),
            ),
            overwritten(
                "unknown_subject", "a subject that does not exist", {"who": ("X", "?")}, flags=("unusable:subject",)
            ),
            overwritten(
                "checks_not_a_number", "a word in place of a number", {"checks": ("many",)}, flags=("unusable:checks",)
            ),
        ]

    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Draw how many clean records each day and beat has."""
        people = np.array([beat.population**GROWS_WITH for beat in BEATS])
        return draw_counts(rng, records, _RHYTHM.weights()[:, None] * people)

    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make patrol legs, one line each."""
        del whole
        random = rng.integers(0, 1 << 16, (4, len(day)), dtype=np.uint16)
        planned = FIRST_SECOND + day * DAY_SECONDS + _HOURS[random[0]].astype(np.int64) * 3600 + random[1] % 4 * 900
        is_missed = random[2] >> 12 < np.array(MISSED_OF_16)[DISTRICT_OF_BEAT[beat]]
        started = planned + np.where(is_missed, 0, random[2] % 600)
        minutes = lognormal(rng, len(day), MEDIAN_SECONDS, SIGMA, 8 * 3600) // 60 + 1
        minutes[is_missed] = 0
        ended = started + minutes * 60
        subject = slots((62, 14, 16, 8), 256)[random[1] >> 8]
        place = (random[3] >> 6).astype(np.int64)
        to_hottest = (random[1] >> 2 & 31) < np.array(TO_HOTTEST_OF_32)[DISTRICT_OF_BEAT[beat]]
        place = np.where(to_hottest, place % ADDRESSES_PER_BLOCK, place)
        at = pl.Series(beat * ADDRESSES_PER_BEAT + place)
        book = addresses()
        return pl.DataFrame(
            {
                "leg": FIRST_ID + number,
                "beat": text_column(BEAT_CODES, beat),
                "planned_from": moments(planned),
                "planned_to": moments(planned + 3600),
                "started": moments(started),
                "ended": moments(ended),
                "minutes": minutes,
                "who": text_column(("P", "E", "V", "J"), subject),
                "mode": text_column(("foot", "vehicle", "video"), slots((5, 4, 1), 64)[random[2] & 63]),
                "personnel": 1 + (random[2] >> 8) % 4,
                "checks": np.where(is_missed, 0, (random[3] & 63) // 8),
                "trigger": text_column(("own", "call"), (random[3] & 7 > 4).astype(np.uint8)),
                "finding": text_column(("N", "Y"), ((random[0] & 31 == 0) & ~is_missed).astype(np.uint8)),
                "lon": book.lon.gather(at),
                "lat": book.lat.gather(at),
                "updated": moments(ended + 600),
            }
        )

    def tallies(self) -> Mapping[str, Tally]:
        """Return seconds planned, and patrolled within the plan, of legs that tell both, by beat and year."""
        keys = (pl.col("_area"), pl.col("started").dt.year().alias("year"))
        started, ended, first, last = (_utc(name) for name in ("started", "ended", "planned_from", "planned_to"))
        tells = (last >= first) & (pl.col("minutes").cast(pl.Int64) <= _LONGEST_MINUTES)
        done = pl.min_horizontal(ended, last) - pl.max_horizontal(started, first)
        return {
            "planned_seconds": Tally(keys, tells, (last - first).sum()),
            "patrolled_as_planned_seconds": Tally(keys, tells, done.clip(lower_bound=0).sum()),
        }


def _utc(column: str) -> pl.Expr:
    """Return a local time as seconds; a planted hour that is absent is null, and begins before its plan anyway."""
    zoned = pl.col(column).dt.replace_time_zone(TIME_ZONE, ambiguous="earliest", non_existent="null")
    return zoned.dt.epoch("s")


def _more_checks(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("checks") + 5)
