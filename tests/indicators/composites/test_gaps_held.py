"""Gaps in the index: one that closes because both groups do worse is no better, and both levels are told."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.catalogue.reading import load_catalogue
from indicators.composites.gaps_held import SCHEMA, group_levels, hold_gaps
from indicators.composites.index import compute_index
from indicators.composites.rules import IndexRules
from tests.indicators.composites.small_index import areas, figure, published

ENTRIES = [entry for entry in load_catalogue() if entry.id in ("N2", "N4", "N4_new_citizens", "N4_residents")]
QUARTERS = [date(2024 + at // 4, 1 + at % 4 * 3, 1) for at in range(6)]
GAPS = pl.DataFrame(schema={"area_id": pl.String, "measured": pl.String, "year": pl.Int64}).with_columns(
    new_citizens=pl.lit(None, pl.Float64), residents=pl.lit(None, pl.Float64), wave=pl.lit(None, pl.String)
)
RULES = IndexRules(draws=200, settling_days=400)


def waits(*levels: tuple[float, float, float]) -> pl.DataFrame:
    """Gap and the waits of new citizens and of residents, by quarter."""
    return published(
        [
            figure(name, "a", value, 0.05, period_start=start)
            for start, values in zip(QUARTERS, levels, strict=False)
            for name, value in zip(("N4", "N4_new_citizens", "N4_residents"), values, strict=True)
        ]
    )


def counted(*levels: tuple[float, float, float]) -> list[float]:
    values = waits(*levels)
    held = hold_gaps(values, group_levels(values, GAPS, ENTRIES), ENTRIES).values
    return held.filter(indicator_id="N4").sort("period_start")["value"].to_list()


def test_a_gap_that_closes_as_both_wait_longer_counts_as_before() -> None:
    assert counted((0.4, 3.0, 2.0), (0.2, 4.0, 3.3)) == [0.4, 0.4]


@pytest.mark.parametrize("better", [(0.2, 2.6, 2.1), (0.2, 2.9, 1.9), (0.2, 3.0, 2.4)])
def test_a_gap_that_closes_as_one_group_waits_no_longer_counts_by_itself(better: tuple[float, float, float]) -> None:
    assert counted((0.4, 3.0, 2.0), better) == [0.4, 0.2]


def test_a_gap_that_widens_is_worse_whatever_the_levels() -> None:
    assert counted((0.4, 3.0, 2.0), (0.5, 4.0, 2.4)) == [0.4, 0.5]


def test_standing_still_at_worse_levels_earns_nothing_and_coming_back_does() -> None:
    """Against the period before alone the third quarter would count as better."""
    told = counted((0.4, 3.0, 2.0), (0.2, 4.0, 3.3), (0.2, 3.9, 3.2), (0.2, 2.9, 2.4), (0.3, 3.0, 2.2))
    assert told == [0.4, 0.4, 0.4, 0.2, 0.3]


def test_a_score_never_rises_because_both_fell_and_says_why() -> None:
    values = waits((0.4, 3.0, 2.0), (0.2, 4.0, 3.3))
    levels = group_levels(values, GAPS, ENTRIES)
    held, naive = (compute_index(values, ENTRIES, areas(["a"]), RULES, each) for each in (levels, None))
    score = held.scores.filter(scope="new_citizens").sort("period_start")
    assert score["change"].to_list() == [None, 0]
    assert naive.scores.filter(scope="new_citizens").sort("period_start")["change"][1] == pytest.approx(20)
    row = held.contributions.filter(period_start=QUARTERS[1]).row(0, named=True)
    assert (row["value"], row["own_value"], row["held_from"]) == (0.4, 0.2, QUARTERS[0])
    assert (row["new_citizens"], row["residents"], row["levels_unit"]) == (4.0, 3.3, "days")
    assert (row["new_citizens_then"], row["residents_then"]) == (3.0, 2.0)
    before = held.contributions.filter(period_start=QUARTERS[0]).row(0, named=True)
    assert (before["held_from"], before["own_value"], before["new_citizens"]) == (None, None, 3.0)


def test_the_safety_gap_goes_by_the_shares_of_the_survey() -> None:
    """Feeling safe: less is worse."""
    rows = [(2023, 60.0, 80.0, 20.0), (2024, 55.0, 65.0, 10.0), (2025, 58.0, 81.0, 23.0), (2026, 70.0, 80.0, 10.0)]
    values = published(
        [figure("N2", "a", gap, 2.0, period_kind="year", period_start=date(year, 1, 1)) for year, _, _, gap in rows]
    )
    gaps = pl.DataFrame(
        [("a", "feels_safe", year, new, other) for year, new, other, _ in rows],
        schema=["area_id", "measured", "year", "new_citizens", "residents"],
        orient="row",
    ).with_columns(wave=pl.lit(None, pl.String))
    levels = group_levels(values, gaps, ENTRIES)
    assert dict(levels.schema) == SCHEMA
    assert hold_gaps(values, levels, ENTRIES).values["value"].to_list() == [20.0, 20.0, 23.0, 10.0]


waited = st.tuples(st.floats(0.1, 50), st.floats(0.1, 50))


@given(st.lists(waited, min_size=2, max_size=6))
def test_no_gap_counts_as_better_than_when_both_groups_stood_better(levels: list[tuple[float, float]]) -> None:
    """Of the period before, whatever came in between; and no gap counts as better than it is."""
    gaps = [abs(one - other) / 50 for one, other in levels]
    told = counted(*[(gap, *level) for gap, level in zip(gaps, levels, strict=True)])
    assert all(count >= gap - 1e-12 for count, gap in zip(told, gaps, strict=True))
    for at in range(1, len(levels)):
        if all(now > before for now, before in zip(levels[at], levels[at - 1], strict=True)):
            assert told[at] >= min(told[at - 1], gaps[at - 1]) - 1e-12
