"""Silent areas: by hand, what is not told, and invariants."""

import math
from datetime import date, timedelta
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.areas import AreaTree
from indicators.silence import FRESHNESS_SCHEMA, SilenceRules, judge_areas

AS_OF = date(2021, 12, 31)
AREAS = [
    ("city", None, None, "city", False),
    ("north", "city", None, "borough", False),
    ("south", "city", None, "borough", False),
    *((f"n{n}", "north", "beat", "beat", False) for n in range(4)),
    *((f"s{n}", "south", "beat", "beat", False) for n in range(2)),
    ("beat:unallocated", "city", "beat", "beat", True),
    ("w1", "north", "ward", "ward", False),
]
TREE = AreaTree(
    pl.DataFrame(AREAS, schema=["area_id", "parent_id", "geography", "area_level", "is_unallocated"], orient="row")
)
BEATS = [area for area, *_ in AREAS if area[0] in "ns" and len(area) == 2]


def source(status: str = "alive", kind: str = "incident") -> pl.DataFrame:
    return pl.DataFrame({"source": ["calls"], "kind": [kind], "geography": ["beat"], "status": [status]})


def speaking(*, every: dict[str, int] | None = None, until: dict[str, date] | None = None) -> pl.DataFrame:
    """Beats that speak every so many days (each day unless said otherwise), until some day."""
    rows = [
        ("calls", beat, AS_OF - timedelta(days=back), 1)
        for beat in BEATS
        for back in range(0, 500, (every or {}).get(beat, 1))
        if AS_OF - timedelta(days=back) <= (until or {}).get(beat, AS_OF)
    ]
    return pl.DataFrame(rows, schema=["source", "area_id", "day", "records"], orient="row")


def status(judged: pl.DataFrame) -> dict[str, str]:
    return dict(judged.select("area_id", "status").iter_rows())


def test_an_area_that_stopped_is_told_with_what_was_expected_of_it() -> None:
    judged = judge_areas(speaking(until={"n0": AS_OF - timedelta(days=20)}), TREE, source(), AS_OF)
    # Of five other beats each speaks daily, as n0 did: 20 days are 20 of its days.
    assert judged.filter(status="silent").rows() == [("calls", "n0", date(2021, 12, 11), 20, 20, "silent")]
    assert set(status(judged).values()) == {"silent", "alive"}
    assert judged.schema == FRESHNESS_SCHEMA
    assert status(judged).keys() == {"north", "south", *BEATS}


def test_the_threshold_shares_the_alarms_over_the_gaps_that_a_month_opens() -> None:
    """n0 spoke on 365 days, 5 x 365 of the others: silent for k days by chance with (1 + k/365)^-365."""
    rules = SilenceRules(false_alarms_a_month=0.5)

    def told(days: int) -> bool:
        frame = speaking(until={"n0": AS_OF - timedelta(days=days)})
        return status(judge_areas(frame, TREE, source(), AS_OF, rules))["n0"] == "silent"

    # Six beats open about 182.6 gaps a month; half of .5 is for the boroughs.
    threshold = 0.25 / (365.25 / 12 * 6)
    needed = next(k for k in range(100) if (1 + k / 365) ** -365 <= threshold)
    assert needed == 7
    assert not told(needed - 1)
    assert told(needed)


def test_a_rare_area_is_not_silent_after_weeks() -> None:
    sparse = {"n0": 40}
    at = AS_OF - timedelta(days=120)
    judged = judge_areas(speaking(every=sparse, until={"n0": at}), TREE, source(), AS_OF)
    assert status(judged)["n0"] == "alive"
    longer = judge_areas(speaking(every=sparse, until={"n0": AS_OF - timedelta(days=400)}), TREE, source(), AS_OF)
    assert status(longer)["n0"] in ("alive", "too_few")


def test_few_records_tell_nothing() -> None:
    """Every 52 days are 8 records in a year, every 53 are 7."""
    assert status(judge_areas(speaking(every={"n0": 52}), TREE, source(), AS_OF))["n0"] == "alive"
    judged = judge_areas(speaking(every={"n0": 53}), TREE, source(), AS_OF)
    assert judged.filter(area_id="n0").rows() == [("calls", "n0", None, None, None, "too_few")]


def test_an_area_that_never_spoke_is_said_to_have_never_spoken() -> None:
    judged = judge_areas(speaking().filter(pl.col("area_id") != "s1"), TREE, source(), AS_OF)
    assert judged.filter(area_id="s1").rows() == [("calls", "s1", None, None, None, "never")]


def test_one_cause_gives_one_alarm() -> None:
    stopped = dict.fromkeys(("s0", "s1", "n0"), AS_OF - timedelta(days=30))
    judged = judge_areas(speaking(until=stopped), TREE, source(), AS_OF)
    assert status(judged) == {
        "north": "alive", "south": "silent", "s0": "parent_silent", "s1": "parent_silent", "n0": "silent",
        "n1": "alive", "n2": "alive", "n3": "alive",
    }  # fmt: skip
    assert judged.filter(status="parent_silent")["last_day"].null_count() == 2


def test_areas_of_a_silent_source_are_not_told_one_by_one() -> None:
    judged = judge_areas(
        speaking(until=dict.fromkeys(BEATS, AS_OF - timedelta(days=90)) | {"s1": AS_OF - timedelta(days=200)}),
        TREE,
        source("silent"),
        AS_OF,
    )
    assert set(status(judged).values()) == {"source_silent"}


def test_where_nobody_speaks_nobody_falls_silent() -> None:
    """A source that is quiet, but not yet called silent: no time passes in the days of others."""
    judged = judge_areas(speaking(until=dict.fromkeys(BEATS, AS_OF - timedelta(days=13))), TREE, source(), AS_OF)
    assert set(status(judged).values()) == {"alive"}


def test_records_of_the_future_or_of_no_known_area_are_no_sign_of_life() -> None:
    stopped = speaking(until={"n0": AS_OF - timedelta(days=20)})
    more = pl.DataFrame(
        [("calls", "n0", AS_OF + timedelta(days=1), 9), ("calls", "beat:unallocated", AS_OF, 9)],
        schema=stopped.schema,
        orient="row",
    )
    expected = judge_areas(stopped, TREE, source(), AS_OF)
    assert judge_areas(pl.concat([stopped, more]), TREE, source(), AS_OF).equals(expected)


@pytest.mark.parametrize("kind", ["survey", "profile"])
def test_what_comes_in_waves_is_not_judged(kind: str) -> None:
    assert judge_areas(speaking(until={"n0": date(2021, 1, 1)}), TREE, source(kind=kind), AS_OF).is_empty()


def test_without_records_or_with_one_area_nothing_is_told() -> None:
    nothing = speaking().clear()
    assert set(status(judge_areas(nothing, TREE, source(), AS_OF)).values()) == {"never"}
    alone = speaking().filter(area_id="n0", day=date(2021, 6, 1))
    assert set(status(judge_areas(pl.concat([alone] * 9), TREE, source(), AS_OF)).values()) == {"alive", "never"}


def test_a_silence_is_told_for_as_long_as_it_lasts() -> None:
    frame = speaking(until={"n0": AS_OF - timedelta(days=480)})
    assert status(judge_areas(frame, TREE, source(), AS_OF))["n0"] == "silent"


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(BEATS), st.integers(0, 450), st.integers(1, 40)), max_size=200),
    st.randoms(use_true_random=False),
)
def test_any_order_and_any_batches_give_the_same_and_only_silences_are_dated(
    records: list[tuple[str, int, int]], shuffle: Random
) -> None:
    rows = [("calls", beat, AS_OF - timedelta(days=back), count) for beat, back, count in records]
    frame = pl.DataFrame(rows, schema=speaking().schema, orient="row")
    judged = judge_areas(frame, TREE, source(), AS_OF)
    shuffle.shuffle(rows)
    assert judge_areas(pl.DataFrame(rows, schema=frame.schema, orient="row"), TREE, source(), AS_OF).equals(judged)
    dated = judged.filter(pl.col("last_day").is_not_null())
    assert set(dated["status"]) <= {"silent"}
    assert judged.filter(status="silent")["last_day"].null_count() == 0
    assert all(math.isfinite(n) for n in dated["expected"])
    few = frame.group_by("area_id").agg(pl.col("records").sum()).filter(pl.col("records") < 8)["area_id"].to_list()
    assert set(judged.filter(pl.col("area_id").is_in(few))["status"]) <= {"too_few"}
