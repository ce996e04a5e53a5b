"""Requests to the city, a hotline's file in Chinese (GB18030), and how agencies hand them to one another.

Planted here: the distribution of first responses by district, how much longer new citizens wait for the same (they
also ask for other things, which take longer), what comes of requests, and which agencies hand on to which.
"""

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import polars as pl

from pipelines.simulation import defects
from pipelines.simulation.defects import overwritten
from pipelines.simulation.district import (
    ADDRESSES_PER_BEAT,
    BEAT_CODES,
    BEATS,
    DISTRICT_OF_BEAT,
    DISTRICTS,
    addresses,
    slots,
    text_column,
)
from pipelines.simulation.seasons import (
    DAY_SECONDS,
    FIRST_SECOND,
    Integers,
    Rhythm,
    draw_counts,
    hour_table,
    lognormal,
    moments,
)
from pipelines.simulation.stream import Stream, Tally
from pipelines.simulation.write import Layout

FIRST_REQUEST_ID, FIRST_HANDOFF_ID = 3_000_000_000, 4_000_000_000
RESPONSE_SIGMA = 0.8
_RHYTHM = Rhythm(0.08, 11, (1.15, 1.1, 1.05, 1.05, 1.0, 0.75, 0.6), growth=0.06)
_HOURS = hour_table((1, 1, 1, 1, 1, 1, 2, 5, 10, 12, 12, 10, 8, 9, 11, 11, 10, 8, 6, 5, 4, 3, 2, 1))
_CHANNELS = ("电话", "微信", "网格员", "企业平台", "窗口")
_CATEGORIES = (
    "噪音扰民",
    "违章停车",
    "环境卫生",
    "邻里纠纷",
    "劳资纠纷",
    "居住登记",
    "治安隐患",
    "物业管理",
    "消防通道",
)
_MEDIAN_DAYS = np.array((1.0, 0.6, 1.5, 3.0, 6.0, 2.0, 1.2, 4.0, 2.5))
# Of residents and enterprises, and of new citizens.
_ASKED = ((16, 15, 13, 12, 6, 9, 10, 12, 7), (10, 8, 10, 8, 24, 22, 6, 9, 3))
NEW_CITIZENS_WAIT = 1.35
_REQUESTERS = ("户籍居民", "新市民", "企业")
_LEADS = ("公安派出所", "街道办事处", "城市管理", "人力资源和社会保障", "社会工作站")
_OUTCOMES = ("办理中", "已办结", "已解释", "已转办", "不属实")
_NO_YES = ("否", "是")
_BASES = ("", "治安管理处罚法", "信访工作条例", "物业管理条例")
_CHANNEL_SLOTS, _OUTCOME_SLOTS = slots((48, 22, 16, 6, 8), 256), slots((70, 15, 10, 5), 256)
_PLATFORM, _DONE = _CHANNELS.index("企业平台"), _OUTCOMES.index("已办结")
# Shares as numerator and denominator: of requests the complaints and the open ones, of these those never answered; of
# what is done what solves it, on the enterprise platform and elsewhere; of the closed those followed up, naming their
# legal basis or reviewed; of the solved and followed up the satisfied; of the reviewed the overturned.
COMPLAINTS, OPEN, UNANSWERED, SOLVED_ON_PLATFORM, SOLVED = (1, 24), (1, 16), (1, 2), (10, 16), (13, 16)
FOLLOWED_UP, WITH_BASIS, REVIEWED, SATISFIED, OVERTURNED = (3, 8), (7, 8), (1, 16), (14, 16), (1, 4)

AGENCIES = ("police", "street_office", "city_management", "social_work", "enterprise_security", "volunteers")
# Hands on from → to, by district: in Heting the street office is the broker between partners that do not meet
# otherwise; in Songyu everyone works with everyone; elsewhere little is handed on, and along few ways.
_BROKERED = tuple((a, 1) for a in (0, 2, 3, 4, 5)) + tuple((1, b) for b in (0, 2, 3, 4, 5))
_DENSE = tuple((a, b) for a in range(6) for b in range(6) if a != b)
_SPARSE = ((0, 1), (1, 0), (1, 2), (2, 1))
_CHAIN = ((0, 1), (1, 0), (1, 2), (1, 3), (3, 5))
WAYS = (_BROKERED, _CHAIN, _DENSE, _CHAIN, _SPARSE, _SPARSE)
# Time until a hand-off is acknowledged, lognormal; some never are.
ACKNOWLEDGED_SECONDS, ACKNOWLEDGED_SIGMA, NEVER_ACKNOWLEDGED = 3 * 3600, 1.0, (1, 16)
_HANDED_ON = np.array((1.6, 0.9, 1.3, 0.9, 0.7, 0.6))
BROKER = ("heting", "street_office")


class Requests(Stream):
    """The source `requests`."""

    name = "requests"
    kind = "service"
    layout = Layout("requests.csv", encoding="gb18030", moment="%Y/%m/%d %H:%M")
    area = "网格"
    first_time = "受理时间"
    known = ("登记时间",)

    def __init__(self) -> None:
        self.defects = [
            *defects.unusable_rows(
                "工单号", "受理时间", "网格", ("2024/00/10 08:00", "不详", "10-08-2024"), "1999/12/31 23:30"
            ),
            *defects.broken_lines(),
            defects.duplicate(),
            defects.corrected("corrected", "a newer version gives another outcome", _explained, "更新时间"),
            defects.stale(_explained, "更新时间"),
            defects.withdrawn("更新时间", "状态", "作废"),
            defects.updated_after_as_of(_explained, "更新时间"),
            *defects.clock_changes("受理时间", ("登记时间", "首次响应", "办结期限", "办结时间", "更新时间")),
            overwritten(
                "late",
                "registered 60 to 85 days after it was opened; the row is accepted",
                {"登记时间": pl.col("受理时间") + pl.duration(days=60 + pl.int_range(pl.len()) % 26)},
            ),
            overwritten(
                "closed_before_opened",
                "closed a day before it was opened; this source's severity is reject",
                {"办结时间": pl.col("受理时间") - pl.duration(days=1)},
                reason="times_out_of_order",
            ),
            overwritten(
                "unknown_requester",
                "a word that the value table leaves out",
                {"诉求人": ("游客",)},
                flags=("unusable:requester_group",),
            ),
            overwritten(
                "due_not_a_date", "a word in place of a date", {"办结期限": ("尽快",)}, flags=("unusable:due_at",)
            ),
        ]

    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Draw how many clean records each day and beat has."""
        people = np.array([beat.population for beat in BEATS])
        return draw_counts(rng, records, _RHYTHM.weights()[:, None] * people)

    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make requests, one line each."""
        del whole
        n = len(day)
        random = rng.integers(0, 1 << 16, (5, n), dtype=np.uint16)
        # Of a generator of their own, so that what else is drawn stays as it is.
        more = rng.spawn(1)[0].integers(0, 1 << 16, (2, n), dtype=np.uint16)
        opened = FIRST_SECOND + day * DAY_SECONDS + _HOURS[random[0]].astype(np.int64) * 3600 + random[1] % 60 * 60
        medians = np.array([each.request_response_minutes for each in DISTRICTS])[DISTRICT_OF_BEAT[beat]]
        responded = opened + lognormal(rng, n, medians, RESPONSE_SIGMA, 20 * 1440) * 60
        requester = slots((60, 30, 10), 256)[random[4] & 255]
        is_new_citizen = requester == _REQUESTERS.index("新市民")
        category = np.where(is_new_citizen, slots(_ASKED[1])[random[2]], slots(_ASKED[0])[random[2]])
        closing = np.clip(_MEDIAN_DAYS[category] * np.exp(rng.standard_normal(n, dtype=np.float32)), 0.01, 40)
        waited = (responded - opened) // 60 + (closing * 1440).astype(np.int64)
        waited = np.where(is_new_citizen, np.rint(waited * NEW_CITIZENS_WAIT).astype(np.int64), waited)
        closed = opened + waited * 60
        is_closed = random[3] % OPEN[1] >= OPEN[0]
        is_answered = is_closed | (more[0] % UNANSWERED[1] >= UNANSWERED[0])
        is_followed_up = is_closed & (random[3] // 16 % FOLLOWED_UP[1] < FOLLOWED_UP[0])
        channel = _CHANNEL_SLOTS[random[3] >> 8]
        outcome = np.where(is_closed, 1 + _OUTCOME_SLOTS[random[1] >> 8], 0)
        solving = np.where(channel == _PLATFORM, SOLVED_ON_PLATFORM[0], SOLVED[0])
        is_solved = (outcome == _DONE) & (random[4] % SOLVED[1] < solving)
        is_satisfied = is_solved & (random[4] // 16 % SATISFIED[1] < SATISFIED[0])
        has_basis = is_closed & ((more[0] >> 1) % WITH_BASIS[1] < WITH_BASIS[0])
        is_reviewed = is_closed & (more[1] % REVIEWED[1] < REVIEWED[0])
        is_overturned = (more[1] >> 4) % OVERTURNED[1] < OVERTURNED[0]
        registered = opened + random[2] % 30 * 60
        at = pl.Series(beat * ADDRESSES_PER_BEAT + (random[4] >> 6))
        book = addresses()

        def answer(yes: np.ndarray, asked: np.ndarray) -> pl.Series:
            return text_column((*_NO_YES, ""), np.where(asked, yes.astype(np.int64), 2))

        return pl.DataFrame(
            {
                "工单号": FIRST_REQUEST_ID + number,
                "网格": text_column(BEAT_CODES, beat),
                "受理时间": moments(opened),
                "登记时间": moments(registered),
                "首次响应": moments(responded, is_answered),
                "办结期限": moments(opened + 7 * DAY_SECONDS),
                "办结时间": moments(closed, is_closed),
                "渠道": text_column(_CHANNELS, channel),
                "类别": text_column(_CATEGORIES, category),
                "诉求人": text_column(_REQUESTERS, requester),
                "主办单位": text_column(_LEADS, slots((26, 30, 24, 8, 12), 256)[random[0] & 255]),
                "处理结果": text_column(_OUTCOMES, outcome),
                "是否解决": answer(is_solved, is_closed),
                "是否回访": answer(is_followed_up, is_closed),
                "是否满意": answer(is_satisfied, is_followed_up),
                "法律依据": text_column(_BASES, np.where(has_basis, 1 + (more[0] >> 8) % 3, 0)),
                "是否复核": answer(is_reviewed, is_closed),
                "是否改判": answer(is_overturned, is_reviewed),
                "是否投诉": text_column(_NO_YES, (random[1] % COMPLAINTS[1] < COMPLAINTS[0]).astype(np.uint8)),
                "经度": book.lon.gather(at),
                "纬度": book.lat.gather(at),
                "更新时间": moments(np.where(is_closed, closed, responded)),
                "状态": text_column(("有效",), np.zeros(n, np.uint8)),
            }
        )


class Handoffs(Stream):
    """The source `handoffs`: each hands on a request of the day before in the same beat."""

    name = "handoffs"
    kind = "handoff"
    layout = Layout("handoffs.csv", delimiter=";", moment="%d.%m.%Y %H:%M:%S")
    area = "beat"
    first_time = "requested"

    def __init__(self, requests: Integers) -> None:
        """Take the number of clean requests by day and beat, whose ids follow one another in this order."""
        self._requests = requests
        self._first = np.concatenate(([0], np.cumsum(requests.ravel())[:-1])).reshape(requests.shape)
        self.defects = [
            *defects.unusable_rows(
                "handoff", "requested", "beat", ("31.02.2024 10:00:00", "soon", "2024-06-01"), "31.12.1999 23:30:00"
            ),
            defects.duplicate(),
            defects.conflicting(
                "two lines with one id that differ in the time at which an answer is due",
                lambda rows: rows.with_columns(pl.col("due") + pl.duration(hours=1)),
            ),
            *defects.clock_changes("requested", ("due", "acknowledged")),
            overwritten(
                "record_of_no_form",
                "the handed-on record's id is not of the form that the pack's own rule asks for",
                {"record": ("R-17", "see note")},
                reason="pattern:record_id",
            ),
        ]

    def counts(self, rng: np.random.Generator, records: int) -> Integers:
        """Draw how many clean records each day and beat has: only where there is a request to hand on."""
        return draw_counts(rng, records, self._requests * _HANDED_ON[DISTRICT_OF_BEAT])

    def rows(
        self, rng: np.random.Generator, day: Integers, beat: Integers, number: Integers, whole: bool
    ) -> pl.DataFrame:
        """Make handoffs, one line each."""
        n = len(day)
        random = rng.integers(0, 1 << 16, (2, n), dtype=np.uint16)
        among = np.maximum(self._requests[day, beat], 1)
        record = FIRST_REQUEST_ID + self._first[day, beat] + rng.integers(0, among)
        requested = FIRST_SECOND + (day + whole) * DAY_SECONDS + 8 * 3600 + random[0] % 36_000
        acknowledged = requested + lognormal(rng, n, ACKNOWLEDGED_SECONDS, ACKNOWLEDGED_SIGMA, 10 * DAY_SECONDS)
        ways = np.array([[way[at % len(way)] for at in range(60)] for way in WAYS])
        is_acknowledged = (random[0] >> 8) % NEVER_ACKNOWLEDGED[1] >= NEVER_ACKNOWLEDGED[0]
        pair = ways[DISTRICT_OF_BEAT[beat], random[1] % 60]
        return pl.DataFrame(
            {
                "handoff": FIRST_HANDOFF_ID + number,
                "beat": text_column(BEAT_CODES, beat),
                "record": record,
                "from": text_column(AGENCIES, pair[:, 0]),
                "to": text_column(AGENCIES, pair[:, 1]),
                "requested": moments(requested),
                "due": moments(requested + 2 * DAY_SECONDS),
                "acknowledged": moments(acknowledged, is_acknowledged),
            }
        )

    def tallies(self) -> Mapping[str, Tally]:
        """Return the handoffs by district and pair of agencies."""
        district = pl.col("_area").str.head(2).alias("district")
        return {"by_district_and_pair": Tally((district, pl.col("from"), pl.col("to")))}


def acknowledged_hours() -> float:
    """Return the planted median of the hours until a hand-off is acknowledged, those never acknowledged among them."""
    never = NEVER_ACKNOWLEDGED[0] / NEVER_ACKNOWLEDGED[1]
    deviate = NormalDist().inv_cdf(0.5 / (1 - never))
    return ACKNOWLEDGED_SECONDS / 3600 * float(np.exp(ACKNOWLEDGED_SIGMA * deviate))


def outcome_shares() -> dict[str, float]:
    """Return the planted shares, from 0 to 1, of requests by what comes of them, by indicator."""
    still_open, unanswered, on_platform, elsewhere = (a / b for a, b in (OPEN, UNANSWERED, SOLVED_ON_PLATFORM, SOLVED))
    followed_up, with_basis, satisfied, overturned = (
        a / b for a, b in (FOLLOWED_UP, WITH_BASIS, SATISFIED, OVERTURNED)
    )
    done, platform = float(np.mean(_OUTCOME_SLOTS == 0)), float(np.mean(_CHANNEL_SLOTS == _PLATFORM))
    return {
        "G1": 1 - still_open * unanswered,
        "G3": done * (platform * on_platform + (1 - platform) * elsewhere) * satisfied,
        "G3_follow_up": followed_up,
        "R3": overturned,
        "R4": with_basis,
        "E1": (1 - still_open) * done * on_platform,
    }


def _explained(rows: pl.DataFrame) -> pl.DataFrame:
    other = pl.when(pl.col("处理结果") == "已解释").then(pl.lit("已办结")).otherwise(pl.lit("已解释"))
    return rows.with_columns(other.alias("处理结果"))
