"""People: what volunteers and enterprises take part in (NDJSON), and what a survey asks of them (CSV).

Planted here: the ladder of participation, and the true mean and variance of every survey item by group.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import polars as pl

from pipelines.simulation import defects
from pipelines.simulation.defects import Defect, overwritten
from pipelines.simulation.district import BEAT_CODES, BEATS, DISTRICT_OF_BEAT, DISTRICTS, slots, text_column
from pipelines.simulation.seasons import (
    DAY_SECONDS,
    DAYS,
    FIRST_SECOND,
    Integers,
    Rhythm,
    day_number,
    draw_counts,
    hour_table,
    lognormal,
    moments,
)
from pipelines.simulation.stream import Stream, Tally
from pipelines.simulation.write import Layout

# The twelve months that end with as_of.
LAST_12_MONTHS = datetime(2024, 12, 1)  # noqa: DTZ001 - local wall time
FIRST_ACTIVITY_ID = 5_000_000_000
SUBJECTS = ("resident", "new_citizen", "enterprise")
GROUPS = ("resident", "new_citizen", "enterprise")
_ACTIVITIES_PER_PERSON = 12
_RHYTHM = Rhythm(0.1, 5, (0.8, 0.8, 0.8, 0.9, 1.2, 1.5, 1.3), growth=0.15)
_HOURS = hour_table((0, 0, 0, 0, 0, 0, 1, 2, 4, 6, 7, 5, 3, 4, 6, 6, 6, 7, 9, 12, 11, 6, 2, 0))


class Activities(Stream):
    """The source `activities`."""

    name = "activities"
    kind = "participation"
    layout = Layout("activities.ndjson", moment="%Y-%m-%dT%H:%M:%S")
    area = "beat"
    first_time = "start"

    def __init__(self) -> None:
        self._people = 1
        self.defects = [
            *defects.unusable_rows(
                "activity", "start", "beat", ("2024-06-31T09:00:00", "TBC", "1 June"), "1999-12-31T23:30:00"
            ),
            *defects.broken_lines(is_ndjson=True),
            defects.duplicate(),
            *defects.clock_changes("start", ()),
            overwritten("no_such_level", "a level above the ladder", {"level": ("7",)}, flags=("out_of_range:level",)),
            overwritten(
                "too_many_minutes",
                "more minutes than a day has, by the pack's own rule",
                {"minutes": ("99999",)},
                reason="out_of_range:minutes",
            ),
        ]

    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Draw how many clean records each day and beat has."""
        self._people = max(10, records // (_ACTIVITIES_PER_PERSON * len(BEATS)))
        people = np.array([beat.population for beat in BEATS])
        return draw_counts(rng, records, _RHYTHM.weights()[:, None] * people)

    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make activities, one line each: the person's number decides the subject and how high they may come."""
        del whole
        n = len(day)
        random = rng.integers(0, 1 << 16, (3, n), dtype=np.uint16)
        person = beat * self._people + rng.integers(0, self._people, n)
        # A fixed mixing of the number, so that a person is the same in every month.
        mixed = (person * 2_654_435_761 >> 8) & 0xFFFF
        subject = slots((64, 26, 10))[mixed]
        ceiling = slots((0, 40, 38, 15, 7))[(mixed * 40_503 >> 4) & 0xFFFF]
        start = FIRST_SECOND + day * DAY_SECONDS + _HOURS[random[0]].astype(np.int64) * 3600 + random[1] % 3600
        is_enterprise = subject == 2
        names = pl.Series(person)
        return pl.DataFrame(
            {
                "activity": FIRST_ACTIVITY_ID + number,
                "beat": text_column(BEAT_CODES, beat),
                "start": moments(start),
                "subject": text_column(SUBJECTS, subject),
                "person": names.set(pl.Series(is_enterprise), None),
                "enterprise": names.set(pl.Series(~is_enterprise), None),
                "level": np.minimum(ceiling, slots((2, 5, 6, 2, 1), 256)[random[2] >> 8]),
                "minutes": lognormal(rng, n, 90, 0.5, 600),
            }
        )

    def tallies(self) -> Mapping[str, Tally]:
        """Return the highest level that each person or enterprise came to."""
        level = pl.col("level").cast(pl.Int64, strict=False)
        usable = pl.when(level <= 4).then(level).max()
        who = pl.coalesce("person", "enterprise").alias("who")
        keys = (pl.col("subject"), who)
        is_recent = (pl.col("start") >= pl.lit(LAST_12_MONTHS)) & (pl.col("subject") == "new_citizen")
        return {
            "highest_level": Tally(keys, value=usable, combine=pl.Expr.max),
            "newest_level": Tally((pl.col("_area"), who), is_recent, usable, pl.Expr.max),
        }


WAVES = (("2023-05", 8), ("2023-11", 13), ("2024-05", 6), ("2024-11", 11), ("2025-05", 12), ("2025-11", 24))
WAVE_DAYS = 14
# Attitudes, 1 to 5; then whether one was a victim, and of victims whether they reported it, 1 for yes and 2 for no.
ITEMS = (
    *("safe_day", "safe_night", "trust_police", "met_partner", "satisfied", "would_report", "knows_line", "belongs"),
    *("fair_rules", "takes_part", "kept_informed", "kept_watch"),
    *("victim", "reported"),
)
ATTITUDES = len(ITEMS) - 2
# Items that judge one foundation, and so hang together beyond the person's mood: mechanism, social linkage, information
# sharing, prevention foundation.
_FOUNDATION = np.array((3, 3, 0, 1, 0, 2, 2, 1, 0, 1, 2, 3, 0, 0))
# Mean of the latent attitude by item and group; an answer is 1 to 5 by where it falls between 1.5, 2.5, 3.5, 4.5.
_ATTITUDES = np.array(
    (
        *([4.1, 3.8, 3.9], [3.3, 2.9, 3.4], [3.7, 3.2, 3.6], [2.6, 2.1, 3.1]),
        *([3.5, 3.2, 3.4], [3.6, 2.8, 3.9], [3.0, 2.3, 3.5], [3.8, 2.7, 3.0]),
        *([3.6, 3.1, 3.3], [2.4, 1.9, 2.8], [3.2, 2.5, 3.4], [3.5, 3.0, 3.5]),
    )
)
_BY_DISTRICT = np.array((0.25, 0.0, 0.15, 0.05, -0.1, -0.2))
_SD_OF_PERSON, _SD_OF_FOUNDATION, _SD_OF_ANSWER = 0.7, 0.45, 0.6
_VICTIMS, _REPORT = np.array((0.12, 0.2, 0.16)), np.array((0.6, 0.35, 0.7))
_SAMPLED = np.array((0.6, 0.2, 0.2))
_REFUSES = np.array((0.05, 0.12, 0.08))
ENTERPRISE_SHARE = 0.1


def population_shares(number: int) -> np.ndarray:
    """Return the share of each survey group in the population of a beat's district."""
    beats = [beat for beat in BEATS if beat.district == DISTRICT_OF_BEAT[number]]
    people = sum(beat.population for beat in beats)
    new_citizens = sum(beat.population * beat.new_citizen_share for beat in beats) / people * (1 - ENTERPRISE_SHARE)
    return np.array((1 - ENTERPRISE_SHARE - new_citizens, new_citizens, ENTERPRISE_SHARE))


def answer_shares(item: int, group: int, district: int) -> np.ndarray:
    """Return the true share of each answer, 1 to 5, among those whom an item is asked."""
    if item >= ATTITUDES:
        yes = float((_VICTIMS, _REPORT)[item - ATTITUDES][group])
        return np.array((yes, 1 - yes, 0.0, 0.0, 0.0))
    mean = _ATTITUDES[item, group] + _BY_DISTRICT[district]
    sd = math.hypot(_SD_OF_PERSON, _SD_OF_FOUNDATION, _SD_OF_ANSWER)
    below = [0.5 * (1 + math.erf((edge - mean) / sd / math.sqrt(2))) for edge in (1.5, 2.5, 3.5, 4.5)]
    shares: np.ndarray = np.diff([0.0, *below, 1.0])
    return shares


def asked_share(item: int, group: int) -> float:
    """Return the true share of a group whom an item is asked."""
    return float(_VICTIMS[group]) if ITEMS[item] == "reported" else 1.0


class Survey(Stream):
    """The source `survey`: six waves; every respondent is asked every item, but that on reporting only as a victim."""

    name = "survey"
    kind = "survey"
    layout = Layout("survey.csv")
    area = "beat"
    first_time = "answered"
    lines_per_record = len(ITEMS)

    def __init__(self) -> None:
        usual = [
            *defects.unusable_rows("respondent", "answered", "beat", ("2024-02-31", "May"), "1999-12-31"),
            *defects.broken_lines(),
            defects.duplicate(),
            defects.conflicting(
                "two lines of one respondent, wave and item that differ in the mode of the interview",
                lambda rows: rows.with_columns(pl.lit("letter").alias("mode")),
            ),
            overwritten(
                "no_such_answer",
                "an answer that the pack's own rule does not allow",
                {"answer": ("9", "x")},
                reason="not_allowed:answer",
            ),
            overwritten(
                "negative_weight",
                "a weight below zero; this source's severity is reject",
                {"weight": ("-1.0",)},
                reason="out_of_range:weight",
            ),
        ]
        self.defects = [_in_waves(defect) for defect in usual]

    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Draw how many respondents each day and beat has."""
        expected = np.zeros((DAYS, len(BEATS)))
        for first in _first_days():
            expected[first : first + WAVE_DAYS] = [beat.population for beat in BEATS]
        return rng.multinomial(records, (expected / expected.sum()).ravel()).reshape(expected.shape)

    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make answers: one line an item of each respondent, or one line in all where not whole."""
        n = len(day)
        group = slots(_SAMPLED, 256)[rng.integers(0, 256, n)]
        weight = np.stack([population_shares(at) for at in range(len(BEATS))]) / _SAMPLED
        # 0 complete, 1 partial, 2 refused
        status = np.where(rng.random(n) < _REFUSES[group], 2, (rng.random(n) < 0.1).astype(np.int64))
        person = rng.standard_normal(n) * _SD_OF_PERSON
        foundations = rng.standard_normal((n, 4)) * _SD_OF_FOUNDATION
        is_victim, reports = rng.random(n) < _VICTIMS[group], rng.random(n) < _REPORT[group]
        each = np.arange(n).repeat(len(ITEMS)) if whole else np.arange(n)
        item = np.tile(np.arange(len(ITEMS)), n) if whole else rng.integers(0, len(ITEMS), n)
        if not whole:
            status[:] = 0
        latent = _ATTITUDES[np.minimum(item, ATTITUDES - 1), group[each]] + _BY_DISTRICT[DISTRICT_OF_BEAT[beat[each]]]
        latent += person[each] + foundations[each, _FOUNDATION[item]] + _SD_OF_ANSWER * rng.standard_normal(len(each))
        answer = 1 + np.searchsorted([1.5, 2.5, 3.5, 4.5], latent)
        is_answered = (status[each] == 0) | ((status[each] == 1) & (rng.random(len(each)) < 0.6))
        for name, says_yes in (("victim", is_victim), ("reported", reports)):
            answer = np.where(item == ITEMS.index(name), np.where(says_yes[each], 1, 2), answer)
        is_answered &= is_victim[each] | (item != ITEMS.index("reported"))
        wave = np.searchsorted(np.array(_first_days()), day[each], side="right") - 1
        age, gender = rng.integers(0, 4, n), rng.integers(0, 2, n)
        stratum = [f"{district.code}-{name}" for district in DISTRICTS for name in GROUPS]
        noon = FIRST_SECOND + day * DAY_SECONDS
        return pl.DataFrame(
            {
                "wave": text_column([name for name, _ in WAVES], wave),
                "respondent": 600_000_000 + number[each],
                "beat": text_column(BEAT_CODES, beat[each]),
                "answered": moments(noon[each]).cast(pl.Date),
                "group": text_column(GROUPS, group[each]),
                "mode": text_column(("phone", "online", "visit"), (number[each] * 7 % 10 // 4).astype(np.int64)),
                "status": text_column(("complete", "partial", "refused"), status[each]),
                "stratum": text_column(stratum, DISTRICT_OF_BEAT[beat[each]] * len(GROUPS) + group[each]),
                "weight": np.round(weight[beat, group], 4)[each],
                "age": text_column(("18-29", "30-44", "45-59", "60+"), age[each]),
                "gender": text_column(("female", "male"), gender[each]),
                "item": text_column(ITEMS, item),
                "answer": pl.Series(answer).set(pl.Series(~is_answered), None),
            }
        )

    def tallies(self) -> Mapping[str, Tally]:
        """Return the answers by item and group, and their sum and sum of squares."""
        keys = (pl.col("item"), pl.col("group"))
        answer = pl.col("answer").cast(pl.Int64)
        return {
            "answers": Tally(keys, value=answer.count()),
            "answer_sum": Tally(keys, value=answer.sum()),
            "answer_squares": Tally(keys, value=(answer**2).sum()),
        }


def _first_days() -> list[int]:
    return [day_number(date.fromisoformat(f"{month}-{day:02}")) for month, day in WAVES]


def _in_waves(defect: Defect) -> Defect:
    """Plant a defect on days on which people are asked."""
    days = [first + at for first in _first_days() for at in range(WAVE_DAYS)]
    return replace(defect, days=[day for day in days if day in defect.days])
