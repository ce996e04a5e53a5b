"""Sums over arrays are those that joining each record with its areas and periods gives."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.areas import AREA_COLUMNS, AreaTree
from indicators.coverage import Coverage
from indicators.layout import Layout
from indicators.periods import PERIOD_KINDS, membership, periods_between

TREE = AreaTree(
    pl.DataFrame(
        [
            ("city", None, None, "city", False),
            ("north", "city", None, "borough", False),
            ("n1", "north", "beat", "beat", False),
            ("n2", "north", "beat", "beat", False),
            ("south", "city", None, "borough", False),
            ("s1", "south", "beat", "beat", False),
            ("beat:unallocated", "city", "beat", "beat", True),
            ("w1", "north", "ward", "ward", False),
            ("ward:unallocated", "city", "ward", "ward", True),
        ],
        schema=list(AREA_COLUMNS),
        orient="row",
    )
)
FIRST, AS_OF = date(2019, 11, 20), date(2021, 2, 10)
DAYS = (AS_OF - FIRST).days + 1
leaves = st.sampled_from(["n1", "n2", "s1", "beat:unallocated", "w1", "ward:unallocated"])
some_counts = st.lists(st.tuples(leaves, st.integers(-5, DAYS + 5), st.integers(0, 2**50)), max_size=30)
gaps = st.lists(st.integers(1, DAYS - 1), max_size=20)


def layout(uncovered: list[int]) -> Layout:
    is_covered = np.ones(DAYS, dtype=np.bool_)
    is_covered[uncovered] = False
    periods = periods_between(FIRST, AS_OF, PERIOD_KINDS, 1)
    coverage = Coverage(FIRST, is_covered, periods, PERIOD_KINDS, AS_OF, 1)
    return Layout(TREE, ["beat", "ward"], coverage)


def frame(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    days = [(area, FIRST + timedelta(days=day), n) for area, day, n in rows]
    return pl.DataFrame(days, schema={"area_id": pl.String, "day": pl.Date, "n": pl.Int64}, orient="row")


@given(some_counts, gaps)
def test_sums_are_those_of_every_covered_day_with_its_periods(rows: list[tuple[str, int, int]], gap: list[int]) -> None:
    laid = layout(gap)
    found = laid.up(laid.by_period(laid.by_day(frame(rows), ["n"])["n"]))
    covered = membership(FIRST, AS_OF, PERIOD_KINDS, 1).filter(
        ~pl.col("day").is_in([FIRST + timedelta(days=day) for day in gap])
    )
    periods = ["period_kind", "period_start"]
    expected = TREE.roll_up(frame(rows).join(covered, on="day"), periods, ["n"])
    area, period = np.nonzero(found)
    told = pl.concat(
        [laid.areas[area].select("area_id"), laid.coverage.periods[period].select(periods)], how="horizontal"
    ).with_columns(n=pl.Series(found[area, period]))
    assert set(told.rows()) == set(expected.filter(pl.col("n") > 0).rows())


@given(some_counts)
def test_strays_belong_to_areas_that_do_not_hold_them(rows: list[tuple[str, int, int]]) -> None:
    laid = layout([])
    found = dict(zip(laid.areas["area_id"], laid.elsewhere(laid.by_area(frame(rows), "n"))[:, 0].tolist(), strict=True))
    stray = {g: sum(n for a, _, n in rows if a == f"{g}:unallocated") for g in ("beat", "ward")}
    expected = {"n1": stray["beat"], "w1": stray["ward"], "north": sum(stray.values()), "south": stray["beat"]}
    assert {area: found[area] for area in expected} == expected
    assert found["city"] == found["beat:unallocated"] == 0


def test_an_unknown_area_is_named() -> None:
    with pytest.raises(ValueError, match="area n9, which is not among the areas"):
        layout([]).by_day(frame([("n1", 1, 1), ("n9", 1, 1)]), ["n"])


def test_what_is_of_no_known_day_is_counted_on_none() -> None:
    undated = pl.DataFrame({"area_id": ["n1"], "day": [None], "n": [7]}, schema=frame([]).schema)
    found = layout([]).by_day(pl.concat([frame([("n1", 3, 5)]), undated]), ["n"])["n"]
    assert found.sum() == 5
