"""Incidents: what is reported to the police of Heting and its neighbours, one CSV file a month.

Planted here: thefts that rise in one beat, the distribution of the response time by district, burglaries that
follow near an earlier one, few addresses that have much of it all, and what comes of incidents and disputes.
"""

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.simulation import defects
from pipelines.simulation.defects import overwritten
from pipelines.simulation.district import (
    ADDRESSES_PER_BEAT,
    ADDRESSES_PER_BLOCK,
    BEAT_CODES,
    BEATS,
    DISTRICT_OF_BEAT,
    DISTRICTS,
    address_table,
    addresses,
    beat_number,
    slots,
    text_column,
)
from pipelines.simulation.seasons import (
    DAY_SECONDS,
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

FIRST_ID = 1_000_000_000
CHANGE_BEAT, CHANGE_DAY, CHANGE_FACTOR = "HT03", date(2025, 3, 1), 1.8
RESPONSE_SIGMA = 0.55
FOLLOW_UP_DAYS = 14
_FOLLOW_UP_SHARE = 0.4
RHYTHM = Rhythm(0.12, 7, (0.95, 0.93, 0.94, 0.98, 1.12, 1.14, 0.94), growth=-0.02)

_DAYTIME = (2, 1, 1, 1, 1, 2, 4, 7, 10, 11, 12, 12, 12, 11, 11, 12, 12, 12, 11, 9, 8, 7, 5, 3)
_EVENING = (7, 5, 4, 2, 1, 1, 2, 3, 4, 5, 5, 6, 7, 7, 7, 8, 9, 11, 13, 14, 14, 14, 13, 10)
_NIGHT = (12, 13, 13, 11, 8, 5, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 6, 7, 9, 10, 11, 12)
# Share, hours, chance of each priority 1 to 4, share with victims.
OFFENCES: Mapping[str, tuple[float, tuple[int, ...], tuple[int, ...], float]] = {
    "theft": (0.26, _DAYTIME, (0, 1, 5, 4), 1.0),
    "burglary": (0.08, _NIGHT, (1, 4, 4, 1), 0.6),
    "vehicle theft": (0.05, _NIGHT, (0, 2, 5, 3), 0.5),
    "assault": (0.12, _EVENING, (4, 4, 2, 0), 1.0),
    "robbery": (0.02, _EVENING, (8, 2, 0, 0), 1.0),
    "vandalism": (0.11, _NIGHT, (0, 1, 4, 5), 0.3),
    "fraud": (0.12, _DAYTIME, (0, 1, 4, 5), 1.0),
    "dispute": (0.14, _EVENING, (1, 3, 4, 2), 0.0),
    "disturbance": (0.10, _EVENING, (0, 2, 5, 3), 0.0),
}
_NAMES = tuple(OFFENCES)
_THEFT, _BURGLARY, _DISPUTE = (_NAMES.index(name) for name in ("theft", "burglary", "dispute"))
_IS_JOINT_DUTY = np.array([name in ("dispute", "disturbance") for name in _NAMES])
_SHARES = np.array([share for share, *_ in OFFENCES.values()])
HOURS = np.stack([hour_table(hours) for _, hours, *_ in OFFENCES.values()])
_PRIORITIES = np.stack([slots(priority, 256) + 1 for *_, priority, _ in OFFENCES.values()]).astype(np.uint8)
_VICTIMS = (np.array([share for *_, share in OFFENCES.values()]) * 256).astype(np.int64)
_OUTCOMES = ("open", "cleared", "mediated", "unfounded", "referred")
_CLEARED, _MEDIATED, _REFERRED = (_OUTCOMES.index(name) for name in ("cleared", "mediated", "referred"))
_FOUND_BY = ("call", "patrol", "camera", "enterprise", "volunteer")
AGENCIES = ("police", "police|street_office", "police|city_management", "police|health")
_ALONE_OR_WITH, _JOINT_ALONE_OR_WITH = slots((70, 16, 10, 4), 256), slots((30, 40, 20, 10), 256)
# Shares as numerator and denominator: of incidents, of the closed disputes, of what was cleared, of what was mediated.
ATTENDED, CLOSED, MEDIATED, LATE, REOPENED = (22, 25), (23, 25), (3, 4), (1, 16), (1, 8)
_LATE_DAYS = 200


def offence_table(theft_factor: float = 1.0) -> npt.NDArray[np.uint8]:
    """Return the offence by a random 16-bit number."""
    return slots(np.where(np.arange(len(_NAMES)) == _THEFT, theft_factor, 1.0) * _SHARES).astype(np.uint8)


class Incidents(Stream):
    """The source `incidents`."""

    name = "incidents"
    kind = "incident"
    layout = Layout("incidents_{month}.csv")
    area = "beat"
    first_time = "occurred"
    known = ("occurred_until", "recorded")

    def __init__(self) -> None:
        self.follow_ups = 0
        self.burglaries = 0
        self.defects = [
            *defects.unusable_rows(
                "case_no", "occurred", "beat", ("2024-13-45 25:61:00", "unknown", "昨天下午"), "1999-12-31 23:30:00"
            ),
            *defects.broken_lines(),
            defects.duplicate(),
            defects.corrected("corrected", "a newer version gives another outcome", _reclassified, "updated"),
            defects.corrected(
                "moved_day", "a newer version puts the record two days later", _two_days_later, "updated"
            ),
            defects.corrected(
                "moved_area", "a newer version puts the record into the next beat", _next_beat, "updated"
            ),
            defects.stale(_reclassified, "updated"),
            defects.withdrawn("updated", "status", "withdrawn"),
            defects.updated_after_as_of(_reclassified, "updated"),
            *defects.clock_changes(
                "occurred",
                ("occurred_until", "recorded", "reported", "dispatched", "arrived", "closed", "reopened", "updated"),
            ),
            overwritten(
                "late",
                "recorded 60 to 85 days after it occurred; the row is accepted",
                {"recorded": pl.col("occurred") + pl.duration(days=60 + pl.int_range(pl.len()) % 26)},
            ),
            overwritten(
                "closed_before_arrival",
                "closed an hour before the police arrived",
                {
                    "arrived": pl.col("reported") + pl.duration(hours=2),
                    "closed": pl.col("reported") + pl.duration(hours=1),
                },
                flags=("times_out_of_order",),
            ),
            overwritten(
                "recorded_before_it_occurred",
                "recorded a day before it occurred",
                {"recorded": pl.col("occurred") - pl.duration(days=1)},
                flags=("future_time",),
            ),
            overwritten(
                "priority_out_of_range",
                "a priority that does not exist",
                {"priority": ("9", "0")},
                flags=("out_of_range:priority",),
            ),
            overwritten(
                "priority_not_a_number",
                "a word in place of the priority",
                {"priority": ("urgent", "高")},
                flags=("unusable:priority",),
            ),
            overwritten(
                "unknown_offence",
                "an offence that the value table leaves out",
                {"offence": ("smuggling", "arson")},
                flags=("unusable:category",),
            ),
            overwritten(
                "too_many_victims",
                "more victims than the pack's own rule allows",
                {"victims": ("999", "4000")},
                reason="out_of_range:victims",
            ),
            overwritten(
                "outside_area",
                "coordinates outside the beat that it names",
                {"lon": ("-123.900000",)},
                flags=("outside_area",),
            ),
            overwritten(
                "latitude_not_a_number", "a latitude that is no number", {"lat": ("n/a",)}, flags=("unusable:lat",)
            ),
            overwritten("area_by_point", "no beat is named; the coordinates give it", {"beat": (None,)}),
            overwritten(
                "area_missing",
                "neither a beat nor coordinates",
                dict.fromkeys(("beat", "lon", "lat", "_area"), (None,)),
                flags=("area_missing",),
            ),
        ]

    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Draw how many clean records each day and beat has; the planted rise of thefts makes more of them."""
        weights = RHYTHM.weights()[:, None] * np.array([beat.crime_weight for beat in BEATS])
        theft = _SHARES[_THEFT] / _SHARES.sum()
        weights[day_number(CHANGE_DAY) :, beat_number(CHANGE_BEAT)] *= 1 + theft * (CHANGE_FACTOR - 1)
        return draw_counts(rng, records, weights)

    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make incidents, one line each."""
        n = len(day)
        random = rng.integers(0, 1 << 16, (7, n), dtype=np.uint16)
        bits = random[6]
        # Of a generator of their own, so that what else is drawn stays as it is.
        more = rng.spawn(1)[0].integers(0, 1 << 16, (2, n), dtype=np.uint16)
        offence = offence_table()[random[0]]
        changed = (beat == beat_number(CHANGE_BEAT)) & (day >= day_number(CHANGE_DAY))
        offence[changed] = offence_table(CHANGE_FACTOR)[random[0][changed]]
        start = FIRST_SECOND + day * DAY_SECONDS + HOURS[offence, random[1]].astype(np.int64) * 3600
        start += random[2] % 3600

        is_interval = (offence < 3) & (random[3] % 8 < 3)
        until = start + 1800 + (random[4].astype(np.int64) % 600) * 60
        reported = np.where(is_interval, until, start) + lognormal(rng, n, 720, 1.1, 5 * DAY_SECONDS)
        medians = np.array([each.incident_response_seconds for each in DISTRICTS])[DISTRICT_OF_BEAT[beat]]
        response = lognormal(rng, n, medians, RESPONSE_SIGMA, DAY_SECONDS)
        dispatched = reported + response * (64 + random[3] % 64) // 320
        arrived = reported + response
        is_attended = random[4] % ATTENDED[1] < ATTENDED[0]
        closed = arrived + lognormal(rng, n, 5 * 3600, 1.3, 40 * DAY_SECONDS)
        is_closed = random[5] % CLOSED[1] < CLOSED[0]
        is_dispute = offence == _DISPUTE
        settling = np.where((more[0] >> 8) % MEDIATED[1] < MEDIATED[0], _MEDIATED, _REFERRED)
        outcome = np.where(is_closed, np.where(is_dispute, settling, 1 + (bits >> 3) % 4), 0)
        # Clean records alone, since what is planted on the others must be over before as_of.
        is_late = whole & (outcome == _CLEARED) & (more[1] % LATE[1] < LATE[0])
        closed += np.where(is_late, _LATE_DAYS * DAY_SECONDS, 0)
        is_reopened = whole & is_dispute & (outcome == _MEDIATED) & (more[1] % REOPENED[1] < REOPENED[0])
        reopened = closed + (10 + (more[1] >> 8) % 61).astype(np.int64) * DAY_SECONDS
        recorded = reported + np.where(random[1] % 20 == 0, random[5].astype(np.int64) * 7, random[5] % 7200)
        updated = np.maximum(recorded, np.where(is_reopened, reopened, np.where(is_closed, closed, 0)))

        place = address_table()[random[4]].astype(np.int64)
        if whole:
            self._follow(rng, offence, beat, start, place)
        at = pl.Series(beat * ADDRESSES_PER_BEAT + place)
        book = addresses()
        victims = np.where(random[0] % 256 < _VICTIMS[offence], 1 + (bits % 32 == 0) + (bits % 128 == 0), 0)
        people = np.where(victims == 0, 0, 1 + ((bits >> 8) % 8 < 3))
        return pl.DataFrame(
            {
                "case_no": FIRST_ID + number,
                "beat": text_column(BEAT_CODES, beat),
                "occurred": moments(start),
                "occurred_until": moments(until, is_interval),
                "recorded": moments(recorded),
                "reported": moments(reported),
                "dispatched": moments(dispatched, is_attended),
                "arrived": moments(arrived, is_attended),
                "closed": moments(closed, is_closed),
                "offence": text_column(_NAMES, offence),
                "priority": _PRIORITIES[offence, bits & 255],
                "reopened": moments(reopened, is_reopened),
                "outcome": text_column(_OUTCOMES, outcome),
                "found_by": text_column(_FOUND_BY, slots((64, 14, 12, 6, 4), 256)[bits >> 8]),
                "place": book.place_kind.gather(at),
                "lon": book.lon.gather(at),
                "lat": book.lat.gather(at),
                "address": book.text.gather(at),
                "agencies": text_column(
                    AGENCIES,
                    np.where(_IS_JOINT_DUTY[offence], _JOINT_ALONE_OR_WITH[more[0] & 255], _ALONE_OR_WITH[bits & 255]),
                ),
                "victims": victims,
                "victim_group": text_column(("", "resident", "new_citizen"), people),
                "updated": moments(updated),
                "status": text_column(("valid",), np.zeros(n, np.uint8)),
            }
        )

    def _follow(
        self,
        rng: np.random.Generator,
        offence: npt.NDArray[np.uint8],
        beat: Integers,
        start: Integers,
        place: Integers,
    ) -> None:
        """Move a share of the burglaries into the block of an earlier one in their beat, at most 14 days before."""
        burglary = np.flatnonzero(offence == _BURGLARY)
        self.burglaries += len(burglary)
        is_candidate = rng.random(len(burglary)) < _FOLLOW_UP_SHARE
        first, later = burglary[~is_candidate], burglary[is_candidate]
        if not len(first):
            return
        key = beat * (1 << 40) + start
        first = first[np.argsort(key[first], kind="stable")]
        earlier = key[first]
        aimed = key[later] - rng.integers(0, FOLLOW_UP_DAYS * DAY_SECONDS, len(later))
        found = np.minimum(np.searchsorted(earlier, aimed), len(first) - 1)
        found = np.where(earlier[found] < key[later], found, found - 1)
        gap = key[later] - earlier[found]
        near = (found >= 0) & (gap > 0) & (gap <= FOLLOW_UP_DAYS * DAY_SECONDS)
        block = place[first[found[near]]] // ADDRESSES_PER_BLOCK * ADDRESSES_PER_BLOCK
        place[later[near]] = block + rng.integers(0, ADDRESSES_PER_BLOCK, len(block))
        self.follow_ups += len(block)

    def tallies(self) -> Mapping[str, Tally]:
        """Return the counts of thefts in the beat in which they rise, by month."""
        month = pl.col("occurred").dt.strftime("%Y-%m").alias("month")
        is_theft = (pl.col("_area") == CHANGE_BEAT) & (pl.col("offence") == "theft")
        return {"thefts_in_changed_beat": Tally((month,), is_theft)}


def outcome_shares() -> dict[str, float]:
    """Return the planted shares, from 0 to 1, of incidents by what comes of them, by indicator."""
    disputes = float(np.mean(offence_table() == _DISPUTE))
    attended, closed, mediated, late, reopened = (a / b for a, b in (ATTENDED, CLOSED, MEDIATED, LATE, REOPENED))
    return {
        "R1": (1 - disputes) * closed / 4 * (1 - late),
        "M5": closed * mediated * (1 - reopened),
        "L1": attended * float(np.mean(_JOINT_ALONE_OR_WITH > 0)),
    }


def _reclassified(rows: pl.DataFrame) -> pl.DataFrame:
    other = pl.when(pl.col("outcome") == "cleared").then(pl.lit("referred")).otherwise(pl.lit("cleared"))
    return rows.with_columns(other.alias("outcome"))


def _two_days_later(rows: pl.DataFrame) -> pl.DataFrame:
    times = [column for column in rows if isinstance(column.dtype, pl.Datetime)]
    return rows.with_columns(
        moments(
            column.dt.epoch("s").fill_null(FIRST_SECOND).to_numpy() + 2 * DAY_SECONDS, column.is_not_null().to_numpy()
        ).alias(column.name)
        for column in times
    )


def _next_beat(rows: pl.DataFrame) -> pl.DataFrame:
    """Put records to the first address of the next beat."""
    numbers = np.array([(beat_number(code) + 1) % len(BEATS) for code in rows["beat"]])
    at = pl.Series(numbers * ADDRESSES_PER_BEAT)
    book = addresses()
    return rows.with_columns(
        text_column(BEAT_CODES, numbers).alias("beat"),
        text_column(BEAT_CODES, numbers).alias("_area"),
        book.lon.gather(at).alias("lon"),
        book.lat.gather(at).alias("lat"),
        book.text.gather(at).alias("address"),
        book.place_kind.gather(at).alias("place"),
    )
