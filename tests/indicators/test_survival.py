import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.survival import at_risk, earliest_quantiles, kaplan_meier_quantiles

# Weeks of remission of Freireich et al. (1963), the textbook example of Kalbfleisch & Prentice and of Cox & Oakes.
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
TREATED_CENSORED = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def observed(group: str, events: list[int], censored: list[int]) -> pl.DataFrame:
    rows = [(group, float(t), 1, 0) for t in events] + [(group, float(t), 0, 1) for t in censored]
    return pl.DataFrame(rows, schema=["group", "time", "events", "censored"], orient="row")


def test_median_remission_equals_the_textbook() -> None:
    both = pl.concat([observed("treated", TREATED, TREATED_CENSORED), observed("placebo", PLACEBO, [])])
    found = kaplan_meier_quantiles(both, ["group"])
    # Log-log limits as SAS PROC LIFETEST and R survival publish them: 8 (4, 11) and 23 (13, not reached).
    assert found.rows() == [("placebo", 8.0, 4.0, 11.0), ("treated", 23.0, 13.0, None)]


def test_quartile_of_the_treated() -> None:
    found = kaplan_meier_quantiles(observed("treated", TREATED, TREATED_CENSORED), ["group"], probability=0.25)
    # S falls to .753 at 10 weeks and to .690 at 13.
    assert found["quantile"].to_list() == [13.0]


def test_without_censoring_the_median_is_the_ordinary_one() -> None:
    found = kaplan_meier_quantiles(observed("g", [1, 2, 3, 4, 5, 6, 7], []), ["group"])
    assert found["quantile"].to_list() == [4.0]


def test_dropping_open_records_would_bias_the_median() -> None:
    closed_at_once, still_open = [0] * 55 + [10] * 5, [3] * 20 + [30] * 40
    as_is = kaplan_meier_quantiles(observed("g", closed_at_once, still_open), ["group"])
    among_closed = kaplan_meier_quantiles(observed("g", closed_at_once, []), ["group"])
    assert among_closed["quantile"].to_list() == [0.0]
    assert as_is["quantile"].to_list() == [10.0]


def test_not_reached_is_null() -> None:
    found = kaplan_meier_quantiles(observed("g", [1], [5, 5, 5]), ["group"])
    # One of four closed at 1: the median may well be 1, but is not seen yet.
    assert found.rows() == [("g", None, 1.0, None)]


def test_repeated_times_are_counted_together() -> None:
    split = observed("g", [2, 2, 2, 5], [2, 9])
    whole = pl.DataFrame([("g", 2.0, 3, 1), ("g", 5.0, 1, 0), ("g", 9.0, 0, 1)], schema=split.schema, orient="row")
    assert kaplan_meier_quantiles(split, ["group"]).equals(kaplan_meier_quantiles(whole, ["group"]))


@pytest.mark.parametrize("n", [2, 4, 24, 28, 30])
def test_half_exactly_is_reached_despite_rounding(n: int) -> None:
    found = kaplan_meier_quantiles(observed("g", list(range(1, n + 1)), []), ["group"])
    assert found["quantile"].to_list() == [n / 2]


times = st.lists(st.integers(0, 6), max_size=6)


def added(records: int) -> pl.DataFrame:
    return pl.DataFrame({"group": ["g"], "added": [records]})


@given(times, times, times, times, st.integers(0, 3), st.sampled_from([0.25, 0.5, 0.9]))
def test_no_further_records_move_a_quantile_beyond_its_bounds(
    events: list[int], censored: list[int], more_events: list[int], more_censored: list[int], none: int, q: float
) -> None:
    """Whatever the times of further records, and if some of them are of another cell."""
    records = len(more_events) + len(more_censored) + none
    if not events + censored or not records:
        return
    data = observed("g", events, censored)
    [(_, earliest)] = earliest_quantiles(at_risk(data, ["group"], from_start=True), added(records), ["group"], q).rows()
    never = pl.concat([data, observed("g", [], [100] * records)])
    [latest] = kaplan_meier_quantiles(never, ["group"], q)["quantile"]
    together = observed("g", events + more_events, censored + more_censored)
    [found] = kaplan_meier_quantiles(together, ["group"], q)["quantile"]
    if found is not None:
        assert earliest is not None
        assert earliest <= found
    if latest is not None:
        assert found is not None
        assert found <= latest


def test_closing_late_may_be_worse_than_closing_at_once() -> None:
    """Two records, one censored at 1: a third that closes at 2 halves S there, one that closes at 0 does not."""
    data = observed("g", [3], [1])
    at_once, at_two = (
        kaplan_meier_quantiles(pl.concat([data, observed("g", [time], [])]), ["group"])["quantile"].to_list()
        for time in (0, 2)
    )
    assert (at_once, at_two) == ([3.0], [2.0])
    assert earliest_quantiles(at_risk(data, ["group"], from_start=True), added(1), ["group"]).rows() == [("g", 1.0)]


def test_further_records_beyond_a_groups_own_close_at_once() -> None:
    assert earliest_quantiles(
        at_risk(observed("g", [5, 6], []), ["group"], from_start=True), added(2), ["group"]
    ).rows() == [("g", 0.0)]
