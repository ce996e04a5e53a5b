"""Profiles: the people, staff and equipment of each beat, quarter by quarter (CSV)."""

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation import defects
from pipelines.simulation.defects import overwritten
from pipelines.simulation.district import BEAT_CODES, BEATS, area_km2, text_column
from pipelines.simulation.seasons import DAY_SECONDS, DAYS, FIRST_SECOND, Integers, day_number, moments
from pipelines.simulation.stream import Stream
from pipelines.simulation.write import Layout

FIRST_ID = 7_000_000
_QUARTERS = [date(2023, 1, 1)] + [date(year, month, 1) for year in (2023, 2024, 2025) for month in (3, 6, 9, 12)]
QUARTER_DAYS = tuple(day_number(day) for day in _QUARTERS)
_GROWTH_A_YEAR = 0.02


def population(beat: int, day: int) -> int:
    """Return the true number of residents of a beat on a day."""
    return int(_population(np.array([beat]), np.array([day]))[0])


def in_co_patrol(day: int) -> tuple[int, int]:
    """Return how many key enterprises are in co-patrol and how many there are, in all beats as stated on a day."""
    people = _population(np.arange(len(BEATS)), np.full(len(BEATS), day))
    enterprises = _enterprises(people)
    return int(_joined(enterprises, np.full(len(BEATS), day)).sum()), int(enterprises.sum())


def _enterprises(people: Integers) -> Integers:
    found: Integers = np.rint(people / 900).astype(np.int64)
    return found


def _joined(enterprises: Integers, day: Integers) -> Integers:
    found: Integers = np.rint(enterprises * (0.25 + 0.1 * day / 365.25)).astype(np.int64)
    return found


def volunteers(beat: int, day: int) -> int:
    """Return the true number of new citizens on the register of volunteers of a beat on a day."""
    return int(_volunteers(np.array([beat]), np.array([day]))[0])


def _new_citizens(beat: Integers, day: Integers) -> Integers:
    share = np.array([each.new_citizen_share for each in BEATS])[beat]
    people: Integers = np.rint(_population(beat, day) * share).astype(np.int64)
    return people


def _volunteers(beat: Integers, day: Integers) -> Integers:
    people: Integers = np.rint(_new_citizens(beat, day) * (0.012 + 0.003 * day / 365.25)).astype(np.int64)
    return people


def _population(beat: Integers, day: Integers) -> Integers:
    start = np.array([each.population for each in BEATS])[beat]
    people: Integers = np.rint(start * (1 + _GROWTH_A_YEAR * day / 365.25)).astype(np.int64)
    return people


class Profiles(Stream):
    """The source `profiles`: 24 beats, 13 times, however many rows are wanted."""

    name = "profiles"
    kind = "profile"
    layout = Layout("profiles.csv")
    area = "beat"
    first_time = "valid_from"

    def __init__(self) -> None:
        self.defects = [
            *defects.unusable_rows("row", "valid_from", "beat", ("2024-15-01", "Q3"), "1999-12-31"),
            defects.duplicate(),
            defects.corrected(
                "corrected",
                "a newer version counts one officer more",
                lambda rows: rows.with_columns(pl.col("officers") + 1),
                "updated",
            ),
            overwritten(
                "more_cameras_online_than_installed",
                "more cameras online than there are, against the pack's own rule",
                {"online": pl.col("installed") + 50},
                reason="condition:cameras_online",
            ),
        ]

    def clean_records(self, lines: int) -> int:
        """Return the number of clean records, which is always the same."""
        del lines
        return len(QUARTER_DAYS) * len(BEATS)

    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Return one record a beat on the first day of each quarter."""
        del rng, records
        counts = np.zeros((DAYS, len(BEATS)), dtype=np.int64)
        counts[list(QUARTER_DAYS)] = 1
        return counts

    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make profiles, one line each; those to plant a defect on hold from a day within a quarter."""
        del rng
        day = day if whole else np.where(np.isin(day, QUARTER_DAYS), day + 1, day)
        people = _population(beat, day)
        new = _new_citizens(beat, day)
        km2 = np.array([area_km2(at) for at in range(len(BEATS))])[beat]
        years = day / 365.25
        installed = np.rint(people / 90 + 30 * years).astype(np.int64)
        staff = np.rint(people / 700).astype(np.int64)
        enterprises = _enterprises(people)
        return pl.DataFrame(
            {
                "row": FIRST_ID + number,
                "beat": text_column(BEAT_CODES, beat),
                "valid_from": moments(FIRST_SECOND + day * DAY_SECONDS).cast(pl.Date),
                "population": people,
                "new_citizens": new,
                "estimated_new_citizens": np.rint(new * 1.12).astype(np.int64),
                "registered_new_citizens": np.rint(new * (0.80 + 0.03 * years)).astype(np.int64),
                "officers": np.rint(people / 1100).astype(np.int64),
                "grid_staff": np.rint(people / 1500).astype(np.int64),
                "staff": staff,
                "trained": np.rint(staff * (0.55 + 0.08 * years)).astype(np.int64),
                "installed": installed,
                "online": np.rint(installed * 0.93).astype(np.int64),
                "camera_km2": np.round(km2 * np.minimum(0.9, 0.5 + 0.08 * years), 4),
                "km2": km2,
                "enterprises": enterprises,
                "in_copatrol": _joined(enterprises, day),
                "volunteers": _volunteers(beat, day),
                "updated": moments(FIRST_SECOND + (day + 5) * DAY_SECONDS),
            }
        )
